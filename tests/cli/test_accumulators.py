"""Overflow verdicts of inspect and import, why an operation is wide, and `intsim run --stats`."""
import json
import math
import re
import struct
from fractions import Fraction

from support import CliTest, Fixture, read_safetensors

LAYER = "resBlock2.conv2"


class Accumulators(CliTest):
    def large_model(self):
        """Weights of one layer with a quarter of their range and a 16-bit input: codes at their ends, wide sums."""
        with open(Fixture.part("w8a8.encodings"), encoding="utf-8") as file:
            encodings = json.load(file)

        def narrow(e, factor, bits):
            e["bitwidth"], e["min"], e["max"] = bits, e["min"] / factor, e["max"] / factor
            e["scale"] = (e["max"] - e["min"]) / (2**bits - 1)
            e["offset"] = round(e["min"] / e["scale"])

        narrow(encodings["param_encodings"][LAYER + ".weight"][0], 30, 8)
        source = self.sources()[LAYER]
        narrow(encodings["activation_encodings"][source]["output"]["0"], 1, 16)
        self.write("large.encodings", json.dumps(encodings).encode())
        return self.ok("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings",
                       "large.encodings", "-o", "large.safetensors").stdout

    def sources(self):
        layers = json.loads(self.ok("inspect", "--config", "w8a8", "--json").stdout)["layers"]
        return {layer["name"]: layer["inputs"][0] for layer in layers}

    def bound(self, file):
        """(largest reach * sum|w| + |bias in steps|, channel) of LAYER, from the model file alone."""
        model, payload = read_safetensors(file)
        graph = json.loads(model["__metadata__"]["graph"])
        nodes = graph["nodes"]
        node = next(n for n in nodes if n["name"] == LAYER)
        grid = nodes[node["inputs"][0] - 1]["output"]
        steps = (1 << grid["bits"]) - 1
        low, high = min(grid["min"], 0.0), max(grid["max"], 0.0)
        s_x = (high - low) / steps
        zero = -round(low / s_x)
        read = lambda name, kind: [v for v, in struct.iter_unpack(kind, payload[slice(*model[name]["data_offsets"])])]
        w_low, w_high = (read(f"{LAYER}.weight.{end}", "<d")[0] for end in ("min", "max"))
        s_w = (w_high - w_low) / (255 - (1 if w_low == -w_high else 0))
        weights = read(LAYER + ".weight", "<b" if model[LAYER + ".weight"]["dtype"] == "I8" else "<h")
        bounds = []
        per = len(weights) // node["channels"]
        for c, bias in enumerate(read(LAYER + ".bias", "<f")):
            bias_steps = math.floor(abs(Fraction(bias) / (Fraction(s_x) * Fraction(s_w))) + Fraction(1, 2))
            bounds.append(max(zero, steps - zero) * sum(map(abs, weights[c * per:(c + 1) * per])) + bias_steps)
        return max(bounds), bounds.index(max(bounds))

    def overflow(self, *words):
        layers = json.loads(self.ok("inspect", *words, "--json").stdout)["layers"]
        return {layer["name"]: layer["overflow"] for layer in layers if "overflow" in layer}

    def test_verdicts(self):
        self.assertIn("accumulators        int32 suffices for all 51 convolutions\n", self.ok(
            "import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings",
            Fixture.part("w8a8.encodings"), "-o", "m.safetensors").stdout)
        printed = self.large_model()
        bound, channel = self.bound(self.path("large.safetensors"))
        self.assertGreaterEqual(bound, 2**31)
        self.assertIn(f"  {LAYER}: can exceed int32 (bound {bound}, channel {channel})\n", printed)
        self.assertEqual(printed.count("can exceed int32"), 1)
        self.assertRegex(printed, r"policy there: exact in hexagon-hvx, .*; wrap in tflite, hvx-2stage, onnxruntime\n")
        for target, policy in (("hexagon-hvx", "exact"), ("ideal", "exact"), ("onnxruntime", "wrap")):
            found = self.overflow("large.safetensors", "--target", target)
            self.assertEqual(len(found), 51)
            self.assertEqual([k for k, v in found.items() if v["verdict"] != "int32 suffices"], [LAYER])
            self.assertEqual(found[LAYER], {"verdict": "can exceed int32", "bound": bound, "left_shift": 0,
                                            "channel": channel, "policy": policy})
            text = self.ok("inspect", "large.safetensors", "--target", target).stdout
            self.assertRegex(text, rf"\n{LAYER} .*can exceed int32 \(bound {bound}, policy {policy}\)")
            self.assertEqual(text.count("int32 suffices"), 50)
        self.assertIn("policy float32", self.ok("inspect", "large.safetensors", "--target", "aimet").stdout)

    def test_refused_where_the_policy_is_error(self):
        self.large_model()
        self.write("t.json", b'{"name": "strict", "base": "ideal", "overflow": "error"}')
        _, channel = self.bound(self.path("large.safetensors"))
        for words in (("inspect", "large.safetensors"), ("run", "--model", "large.safetensors", "--scan",
                                                         Fixture.scan(), "--width", 64)):
            done = self.fails(3, [f"node '{LAYER}', channel ", "int32"], *words, "--target", "t.json")
        self.assertLessEqual(int(re.search("channel ([0-9]+)", done.stderr)[1]), channel)
        self.ok("inspect", "--config", "w8a8", "--target", "t.json")

    def test_wide_because(self):
        layers = {e["name"]: e for e in json.loads(self.ok("inspect", "--config", "w4a8", "--json").stdout)["layers"]}
        for name, layer in layers.items():
            self.assertEqual("wide_because" in layer, "wide" in layer["form"] and layer["op"] != "Softmax", name)
        self.assertEqual(layers["downCntx.conv2"]["wide_because"], "PA-5 bits")
        self.assertEqual(layers["module_add"]["wide_because"], "PA-5 bits")
        eight = {e["name"]: e for e in json.loads(self.ok("inspect", "--config", "w8a8", "--json").stdout)["layers"]}
        model, payload = read_safetensors(Fixture.model("w8a8"))
        for name, layer in eight.items():
            if layer["op"] == "Conv2d" and layer["output"]["bits"] == 8 and layer["form"] == "wide":
                codes = model[name + ".weight"]["dtype"] == "I16"
                self.assertEqual(layer["wide_because"] == "PA-5 codes", codes, name)
        self.assertIn("PA-5 codes", {layer.get("wide_because") for layer in eight.values()})
        ideal = json.loads(self.ok("inspect", "--config", "w8a8", "--target", "ideal", "--json").stdout)["layers"]
        self.assertFalse([layer for layer in ideal if "wide_because" in layer])


