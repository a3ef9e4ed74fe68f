"""intsim dump and intsim compare: packs that agree, differ, are damaged."""
import json
import os
import shutil
import xml.etree.ElementTree as ElementTree

from packs import SIZE, PackTest, npy
from support import Fixture


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
        shutil.copytree(self.path("good"), self.path("size"))
        self.change("size", lambda m: m.update(width=48))
        self.fails(3, ["size/manifest.json", "tensor 'input' is of another size"], "compare", "good", "size")
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
        self.change("a", lambda m: m["tensors"][1].update(values_file="v.npy", values_dtype="float32",
                                                          values_xxh128="0" * 32))
        words = ["compare", "a", "--model", Fixture.model("w8a8"), "--isolated"]
        self.fails(3, ["a/v.npy (tensor 'downCntx.conv1')", "[0, 0, 10]", "NaN"], *words)
        with open(self.path("a", "v.npy"), "wb") as file:
            file.write(npy("<f4", tuple(tensor["shape"]), bytes(4 * count)))
        self.fails(3, ["a/v.npy (tensor 'downCntx.conv1')", "another hash"], *words)

    def test_usage(self):
        self.dump("a")
        model = ["--model", Fixture.model("w8a8")]
        self.fails(2, ["second pack"], "compare", "a")
        self.fails(2, ["--isolated"], "compare", "a", "a", *model, "--isolated")
        self.fails(2, ["--causes"], "compare", "a", *model, "--causes")
        self.fails(2, ["--causes splits"], "compare", "a", *model, "--isolated", "--causes")
        # Before the golden is looked at: the folder does not exist.
        why = ["--causes", "'aimet' computes conv2d, ", "softmax in float32", "name an integer target"]
        self.fails(2, why, "compare", "none", *model, "--isolated", "--causes", "--target", "aimet")
        self.write("t.json", b'{"name": "soft", "base": "ideal", "rules": {"softmax": "float32"}}')
        self.fails(2, ["'t.json' computes softmax in float32"], "compare", "none", *model, "--isolated", "--causes",
                   "--target", "t.json")
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
