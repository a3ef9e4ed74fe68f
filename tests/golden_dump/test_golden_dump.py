"""golden-dump against the engine's aimet profile, and against a second evaluation in Python's torch.

Usage: test_golden_dump.py GOLDEN_DUMP INTSIM MAKE_SCENE FOLDER_OF_THE_TEST_MODEL

The second evaluation reads checkpoint, encodings and the pack, computes every layer from the pack's own operands with
formulas of its own, and must arrive at the pack's codes.
"""
import json
import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import numpy
    import torch
except ImportError:
    # Debian's python3 has Debian's torch; another python3 may come first on the path.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    numpy = torch = None

SIZE = ["--height", "16", "--width", "64"]
PROGRAMS = sys.argv[1:5]


def run(*words, env=None):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, env=env)


def read_safetensors(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    return header, data


class Grid:
    """AIMET's StaticGrid quantiser from bits, min and max, in `real` (numpy.float32 or numpy.float64)."""

    def __init__(self, encoding, real):
        low, high = min(encoding["min"], 0.0), max(encoding["max"], 0.0)
        high = max(high, low + 1e-5)
        steps = 2 ** encoding["bitwidth"] - (2 if low == -high else 1)
        delta = (high - low) / steps
        offset = math.floor(abs(low / delta) + 0.5) * (-1 if low < 0 else 1)
        self.steps, self.scale, self.zero_point, self.real = steps, delta, -offset, real
        self.low, self.high, self.delta, self.offset = real(low), real(high), real(delta), real(offset)

    def codes(self, values):
        t = numpy.maximum(numpy.minimum(values, self.high), self.low)
        u = (t / self.delta).astype(self.real)
        v = (u - self.offset).astype(self.real)
        whole = numpy.trunc(v)
        q = whole + ((v - whole) >= 0.5) - ((v - whole) <= -0.5)
        return numpy.clip(q, 0, self.steps).astype(numpy.int64)

    def values(self, codes):
        return (self.delta * (codes.astype(self.real) + self.offset)).astype(self.real)


class Model:
    """Float tensors, encodings and graph of the test model, weights quantised in `real`."""

    def __init__(self, folder, config, graph, real):
        self.real, self.graph = real, graph
        with open(os.path.join(folder, config + ".encodings")) as file:
            self.encodings = json.load(file)
        header, data = read_safetensors(os.path.join(folder, "checkpoint.safetensors"))
        self.tensors = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32"
            self.tensors[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
        self.fold()

    def fold(self):
        """upBlock4.bn4 into logits, in double, rounded once to float32."""
        t = self.tensors
        if "upBlock4.bn4.weight" not in t:
            return
        w, b = t["logits.weight"].astype(numpy.float64), t["logits.bias"].astype(numpy.float64)
        sigma = numpy.sqrt(t["upBlock4.bn4.running_var"].astype(numpy.float64) + 1e-5)
        ratio = t["upBlock4.bn4.weight"].astype(numpy.float64) / sigma
        shift = t["upBlock4.bn4.bias"].astype(numpy.float64) - t["upBlock4.bn4.running_mean"].astype(numpy.float64) * ratio
        bias = numpy.zeros_like(b)
        for c in range(w.shape[1]):
            bias += w[:, c, 0, 0] * shift[c]
        t["logits.bias"] = (bias + b).astype(numpy.float32)
        t["logits.weight"] = (w * ratio[None, :, None, None]).astype(numpy.float32)

    def activation(self, name):
        layers = self.encodings["activation_encodings"]
        if name == "input":
            return Grid(layers["downCntx.conv1"]["input"]["0"], self.real)
        return Grid(layers[name]["output"]["0"], self.real)

    def weight(self, name):
        values = self.tensors[name + ".weight"].astype(self.real)
        encodings = self.encodings["param_encodings"][name + ".weight"]
        slices = [values] if len(encodings) == 1 else values
        # The codes are those of the float32 quantiser even in double.
        stacked = numpy.stack([Grid(e, self.real).values(Grid(e, numpy.float32).codes(v.astype(numpy.float32)))
                               for e, v in zip(encodings, slices)])
        return stacked.reshape(values.shape)

    def evaluate(self, node, x):
        """The float output of a node from float operands, 1×C×H×W."""
        x = [torch.from_numpy(numpy.ascontiguousarray(v)) for v in x]
        op, name = node["op"], node["name"]
        if op == "conv2d":
            w, window = torch.from_numpy(self.weight(name)), node["window"]
            b = torch.from_numpy(self.tensors[name + ".bias"].astype(self.real))
            if self.real is numpy.float32:
                return torch.mkldnn_convolution(x[0], w, b, window["padding"], window["stride"], window["dilation"], 1)
            return torch.nn.functional.conv2d(x[0], w, b, window["stride"], window["padding"], window["dilation"])
        if op == "leaky_relu":
            return torch.nn.functional.leaky_relu(x[0], 0.01)
        if op == "batch_norm":
            part = [torch.from_numpy(self.tensors[name + end].astype(self.real))
                    for end in (".running_mean", ".running_var", ".bias")]
            return torch.nn.functional.batch_norm(x[0], part[0], part[1], torch.from_numpy(self.weight(name)), part[2])
        if op == "add":
            return x[0] + x[1]
        if op == "concat":
            return torch.cat(x, 1)
        if op == "pixel_shuffle":
            return torch.nn.functional.pixel_shuffle(x[0], 2)
        if op == "avg_pool":
            return torch.nn.functional.avg_pool2d(x[0], 3, 2, 1)
        return torch.softmax(x[0], 1)


class GoldenDump(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dump, cls.intsim, make_scene, cls.parts = PROGRAMS
        cls.folder = tempfile.TemporaryDirectory(prefix="intsim-golden-")
        root = cls.folder.name
        assert run(make_scene, "-o", root + "/tree", "-n", "1").returncode == 0
        cls.scan = root + "/tree/sequences/08/velodyne/000000.bin"
        cls.graphs = {}
        for config in ("w8a8", "w4a8"):
            model = f"{root}/{config}.safetensors"
            done = run(cls.intsim, "import", "--checkpoint", cls.parts + "/checkpoint.safetensors", "--encodings",
                       f"{cls.parts}/{config}.encodings", "-o", model)
            assert done.returncode == 0, done.stderr
            header, _ = read_safetensors(model)
            cls.graphs[config] = json.loads(header["__metadata__"]["graph"])["nodes"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def words(self, config):
        return [self.dump, "--checkpoint", self.parts + "/checkpoint.safetensors", "--encodings",
                f"{self.parts}/{config}.encodings", "--scan", self.scan, *SIZE]

    def make(self, name, config, *more):
        done = run(*self.words(config), "--tensors", "*", "-o", self.path(name), *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path(name) + "/manifest.json") as file:
            return json.load(file)

    def test_the_aimet_profile_explains_every_difference(self):
        for config in ("w8a8", "w4a8"):
            with self.subTest(config):
                self.make("own-" + config, config, "--floats")
                done = run(self.intsim, "compare", self.path("own-" + config), "--model",
                           self.path(config + ".safetensors"), "--target", "aimet", "--isolated", "--json",
                           self.path("r.json"))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                with open(self.path("r.json")) as file:
                    tensors = json.load(file)["tensors"]
                self.assertEqual(len(tensors), 172)
                for tensor in tensors:
                    if tensor["op"] not in ("conv2d", "softmax"):
                        self.assertEqual(tensor["mismatches"], 0, tensor["name"])
                    self.assertLessEqual(tensor["max_lsb"], 1, tensor["name"])
                    self.assertEqual(tensor["unexplained"], 0, tensor["name"])
                    if tensor["op"] == "conv2d":
                        self.assertGreater(tensor["mean_bound_lsb"], 0, tensor["name"])

    def test_double_differs_from_exact_values_nowhere(self):
        for config in ("w8a8", "w4a8"):
            with self.subTest(config):
                manifest = self.make("double-" + config, config, "--float64")
                self.assertEqual(manifest["arithmetic"], "aimet-float64")
                done = run(self.intsim, "compare", self.path("double-" + config), "--model",
                           self.path(config + ".safetensors"), "--exact", "--json", self.path("exact.json"))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                with open(self.path("exact.json")) as file:
                    report = json.load(file)
                self.assertEqual((len(report["tensors"]), report["actual"]["arithmetic"]), (172, "exact"))
                for tensor in report["tensors"]:
                    self.assertEqual(tensor["mismatches"], 0, tensor["name"])

    def second_opinion(self, config, pack, real):
        if torch is None:
            self.skipTest("python3 has no torch")
        manifest = self.make(pack, config, *(["--float64"] if real is numpy.float64 else []))
        graph = self.graphs[config]
        model = Model(self.parts, config, graph, real)
        stored = {t["name"]: t for t in manifest["tensors"]}
        codes = {name: numpy.load(os.path.join(self.path(pack), t["file"])).astype(numpy.int64)
                 for name, t in stored.items()}
        names = ["input"] + [node["name"] for node in graph]
        self.assertEqual(list(stored), names)
        values = {}
        for name in names:
            grid = model.activation(name)
            self.assertEqual((stored[name]["scale"], stored[name]["zero_point"]), (grid.scale, grid.zero_point), name)
            values[name] = grid.values(codes[name])[None]
        different = {}
        for node in graph:
            operands = [values[names[v]] for v in node["inputs"]]
            expected = model.activation(node["name"]).codes(model.evaluate(node, operands).numpy()[0])
            wrong = int((expected != codes[node["name"]]).sum())
            if wrong:
                different[node["name"]] = (node["op"], wrong, int(abs(expected - codes[node["name"]]).max()))
        # One library in one machine: the same kernels sum in the same order.
        self.assertEqual(different, {})

    def test_second_opinion_w8a8(self):
        self.second_opinion("w8a8", "second-w8a8", numpy and numpy.float32)

    def test_second_opinion_w4a8(self):
        self.second_opinion("w4a8", "second-w4a8", numpy and numpy.float32)

    def test_second_opinion_in_double(self):
        self.second_opinion("w4a8", "second-double", numpy and numpy.float64)

    def test_hashes_alone_and_chosen_tensors(self):
        done = run(*self.words("w8a8"), "-o", self.path("hashes"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.path("hashes")), ["manifest.json"])
        done = run(*self.words("w8a8"), "-o", self.path("some"), "--tensors", "logits", "*.pool", "--floats")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("some") + "/manifest.json") as file:
            manifest = json.load(file)
        kept = [t["name"] for t in manifest["tensors"] if "file" in t]
        self.assertEqual(kept, ["resBlock1.pool", "resBlock2.pool", "resBlock3.pool", "resBlock4.pool", "logits"])
        self.assertEqual([t["name"] for t in manifest["tensors"] if "values_file" in t], kept)
        for key in ("torch", "isa", "onednn_isa", "threads", "scan"):
            self.assertTrue(manifest["details"][key], key)
        self.assertEqual(done.stdout, f"173 tensors, 5 stored in full: {self.path('some')}\n")
        done = run(*self.words("w8a8"), "-o", self.path("limited"), env=dict(os.environ, DNNL_MAX_CPU_ISA="SSE41"))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("limited") + "/manifest.json") as file:
            isa = json.load(file)["details"]["onednn_isa"]
        if platform.machine() == "x86_64":
            self.assertRegex(isa, "^sse41$|^unknown, DNNL_MAX_CPU_ISA=SSE41$")

    def test_errors(self):
        words = self.words("w8a8")
        self.assertEqual(run(*words, "-o", self.path("x"), "--floats").returncode, 2)
        with open(self.parts + "/w8a8.encodings") as file:
            encodings = json.load(file)
        del encodings["activation_encodings"]["module_add_3"]
        with open(self.path("less.encodings"), "w") as file:
            json.dump(encodings, file)
        done = run(self.dump, "--checkpoint", self.parts + "/checkpoint.safetensors", "--encodings",
                   self.path("less.encodings"), "--scan", self.scan, "-o", self.path("x"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("'module_add_3': has no output encoding", done.stderr)
        done = run(self.dump, "--config", "none", "--scan", self.scan, "-o", self.path("x"))
        self.assertEqual(done.returncode, 3)
        self.assertFalse(os.path.exists(self.path("x")))
        self.assertEqual([n for n in os.listdir(self.folder.name) if n.startswith("x")], [])

    def test_options_that_fit_nothing(self):
        for more, needle in ((["--tensors", "logits", "upBlok1*"], "--tensors: 'upBlok1*' fits no tensor"),
                             (["--quiet"], "unknown option '--quiet'")):
            done = run(*self.words("w8a8"), "-o", self.path("y"), *more)
            self.assertEqual(done.returncode, 2)
            self.assertIn(needle, done.stderr)
        self.assertEqual([n for n in os.listdir(self.folder.name) if n.startswith("y")], [])

    def test_names_of_scans_that_are_no_text(self):
        scan = os.fsdecode(os.fsencode(self.path("scan")) + b"\xff\n.bin")
        os.symlink(self.scan, scan)
        words = [scan if w == self.scan else w for w in self.words("w8a8")]
        done = run(*words, "-o", self.path("named"))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("named") + "/manifest.json") as file:
            self.assertEqual(json.load(file)["details"]["scan"], "scan??.bin")
        self.assertEqual(run(self.intsim, "compare", self.path("named"), self.path("named")).returncode, 0)

    def test_an_interrupted_dump_leaves_nothing(self):
        words = [w for w in self.words("w8a8") if w not in SIZE]
        with subprocess.Popen([*words, "--tensors", "*", "-o", self.path("cut")], stderr=subprocess.PIPE, text=True) as dump:
            made = []
            while not made and dump.poll() is None:
                time.sleep(0.01)
                made = [n for n in os.listdir(self.folder.name) if n.startswith("cut")]
            dump.send_signal(signal.SIGTERM)
            _, err = dump.communicate(timeout=300)
        self.assertEqual(dump.returncode, 143, err)
        self.assertIn("golden-dump: interrupted by SIGTERM; nothing was written", err)
        self.assertEqual([n for n in os.listdir(self.folder.name) if n.startswith("cut")], [])


if __name__ == "__main__":
    del sys.argv[1:]
    program = unittest.main(verbosity=2, exit=False)
    for test, reason in program.result.skipped:
        print("SKIPPED:", test, reason)
    sys.exit(0 if program.result.wasSuccessful() else 1)
