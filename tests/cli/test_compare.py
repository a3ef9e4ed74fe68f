"""intsim dump and intsim compare: packs that agree, differ, are damaged."""
import array
import json
import os
import shutil
import struct
import xml.etree.ElementTree as ElementTree

from support import CliTest, Fixture, confusion, model_card_lines

RAW = [0, 10, 11, 15, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81]  # learning_map_inv
SIZE = ["--height", "16", "--width", "32"]


def npy(descriptor, shape, data, order="False"):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descriptor, order, shape)
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data


class PackTest(CliTest):
    def dump(self, name, *more, config="w8a8"):
        self.ok("dump", "--model", Fixture.model(config), "--scan", Fixture.scan(), *SIZE, "-o", name, *more)
        return name

    def manifest(self, name):
        with open(self.path(name, "manifest.json")) as file:
            return json.load(file)

    def change(self, name, edit):
        manifest = self.manifest(name)
        edit(manifest)
        with open(self.path(name, "manifest.json"), "w") as file:
            json.dump(manifest, file)

    def tensor(self, name, tensor):
        return next(t for t in self.manifest(name)["tensors"] if t["name"] == tensor)


class Compare(PackTest):
    def test_hashes_are_those_of_run(self):
        self.dump("pack")
        done = self.ok("run", "--model", Fixture.model("w8a8"), "--scan", Fixture.scan(), *SIZE, "--hashes")
        printed = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if len(line.split()) > 5}
        tensors = self.manifest("pack")["tensors"]
        self.assertEqual(len(tensors), 173)
        for tensor in tensors:
            self.assertEqual(printed[tensor["name"]], tensor["xxh128"])
            self.assertNotIn("file", tensor)

    def test_equal_packs(self):
        self.dump("a", "--tensors", "*")
        self.dump("b", "--kernels", "ref")
        done = self.ok("compare", "a", "b")
        self.assertTrue(done.stdout.startswith("PASS: 173 tensors, all equal\n"), done.stdout)
        done = self.ok("compare", "a", "--model", Fixture.model("w8a8"), "--isolated")
        self.assertTrue(done.stdout.startswith("PASS: 172 tensors, all equal\n"), done.stdout)
        done = self.ok("compare", "a", "--model", Fixture.model("w8a8"), "--json", "r.json", "--junit", "r.xml", "--md", "r.md")
        self.assertTrue(done.stdout.startswith("PASS: 173 tensors, all equal\n"), done.stdout)
        with open(self.path("r.json")) as file:
            report = json.load(file)
        self.assertEqual((report["schema"], report["version"], report["passed"]), ("intsim-comparison", 1, True))
        suite = ElementTree.parse(self.path("r.xml")).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("173", "0"))

    def test_a_hash_pack_needs_its_scan(self):
        self.dump("a")
        words = ["compare", "a", "--model", Fixture.model("w8a8")]
        self.fails(3, ["a: does not store the network's input", "--scan"], *words)
        self.fails(3, ["no tensor was compared"], *words, "--isolated")
        self.fails(3, ["another scan"], *words, "--scan", Fixture.scan("000001"), *SIZE)
        self.fails(3, ["another image size"], *words, "--scan", Fixture.scan(), "--height", "32")
        self.ok(*words, "--scan", Fixture.scan(), *SIZE)

    def test_another_target_differs_and_is_named(self):
        self.dump("a", "--tensors", "*", "--target", "tflite", "--hide-target")
        self.assertNotIn("target", self.manifest("a"))
        done = self.run_tool("compare", "a", "--model", Fixture.model("w8a8"), "--isolated", "--try-rules", "--json", "r.json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stdout.startswith("FAIL: "), done.stdout)
        with open(self.path("r.json")) as file:
            report = json.load(file)
        named = [t["rule"] for t in report["tensors"] if t["rule"]]
        self.assertGreater(len(named), 50)
        for rule in named:
            self.assertIn("tflite", rule["profiles"])
        self.assertEqual(self.run_tool("compare", "a", "--model", Fixture.model("w8a8"), "--isolated", "--baseline",
                                       "r.json").returncode, 0)
        for tensor in report["tensors"]:
            if not tensor["passed"]:
                tensor["unexplained"] -= 1
                break
        self.write("better.json", json.dumps(report).encode())
        done = self.run_tool("compare", "a", "--model", Fixture.model("w8a8"), "--isolated", "--baseline", "better.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("regressed: " + tensor["name"], done.stdout)

    def test_a_changed_code_is_refused(self):
        self.dump("a", "--tensors", "module_softmax")
        self.dump("b", "--tensors", "module_softmax")
        path = self.path("b", self.tensor("b", "module_softmax")["file"])
        with open(path, "r+b") as file:
            file.seek(-2, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-2, os.SEEK_END)
            file.write(bytes([last ^ 1]))
        self.fails(3, ["'module_softmax'", "another hash"], "compare", "a", "b")

    def test_tolerances_print_their_reason(self):
        self.dump("a", "--tensors", "*", "--target", "ideal")
        words = ["compare", "a", "--model", Fixture.model("w8a8"), "--isolated"]
        self.assertEqual(self.run_tool(*words).returncode, 1)
        self.write("t.json", b'{"*": {"lsb": 255, "reason": "another profile on purpose"}}')
        done = self.ok(*words, "--tolerances", "t.json")
        self.assertIn("accepted to 255 LSB: another profile on purpose", done.stdout)

    def test_unequal_hashes(self):
        self.dump("a")
        self.dump("b")
        self.change("b", lambda m: m["tensors"][40].update(xxh128="0" * 32))
        name = self.manifest("b")["tensors"][40]["name"]
        done = self.run_tool("compare", "a", "b", "--junit", "r.xml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("first divergent layer " + name, done.stdout.splitlines()[0])
        failed = [c.get("name") for c in ElementTree.parse(self.path("r.xml")).getroot() if c.find("failure") is not None]
        self.assertEqual(failed, [name])

    def test_other_models_and_scans_are_refused(self):
        self.dump("a")
        self.dump("b", config="w4a8")
        self.fails(3, ["a: was made with another encodings file"], "compare", "a", "b")
        self.fails(3, ["another encodings file"], "compare", "a", "--model", Fixture.model("w4a8"), "--scan", Fixture.scan())

    def test_missing_tensors(self):
        self.dump("a")
        self.dump("b")
        self.change("b", lambda m: m["tensors"].pop(7))
        name = self.manifest("a")["tensors"][7]["name"]
        self.fails(3, [f"b: tensor '{name}' is missing", "--common"], "compare", "a", "b")
        self.fails(3, [f"b: tensor '{name}' is missing"], "compare", "b", "a")
        done = self.ok("compare", "a", "b", "--common")
        self.assertIn("left out " + name, done.stdout)

    def test_damage_names_file_and_tensor(self):
        self.dump("good", "--tensors", "downCntx.act1")
        entry = self.tensor("good", "downCntx.act1")
        file = entry["file"]
        with open(self.path("good", file), "rb") as stream:
            data = stream.read()[128:]
        shape = tuple(entry["shape"])
        cases = [
            ("truncated", npy("|u1", shape, data[:-1])),
            ("Fortran order", npy("|u1", shape, data, "True")),
            ("has shape", npy("|u1", shape[1:] + shape[:1], data)),
            ("elements of type '<u2'", npy("<u2", shape, data + data)),
            ("another hash", npy("|u1", shape, bytes(len(data)))),
            ("no .npy file", b"not an array"),
        ]
        for reason, content in cases:
            with self.subTest(reason):
                shutil.copytree(self.path("good"), self.path("bad"))
                with open(self.path("bad", file), "wb") as stream:
                    stream.write(content)
                self.fails(3, [f"bad/{file} (tensor 'downCntx.act1')", reason], "compare", "good", "bad")
                shutil.rmtree(self.path("bad"))
        os.remove(self.path("good", file))
        self.fails(3, [f"good/{file} (tensor 'downCntx.act1'): is missing"], "compare", "good", "good")

    def test_damaged_manifests(self):
        self.dump("good")
        cases = [
            ("scale", lambda t: t.update(scale=-1)), ("scale", lambda t: t.update(scale="x")),
            ("zero_point", lambda t: t.update(zero_point=256)), ("layout", lambda t: t.update(layout="HWC")),
            ("dtype", lambda t: t.update(dtype="uint16")), ("shape", lambda t: t.update(shape=[1, 2])),
            ("bits", lambda t: t.update(bits=5)), ("xxh128", lambda t: t.update(xxh128="zz")),
            ("leaves the folder", lambda t: t.update(file="../x.npy")), ("listed twice", lambda t: t.update(name="input")),
        ]
        for reason, edit in cases:
            with self.subTest(reason):
                shutil.copytree(self.path("good"), self.path("bad"))
                name = self.manifest("bad")["tensors"][3]["name"]
                self.change("bad", lambda m: edit(m["tensors"][3]))
                needles = ["bad/manifest.json", reason] + (["input"] if reason == "listed twice" else [name])
                self.fails(3, needles, "compare", "good", "bad")
                shutil.rmtree(self.path("bad"))
        shutil.copytree(self.path("good"), self.path("bad"))
        self.change("bad", lambda m: m["tensors"][3].update(scale=m["tensors"][3]["scale"] * 1.5))
        self.fails(3, ["'" + self.manifest("bad")["tensors"][3]["name"] + "'", "has scale"], "compare", "good", "bad")
        self.change("bad", lambda m: m.update(numerics_revision=99))
        self.fails(3, ["numerics revision 99"], "compare", "good", "bad")

    def test_values_must_be_finite(self):
        self.dump("a", "--tensors", "*")
        tensor = self.tensor("a", "downCntx.conv1")
        count = tensor["shape"][0] * tensor["shape"][1] * tensor["shape"][2]
        data = bytearray(4 * count)
        data[40:44] = b"\x00\x00\xc0\x7f"
        with open(self.path("a", "v.npy"), "wb") as file:
            file.write(npy("<f4", tuple(tensor["shape"]), bytes(data)))
        self.change("a", lambda m: m["tensors"][1].update(values_file="v.npy", values_dtype="float32"))
        self.fails(3, ["a/v.npy (tensor 'downCntx.conv1')", "[0, 0, 10]", "NaN"], "compare", "a", "--model",
                   Fixture.model("w8a8"), "--isolated")

    def test_usage(self):
        self.dump("a")
        model = ["--model", Fixture.model("w8a8")]
        self.fails(2, ["second pack"], "compare", "a")
        self.fails(2, ["--isolated"], "compare", "a", "a", *model, "--isolated")
        self.fails(2, ["--causes"], "compare", "a", *model, "--causes")
        self.fails(2, ["--causes splits"], "compare", "a", *model, "--isolated", "--causes")
        self.fails(2, ["--try-rules"], "compare", "a", "a", "--try-rules")
        self.fails(2, ["a exists"], "dump", *model, "--scan", Fixture.scan(), *SIZE, "-o", "a")
        self.fails(2, ["fits no tensor"], "dump", *model, "--scan", Fixture.scan(), *SIZE, "-o", "b", "--tensors", "nothing")
        self.assertEqual(self.files_below("b"), [])

    def test_option_files(self):
        self.dump("a")
        for text, needle in [("{", "t.json"), ("[]", "no JSON object"), ('{"x": {"lsb": 1}}', "'x'"),
                             ('{"x": {"lsb": 1, "reason": " "}}', "'reason' is empty"),
                             ('{"x": {"lsb": -1, "reason": "r"}}', "'lsb'")]:
            self.write("t.json", text.encode())
            self.fails(3, [needle], "compare", "a", "a", "--tolerances", "t.json")
        self.write("alias.json", b'{"foreign": "input"}')
        self.dump("b")
        self.change("b", lambda m: m["tensors"][0].update(name="foreign"))
        self.fails(3, ["'foreign'"], "compare", "a", "b")
        self.ok("compare", "a", "b", "--alias", "alias.json")

    def test_a_pack_is_input_for_a_dump(self):
        self.dump("a", "--tensors", "input")
        self.ok("dump", "--model", Fixture.model("w8a8"), "--input", "a", "-o", "b")
        self.ok("compare", "a", "b")


class ConvertDump(PackTest):
    """Raw files in every layout and type lead back to the pack they were taken from."""

    def read(self, pack, tensor):
        with open(self.path(pack, tensor["file"]), "rb") as file:
            data = file.read()
        start = 10 + int.from_bytes(data[8:10], "little")
        return list(data[start:]) if tensor["dtype"] == "uint8" else list(array.array("H", data[start:]))

    def write_raw(self, folder, pack, layout, kind, underscores, names=None):
        for tensor in self.manifest(pack)["tensors"]:
            codes, (channels, height, width) = self.read(pack, tensor), tensor["shape"]
            plane = height * width
            if layout == "nhwc":
                codes = [codes[c * plane + p] for p in range(plane) for c in range(channels)]
            if kind == "float32":
                data = array.array("f", [tensor["scale"] * (q - tensor["zero_point"]) for q in codes]).tobytes()
            else:
                data = array.array("H" if kind == "u16" or tensor["bits"] > 8 else "B", codes).tobytes()
            name = (names or {}).get(tensor["name"], tensor["name"])
            self.write(f"{folder}/{name.replace('.', '_') if underscores else name}.raw", data)

    def test_round_trips(self):
        self.dump("pack", "--tensors", "*")
        hashes = [t["xxh128"] for t in self.manifest("pack")["tensors"]]
        for layout, kind, underscores, place in [("nhwc", "u8", True, "/Result_0"), ("nchw", "u8", False, ""),
                                                 ("nhwc", "u16", False, ""), ("nchw", "float32", True, "")]:
            with self.subTest(layout=layout, kind=kind):
                folder = f"{layout}-{kind}"
                self.write_raw(folder + place, "pack", layout, kind, underscores)
                done = self.ok("convert-dump", folder, "--model", Fixture.model("w8a8"), *SIZE, "--layout", layout, "-o",
                               folder + ".pack")
                self.assertIn("173 of 173 tensors", done.stdout)
                self.assertEqual([t["xxh128"] for t in self.manifest(folder + ".pack")["tensors"]], hashes)
                self.ok("compare", "pack", folder + ".pack")
        done = self.run_tool("convert-dump", "nhwc-u8", "--model", Fixture.model("w8a8"), *SIZE, "--layout", "nchw", "-o", "x")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_tool("compare", "pack", "x").returncode, 1)

    def test_errors_and_aliases(self):
        self.dump("pack", "--tensors", "*")
        convert = ["convert-dump", "raw", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out"]
        self.fails(3, ["raw: is no folder"], *convert)
        os.mkdir(self.path("raw"))
        self.fails(3, ["raw: holds no tensor"], *convert)
        self.write_raw("raw", "pack", "nhwc", "u8", False, {"logits": "foreign"})
        self.write("alias.json", b'{"foreign": "logits"}')
        self.assertIn("no file for logits", self.ok(*convert).stderr)
        shutil.rmtree(self.path("out"))
        self.assertIn("173 of 173", self.ok(*convert, "--alias", "alias.json").stdout)
        shutil.rmtree(self.path("out"))
        self.write("raw/logits.raw", b"x")
        self.fails(3, ["raw/logits.raw (tensor 'logits')", "has 1 bytes"], *convert)
        self.fails(3, ["foreign.raw", "are both tensor 'logits'"], *convert, "--alias", "alias.json")
        count = 20 * 16 * 32
        self.write("raw/logits.raw", array.array("f", [float("nan")] * count).tobytes())
        self.fails(3, ["tensor 'logits'", "element 0"], *convert)
        self.write("raw/logits.raw", array.array("H", [256] * count).tobytes())
        self.fails(3, ["tensor 'logits'", "element 0"], *convert)
        self.assertFalse(os.path.exists(self.path("out")))


class Predictions(CliTest):
    """Two folders of labels against counts made here."""

    def predict(self, folder, scans):
        for name, classes in scans.items():
            data = b"".join(struct.pack("<I", RAW[c]) for c in classes)
            self.write(f"{folder}/sequences/08/predictions/{name}.label", data)

    def setUp(self):
        super().setUp()
        self.a = {"000000": [1, 1, 2, 9, 0, 11], "000001": [1, 9, 9, 9, 15, 15]}
        self.b = {"000000": [1, 2, 2, 9, 0, 11], "000001": [1, 9, 9, 11, 15, 15]}
        self.truth = {"000000": [1, 1, 1, 9, 9, 11], "000001": [2, 9, 9, 11, 15, 0]}
        self.predict("A", self.a)
        self.predict("B", self.b)
        for name, classes in self.truth.items():
            data = b"".join(struct.pack("<I", RAW[c]) for c in classes)
            self.write(f"data/sequences/08/labels/{name}.label", data)

    def test_counts_and_scores(self):
        self.ok("compare", "--predictions", "A", "B", "--dataset-path", "data", "--json", "r.json")
        with open(self.path("r.json")) as file:
            report = json.load(file)
        self.assertEqual((report["schema"], report["version"]), ("intsim-prediction-comparison", 1))
        self.assertEqual((report["scans"], report["points"], report["flipped"]), (2, 12, 2))
        a, b, truth = (sum((side[name] for name in sorted(side)), []) for side in (self.a, self.b, self.truth))
        for entry in report["classes"]:
            c = entry["class"]
            both = sum(p == c and q == c for p, q in zip(a, b))
            self.assertEqual((entry["in_a"], entry["in_b"], entry["in_both"]), (a.count(c), b.count(c), both))
        for key, side in (("miou_a", a), ("miou_b", b)):
            conf = confusion([([RAW[p] for p in side], [RAW[t] for t in truth])])
            self.assertEqual("IoU avg %.3f" % report["scores"][key], model_card_lines(conf)[1])
        delta = report["scores"]["miou_b"] - report["scores"]["miou_a"]
        self.assertAlmostEqual(report["scores"]["miou_delta"], delta)
        self.assertNotEqual(delta, 0)
        words = ["compare", "--predictions", "A", "B", "--dataset-path", "data"]
        self.assertEqual(self.run_tool(*words, "--max-miou-delta", abs(delta) * 0.99).returncode, 1)
        self.ok(*words, "--max-miou-delta", abs(delta) * 1.01)
        self.assertEqual(self.run_tool(*words, "--max-flipped-ppm", "166666").returncode, 1)
        self.ok(*words, "--max-flipped-ppm", "166667")

    def test_errors(self):
        self.fails(2, ["--dataset-path"], "compare", "--predictions", "A", "B", "--max-miou-delta", "1")
        self.fails(3, ["C/sequences", "is no folder"], "compare", "--predictions", "A", "C")
        self.write("B/sequences/08/predictions/000002.label", bytes(8))
        self.fails(3, ["A/sequences/08/predictions/000002.label", "is missing"], "compare", "--predictions", "A", "B")
        self.assertIn("2 scans", self.ok("compare", "--predictions", "A", "B", "--common").stdout)
        self.write("B/sequences/08/predictions/000001.label", bytes(8))
        self.fails(3, ["B/sequences/08/predictions/000001.label"], "compare", "--predictions", "A", "B", "--common", "-q")
        self.write("A/sequences/08/predictions/000001.label", bytes(7))
        self.fails(3, ["A/sequences/08/predictions/000001.label"], "compare", "--predictions", "A", "B", "--common", "-q")
