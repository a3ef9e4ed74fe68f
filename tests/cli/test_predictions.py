"""intsim compare --predictions: two predictions of the same scans."""
import json
import os
import struct

from support import CliTest, confusion, model_card_lines

RAW = [0, 10, 11, 15, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81]  # learning_map_inv


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
        for more in ([], ["--common"]):
            self.fails(3, ["A: and B", "sequence 99"], "compare", "--predictions", "A", "B", "--sequences", "08,99", *more)
        self.write("B/sequences/08/predictions/000001.label", bytes(8))
        self.fails(3, ["B/sequences/08/predictions/000001.label"], "compare", "--predictions", "A", "B", "--common", "-q")
        self.write("A/sequences/08/predictions/000001.label", bytes(7))
        self.fails(3, ["A/sequences/08/predictions/000001.label"], "compare", "--predictions", "A", "B", "--common", "-q")

    def test_thresholds(self):
        words = ["compare", "--predictions", "A", "B", "--dataset-path", "data"]
        for option in ("--max-flipped-ppm", "--max-miou-delta"):
            for value in ("nan", "-1", "inf", "x", ""):
                self.fails(2, [option, f"'{value}' is no finite number"], *words, option, value)
        for name, classes in self.truth.items():
            self.write(f"data/sequences/08/labels/{name}.label", bytes(4 * len(classes)))
        self.ok(*words)
        done = self.run_tool(*words, "--max-miou-delta", "1", "--json", "r.json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("data: labels no point", done.stderr)
        self.assertIn("2 scans", done.stdout)
        self.assertTrue(os.path.exists(self.path("r.json")))

    def test_files_that_are_no_predictions(self):
        self.write("A/sequences/08/predictions/._000000.label", b"x")
        self.write("B/sequences/.cache/predictions/000000.label", b"x")
        self.write("B/sequences/notes.txt", b"x")
        os.mkdir(self.path("B/sequences/09"))
        self.assertIn("2 scans", self.ok("compare", "--predictions", "A", "B").stdout)
        large = self.write("B/sequences/08/predictions/000000.label", b"")
        os.truncate(large, 4 * 10_000_001)
        os.truncate(self.path("A/sequences/08/predictions/000000.label"), 4 * 10_000_001)
        self.fails(3, ["A/sequences/08/predictions/000000.label", "10000001 labels", "limit of 10000000"], "compare",
                   "--predictions", "A", "B", "-q")
        os.makedirs(self.path("C/sequences/08"))
        os.symlink("predictions", self.path("C/sequences/08/predictions"))
        self.fails(3, ["C/sequences/08/predictions", "symbolic links"], "compare", "--predictions", "C", "A")

    def test_an_unwritable_report_is_found_before_the_run(self):
        self.fails(4, ["nowhere/r.json", "cannot create"], "compare", "--predictions", "A", "C", "--json", "nowhere/r.json")

    def test_names_are_printed_without_control_characters(self):
        for folder in "AB":
            self.write(f"{folder}/sequences/08/predictions/0\x1b[31m.label", struct.pack("<I", 2))
        done = self.ok("compare", "--predictions", "A", "B")
        self.assertIn("0?[31m.label", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
