"""intsim inspect --explain under every profile and all named alternatives: each output is recomputed here from the
printed parameters with the formulas of docs/numerics/profiles.md, and equals the engine's."""
import json
import math
import re
from fractions import Fraction

from support import CliTest, Fixture

PROFILES = ["hexagon-hvx", "ideal", "hexagon-hmx", "aimet", "tflite", "tflite-single", "tflite-int16x8", "hvx-2stage",
            "half-away", "onnxruntime"]
SITES = {"w8a8": [("downCntx.conv2", 3, 10, 40), ("downCntx.act1", 3, 10, 41), ("downCntx.bn1", 3, 10, 50),
                  ("module_add", 1, 2, 3), ("module_cat", 100, 2, 3), ("upBlock1.pixel_shuffle", 1, 3, 4),
                  ("resBlock2.pool", 1, 0, 5), ("module_softmax", 1, 2, 3)],
         "w4a8": [("downCntx.conv2", 6, 40, 63), ("downCntx.act2", 6, 40, 62), ("downCntx.bn1", 6, 40, 61),
                  ("module_add", 6, 40, 60)]}
HALF = Fraction(1, 2)


def up(value):
    return math.floor(value + HALF)


def away(value):
    return up(value) if value >= 0 else -up(-value)


def even(value):
    below = math.floor(value)
    rest = value - below
    return below + (1 if rest > HALF or rest == HALF and below % 2 else 0)


def float32(value):
    """Nearest float32 of a fraction in the normal range, ties to even."""
    if value == 0:
        return value
    e = math.floor(math.log2(abs(value)))
    e += 1 if abs(value) >= Fraction(2)**(e + 1) else -1 if abs(value) < Fraction(2)**e else 0
    unit = Fraction(2)**(e - 23)
    return even(value / unit) * unit


def core(rule, a, m, s):
    """The core of RQ-4 to RQ-9 without overflow."""
    left, right = max(0, 31 - s), max(0, s - 31)
    if rule == "RQ-8":
        return even(float32(float32(Fraction(a)) * Fraction(m) / Fraction(2)**s))
    if rule == "RQ-7":
        return away(Fraction(a * m, 2**s))
    if rule in ("RQ-5", "RQ-6"):
        high = up(Fraction(a * 2**left * m, 2**31))
        return (up if rule == "RQ-5" else away)(Fraction(high, 2**right))
    return up(Fraction(a * m, 2**s))


def rule_of(target, op, text):
    if "multiplier m" in text:
        return "RQ-9"
    if target == "tflite-int16x8" and op in ("LeakyReLU", "Add"):
        return "RQ-6"
    return {"tflite": "RQ-6", "hvx-2stage": "RQ-5", "half-away": "RQ-7", "onnxruntime": "RQ-8"}.get(target, "RQ-4")


class Printed:
    """The lines of one explanation."""

    def __init__(self, text):
        self.text = text
        self.op, self.form = re.search(r"\((\w+)\), channel", text)[1], re.search(r", form ([\w-]+)", text)[1]
        operand = re.search(r"^operand +\d+, its channel \d+, form (\w+)", text, re.M)
        self.form = operand[1] if operand else self.form
        self.zero = [int(z) for z in re.findall(r"^reads .*zero point (\d+)", text, re.M)]
        self.out, self.n = map(int, re.search(r"^writes .*zero point (\d+), codes 0\.\.(\d+)", text, re.M).groups())

    def all(self, name):
        """Results of the lines of a name: the last integer of each."""
        return [int(v) for v in re.findall(rf"^{re.escape(name)} .*?(-?\d+)(?:, [a-z].*)?$", self.text, re.M)]

    def value(self, name):
        return self.all(name)[0]

    def parameter(self, name):
        return int(re.search(rf"[ ,]{re.escape(name)} (-?\d+)", self.text)[1])

    def codes(self):
        return [int(v) for v in re.search(r"^input codes +\[(.*?)\]", self.text, re.M)[1].split(",")]

    def pair(self):
        return map(int, re.search(r"^input codes +(\d+) and (\d+)$", self.text, re.M).groups())


def sat16(value):
    return min(max(value, -32768), 32767)


