"""A dump that is interrupted leaves nothing behind."""
import os
import re
import signal
import subprocess
import time

from support import CliTest, Fixture


class InterruptedDumps(CliTest):
    def interrupt(self, number, *words):
        tool = subprocess.Popen([Fixture.intsim, *words], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while not self.made() and tool.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        name = self.made()
        tool.send_signal(number)
        out, err = tool.communicate(timeout=120)
        self.assertEqual(out, "")
        self.assertEqual(tool.returncode, 128 + number, err)
        self.assertIn(f"interrupted by {signal.Signals(number).name}; nothing was written", err)
        self.assertEqual(self.made(), [])
        return name

    def made(self):
        return [name for name in os.listdir(self.folder) if name.startswith("out")]

    def test_dump(self):
        words = ["dump", "--model", Fixture.model("w8a8"), "--scan", Fixture.scan(), "--kernels", "ref", "--threads", "1",
                 "--tensors", "*", "-o", "out"]
        names = []
        for number in (signal.SIGINT, signal.SIGTERM):
            names += self.interrupt(number, *words)
        for name in names:
            self.assertRegex(name, re.compile(r"^out\.part-[0-9a-z]{6}$"))
        self.assertNotEqual(*names)

    def test_convert_dump(self):
        with open(self.write("raw/input.raw", b""), "r+b") as file:
            file.truncate(5 * 64 * 8192 * 2)
        for name, channels in (("downCntx.conv1", 32), ("downCntx.conv2", 32), ("downCntx.conv3", 32)):
            with open(self.write(f"raw/{name}.raw", b""), "r+b") as file:
                file.truncate(channels * 64 * 8192)
        self.interrupt(signal.SIGINT, "convert-dump", "raw", "--model", Fixture.model("w8a8"), "--width", "8192", "-o",
                       "out")
