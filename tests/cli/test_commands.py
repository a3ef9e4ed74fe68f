"""intsim run, import, inspect, table, doctor, targets, --version and --help."""
import json
import math
import os
import re
import struct
from fractions import Fraction

from support import CliTest, Fixture, confusion, model_card_lines, read_labels, read_safetensors, safetensors_bytes

SMALL = ("--width", 256)
OPERATIONS = ["Conv2d", "LeakyReLU", "BatchNorm2d", "Add", "Concat", "PixelShuffle", "AvgPool2d", "Softmax"]
COMMANDS = ["evaluate", "run", "import", "inspect", "table", "doctor", "targets"]


class Run(CliTest):
    def nodes(self, *words):
        """Rows of the node table, split into columns."""
        done = self.ok("run", "--config", "w8a8", "--scan", Fixture.scan(), *words)
        return [re.split(" {2,}", line) for line in done.stdout.split("\n\n")[0].splitlines()[1:]]

    def test_hashes_do_not_depend_on_kernels_or_threads(self):
        words = ("--width", 64, "--hashes")
        targets = self.ok("targets").stdout.splitlines()[-1].split(":")[1].split()
        self.assertGreater(len(targets), 0)
        reference = self.nodes(*words, "--kernels", "ref", "--threads", 2)
        self.assertEqual(len(reference), 173)
        self.assertEqual({row[3] for row in reference}, {"reference"})
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", row[5]) for row in reference))
        self.assertEqual(len({row[5] for row in reference}), 173)
        for i, target in enumerate(targets):
            rows = self.nodes(*words, "--simd", target, "--threads", 1 + 2 * (i % 2))
            self.assertEqual([row[:3] + row[4:] for row in rows], [row[:3] + row[4:] for row in reference])
            self.assertEqual({row[3] for row in rows}, {target})

    def test_target_changes_forms_and_codes(self):
        default = self.nodes("--width", 64, "--hashes")
        ideal = self.nodes("--width", 64, "--hashes", "--target", "ideal")
        self.assertEqual(default[0][5], ideal[0][5])
        self.assertNotEqual(default[-1][5], ideal[-1][5])
        self.assertEqual({row[2] for row in self.nodes("--width", 64, "--target", "aimet")}, {"float32"})
        self.assertIn("hvx8", {row[2] for row in default})
        self.assertNotIn("hvx8", {row[2] for row in ideal})

    def test_the_final_softmax_runs_for_hashes_alone(self):
        for kernels in ("simd", "ref"):
            without, hashed = (self.nodes("--width", 64, "--kernels", kernels, *more) for more in ((), ("--hashes",)))
            self.assertEqual([row[0] for row in without if row[3] == "not run"], ["module_softmax"])
            self.assertNotIn("not run", {row[3] for row in hashed})
            self.assertEqual([row[:5] for row in without[:-1]], [row[:5] for row in hashed[:-1]])

    def test_profile_shows_every_step_and_the_peak(self):
        done = self.ok("run", "--config", "w8a8", "--scan", Fixture.scan(), "--profile", "--threads", 2, *SMALL)
        table, summary = done.stdout.split("\n\n")
        rows = [re.split(" {2,}", line.strip()) for line in table.splitlines()[1:]]
        self.assertEqual([rows[0][0], rows[-2][0], rows[-1][0]], ["input", "classes", "total"])
        steps = rows[1:-2]
        names = [row[0] for row in steps]
        self.assertEqual(len([row for row in steps if row[1].startswith("Conv2d")]), 51)
        self.assertIn("Conv2d LeakyReLU BatchNorm2d > Concat", [row[1] for row in steps])
        self.assertEqual(names[-1], "logits")
        by_name = {row[0]: row for row in steps}
        # 3x3 convolution, 32 to 32 channels on 64x256 pixels: 151 M multiply-accumulates, input, output and weights once.
        milliseconds, rate, share, megabytes = map(float, by_name["downCntx.conv2"][2:])
        self.assertAlmostEqual(rate * milliseconds, 32 * 32 * 9 * 64 * 256 / 1e6, delta=0.1 * rate * milliseconds)
        self.assertAlmostEqual(megabytes, (2 * 32 * 64 * 256 + 32 * 32 * 9) / 1e6, delta=0.01)
        peak, floor = map(float, re.search(r"2 threads: peak ([\d.]+) GMAC/s, floor ([\d.]+) ms", summary).groups())
        self.assertAlmostEqual(share, 100 * rate / peak, delta=0.1 + 0.01 * share)
        self.assertAlmostEqual(peak * floor, 62297.997312 / 8, delta=0.05 * peak + 1)
        self.assertLess(abs(sum(float(row[2]) for row in rows[:-1]) / float(rows[-1][2]) - 1), 0.5)

    def test_profile_measures_nothing_else(self):
        words = ("run", "--config", "w8a8", "--scan", Fixture.scan(), "--profile")
        self.fails(2, ["--kernels"], *words, "--kernels", "ref")
        for other in (["--hashes"], ["--stats"], ["--stats-json", "x"], ["--knn"], ["-o", "x"],
                      ["--labels", Fixture.label()]):
            self.fails(2, ["--profile prints times only", other[0] if other[0] != "-o" else "--output"], *words, *other)
        self.assertEqual(self.files_below(), [])

    def test_shapes(self):
        shapes = {row[0]: row[4] for row in self.nodes("--width", 96, "--height", 32)}
        self.assertEqual(shapes["input"], "5x32x96")
        self.assertEqual(shapes["resBlock5.conv1"], "256x2x6")
        self.assertEqual(shapes["upBlock1.pixel_shuffle"], "64x4x12")
        self.assertEqual(shapes["module_softmax"], "20x32x96")

    def test_labels_and_scores(self):
        done = self.ok("run", "--config", "w4a8", "--scan", Fixture.scan(), "--labels", Fixture.label(), "-o",
                       "out.label", *SMALL)
        predicted, truth = read_labels(self.path("out.label")), read_labels(Fixture.label())
        card = model_card_lines(confusion([(predicted, truth)]))
        self.assertEqual(re.findall("^(?:Acc|IoU) avg .*", done.stdout, re.M), card[:2])
        rows = [line.split() for line in done.stdout.splitlines()[-20:]]
        conf = confusion([(predicted, truth)])
        for c, row in enumerate(rows):
            self.assertEqual(row[:1] + row[2:4], [str(c), str(sum(conf[c])), str(sum(conf[p][c] for p in range(20)))])
            self.assertEqual(row[4], card[1 + c].split()[-1] if c > 0 else "-")
        self.ok("--config", "w4a8", "-d", Fixture.tree, *SMALL, "--limit", 1, "--save-predictions", "tree")
        self.assertEqual(read_labels(self.path("tree/sequences/08/predictions/000000.label")), predicted)


