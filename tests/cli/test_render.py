"""Pictures of `intsim render`, decoded here, against pixels and colours known beforehand."""
import math
import os
import signal
import struct
import subprocess

from png import read_png
from support import CliTest, Fixture
from test_writes import limit

HEIGHT, WIDTH = 16, 64
SIZE = ("--height", HEIGHT, "--width", WIDTH)
EMPTY, CORRECT, WRONG, IGNORED, LINE = (0, 0, 0), (70, 80, 110), (255, 40, 40), (35, 35, 35), (96, 96, 96)
CAR, BUILDING, VEGETATION, ROAD, PERSON = (100, 150, 245), (255, 200, 0), (0, 175, 0), (255, 0, 255), (255, 30, 30)


def point_at(row, column, depth, remission=0.0):
    """A point in the middle of a pixel: the projection (rule PJ-3) solved for the angles."""
    yaw = math.pi * (2 * (column + 0.5) / WIDTH - 1)
    pitch = math.radians((1 - (row + 0.5) / HEIGHT) * 28 - 25)
    return (depth * math.cos(pitch) * math.cos(yaw), -depth * math.cos(pitch) * math.sin(yaw),
            depth * math.sin(pitch), remission)


# The second point is nearer than the third in the same pixel.
POINTS = [point_at(3, 5, 16.0001, 1.0), point_at(4, 6, 4.0001), point_at(4, 6, 8), point_at(10, 60, 300)]
LABELS = [10, 50, 10, 0]
PREDICTION = [10, 70, 50, 40]


