"""Damaged or wrong model files, checkpoints and encodings."""
import copy
import json
import os
import random
import struct

from support import CliTest, Fixture, read_safetensors, safetensors_bytes


class BadModel(CliTest):
    def model_fails(self, needles):
        return self.fails(3, ["m.safetensors", *needles], "inspect", "m.safetensors")

    def with_metadata(self, **changes):
        header, payload = read_safetensors(Fixture.model("w4a8"))
        header["__metadata__"].update(changes)
        self.write("m.safetensors", safetensors_bytes(header, payload))

    def test_missing_or_not_a_file(self):
        self.fails(3, ["m.safetensors", "cannot open"], "--model", "m.safetensors", "-d", Fixture.tree)
        self.fails(3, ["regular file"], "--model", self.folder, "-d", Fixture.tree)
        self.fails(3, ["cannot open"], "run", "--model", "m.safetensors", "--scan", Fixture.scan())

    def test_truncated(self):
        with open(Fixture.model("w4a8"), "rb") as file:
            data = file.read()
        header = struct.unpack("<Q", data[:8])[0]
        for size in (0, 4, 8, 100, header, 8 + header, 8 + header + 1000, len(data) // 2, len(data) - 1):
            self.write("m.safetensors", data[:size])
            self.model_fails([])

    def test_wrong_format_and_schema(self):
        self.write("m.safetensors", b"this is a text file and no model\n" * 10)
        self.model_fails(["safetensors"])
        with open(Fixture.part("checkpoint.safetensors"), "rb") as file:
            self.write("m.safetensors", file.read())
        self.model_fails(["no intsim model", "intsim import"])
        self.with_metadata(format="another")
        self.model_fails(["no intsim model"])
        self.with_metadata(schema="2")
        self.model_fails(["schema 2", "import it again"])
        self.with_metadata(numerics_revision="999")
        self.model_fails(["numerics revision 999"])
        self.with_metadata(graph="{")
        self.model_fails(["graph"])

    def test_tensor_that_is_missing_or_of_another_shape(self):
        header, payload = read_safetensors(Fixture.model("w8a8"))
        changed = copy.deepcopy(header)
        del changed["logits.bias"]
        self.write("m.safetensors", safetensors_bytes(changed, payload))
        self.model_fails(["logits.bias", "missing", "use the file of this network"])
        changed = copy.deepcopy(header)
        changed["logits.weight"]["shape"] = [32, 20, 1, 1]
        self.write("m.safetensors", safetensors_bytes(changed, payload))
        self.model_fails(["logits.weight", "shape"])

    def test_bit_flips_in_the_header(self):
        with open(Fixture.model("w4a8"), "rb") as file:
            data = bytearray(file.read())
        size = struct.unpack("<Q", data[:8])[0]
        for at, bit in [(8, 0), (8 + size - 70, 7), (3, 4), (7, 7), (0, 1)]:
            self.flip(data, at, bit)
        # A flip inside a number may leave another valid model; anything else is refused, and nothing crashes.
        rng = random.Random(7)
        codes = set()
        for _ in range(40):
            codes.add(self.flip(data, 8 + rng.randrange(size), rng.randrange(8), allow=(0, 3)))
        self.assertIn(3, codes)

    def flip(self, data, at, bit, allow=(3,)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        self.write("m.safetensors", changed)
        done = self.run_tool("inspect", "m.safetensors", "--height", 16, "--width", 16)
        self.assertIn(done.returncode, allow, f"byte {at} bit {bit}: {done.stderr}")
        if done.returncode != 0:
            self.assertTrue(done.stderr.startswith("intsim: "))
        return done.returncode


class BadImport(CliTest):
    def setUp(self):
        super().setUp()
        with open(Fixture.part("w8a8.encodings"), encoding="utf-8") as file:
            self.encodings = json.load(file)

    def import_fails(self, needles, checkpoint=None):
        self.write("e.encodings", json.dumps(self.encodings).encode())
        self.fails(3, needles, "import", "--checkpoint", checkpoint or Fixture.part("checkpoint.safetensors"),
                   "--encodings", "e.encodings", "-o", "m.safetensors")
        self.assertNotIn("m.safetensors", os.listdir(self.folder))

    def test_missing_quantiser(self):
        kept = copy.deepcopy(self.encodings)
        del self.encodings["activation_encodings"]["resBlock3.act2"]["output"]
        self.import_fails(["e.encodings", "activation_encodings['resBlock3.act2']['output']['0']", "missing"])
        self.encodings = copy.deepcopy(kept)
        del self.encodings["activation_encodings"]["downCntx.conv1"]["input"]
        self.import_fails(["activation_encodings['downCntx.conv1']['input']['0']", "missing"])
        self.encodings = kept
        del self.encodings["param_encodings"]["upBlock2.bn3.weight"]
        self.import_fails(["param_encodings['upBlock2.bn3.weight']", "missing"])

    def test_wrong_module(self):
        parts = self.encodings["activation_encodings"]
        parts["resBlock9.conv1"] = parts.pop("resBlock4.conv1")
        self.import_fails(["activation_encodings['resBlock4.conv1']", "missing"])

    def test_wrong_shape(self):
        one = self.encodings["param_encodings"]["resBlock1.conv2.weight"][0]
        self.encodings["param_encodings"]["resBlock1.conv2.weight"] = [one] * 3
        self.import_fails(["param_encodings['resBlock1.conv2.weight']", "3 entries", "1 or 64"])

    def test_wrong_bits(self):
        self.encodings["param_encodings"]["logits.weight"][0]["bitwidth"] = 16
        self.import_fails(["param_encodings['logits.weight']", "16 bits"])
        self.encodings["param_encodings"]["logits.weight"][0]["bitwidth"] = 5
        self.import_fails(["logits.weight", "bitwidth 5"])

    def test_damaged_file(self):
        self.encodings["activation_encodings"]["logits"]["output"]["0"]["min"] = "zero"
        self.import_fails(["logits", "min"])
        self.write("cut.encodings", json.dumps(self.encodings).encode()[:5000])
        words = ("import", "--checkpoint", Fixture.part("checkpoint.safetensors"), "-o", "m.safetensors", "--encodings")
        self.fails(3, ["cut.encodings", "damaged JSON"], *words, "cut.encodings")
        self.fails(3, ["nowhere.encodings", "cannot open"], *words, "nowhere.encodings")

    def test_wrong_checkpoint(self):
        header, payload = read_safetensors(Fixture.part("checkpoint.safetensors"))
        changed = copy.deepcopy(header)
        changed["resBlock2.conv3.weight"]["shape"] = [128, 128, 9, 1]
        self.import_fails(["resBlock2.conv3.weight", "128x128x9x1", "128x128x3x3"],
                          self.write("c.safetensors", safetensors_bytes(changed, payload)))
        del header["resBlock2.conv3.weight"]
        self.import_fails(["resBlock2.conv3.weight", "missing"],
                          self.write("c.safetensors", safetensors_bytes(header, payload)))
        self.import_fails(["nowhere.safetensors", "cannot open"], "nowhere.safetensors")