class Inspect(CliTest):
    def test_worst_sum_from_the_real_weights(self):
        model, payload = read_safetensors(Fixture.model("w8a8"))
        graph = json.loads(model["__metadata__"]["graph"])
        bits = {"input": graph["input"], **{n["name"]: n["output"] for n in graph["nodes"]}}
        scale = lambda g: (max(g["max"], 0.0) - min(g["min"], 0.0)) / ((1 << g["bits"]) - 1)
        done = self.ok("inspect", "--config", "w8a8", "--target", "ideal", "--json")
        layers = {e["name"]: e for e in json.loads(done.stdout)["layers"]}
        self.assertEqual(len(layers), 172)
        read = lambda name, kind: struct.iter_unpack(kind, payload[slice(*model[name]["data_offsets"])])
        for name in ("downCntx.conv1", "resBlock2.conv2", "upBlock1.conv1", "logits"):
            layer = layers[name]
            grid = bits[layer["inputs"][0]]
            s_x, n = scale(grid), (1 << grid["bits"]) - 1
            zero = -round(min(grid["min"], 0.0) / s_x)
            low, high = (next(read(f"{name}.weight.{end}", "<d"))[0] for end in ("min", "max"))
            s_w = (high - low) / (255 - (1 if low == -high else 0))
            weights = [w for w, in read(name + ".weight", "<b")]
            per = len(weights) // layer["shape"][0]
            worst, biases = 0, []
            for c, (bias,) in enumerate(read(name + ".bias", "<f")):
                steps = Fraction(bias) / (Fraction(s_x) * Fraction(s_w))
                biases.append(math.floor(abs(steps) + Fraction(1, 2)) * (1 if steps >= 0 else -1))
                worst = max(worst,
                            max(zero, n - zero) * sum(map(abs, weights[c * per:(c + 1) * per])) + abs(biases[-1]))
            self.assertEqual(layer["worst_sum"], worst, name)
            self.assertEqual(layer["parameters"]["B"], [min(biases), max(biases)], name)
            self.assertAlmostEqual(layer["headroom"]["int32"], 31 - math.log2(worst))
            self.assertAlmostEqual(layer["headroom"]["int64"], 63 - math.log2(worst))
            self.assertEqual(layer["weight"]["scale"], [s_w, s_w])

    def test_table(self):
        done = self.ok("inspect", Fixture.model("w4a8"))
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if line}
        self.assertIn("64x32x1024", rows["resBlock1.pool"])
        self.assertRegex(rows["downCntx.conv2"], r"32x64x2048 .* 16 +8 .* wide ")
        self.assertIn("checkpoint_xxh128", done.stdout)
        over = [line for line in rows.values() if "(int64" in line]
        self.assertGreater(len(over), 0)
        small = self.ok("inspect", Fixture.model("w4a8"), "--height", 16, "--width", 32).stdout
        self.assertIn("20x16x32", small)


class Import(CliTest):
    def test_summary_name_and_warnings(self):
        with open(Fixture.part("w8a8.encodings"), encoding="utf-8") as file:
            encodings = json.load(file)
        activations = encodings["activation_encodings"]
        activations["surplus"] = {"output": {"0": activations["logits"]["output"]["0"]}}
        self.write("e.encodings", json.dumps(encodings).encode())
        done = self.ok("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings", "e.encodings",
                       "-o", "new/m.safetensors", "--name", "mine")
        self.assertRegex(done.stderr, "intsim: warning: .*surplus")
        self.assertIn("model               mine", done.stdout)
        self.assertIn("170 with 8 bits, 3 with 16 bits", done.stdout)
        self.assertIn("model mine, 172 modules", self.ok("inspect", "new/m.safetensors").stdout)

    def test_names(self):
        words = ("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings",
                 Fixture.part("w8a8.encodings"), "-o", "m.safetensors", "--name")
        for name, needle in ((b"", "is empty"), (b"a" * 65, "65 bytes"), (b"a\xff", "no UTF-8 at byte 1"),
                             (b"\xe4\xb8", "no UTF-8 at byte 0"), (b"ab\xc0\xaf", "no UTF-8 at byte 2"),
                             (b"\xed\xa0\x80", "no UTF-8 at byte 0"), (b"\xf5\x80\x80\x80", "no UTF-8 at byte 0"),
                             (b"a\nb", "control character at byte 1"), (b"a\x1b[2J", "control character at byte 1"),
                             (b"abc\x7f", "control character at byte 3"),
                             (b"\xc2\x9b2J", "control character at byte 0")):
            self.fails(2, ["--name", needle, "1 to 64 bytes"], *words, os.fsdecode(name))
            self.assertEqual(os.listdir(self.folder), [])
        for name in ("a" * 64, "Überall 世界 \U0001F600"):
            self.assertIn(f"model               {name}, ", self.ok(*words, name).stdout)
            self.assertIn(f"model {name}, 172 modules", self.ok("inspect", "m.safetensors").stdout)

    def test_control_characters_of_a_file_are_not_printed(self):
        name = "evil\x1b[31m\u009b2J\nend"
        os.symlink(Fixture.part("checkpoint.safetensors"), self.path(name))
        self.ok("import", "--checkpoint", name, "--encodings", Fixture.part("w8a8.encodings"), "-o", "m.safetensors")
        text = self.ok("inspect", "m.safetensors", "--width", 16, "--height", 16).stdout
        self.assertIn("  checkpoint: evil?[31m?2J?end\n", text)
        sources = json.loads(self.ok("inspect", "m.safetensors", "--json").stdout)["sources"]
        self.assertEqual(sources["checkpoint"], name)
        header, payload = read_safetensors(Fixture.model("w8a8"))
        header["__metadata__"]["schema"] = name
        self.write("m.safetensors", safetensors_bytes(header, payload))
        self.fails(3, ["has model schema evil?[31m?2J\nend"], "inspect", "m.safetensors")

    def test_same_input_same_bytes(self):
        self.ok("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings",
                Fixture.part("w4a8.encodings"), "-o", "again.safetensors")
        with open(self.path("again.safetensors"), "rb") as again, open(Fixture.model("w4a8"), "rb") as first:
            self.assertEqual(again.read(), first.read())


