"""intsim vectors: generate | device | verify with a device in Python, a broken one, streams cut off; foreign vectors."""
import json
import os
import subprocess
import sys

from support import CliTest, Fixture

DEVICE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vector_device.py")
CASE = {"name": "small", "op": "conv2d", "input_dtype": "int8", "weight_dtype": "int8", "bias_dtype": "int32",
        "output_dtype": "int8", "input_nhwc": [1, 1, 2, 1], "weight_ohwi": [1, 1, 1, 1], "groups": 1,
        "output_nhwc": [1, 1, 2, 1], "stride_yx": [1, 1], "dilation_yx": [1, 1], "pad_top_left": [0, 0],
        "input_offset": 3, "output_offset": -5, "clamp": [-128, 127], "multiplier": [1 << 30], "shift": [0],
        "input": [10, -128], "weight": [-3], "bias": [1], "expected": [-24, 127]}


class Vectors(CliTest):
    def vectors(self, op, rule, *more):
        return self.ok("vectors", "generate", "--op", op, "--rule", rule, "--level", 1, *more).stdout

    def device(self, text, *words):
        done = subprocess.run([sys.executable, DEVICE, *map(str, words)], input=text, capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def verify(self, text, *words):
        return self.run_tool("vectors", "verify", *words, input=text)

    def test_right_device(self):
        for op, rule in (("requant", "tflite"), ("requant", "half-away"), ("requant", "ideal"),
                         ("conv2d", "hexagon-hvx")):
            done = self.verify(self.device(self.vectors(op, rule)))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stdout, f"{op}, {rule}, level 1: 10000 vectors, 10000 equal, 0 differ\n")

    def test_pipe_of_level_2(self):
        generate = [Fixture.intsim, "vectors", "generate", "--op", "requant", "--rule", "tflite", "--level", "2"]
        with subprocess.Popen(generate, stdout=subprocess.PIPE) as source, \
                subprocess.Popen([sys.executable, DEVICE], stdin=source.stdout, stdout=subprocess.PIPE) as device:
            done = subprocess.run([Fixture.intsim, "vectors", "verify"], stdin=device.stdout, capture_output=True,
                                  text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1000000 equal, 0 differ", done.stdout)

    def test_broken_device(self):
        for rule in ("tflite", "half-away"):
            text = self.device(self.vectors("requant", rule), "--broken")
            done = self.verify(text)
            self.assertEqual(done.returncode, 1, done.stderr)
            lines = done.stdout.splitlines()
            self.assertRegex(lines[0], rf"requant, {rule}, level 1: 10000 vectors, \d+ equal, \d+ differ")
            self.assertNotIn(" 0 differ", lines[0])
            self.assertEqual(len(lines), 12)
            number, inputs, answers = lines[1].split(": ", 2)
            line = text.splitlines()[int(number.split()[1]) - 1]
            self.assertEqual(line.split(" -> ")[0], inputs)
            self.assertTrue(answers.endswith(", got " + line.split(" -> ")[1]), answers)

    def test_truncated_and_altered_streams(self):
        text = self.device(self.vectors("requant", "tflite"))
        lines = text.splitlines(keepends=True)
        for damaged, needles in (
                ("", ["line 1", "ends"]),
                ("".join(lines[:5000]), ["line 5001", "vector 4999 of 10000"]),
                ("".join(lines[:-1]), ["line 10003", "# end"]),
                (text[:len(text) // 2], ["line "]),
                (self.device(self.vectors("requant", "tflite"), "--lose", 77), ["line 77", "not the vector"]),
                (self.device(self.vectors("requant", "tflite"), "--lose", 10002), ["line 10002", "9999 of 10000"]),
                ("".join(lines[:20] + [lines[21], lines[20]] + lines[22:]), ["line 21", "not the vector"]),
                ("".join(lines[:20] + [lines[20].replace(" ", " 0", 1)] + lines[21:]), ["line 10003", "hash"]),
                ("".join(lines[:20] + [lines[20].split(" -> ")[0] + "\n"] + lines[21:]), ["line 21", "no answer"])):
            done = self.verify(damaged)
            self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
            self.assertEqual(done.stdout, "")
            for needle in ("standard input", *needles):
                self.assertIn(needle, done.stderr)

    def test_seed_and_target_file(self):
        self.assertEqual(self.vectors("add", "tflite"), self.vectors("add", "tflite", "--seed", 1))
        self.assertNotEqual(self.vectors("add", "tflite"), self.vectors("add", "tflite", "--seed", 2))
        target = self.write("mine.json", json.dumps({"name": "mine", "base": "hexagon-hvx",
                                                     "rules": {"conv2d": "half-away"}}).encode())
        text = self.vectors("requant", target)
        self.assertIn(" rule=mine ", text.splitlines()[0])
        answers = self.device(text.replace("rule=mine", "rule=half-away", 1)).replace("rule=half-away", "rule=mine", 1)
        self.assertEqual(self.verify(answers, "--rule", target).returncode, 0)
        done = self.verify(answers)
        self.assertEqual(done.returncode, 3)
        self.assertIn("--rule", done.stderr)
        self.assertEqual(self.verify(answers, "--rule", "ideal").returncode, 2)

    def test_usage(self):
        for words, needles in (
                ((), ["generate, verify or foreign"]),
                (("generat",), ["did you mean 'generate'?"]),
                (("generate", "--op", "requant", "--rule", "tflite"), ["--level"]),
                (("generate", "--op", "conv3d", "--rule", "tflite", "--level", "1"), ["did you mean 'conv2d'?"]),
                (("generate", "--op", "add", "--rule", "tflit", "--level", "1"), ["did you mean 'tflite'?"]),
                (("generate", "--op", "add", "--rule", "tflite", "--level", "4"), ["level"]),
                (("foreign",), ["paths"])):
            self.fails(2, needles, "vectors", *words)
        self.assertIn("generate", self.ok("vectors", "--help").stdout)

    def test_foreign(self):
        self.write("set/a.json", json.dumps(CASE).encode())
        done = self.ok("vectors", "foreign", self.path("set"))
        self.assertIn("1 of 1 cases equal", done.stdout)
        self.assertIn("SCALAR", done.stdout)
        self.write("set/b.json", json.dumps(CASE | {"expected": [-24, 126]}).encode())
        done = self.run_tool("vectors", "foreign", self.path("set"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("reference: 1 differ, first at 1: expected 126, got 127", done.stdout)
        self.assertIn("1 of 2 cases equal", done.stdout)
        bad = self.write("bad.json", json.dumps(CASE | {"weight": [-129]}).encode())
        done = self.run_tool("vectors", "foreign", bad)
        self.assertEqual(done.returncode, 3)
        for needle in ("bad.json", "'weight'", "-129"):
            self.assertIn(needle, done.stderr)
        self.fails(3, ["empty", ".json"], "vectors", "foreign", os.path.dirname(self.write("empty/x.txt", b"")))
