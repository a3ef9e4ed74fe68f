"""Shared by the tests of golden packs: .npy files, packs that are dumped and then changed."""
import json

from support import CliTest, Fixture

SIZE = ["--height", "16", "--width", "32"]


def npy_text(text, data, version=1):
    """A .npy file with `text` in the place of its dictionary."""
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text.encode() + data


def npy(descriptor, shape, data, order="False"):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descriptor, order, shape)
    return npy_text(text + " " * (63 - (10 + len(text)) % 64) + "\n", data)


class PackTest(CliTest):
    def dump(self, name, *more, config="w8a8"):
        self.ok("dump", "--model", Fixture.model(config), "--scan", Fixture.scan(), *SIZE, "-o", name, *more)
        return name

    def manifest(self, name):
        with open(self.path(name, "manifest.json")) as file:
            return json.load(file)

    def change(self, name, edit):
        manifest = self.manifest(name)
        edit(manifest)
        with open(self.path(name, "manifest.json"), "w") as file:
            json.dump(manifest, file)

    def tensor(self, name, tensor):
        return next(t for t in self.manifest(name)["tensors"] if t["name"] == tensor)
