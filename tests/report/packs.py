"""Packs and comparisons for the tests of the reports, and what a reader of packs knows of them without intsim."""
import array
import ast
import json
import os
import shutil
import struct
import subprocess
import tempfile

# color_map of semantic-kitti.yaml: id to blue, green, red; classes in the order of learning_map_inv.
BGR = {0: (0, 0, 0), 10: (245, 150, 100), 11: (245, 230, 100), 15: (150, 60, 30), 18: (180, 30, 80), 20: (255, 0, 0),
       30: (30, 30, 255), 31: (200, 40, 255), 32: (90, 30, 150), 40: (255, 0, 255), 44: (255, 150, 255),
       48: (75, 0, 75), 49: (75, 0, 175), 50: (0, 200, 255), 51: (50, 120, 255), 70: (0, 175, 0), 71: (0, 60, 135),
       72: (80, 240, 150), 80: (150, 240, 255), 81: (0, 0, 255)}
CLASS_COLOURS = [bgr[::-1] for bgr in BGR.values()]
CLASS_NAMES = ("unlabeled car bicycle motorcycle truck other-vehicle person bicyclist motorcyclist road parking sidewalk "
               "other-ground building fence vegetation trunk terrain pole traffic-sign").split()
# docs/FORMATS.md, pictures: colours at 2, 4, … 128 m.
RANGE_COLOURS = ["fffabe", "fec864", "f88c3c", "dc505a", "a03282", "5f2882", "2d1e5a"]


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def range_colour(metres):
    """Linear in 256 steps between the powers of two."""
    rgb = [tuple(bytes.fromhex(c)) for c in RANGE_COLOURS]
    if metres <= 2:
        return rgb[0]
    if metres >= 128:
        return rgb[-1]
    octave = 0
    while metres >= 4 * 2 ** octave:
        octave += 1
    step = int((metres / 2 ** (octave + 1) - 1) * 256)
    return tuple((a * (256 - step) + b * step + 128) // 256 for a, b in zip(rgb[octave], rgb[octave + 1]))


class Pack:
    """Codes and grids of a pack in full."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "manifest.json")) as file:
            self.manifest = json.load(file)
        self.tensors = {t["name"]: t for t in self.manifest["tensors"]}

    def save(self):
        with open(os.path.join(self.folder, "manifest.json"), "w") as file:
            json.dump(self.manifest, file)

    def codes(self, name):
        """Planes of codes, each one list in row order."""
        tensor = self.tensors[name]
        with open(os.path.join(self.folder, tensor["file"]), "rb") as file:
            data = file.read()
        start = 10 + int.from_bytes(data[8:10], "little")
        header = ast.literal_eval(data[10:start].decode())
        assert header["fortran_order"] is False and list(header["shape"]) == tensor["shape"], header
        values = array.array({"|u1": "B", "<u2": "H"}[header["descr"]], data[start:])
        channels, height, width = tensor["shape"]
        return [list(values[c * height * width:(c + 1) * height * width]) for c in range(channels)]

    def classes(self, name="logits"):
        """First maximum over the channels of each pixel."""
        return [max(range(len(pixel)), key=lambda c: (pixel[c], -c)) for pixel in zip(*self.codes(name))]

    def ranges(self):
        """Metres per pixel of the input, None where all channels hold the zero point."""
        tensor, planes = self.tensors["input"], self.codes("input")
        zero, mean, deviation = tensor["zero_point"], float32(12.12), float32(12.32)  # of the range, rule PJ-7
        return [None if set(pixel) == {zero} else float32(tensor["scale"] * (pixel[0] - zero) * deviation + mean)
                for pixel in zip(*planes)]


class Report:
    """One comparison: what it printed, its JSON, and its page."""

    def __init__(self, code, text, folder, name):
        self.code, self.text, self.folder, self.name = code, text, folder, name
        with open(self.path("json")) as file:
            self.json = json.load(file)
        self.url = "file://" + self.path("html")

    def path(self, kind):
        return os.path.join(self.folder, f"{self.name}.{kind}")

    def tensor(self, name):
        return next(t for t in self.json["tensors"] if t["name"] == name)


class Workshop:
    """Makes models, packs and comparisons in a folder of its own."""

    def __init__(self, intsim, make_scene, parts):
        self.intsim, parts = os.path.abspath(intsim), os.path.abspath(parts)
        self.folder = tempfile.mkdtemp(prefix="intsim-report-")
        self.run(os.path.abspath(make_scene), "-o", "tree", "-n", "1")
        self.tool("import", "--checkpoint", os.path.join(parts, "checkpoint.safetensors"), "--encodings",
                  os.path.join(parts, "w8a8.encodings"), "--name", "w8a8", "-o", "model.safetensors")
        self.model = ["--model", "model.safetensors"]

    def close(self):
        shutil.rmtree(self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *words, code=0):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, cwd=self.folder, timeout=300)
        if done.returncode != code:
            raise RuntimeError(f"{words}: {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
        return done

    def tool(self, *words, code=0):
        return self.run(self.intsim, *words, code=code)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return name

    def dump(self, name, *tensors, target="hexagon-hvx"):
        """A run of the integer engine on the scene, 16 x 64; `tensors` in full."""
        kept = ["--tensors", *tensors] if tensors else []
        self.tool("dump", *self.model, "--scan", "tree/sequences/08/velodyne/000000.bin", "--height", 16, "--width", 64,
                  "--target", target, *kept, "-o", name)
        return Pack(self.path(name))

    def as_float(self, pack):
        """Says that a pack comes from a float simulation: with `ideal` codes, one without rounding errors."""
        pack.manifest["arithmetic"] = "aimet-float32"
        pack.save()

    def convert(self, name, tensors, height, width):
        """A pack of the given codes, by name, through convert-dump."""
        os.mkdir(self.path(name + ".raw"))
        for tensor, codes in tensors.items():
            with open(self.path(name + ".raw", tensor + ".raw"), "wb") as file:
                file.write(codes)
        self.tool("convert-dump", name + ".raw", *self.model, "--height", height, "--width", width, "--layout", "nchw",
                  "--dtype", "u8", "-o", name)
        return Pack(self.path(name))

    def compare(self, name, *words, code=1):
        kinds = [word for kind in ("json", "html", "md", "junit") for word in ("--" + kind, f"{name}.{kind}")]
        done = self.tool("compare", *words, *kinds, code=code)
        return Report(done.returncode, done.stdout, self.folder, name)
