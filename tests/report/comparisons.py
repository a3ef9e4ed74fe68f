"""The comparisons that the tests of the reports look at: {name: report}."""
import json

HOSTILE = ["</script><script>window.hacked = 1</script><b>", "\"'><img src=x onerror=\"window.hacked = 2\">",
           "{{scan}}<!-- &lt;svg/onload=window.hacked=3> ]]> | *a* \u2028 ${window.hacked=4}"]


def make(shop):
    golden = shop.dump("golden", "input", "downCntx*", "module_add", "upBlock4.*", "logits", target="ideal")
    shop.as_float(golden)
    everything = shop.dump("whole", "*", target="ideal")
    shop.as_float(everything)
    shop.dump("other", "*")
    shop.write("tolerances.json", json.dumps({"*": {"lsb": 65535, "reason": "another profile <on purpose>"}}))
    isolated = [*shop.model, "--isolated"]
    reports = {
        # Each layer from the golden's operands: explained and failing layers, causes, rules, one by hash, others left out.
        "isolated": shop.compare("isolated", "golden", *isolated, "--causes", "--try-rules"),
        "tolerated": shop.compare("tolerated", "whole", *isolated, "--tolerances", "tolerances.json", code=0),
        "network": shop.compare("network", "whole", "other", *shop.model),
        "equal": shop.compare("equal", "other", *shop.model, code=0),
    }
    # Packs that hold little or nothing in full.
    for name, kept in (("hashes", []), ("labels", ["logits"]), ("input", ["input"])):
        shop.dump(name + "-a", *kept, target="ideal")
        shop.dump(name + "-b", *kept)
        reports[name] = shop.compare(name, name + "-a", name + "-b")
    # Names that try to break out.
    shop.write("aliases.json", json.dumps(dict(zip(("downCntx.conv1", "downCntx.conv2", "module_add"), HOSTILE))))
    reports["hostile"] = shop.compare("hostile", "whole", "other", "--alias", "aliases.json")
    return reports
