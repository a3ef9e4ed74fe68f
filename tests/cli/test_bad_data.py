"""Damaged or missing scans, labels and folders."""
import os
import struct

from support import CliTest, Fixture, line_of_points

POINTS = line_of_points(5)


class BadData(CliTest):
    def evaluate(self, code, needles, *words):
        return self.fails(code, needles, "--config", "w8a8", "-d", "data", "-q", "--width", 64, *words)

    def test_scan_truncated_or_empty(self):
        self.make_tree("08", {"000000": (POINTS, [10] * 5)})
        scan = "data/sequences/08/velodyne/000000.bin"
        self.write(scan, bytes(5 * 16 - 3))
        self.evaluate(3, [scan, "77 bytes", "multiple of 16"])
        self.fails(3, [scan, "77 bytes"], "run", "--config", "w8a8", "--scan", scan)
        self.write(scan, b"")
        self.evaluate(3, [scan, "holds no point"])
        self.fails(3, [scan, "holds no point"], "inspect", "--config", "w8a8", "--explain", "logits", 0, 0, 0, "--scan",
                   scan)

    def test_label_count(self):
        self.make_tree("08", {"000000": (POINTS, [10] * 4)})
        label = "data/sequences/08/labels/000000.label"
        self.evaluate(3, [label, "4 labels for 5 points"])
        self.fails(3, [label, "4 labels for 5 points"], "run", "--config", "w8a8", "--scan",
                   "data/sequences/08/velodyne/000000.bin", "--labels", label)
        self.write(label, bytes(19))
        self.evaluate(3, [label, "19 bytes", "multiple of 4"])

    def test_label_ids(self):
        for wrong in (359, 400, 65535):
            self.make_tree("08", {"000000": (POINTS, [10, 10, 10, wrong, 10])})
            self.evaluate(3, ["labels/000000.label", f"label id {wrong}", "point 3"])
        self.make_tree("08", {"000000": (POINTS, [10, 358, 10, 2, (9 << 16) + 40])})
        done = self.ok("--config", "w8a8", "-d", "data", "-q", "--width", 64)
        self.assertIn("unknown labels      2\n", done.stdout)
        self.assertEqual(done.stderr.count("warning"), 1)
        self.assertIn("2 points", done.stderr)

    def test_missing_folders_and_files(self):
        self.evaluate(3, ["data", "is no folder"])
        os.mkdir(self.path("data"))
        self.evaluate(3, ["data", "sequences"])
        self.make_tree("08", {"000000": (POINTS, [10] * 5), "000001": (POINTS, [10] * 5)})
        self.evaluate(3, ["sequences/05", "sequence is missing"], "--sequences", "05")
        self.evaluate(3, ["sequences/00", "sequence is missing"], "--split", "train")
        os.remove(self.path("data/sequences/08/labels/000001.label"))
        self.evaluate(3, ["labels/000001.label", "missing"])
        self.make_tree("08", {"000001": (POINTS, [10] * 5)})
        os.remove(self.path("data/sequences/08/velodyne/000000.bin"))
        self.evaluate(3, ["velodyne/000000.bin", "missing"])
        os.rename(self.path("data/sequences/08/velodyne"), self.path("data/sequences/08/points"))
        self.evaluate(3, ["sequences/08/velodyne", "missing"])
        self.fails(3, ["nowhere.bin", "cannot open"], "run", "--config", "w8a8", "--scan", "nowhere.bin")
        self.fails(3, [Fixture.tree, "regular file"], "run", "--config", "w8a8", "--scan", Fixture.tree)

    def test_pairs_are_matched_by_name(self):
        self.make_tree("08", {"000000": (POINTS, [10] * 5), "000002": (POINTS, [10] * 5)})
        os.rename(self.path("data/sequences/08/labels/000002.label"),
                  self.path("data/sequences/08/labels/000001.label"))
        self.evaluate(3, ["missing"])

    def test_degenerate_points_are_counted(self):
        nan, inf = float("nan"), float("inf")
        points = POINTS + [(0, 0, 0, 0), (nan, 1, 1, 0), (inf, 0, 0, 0), (1, 1, 1, nan)]
        self.make_tree("08", {"000000": (points, [10] * 9)})
        done = self.ok("--config", "w8a8", "-d", "data", "-q", "--width", 64, "--save-predictions", "out")
        self.assertIn("not projected       4\n", done.stdout)
        with open(self.path("out/sequences/08/predictions/000000.label"), "rb") as file:
            self.assertEqual(struct.unpack("<9I", file.read())[5:], (0, 0, 0, 0))
