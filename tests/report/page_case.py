"""The comparisons that the tests of the page look at, made once, and one browser for all of them."""
import json
import unittest

from browser import Browser
from packs import Workshop

HOSTILE = ["</script><script>window.hacked = 1</script><b>", "\"'><img src=x onerror=\"window.hacked = 2\">",
           "{{scan}}<!-- &lt;svg/onload=window.hacked=3> \u2028 ${window.hacked=4}"]


class Shared:
    shop = browser = None
    reports = {}


def prepare(intsim, make_scene, parts):
    Shared.shop = shop = Workshop(intsim, make_scene, parts)
    golden = shop.dump("golden", "input", "downCntx*", "module_add", "upBlock4.*", "logits", target="ideal")
    shop.as_float(golden)
    # Each layer from the golden's operands: explained and failing layers, causes, rules, one by hash, others left out.
    Shared.reports["isolated"] = shop.compare("isolated", "golden", *shop.model, "--isolated", "--causes", "--try-rules")
    everything = shop.dump("whole", "*", target="ideal")
    shop.as_float(everything)
    shop.dump("other", "*")
    Shared.reports["network"] = shop.compare("network", "whole", "other", *shop.model)
    shop.write("tolerances.json", json.dumps({"*": {"lsb": 65535, "reason": "another profile <on purpose>"}}))
    Shared.reports["tolerated"] = shop.compare("tolerated", "whole", *shop.model, "--isolated", "--tolerances",
                                               "tolerances.json", code=0)
    Shared.reports["equal"] = shop.compare("equal", "other", *shop.model, code=0)
    make_thin_packs(shop)
    Shared.browser = Browser()


def make_thin_packs(shop):
    """Packs that hold little or nothing in full, and names that try to break out."""
    for name, kept in (("hashes", []), ("labels", ["logits"]), ("input", ["input"])):
        shop.dump(name + "-a", *kept, target="ideal")
        shop.dump(name + "-b", *kept)
        Shared.reports[name] = shop.compare(name, name + "-a", name + "-b")
    aliases = dict(zip(("downCntx.conv1", "downCntx.conv2", "module_add"), HOSTILE))
    shop.write("aliases.json", json.dumps(aliases))
    Shared.reports["hostile"] = shop.compare("hostile", "whole", "other", "--alias", "aliases.json")


def close():
    if Shared.browser:
        Shared.browser.close()
    Shared.shop.close()


class PageCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.browser = Shared.browser
        self.browser.scheme("light")
        self.browser.resize(1280, 900)

    def show(self, name, hash_part=""):
        report = Shared.reports[name]
        self.browser.open(report.url + hash_part)
        return report

    def tearDown(self):
        """Whatever a test did: nothing was asked of the network, and nothing complained."""
        self.assertEqual(self.browser.console(), [])
        foreign = [url for url in self.browser.requests() if not url.startswith(("data:", "file://" + Shared.shop.folder))]
        self.assertEqual(foreign, [])