def unclamped(p, target):
    """The code before its clamp, or None where the form is float32, a copy or softmax."""
    rule = rule_of(target, p.op, p.text)
    if p.form == "wide" and p.op == "Add":
        a, b = p.pair()
        d, t = (a - p.zero[0]) * p.parameter("A") + (b - p.zero[1]) * p.parameter("B"), p.parameter("T")
        if rule == "RQ-5":
            return p.out + (up(Fraction(d, 2**t)) if t <= 31 else up(Fraction(up(Fraction(d, 2**31)), 2**(t - 31))))
        exact = Fraction(d, 2**t)
        return p.out + (even(float32(exact)) if rule == "RQ-8" else away(exact) if rule == "RQ-7" else up(exact))
    if p.form == "tflite":
        scale = list(zip(p.all("multiplier M"), p.all("shift S")))
        left = int(re.search(r"^shift left +-?\d+ << (\d+)", p.text, re.M)[1])
        parts = [core(rule, (q - z) << left, *m) for q, z, m in zip(p_codes(p), p.zero, scale)]
        return p.out + core(rule, sum(parts), *scale[2])
    if p.form == "wide" and p.op != "Softmax":
        a = p.value("accumulator" if "accumulator" in p.text else "sum" if p.op == "AvgPool2d" else "centred")
        letters = {"RQ-8": ("multiplier F", "shift k"), "RQ-9": ("multiplier m", "shift T")}
        m, s = letters.get(rule, ("multiplier M", "shift S"))
        return p.out + core(rule, a, p.value(m), p.value(s))
    if p.form == "hmx":
        t = (p.value("accumulator") << p.value("scale exp")) >> 20
        t = 2**13 + t % 2**13 if t >= 2**13 else -2**14 + t % 2**13 if t < -2**13 else t
        v = 0 if t == 0 else 2 * t + 1
        return min(max(((v * p.value("scale sig")) >> 12) + 16 * p.out + 8, 0), 4095) >> 4
    if p.form == "batchnorm_d32":
        a = p.parameter("O'") + p.value("input code") * p.parameter("S'")
        return up(Fraction(sat16(a >> p.parameter("r1")), 2**p.parameter("r2")))
    if p.form == "flat":
        return up(Fraction((p.value("input code") + p.parameter("off")) * p.parameter("gain"), 2**15))
    if p.form == "reciprocal":
        mean = up(Fraction(sum(p.codes()) * 3641, 2**15))
        return mean if "multiplier R" not in p.text else p.out + up(
            Fraction((mean - p.zero[0]) * 2**p.value("shift sh") * p.value("multiplier R"), 2**31))
    if p.form == "average":
        base, codes = (p.n + 1) // 2, p.codes()
        return base + away(Fraction(sum(codes) - base * len(codes), len(codes)))
    if p.form == "drop-low":
        c = int(re.search(r"^bias c +(-?\d+)", p.text, re.M)[1])
        a = c + p.value("sum P") + math.floor(Fraction(p.value("sum Q") + 128, 256))
        return up(Fraction(a * 2**(47 - p.value("shift rs")) * p.value("multiplier R"), 2**31))
    if p.form == "hvx8" and p.op in ("Conv2d", "BatchNorm2d"):
        return up(Fraction(p.value("accumulator") * 2**p.value("shift sh") * p.value("multiplier R"), 2**31))
    return None


def p_codes(p):
    return list(p.pair())


class ExplainTargets(CliTest):
    def setUp(self):
        super().setUp()
        self.write("all.json", json.dumps({
            "name": "everything", "base": "hexagon-hvx", "overflow": "saturate",
            "alternatives": {"bn": "batchnorm_d32", "concat": "flat", "avgpool": "reciprocal-3641",
                             "conv16": "drop-low", "bias": "float32"}}).encode())

    def explain(self, config, target, site, *model):
        done = self.ok("inspect", *(model or ("--config", config)), "--target", target, "--explain", *site, "--scan",
                       Fixture.scan(), "--width", 64)
        self.assertRegex(done.stdout, r"engine       code \d+, equal\n$")
        return done.stdout

    def test_every_operation_under_every_target(self):
        forms, recomputed = set(), 0
        for target in PROFILES + ["all.json"]:
            for config, sites in SITES.items():
                operations = set()
                for site in sites:
                    text = self.explain(config, target, site)
                    printed = Printed(text)
                    operations.add(printed.op)
                    forms.add(printed.form)
                    code = unclamped(printed, target)
                    if code is not None:
                        engine = int(re.search(r"^engine +code (\d+)", text, re.M)[1])
                        self.assertEqual(min(max(code, 0), printed.n), engine, f"{target} {config}\n{text}")
                        recomputed += 1
                self.assertEqual(len(operations), 8 if config == "w8a8" else 4)
        self.assertGreaterEqual(forms, {"hvx8", "wide", "float32", "hmx", "tflite", "batchnorm_d32", "flat", "drop-low",
                                        "reciprocal", "copy"})
        self.assertGreater(recomputed, 80)

    def test_the_step_of_the_overflow_policy(self):
        with open(Fixture.part("w8a8.encodings"), encoding="utf-8") as file:
            encodings = json.load(file)
        for grid in (encodings["param_encodings"]["downCntx.conv3.weight"][0],
                     encodings["activation_encodings"]["downCntx.bn1"]["output"]["0"]):
            for name in ("min", "max", "scale"):  # narrow grids: the bias is many accumulator steps
                grid[name] /= 2**12
        self.write("e.encodings", json.dumps(encodings).encode())
        self.ok("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "--encodings", "e.encodings", "-o",
                "m.safetensors")
        exact = wrapped = None
        for channel in range(32):
            site = ("downCntx.conv3", channel, 5, 6)
            exact = self.explain("", "ideal", site, "m.safetensors")
            if found := re.search(r"^int32 +(-?\d+) does not fit, kept \(policy exact\)$", exact, re.M):
                break
        self.assertIsNotNone(found, "no channel leaves int32")
        a = int(found[1])
        wrapped = (a + 2**31) % 2**32 - 2**31
        saturated = min(max(a, -2**31), 2**31 - 1)
        for target, value in (("wrap", wrapped), ("saturate", saturated)):
            self.write("t.json", json.dumps({"name": target, "base": "ideal", "overflow": target}).encode())
            text = self.explain("", "t.json", site, "m.safetensors")
            self.assertIn(f"int32        {a} does not fit, becomes {value} (policy {target})\n", text)
            printed = Printed(text)
            code = printed.out + core("RQ-4", value, printed.value("multiplier M"), printed.value("shift S"))
            self.assertEqual(min(max(code, 0), printed.n), int(re.search(r"^engine +code (\d+)", text, re.M)[1]))
