"""intsim hvx: what it refuses, and what it says when the guest is missing or goes wrong. A shell script stands in for
qemu-hexagon; only HvxRun needs the real one."""
import os
import re
import shutil
import sys
import unittest

from support import CliTest, Fixture

# qemu-hexagon with one wrong code in its reply: bit 0 of byte BYTE of tensor TENSOR, counted from 0.
WRONG_GUEST = """#!{python}
import struct, subprocess, sys
guest = subprocess.Popen(["{emulator}", *sys.argv[1:]], stdout=subprocess.PIPE)
tensor = 0
while len(head := guest.stdout.read(16)) == 16:
    body = bytearray(guest.stdout.read(struct.unpack("<I", head[8:12])[0]) if head[:4] == b"HVXT" else b"")
    if tensor == {tensor} and body:
        body[{byte}] ^= 1
    tensor += 1
    sys.stdout.buffer.write(head + body)
    sys.stdout.buffer.flush()
sys.exit(guest.wait())
"""


class Hvx(CliTest):
    def words(self, *more):
        return ("hvx", "--config", "w8a8", "--scan", Fixture.scan(), "--height", 16, "--width", 16, *more)

    def use_emulator(self, script):
        """Puts a qemu-hexagon of that script first in PATH; returns a file to pass as its program."""
        path = self.write("bin/qemu-hexagon", ("#!/bin/sh\n" + script + "\n").encode())
        os.chmod(path, 0o755)
        self.environment["PATH"] = self.path("bin") + ":" + os.environ["PATH"]
        return self.write("network.elf", b"")

    def guest_fails(self, script, *needles):
        program = self.use_emulator(script)
        done = self.run_tool(*self.words("--program", program))
        self.assertEqual(done.returncode, 4, done.stderr)
        for needle in ("HVX program", *needles):
            self.assertIn(needle, done.stderr)
        self.assertNotIn("equal", done.stdout)

    def test_other_profiles_are_refused(self):
        self.fails(2, ["aimet", "--target hexagon-hvx", "ideal"], *self.words("--target", "aimet"))
        self.fails(2, ["'idea'", "did you mean 'ideal'?"], *self.words("--target", "idea"))

    def test_crop(self):
        self.use_emulator("exit 0")
        for crop in (24, 32):
            self.fails(2, ["--crop", "multiple of 16", "16"], *self.words("--crop", crop))

    def test_no_emulator(self):
        program = self.write("network.elf", b"")
        self.environment["PATH"] = self.path("empty")
        self.fails(3, ["qemu-hexagon", "not found", "apt-get install", "qemu-user"],
                   *self.words("--program", program))

    def test_no_program(self):
        self.fails(3, ["nowhere.elf", "--program"], *self.words("--program", "nowhere.elf"))

    def test_guest_that_ends_early(self):
        self.guest_fails("exit 11", "refused the request as malformed")
        self.guest_fails("exit 12", "out of memory")
        self.guest_fails("head -c 1000 >/dev/null; exit 0", "stopped reading or writing")
        self.guest_fails("cat >/dev/null & sleep 1; kill -SEGV $$", "signal 11")

    def test_guest_that_does_not_end(self):
        self.guest_fails("exec </dev/null >/dev/null; exec sleep 60", "went on after its stream had ended")

    def test_guest_that_answers_something_else(self):
        self.guest_fails("head -c 5000000 >/dev/null; head -c 100000 /dev/zero; cat >/dev/null",
                         "is not the tensor of downCntx.conv1")


class HvxRun(CliTest):
    """The real programs on a small image."""

    def setUp(self):
        super().setUp()
        built = os.path.join(os.path.dirname(Fixture.intsim), "..", "..", "tools", "hvx", "network.elf")
        if shutil.which("qemu-hexagon") is None or not os.path.exists(built):
            raise unittest.SkipTest("qemu-user, clang-16 or lld-16 is missing")

    def words(self, *more):
        return ("hvx", "--config", "w4a8", "--scan", Fixture.scan(), "--height", 16, "--width", 64, "--crop", 32, *more)

    def test_equal(self):
        for target in ("hexagon-hvx", "ideal"):
            text = self.ok(*self.words("--target", target)).stdout
            self.assertIn("171 of 171 tensors equal", text)
            self.assertIn("labels: 512 pixels, 0 differ", text)
            self.assertEqual(text.count(" equal\n"), 172)

    def wrong_by_one_code(self, tensor, byte):
        """Runs with WRONG_GUEST in front of PATH; the lines of its report, which ends with exit code 1."""
        script = WRONG_GUEST.format(python=sys.executable, emulator=shutil.which("qemu-hexagon"), tensor=tensor,
                                    byte=byte)
        os.chmod(self.write("bin/qemu-hexagon", script.encode()), 0o755)
        self.environment["PATH"] = self.path("bin") + ":" + os.environ["PATH"]
        done = self.run_tool(*self.words())
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stdout.splitlines()

    def test_one_wrong_code(self):
        lines = self.wrong_by_one_code(0, 700)  # the low byte of a code of downCntx.conv1, 32x16x32
        wrong = [line for line in lines if "differ;" in line]
        self.assertEqual(len(wrong), 1, lines)
        self.assertTrue(wrong[0].startswith("downCntx.conv1 "), wrong)
        index = 700 * 8 // int(wrong[0].split()[2])  # 8 or 16 bits
        place = f"{index // 512}, {index % 512 // 32}, {index % 32}"
        found = re.search(rf"1 of 16384 codes differ; first at \[{place}\]: intsim (\d+), hvx (\d+)$", wrong[0])
        self.assertTrue(found, wrong)
        self.assertEqual(int(found[1]) ^ 1, int(found[2]))
        self.assertEqual(lines[-2:], ["170 of 171 tensors equal, " + lines[-2].split(", ")[1] + ", 1 differ",
                                      "labels: 512 pixels, 0 differ"])

    def test_one_wrong_label(self):
        lines = self.wrong_by_one_code(171, 300)
        self.assertIn("171 of 171 tensors equal", lines[-2])
        self.assertEqual(lines[-1], "labels: 512 pixels, 1 differ")
        self.assertIn("1 of 512 codes differ; first at [0, 9, 12]", "\n".join(lines))