class Others(CliTest):
    def test_table(self):
        for name in ("w8a8", "w4a8"):
            self.ok("--config", name, "-d", Fixture.tree, *SMALL, "--limit", 1, "--json", name + ".json")
        text = self.ok("table", "w8a8.json", "w4a8.json").stdout
        self.assertEqual(text.splitlines()[0].split(), ["W8A8", "W4A8"])
        self.ok("--config", "w8a8", "--target", "ideal", "-d", Fixture.tree, *SMALL, "--limit", 1, "--json", "i.json")
        heads = self.ok("table", "w8a8.json", "w4a8.json", "i.json").stdout.splitlines()[0]
        self.assertEqual(re.split("  +", heads.strip()), ["W8A8 hexagon-hvx", "W4A8", "W8A8 ideal"])
        marked = self.ok("table", "w8a8.json", "--format", "markdown", "--reference").stdout
        self.assertTrue(marked.startswith("|"))
        self.assertIn("0.549", marked)
        self.assertNotIn("0.549", text)
        self.fails(3, ["nothing.json"], "table", "nothing.json")
        self.write("bad.json", b"{")
        self.fails(3, ["bad.json"], "table", "bad.json")
        self.fails(2, ["files"], "table")

    def test_doctor(self):
        done = self.ok("doctor", Fixture.tree)
        self.assertRegex(done.stdout, "sequence 08: 3 scans with [0-9]+ points, 3 label files")
        data = self.make_tree("00",
                              {"000000": ([(1, 2, 3, 0)] * 4, [10, 10, 400, 10]), "000001": ([(1, 2, 3, 0)], None)})
        broken = self.run_tool("doctor", data)
        self.assertEqual(broken.returncode, 3)
        for needle in ("000001", "label id 400", "errors found"):
            self.assertIn(needle, broken.stdout)
        self.assertNotIn("label id 400", self.run_tool("doctor", data, "--shallow").stdout)
        self.assertIn("sequence is missing", self.run_tool("doctor", data, "--sequences", "05").stdout)
        self.fails(3, ["nowhere"], "doctor", "nowhere")

    def test_targets(self):
        text = self.ok("targets").stdout
        for name, rules, source in (("hexagon-hvx (default)", ["hvx8"] * 7 + ["wide"], "XiaoMi/nnlib df7ad3c1"),
                                    ("ideal", ["wide"] * 8, "RQ-4"), ("aimet", ["float32"] * 8, "quic/aimet 7933a236")):
            block = text[text.index(name + "\n"):].split("\n\n")[0]
            rows = [line.split() for line in block.splitlines()[2:10]]
            self.assertEqual([row[0] for row in rows], OPERATIONS)
            self.assertEqual([row[1] for row in rows], rules)
            self.assertRegex(block, f"  source +.*{source}.*\n  confidence +\\S.*\n  checked by +\\S")
        self.assertRegex(text.splitlines()[-1], "^SIMD targets of this machine, best first: [A-Z]")

    def test_version_and_help(self):
        self.assertRegex(self.ok("--version").stdout, r"^intsim \d+\.\d+\.\d+, numerics revision \d+\n$")
        top = self.ok("--help").stdout
        for command in COMMANDS:
            self.assertIn(command, top)
            text = self.ok(command, "--help").stdout
            self.assertIn("Examples:", text)
            self.assertTrue(text.splitlines()[1].startswith(f"Usage: intsim {command} [OPTIONS]"), text)
            for other in set(COMMANDS) - {command}:
                self.assertNotIn(f"Usage: intsim {other} ", text)
        nothing = self.run_tool()
        self.assertEqual((nothing.returncode, nothing.stdout), (2, ""))
        self.assertIn("Usage", nothing.stderr)
