"""The packs in golden/packs against the engine, and golden-dump against them.

Usage: test_packs.py PACKS INTSIM MODELS MAKE_DATASET [GOLDEN_DUMP CHECKPOINT_AND_ENCODINGS]

PACKS is golden/packs, MODELS holds w8a8.safetensors and w4a8.safetensors.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PACKS, INTSIM, MODELS, MAKE_DATASET, *TORCH = sys.argv[1:]
CONFIGS = ("w8a8", "w4a8")
PROFILES = ("hexagon-hvx", "ideal", "aimet")
LARGEST_SIZE = 6_000_000  # bytes of all packs together
# Share of codes that may differ from LibTorch's convolutions, whose order of summation is undefined, and exponentials.
CONV_8_BIT, CONV_16_BIT, SOFTMAX = 3e-5, 3e-3, 1e-3


def run(*words):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=600)


class Packs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="intsim-packs-")
        made = run(MAKE_DATASET, "-o", cls.path("streets"), "--sequences", "08", "-n", "3", "-q")
        assert made.returncode == 0, made.stderr
        cls.scan = cls.path("streets/sequences/08/velodyne/000000.bin")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def compare(self, pack, config, *more):
        """Exit code, first line and the JSON report of a comparison."""
        report = self.path("report.json")
        done = run(INTSIM, "compare", "--model", f"{MODELS}/{config}.safetensors", pack, *more, "--json", report)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        with open(report) as file:
            return done.returncode, done.stdout.splitlines()[0], json.load(file)

    def test_all_are_there_and_small(self):
        expected = {f"aimet_{c}" for c in CONFIGS} | {f"scan_{c}_{p}" for c in CONFIGS for p in PROFILES}
        self.assertEqual(set(os.listdir(PACKS)), expected)
        sizes = [os.path.getsize(os.path.join(folder, f)) for folder, _, files in os.walk(PACKS) for f in files]
        self.assertLess(sum(sizes), LARGEST_SIZE)
        for config in CONFIGS:
            with open(f"{PACKS}/aimet_{config}/manifest.json") as file:
                manifest = json.load(file)
            self.assertEqual((manifest["arithmetic"], manifest["config"]), ("aimet-float32", config))
            self.assertEqual(len([t for t in manifest["tensors"] if "file" in t]), 173)

    def test_the_aimet_profile_gives_libtorch_s_codes(self):
        for config in CONFIGS:
            with self.subTest(config):
                code, verdict, report = self.compare(f"{PACKS}/aimet_{config}", config, "--target", "aimet", "--isolated")
                self.assertEqual(code, 0, verdict)
                self.assertEqual(len(report["tensors"]), 172)
                counts = {}
                for t in report["tensors"]:
                    kind = (t["op"], t["bits"]) if t["op"] == "conv2d" else t["op"]
                    limit = {("conv2d", 8): CONV_8_BIT, ("conv2d", 16): CONV_16_BIT, "softmax": SOFTMAX}.get(kind, 0)
                    all_codes, wrong, _ = counts.get(kind, (0, 0, 0))
                    counts[kind] = (all_codes + t["count"], wrong + t["mismatches"], limit)
                    self.assertLessEqual(t["max_lsb"], 1, t["name"])
                for kind, (all_codes, wrong, limit) in counts.items():
                    self.assertLessEqual(wrong, limit * all_codes, kind)

    def test_a_whole_scan_has_the_recorded_hashes(self):
        for config in CONFIGS:
            for profile in PROFILES:
                with self.subTest(config=config, profile=profile):
                    code, verdict, report = self.compare(f"{PACKS}/scan_{config}_{profile}", config, "--target", profile,
                                                         "--scan", self.scan)
                    self.assertEqual(code, 0, verdict)
                    self.assertEqual([t["mismatches"] for t in report["tensors"]], [0] * 173)

    def test_one_other_hash_is_found(self):
        shutil.copytree(f"{PACKS}/scan_w8a8_ideal", self.path("changed"))
        with open(self.path("changed/manifest.json")) as file:
            manifest = json.load(file)
        tensor = next(t for t in manifest["tensors"] if t["name"] == "resBlock3.bn2")
        tensor["xxh128"] = tensor["xxh128"][::-1]
        with open(self.path("changed/manifest.json"), "w") as file:
            json.dump(manifest, file)
        code, verdict, report = self.compare(self.path("changed"), "w8a8", "--target", "ideal", "--scan", self.scan)
        self.assertEqual((code, report["first_divergent"]), (1, "resBlock3.bn2"))
        self.assertIn("resBlock3.bn2", verdict)

    def test_golden_dump_makes_them_again(self):
        if not TORCH:
            self.skipTest("built without LibTorch")
        golden_dump, parts = TORCH
        for config in CONFIGS:
            with self.subTest(config):
                pack = self.path("again_" + config)
                done = run(golden_dump, "--checkpoint", f"{parts}/salsanext.safetensors", "--encodings",
                           f"{parts}/{config}.encodings", "--config", config, "--scan", self.scan, "--height", "32",
                           "--crop", "16", "--tensors", "*", "--threads", "1", "-o", pack)
                self.assertEqual(done.returncode, 0, done.stderr)
                # Another CPU may sum convolutions in another order, so that codes of either pack lie on the other side
                # of a rounding boundary: equal, explained or inherited.
                code, verdict, _ = self.compare(f"{PACKS}/aimet_{config}", config, pack, "--target", "aimet")
                self.assertEqual(code, 0, verdict)


if __name__ == "__main__":
    del sys.argv[1:]
    program = unittest.main(verbosity=2, exit=False)
    for test, reason in program.result.skipped:
        print("SKIPPED:", test, reason)
    sys.exit(0 if program.result.wasSuccessful() else 1)