class Render(CliTest):
    def setUp(self):
        super().setUp()
        self.scan = self.write("a.bin", b"".join(struct.pack("<4f", *point) for point in POINTS))
        self.labels = self.write("a.label", struct.pack("<4I", *LABELS))
        self.prediction = self.write("p.label", struct.pack("<4I", *PREDICTION))

    def check_panel(self, rows, top, scale, spots):
        """The panel from row `top` on holds these colours at {(row, column): colour} and is empty elsewhere."""
        for row in range(HEIGHT * scale):
            expected = [spots.get((row // scale, column), EMPTY) for column in range(WIDTH)]
            self.assertEqual(rows[top + row], expected, f"row {row}")

    def test_one_scan(self):
        done = self.ok("render", self.scan, "--labels", self.labels, "--prediction", self.prediction, *SIZE, "-o",
                       "a.png")
        self.assertEqual(done.stderr, "")
        rows = read_png(self.path("a.png"))
        self.assertEqual((len(rows), len(rows[0])), (5 * 32 + 4 * 4, WIDTH))
        spots = ({(3, 5): (220, 80, 90), (4, 6): (254, 200, 100), (10, 60): (45, 30, 90)},
                 {(3, 5): (255, 255, 255), (4, 6): (24, 24, 24), (10, 60): (24, 24, 24)},
                 {(3, 5): CAR, (4, 6): BUILDING},
                 {(3, 5): CAR, (4, 6): VEGETATION, (10, 60): ROAD},
                 {(3, 5): CORRECT, (4, 6): WRONG, (10, 60): IGNORED})
        for i, panel in enumerate(spots):
            self.check_panel(rows, 36 * i, 2, panel)
            for row in rows[36 * i + 32:36 * i + 36]:
                self.assertEqual(row, [LINE] * WIDTH)
        legend = [line.split() for line in done.stdout.splitlines()]
        self.assertIn("a.png: 64 x 176, range remission labels prediction errors".split(), legend)
        for line in ("class colour labels prediction wrong", "0 unlabeled #000000 1 0 0", "1 car #6496f5 1 1 0",
                     "9 road #ff00ff 0 1 0", "13 building #ffc800 1 0 1", "15 vegetation #00af00 0 1 0",
                     "19 traffic-sign #ff0000 0 0 0", "empty #000000 1021",
                     "errors #46506e correct 1 #ff2828 wrong 1 #232323 not labelled 1"):
            self.assertIn(line.split(), legend)

    def test_panels_follow_the_data_and_the_choice(self):
        def panels(*words):
            done = self.ok("render", "--scan", self.scan, *SIZE, "-o", "a.png", *words)
            return done.stdout.splitlines()[0].split(", ")[1]
        self.assertEqual(panels(), "range remission")
        self.assertEqual(panels("--labels", self.labels), "range remission labels")
        self.assertEqual(panels("--prediction", self.prediction), "range remission prediction")
        chosen = ("--labels", self.labels, "--prediction", self.prediction, "--panels", "errors,labels")
        self.assertEqual(panels(*chosen, "--scale", 1), "errors labels")
        rows = read_png(self.path("a.png"))
        self.assertEqual(len(rows), 2 * 16 + 4)
        self.check_panel(rows, 0, 1, {(3, 5): CORRECT, (4, 6): WRONG, (10, 60): IGNORED})
        self.check_panel(rows, 20, 1, {(3, 5): CAR, (4, 6): BUILDING})

    def test_what_no_panel_shows_is_not_read(self):
        wanted = ("render", self.scan, *SIZE, "-o", "a.png", "--panels")
        done = self.ok(*wanted, "range", "--labels", "nowhere.label", "--prediction", "nowhere.label")
        self.assertNotIn("class", done.stdout)
        done = self.ok(*wanted, "labels", "--labels", self.labels, "--prediction", "nowhere.label")
        self.assertIn("class colour labels".split(), [line.split() for line in done.stdout.splitlines()])
        tree = ("render", "-d", self.tree(), "--sequences", "08", *SIZE, "-o", "pictures")
        self.ok(*tree, "--panels", "range", "--predictions", "/nowhere")
        self.fails(3, ["/nowhere"], *tree, "--panels", "prediction", "--predictions", "/nowhere")
        self.fails(3, ["nowhere.label", "cannot open"], *wanted, "prediction", "--prediction", "nowhere.label")
        self.fails(3, ["nowhere.label", "cannot open"], *wanted, "labels", "--labels", "nowhere.label")

    def test_quiet(self):
        done = self.ok("render", self.scan, *SIZE, "-o", "a.png", "-q")
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(len(read_png(self.path("a.png"))), 2 * 32 + 4)

    def test_from_above(self):
        scan = self.write("b.bin", struct.pack("<8f", 20.05, 10.05, -1, 0, -5.05, -30.05, -1, 0))
        labels = self.write("b.label", struct.pack("<2I", 30, 50))
        self.ok("render", scan, "--labels", labels, "--prediction", labels, "--panels", "labels,errors", "-o", "b.png",
                "--view", "bev")
        rows = read_png(self.path("b.png"))
        self.assertEqual((len(rows), len(rows[0])), (1024, 2 * 1024 + 4))
        found = {(r, c): pixel for r, row in enumerate(rows) for c, pixel in enumerate(row)
                 if pixel not in (EMPTY, LINE)}
        # 20 m ahead and 10 m to the left; 5 m behind and 30 m to the right.
        self.assertEqual(found, {(311, 411): PERSON, (562, 812): BUILDING, (311, 1439): CORRECT, (562, 1840): CORRECT})

    def test_the_network_predicts_as_run_does(self):
        common = (Fixture.scan(), "--labels", Fixture.label(), "--width", 64)
        for words in ((), ("--knn",)):
            self.ok("run", "--config", "w8a8", "--scan", *common, "-o", "n.label", *words)
            self.ok("render", *common, "--prediction", "n.label", "-o", "file.png")
            self.ok("render", *common, "--config", "w8a8", *words, "-o", "network.png")
            self.ok("render", *common, "--model", Fixture.model("w8a8"), *words, "-o", "model.png", "-q")
            pictures = [read_png(self.path(name)) for name in ("file.png", "network.png", "model.png")]
            self.assertEqual(len(pictures[0]), 5 * 128 + 4 * 4)
            self.assertTrue(pictures[0] == pictures[1] == pictures[2])
            self.assertGreater(len({pixel for row in pictures[0][396:524] for pixel in row}), 3)

    def tree(self):
        self.make_tree("08", {"000000": (POINTS, LABELS), "000001": (POINTS[:3], None),
                              "000002": (POINTS[:2], [40, 40])})
        tree = self.make_tree("09", {"000002": (POINTS, LABELS)})
        for sequence, name, labels in (("08", "000000", PREDICTION), ("08", "000001", [10] * 3),
                                       ("08", "000002", [40] * 2), ("09", "000002", [10] * 4)):
            self.write(f"out/sequences/{sequence}/predictions/{name}.label", struct.pack(f"<{len(labels)}I", *labels))
        return tree

    def test_data_set(self):
        tree = ("render", "-d", self.tree(), *SIZE)
        done = self.ok(*tree, "--sequences", "9,08", "--predictions", "out", "-o", "pictures/all")
        names = ["08_000000.png", "08_000001.png", "08_000002.png", "09_000002.png"]
        self.assertEqual(self.files_below("pictures/all"), names)
        self.assertEqual([line.split(":")[0] for line in done.stdout.splitlines()[:4]],
                         ["pictures/all/" + name for name in names])
        self.assertIn("pictures/all/08_000001.png: 64 x 104, range remission prediction\n", done.stdout)
        legend = [line.split() for line in done.stdout.splitlines()]
        # Nearest points of the pixels: labels 10 50 0, none, 40 40 and 10 50 0.
        for line in ("1 car #6496f5 2 6 0", "13 building #ffc800 2 0 2", "0 unlabeled #000000 2 0 0",
                     "9 road #ff00ff 2 3 0", "15 vegetation #00af00 0 1 0", "empty #000000 4086",
                     "errors #46506e correct 4 #ff2828 wrong 2 #232323 not labelled 2"):
            self.assertIn(line.split(), legend)
        self.ok("render", self.scan, "--labels", self.labels, "--prediction", self.prediction, *SIZE, "-o", "a.png")
        self.assertEqual(read_png(self.path("pictures/all/08_000000.png")), read_png(self.path("a.png")))
        self.ok(*tree, "--sequences", "08", "--sequences", "09", "--scans", "000002", "-o", "some")
        self.assertEqual(self.files_below("some"), ["08_000002.png", "09_000002.png"])
        self.ok(*tree, "--sequences", "08", "--scans", "000000,000002", "--limit", "1", "-o", "one")
        self.assertEqual(self.files_below("one"), ["08_000000.png"])
        self.ok(*tree, "--sequences", "08", "--config", "w8a8", "-o", "network", "-q")
        self.assertEqual(self.files_below("network"), names[:3])

    def test_data_set_with_gaps(self):
        tree = ("render", "-d", self.tree(), *SIZE, "-o", "pictures")
        self.fails(3, ["no scan '000020'", "did you mean '000000'?"], *tree, "--sequences", "08", "--scans", "000020")
        self.fails(3, ["labels/000001.label", "missing"], *tree, "--sequences", "08", "--panels", "labels")
        self.fails(3, ["sequences/05"], *tree, "--sequences", "05")
        os.remove(self.path("out/sequences/08/predictions/000000.label"))
        self.fails(3, ["out/sequences/08/predictions/000000.label", "cannot open"], *tree, "--sequences", "08",
                   "--predictions", "out")
        self.assertEqual(self.files_below("pictures"), [])

    def test_bad_input_leaves_no_picture(self):
        short = self.write("short.label", bytes(12))
        odd = self.write("odd.label", struct.pack("<4I", 10, 10, 359, 10))
        for needles, words in (
                (["short.label", "3 labels for 4 points"], (self.scan, "--labels", short)),
                (["short.label", "3 labels for 4 points"], (self.scan, "--prediction", short)),
                (["odd.label", "label id 359", "point 2"], (self.scan, "--prediction", odd)),
                (["nowhere.label", "cannot open"], (self.scan, "--labels", "nowhere.label")),
                (["nowhere.bin", "cannot open"], ("nowhere.bin",)),
                (["short.label", "12 bytes"], (short,)),
                (["w9a9", "not found"], (self.scan, "--config", "w9a9")),
                (["nowhere.safetensors", "cannot open"], (self.scan, "--model", "nowhere.safetensors"))):
            before = self.files_below()
            self.fails(3, needles, "render", *words, *SIZE, "-o", "a.png")
            self.assertEqual(self.files_below(), before)

    def test_unknown_ids_are_named(self):
        labels = self.write("odd.label", struct.pack("<4I", 10, 358, 2, 10))
        done = self.ok("render", self.scan, "--labels", labels, *SIZE, "-o", "a.png", "-q")
        self.assertIn("2 points have ground truth ids that are not in the label map", done.stderr)
        done = self.ok("render", self.scan, "--prediction", labels, *SIZE, "-o", "a.png", "-q")
        self.assertIn("2 points have predicted ids", done.stderr)

    def test_failed_writes(self):
        scan = ("render", self.scan, *SIZE)
        before = self.files_below()
        done = self.run_tool(*scan, "-o", "a.png", preexec_fn=limit(100))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("a.png: cannot write", done.stderr)
        self.fails(4, ["nowhere/a.png", "cannot create"], *scan, "-o", "nowhere/a.png")
        self.fails(4, ["/proc/a.png", "cannot create"], *scan, "-o", "/proc/a.png")
        # The path is tried before the network is loaded.
        self.fails(4, ["nowhere/a.png", "cannot create"], *scan, "--config", "w9a9", "-o", "nowhere/a.png")
        os.mkdir(self.path("folder.png"))
        self.fails(4, ["folder.png", "no regular file"], *scan, "-o", "folder.png")
        self.assertEqual(self.files_below(), before)
        self.tree()
        before = self.files_below()
        self.fails(4, ["a.bin", "cannot create folder"], "render", "-d", "data", "--sequences", "08", "-o", "a.bin")
        self.assertEqual(self.files_below(), before)

    def test_usage(self):
        scan, tree = ("render", self.scan), ("render", "-d", self.tree(), "--sequences", "08")
        before = self.files_below()
        for needles, words in (
                (["-o"], scan),
                (["either a scan or a data set"], ("render", "-o", "a.png")),
                (["either a scan or a data set"], (*tree, self.scan, "-o", "a.png")),
                (["'a.bin'", ".png"], (*scan, "-o", "a.bin")),
                (["'lables'", "did you mean 'labels'?"], (*scan, "-o", "a.png", "--panels", "range,lables")),
                (["--labels FILE"], (*scan, "-o", "a.png", "--panels", "labels")),
                (["--labels FILE"], (*scan, "-o", "a.png", "--panels", "errors", "--prediction", self.prediction)),
                (["--prediction FILE"], (*scan, "-o", "a.png", "--panels", "errors", "--labels", self.labels)),
                (["--predictions DIR"], (*tree, "-o", "out", "--panels", "prediction")),
                *((["--config and --model have no effect", "--panels"], (*words, *network))
                  for words in ((*scan, "-o", "a.png", "--labels", self.labels, "--panels", "range,labels"),
                                (*tree, "-o", "out", "--panels", "remission"))
                  for network in (("--config", "w8a8"), ("--model", "nowhere.safetensors"))),
                (["--sequences"], ("render", "-d", "data", "-o", "out")),
                (["--dataset-path"], (*scan, "-o", "a.png", "--limit", 1)),
                (["--dataset-path"], (*scan, "-o", "a.png", "--predictions", "out")),
                (["belong to one scan"], (*tree, "-o", "pictures", "--labels", self.labels)),
                (["either read or made"], (*scan, "-o", "a.png", "--prediction", self.prediction, "--config", "w8a8")),
                *((["%s needs the network" % words[0]], (*scan, "-o", "a.png", *words))
                  for words in (("--knn",), ("--target", "ideal"), ("--kernels", "ref"), ("--simd", "AVX2"),
                                ("--threads", 1))),
                (["8192 x 196616 pixels is too large", "--scale"],
                 (*scan, "-o", "a.png", "--labels", self.labels, "--height", 4096, "--width", 8192, "--scale", 16)),
                # Said before a model is looked for.
                (["too large"], (*scan, "-o", "a.png", "--config", "w9a9", "--height", 8192, "--scale", 16)),
                (["scale", "17"], (*scan, "-o", "a.png", "--scale", 17)),
                (["view"], (*scan, "-o", "a.png", "--view", "side")),
                (["did you mean '--panels'?"], (*scan, "-o", "a.png", "--panel", "range"))):
            self.fails(2, needles, *words)
        self.assertEqual(self.files_below(), before)

    def test_interruption(self):
        self.make_tree("08", {f"{i:06d}": (POINTS, LABELS) for i in range(500)})
        words = ["render", "-d", "data", "--sequences", "08", "--view", "bev", "-o", "pictures"]
        with subprocess.Popen([Fixture.intsim, *words], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
            self.assertIn("08_000000.png", tool.stdout.readline())
            tool.send_signal(signal.SIGTERM)
            out, err = tool.communicate(timeout=100)
        self.assertEqual(tool.returncode, 143)
        names = self.files_below("pictures")
        self.assertEqual(names, [f"08_{i:06d}.png" for i in range(len(names))])
        self.assertLess(len(names), 500)
        self.assertIn(f"interrupted by SIGTERM after {len(names)} of 500 pictures", err)
        self.assertNotIn("class", out)
        for name in names:
            with open(self.path("pictures", name), "rb") as file:
                self.assertTrue(file.read().endswith(b"IEND\xaeB`\x82"), name)