class Statistics(CliTest):
    def statistics(self, *words):
        done = self.ok("run", "--scan", Fixture.scan(), "--width", 64, "--stats", "--stats-json", "s.json", *words)
        with open(self.path("s.json"), encoding="utf-8") as file:
            return done.stdout, json.load(file)

    def test_table_equals_json(self):
        text, data = self.statistics("--config", "w4a8")
        self.assertEqual((data["schema"], data["schema_version"]), ("intsim-statistics", 1))
        self.assertEqual([data["target"], data["overflow"], data["scan"]], ["hexagon-hvx", "exact", "000000.bin"])
        rows = [line.split() for line in text.split("\n\n")[1].splitlines()[1:]]
        self.assertEqual(len(rows), 172)
        for row, layer in zip(rows, data["layers"]):
            low, high = layer.get("accumulator", ["-", "-"])
            self.assertEqual(row, [layer["name"], layer["op"], layer["form"],
                                   *(str(v) for v in (low, high, layer["clamped"]["below"], layer["clamped"]["above"],
                                                      layer.get("ties", "-"), layer.get("beyond_int32", "-")))])
        self.assertIn("statistics included", text)
        self.assertNotIn("not run", text)

    def test_within_what_inspect_allows(self):
        for target in ("ideal", "tflite"):
            _, data = self.statistics("--config", "w8a8", "--target", target)
            done = self.ok("inspect", "--config", "w8a8", "--target", target, "--width", 64, "--json")
            for layer, allowed in zip(data["layers"], json.loads(done.stdout)["layers"]):
                self.assertEqual(layer["name"], allowed["name"])
                self.assertEqual(layer["outputs"], math.prod(allowed["shape"]))
                if layer["op"] in ("Conv2d", "BatchNorm2d"):
                    self.assertLessEqual(max(map(abs, layer["accumulator"])), allowed["worst_sum"])
                    self.assertGreater(max(map(abs, layer["accumulator"])), allowed["worst_sum"] / 10000)

    def test_clamped_outputs_are_at_the_ends(self):
        """Every profile; kernels and threads change nothing."""
        for target in ("hexagon-hvx", "aimet", "hexagon-hmx", "half-away"):
            _, simd = self.statistics("--config", "w8a8", "--target", target)
            for layer in simd["layers"]:
                self.assertLessEqual(layer["clamped"]["below"] + layer["clamped"]["above"], layer["outputs"])
                self.assertEqual("ties" in layer, layer["form"] not in ("float32", "copy"), layer["name"])
                self.assertEqual("beyond_int32" in layer, layer["op"] == "Conv2d")
            _, scalar = self.statistics("--config", "w8a8", "--target", target, "--kernels", "ref", "--threads", 3)
            self.assertEqual(simd, scalar)

    def test_json_alone_and_a_failed_write(self):
        words = ("run", "--config", "w8a8", "--scan", Fixture.scan(), "--width", 64, "--stats-json")
        text = self.ok(*words, "only.json").stdout
        self.assertNotIn("accumulator min", text)
        self.assertEqual(self.files_below(), ["only.json"])
        self.fails(4, ["nowhere"], *words, "nowhere/s.json")
