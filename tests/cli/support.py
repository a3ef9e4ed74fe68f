"""Shared by the tests of the command line tool: programs, models, scenes, and own copies of the public tables."""
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

LEARNING_MAP = {0: 0, 1: 0, 52: 0, 99: 0, 10: 1, 252: 1, 11: 2, 15: 3, 18: 4, 258: 4, 13: 5, 16: 5, 20: 5, 256: 5,
                257: 5, 259: 5, 30: 6, 254: 6, 31: 7, 253: 7, 32: 8, 255: 8, 40: 9, 60: 9, 44: 10, 48: 11, 49: 12,
                50: 13, 51: 14, 70: 15, 71: 16, 72: 17, 80: 18, 81: 19}
NAMES = ("unlabeled car bicycle motorcycle truck other-vehicle person bicyclist motorcyclist road parking sidewalk "
         "other-ground building fence vegetation trunk terrain pole traffic-sign").split()


class Fixture:
    """Paths set once by run_tests.py: the programs, a folder with both models, a tree with three scans."""
    intsim = make_scene = parts = ""
    root = models = tree = ""

    @classmethod
    def prepare(cls, intsim, make_scene, parts):
        cls.intsim, cls.make_scene, cls.parts = map(os.path.abspath, (intsim, make_scene, parts))
        cls.root = tempfile.mkdtemp(prefix="intsim-cli-")
        cls.models, cls.tree = os.path.join(cls.root, "the models"), os.path.join(cls.root, "tree")
        for name in ("w8a8", "w4a8"):
            words = ["import", "--checkpoint", cls.part("checkpoint.safetensors"), "--encodings",
                     cls.part(name + ".encodings"), "-o", cls.model(name)]
            done = subprocess.run([cls.intsim, *words], capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError("import failed: " + done.stderr)
        subprocess.run([cls.make_scene, "-o", cls.tree, "-n", "3"], check=True)

    @classmethod
    def part(cls, name):
        return os.path.join(cls.parts, name)

    @classmethod
    def model(cls, name):
        return os.path.join(cls.models, name + ".safetensors")

    @classmethod
    def scan(cls, name="000000", sequence="08"):
        return os.path.join(cls.tree, "sequences", sequence, "velodyne", name + ".bin")

    @classmethod
    def label(cls, name="000000", sequence="08"):
        return os.path.join(cls.tree, "sequences", sequence, "labels", name + ".label")


class CliTest(unittest.TestCase):
    """Runs the tool in a folder of its own; nothing is taken from the caller's environment but PATH."""
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=Fixture.root)
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {"PATH": os.environ["PATH"], "INTSIM_MODEL_PATH": Fixture.models, "LC_ALL": "C"}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run_tool(self, *words, **more):
        return subprocess.run([Fixture.intsim, *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              env=self.environment, timeout=300, **more)

    def ok(self, *words):
        done = self.run_tool(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def fails(self, code, needles, *words, **more):
        """The exit code is `code`, standard output stays empty and the message holds every needle."""
        done = self.run_tool(*words, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertTrue(done.stderr.startswith("intsim: "), done.stderr)
        for needle in needles:
            self.assertIn(needle, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def make_tree(self, sequence, clouds):
        """Writes sequences/NN from {name: (points, labels or None)}; returns the data set's folder."""
        for name, (points, labels) in clouds.items():
            data = b"".join(struct.pack("<4f", *point) for point in points)
            self.write(f"data/sequences/{sequence}/velodyne/{name}.bin", data)
            if labels is not None:
                self.write(f"data/sequences/{sequence}/labels/{name}.label", struct.pack(f"<{len(labels)}I", *labels))
        return self.path("data")

    def files_below(self, *parts):
        found = []
        for folder, _, names in os.walk(self.path(*parts)):
            found += [os.path.relpath(os.path.join(folder, name), self.path(*parts)) for name in names]
        return sorted(found)


def line_of_points(count):
    """Points on an arc in front of the sensor."""
    return [(10.0, 0.05 * (i - count / 2), -0.5, 0.3) for i in range(count)]


def read_labels(path):
    with open(path, "rb") as file:
        data = file.read()
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def confusion(pairs):
    """conf[prediction][truth] over (predicted ids, true ids)."""
    conf = [[0] * 20 for _ in range(20)]
    for predicted, truth in pairs:
        assert len(predicted) == len(truth)
        for p, t in zip(predicted, truth):
            conf[LEARNING_MAP.get(p & 0xFFFF, 0)][LEARNING_MAP.get(t & 0xFFFF, 0)] += 1
    return conf


def model_card_lines(conf, official=False):
    """The last lines of a report, from the counts alone."""
    rows = range(0 if official else 1, 20)
    iou, hits, seen = [], 0, 0
    for c in range(1, 20):
        tp = conf[c][c]
        fp = sum(conf[c][t] for t in range(1, 20)) - tp
        fn = sum(conf[p][c] for p in rows) - tp
        hits, seen = hits + tp, seen + tp + fp
        iou.append(tp / (tp + fp + fn + 1e-15))
    lines = ["Acc avg %.3f" % (hits / (seen + 1e-15)), "IoU avg %.3f" % (sum(iou) / 19)]
    return lines + ["IoU class %d [%s] = %.3f" % (c, NAMES[c], iou[c - 1]) for c in range(1, 20)]


def read_safetensors(path):
    """(header, payload) of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def safetensors_bytes(header, payload):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload
