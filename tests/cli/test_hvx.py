"""intsim hvx: what it refuses, and what it says when the guest is missing or goes wrong. A shell script stands in for
qemu-hexagon; only HvxRun needs the real one."""
import os
import shutil
import unittest

from support import CliTest, Fixture


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
