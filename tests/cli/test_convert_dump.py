"""intsim convert-dump: raw files of a device run as a pack."""
import array
import os
import shutil

from packs import SIZE, PackTest
from support import Fixture


class ConvertDump(PackTest):
    """Raw files in every layout and type lead back to the pack they were taken from."""

    def read(self, pack, tensor):
        with open(self.path(pack, tensor["file"]), "rb") as file:
            data = file.read()
        start = 10 + int.from_bytes(data[8:10], "little")
        return list(data[start:]) if tensor["dtype"] == "uint8" else list(array.array("H", data[start:]))

    def write_raw(self, folder, pack, layout, kind, underscores, names=None):
        for tensor in self.manifest(pack)["tensors"]:
            if "file" not in tensor:
                continue
            codes, (channels, height, width) = self.read(pack, tensor), tensor["shape"]
            plane = height * width
            if layout == "nhwc":
                codes = [codes[c * plane + p] for p in range(plane) for c in range(channels)]
            if kind == "float32":
                data = array.array("f", [tensor["scale"] * (q - tensor["zero_point"]) for q in codes]).tobytes()
            else:
                data = array.array("H" if kind == "u16" or tensor["bits"] > 8 else "B", codes).tobytes()
            name = (names or {}).get(tensor["name"], tensor["name"])
            self.write(f"{folder}/{name.replace('.', '_') if underscores else name}.raw", data)

    def test_round_trips(self):
        self.dump("pack", "--tensors", "*")
        hashes = [t["xxh128"] for t in self.manifest("pack")["tensors"]]
        for layout, kind, underscores, place in [("nhwc", "u8", True, "/Result_0"), ("nchw", "u8", False, ""),
                                                 ("nhwc", "u16", False, ""), ("nchw", "float32", True, "")]:
            with self.subTest(layout=layout, kind=kind):
                folder = f"{layout}-{kind}"
                self.write_raw(folder + place, "pack", layout, kind, underscores)
                done = self.ok("convert-dump", folder, "--model", Fixture.model("w8a8"), *SIZE, "--layout", layout, "-o",
                               folder + ".pack")
                self.assertIn("173 of 173 tensors", done.stdout)
                self.assertEqual([t["xxh128"] for t in self.manifest(folder + ".pack")["tensors"]], hashes)
                self.ok("compare", "pack", folder + ".pack")
        done = self.run_tool("convert-dump", "nhwc-u8", "--model", Fixture.model("w8a8"), *SIZE, "--layout", "nchw", "-o", "x")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_tool("compare", "pack", "x").returncode, 1)

    def test_errors_and_aliases(self):
        self.dump("pack", "--tensors", "*")
        convert = ["convert-dump", "raw", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out"]
        self.fails(3, ["raw: is no folder"], *convert)
        os.mkdir(self.path("raw"))
        self.fails(3, ["raw: holds no tensor"], *convert)
        self.write_raw("raw", "pack", "nhwc", "u8", False, {"logits": "foreign"})
        self.write("alias.json", b'{"foreign": "logits"}')
        self.assertIn("no file for logits", self.ok(*convert).stderr)
        shutil.rmtree(self.path("out"))
        self.assertIn("173 of 173", self.ok(*convert, "--alias", "alias.json").stdout)
        shutil.rmtree(self.path("out"))
        self.write("raw/logits.raw", b"x")
        self.fails(3, ["raw/logits.raw (tensor 'logits')", "has 1 bytes"], *convert)
        self.fails(3, ["foreign.raw", "are both tensor 'logits'"], *convert, "--alias", "alias.json")
        count = 20 * 16 * 32
        self.write("raw/logits.raw", array.array("f", [float("nan")] * count).tobytes())
        self.fails(3, ["tensor 'logits'", "element 0"], *convert)
        self.write("raw/logits.raw", array.array("H", [256] * count).tobytes())
        self.fails(3, ["tensor 'logits'", "element 0"], *convert)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_words_of_options(self):
        self.dump("pack", "--tensors", "input")
        self.write_raw("raw", "pack", "nhwc", "u8", False)
        words = ["convert-dump", "raw", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out"]
        for option, known in (("--dtype", "float32"), ("--layout", "nchw")):
            for value in ("9", "2", "0", "123456789", "bogus", ""):
                self.fails(2, [option, known], *words, option, value)
        self.assertEqual(sorted(os.listdir(self.folder)), ["pack", "raw"])

    def test_names_of_files(self):
        self.dump("pack", "--tensors", "upBlock1.conv2")
        words = ["convert-dump", "raw", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out", "--alias", "n.json"]
        self.write_raw("raw", "pack", "nhwc", "u8", True)
        self.write("n.json", b'{"upBlock1_conv2": "upBlock1.conv2", "upBlock1.conv2": "upBlock1.conv2"}')
        self.assertIn("1 of 173", self.ok(*words).stdout)
        shutil.rmtree(self.path("out"))
        self.write("n.json", b'{"%s": "upBlock1.conv2"}' % (b"q" * 300))
        self.fails(3, ["raw/" + "q" * 300, "File name too long"], *words)
        self.write("n.json", b'{"upBlock1_conv3": "upBlock1.conv2"}')
        self.fails(3, ["n.json: 'upBlock1_conv3'", "is no file of raw"], *words)
        self.write("n.json", b'{"upBlock1_conv2": "no.such.layer"}')
        self.fails(3, ["n.json: 'upBlock1_conv2'", "'no.such.layer'", "does not have"], *words)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_one_byte_holds_no_code_of_16_bits(self):
        self.dump("pack", "--tensors", "*")
        wide = next(t for t in self.manifest("pack")["tensors"] if t["bits"] == 16)
        channels, height, width = wide["shape"]
        self.write(f"raw/{wide['name']}.raw", b"\7" * (channels * height * width))
        words = ["convert-dump", "raw", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out"]
        self.fails(3, [f"tensor '{wide['name']}'", "16 bits have 2 or 4 bytes each"], *words)
        self.fails(3, [f"tensor '{wide['name']}'", "16 bits are no u8"], *words, "--dtype", "u8")

    def test_the_pack_says_where_it_is_from(self):
        self.dump("pack", "--tensors", "input")
        self.write_raw("device run/Result_0", "pack", "nchw", "u8", False)
        self.ok("convert-dump", "device run/Result_0/", "--model", Fixture.model("w8a8"), *SIZE, "-o", "out", "--layout",
                "nchw", "--dtype", "u16")
        made, pack = self.manifest("out"), self.manifest("pack")
        self.assertEqual(made["details"], {"source": "Result_0", "layout": "nchw", "dtype": "u16"})
        self.assertTrue(made["checkpoint_xxh128"])
        for key in ("checkpoint_xxh128", "encodings_xxh128", "config", "height", "width"):
            self.assertEqual(made[key], pack[key])
        self.fails(3, ["another encodings file"], "compare", "out", "--model", Fixture.model("w4a8"))
