"""Writes that fail: exit code 4, and no half-written file."""
import os
import resource
import shutil
import subprocess

from support import CliTest, Fixture


def limit(size):
    """For preexec_fn: files may grow to `size` bytes, which needs no privilege."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class FailedWrites(CliTest):
    def evaluate(self, *words):
        return ("--config", "w8a8", "-d", Fixture.tree, "--width", 64, "-q", "--limit", 1, *words)

    def fails_to_write(self, size, needles, *words):
        done = self.run_tool(*words, preexec_fn=limit(size))
        self.assertEqual(done.returncode, 4, done.stderr)
        for needle in ["cannot write", *needles]:
            self.assertIn(needle, done.stderr)
        self.assertEqual(self.files_below(), [])

    def test_file_size_limit(self):
        self.fails_to_write(1 << 20, ["m.safetensors"], "import", "--checkpoint",
                            Fixture.part("checkpoint.safetensors"), "--encodings", Fixture.part("w8a8.encodings"),
                            "-o", "m.safetensors")
        self.fails_to_write(4096, ["000000.label"], *self.evaluate("--save-predictions", "out"))
        self.fails_to_write(512, ["r.json"], *self.evaluate("--json", "r.json"))
        self.fails_to_write(4096, ["o.label"], "run", "--config", "w8a8", "--scan", Fixture.scan(), "-o", "o.label",
                            "--width", 64)

    def test_full_file_system(self):
        os.mkdir(self.path("small"))
        script = ('mount -t tmpfs -o size=64k none small || exit 99; "$@" >out.txt 2>err.txt; code=$?; '
                  "find small -type f >left.txt; exit $code")
        tool = [Fixture.intsim, *map(str, self.evaluate("--save-predictions", "small/out"))]
        if shutil.which("unshare") is None:
            self.skipTest("unshare is not installed")
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", *tool], cwd=self.folder,
                              env=self.environment, capture_output=True, text=True, timeout=300)
        if done.returncode in (1, 99) and not os.path.exists(self.path("left.txt")):
            self.skipTest("no small file system may be mounted here")
        with open(self.path("err.txt"), encoding="utf-8") as err, open(self.path("left.txt"), encoding="utf-8") as left:
            message, files = err.read(), left.read()
        self.assertEqual(done.returncode, 4, message)
        self.assertIn("No space left", message)
        self.assertEqual(files, "")

    def test_standard_output_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for words in (("targets",), ("inspect", "--config", "w8a8"), self.evaluate()):
                done = subprocess.run([Fixture.intsim, *map(str, words)], stdout=full, stderr=subprocess.PIPE,
                                      text=True, cwd=self.folder, env=self.environment, timeout=300)
                self.assertEqual(done.returncode, 4)
                self.assertIn("standard output", done.stderr)

    def test_target_that_cannot_be_a_file(self):
        self.write("file", b"")
        self.fails(4, ["nowhere/r.json", "cannot create"], *self.evaluate("--json", "nowhere/r.json"))
        self.fails(4, ["file/out", "cannot create", "check that no file has this name"],
                   *self.evaluate("--save-predictions", "file/out"))
        os.mkfifo(self.path("pipe"))
        self.fails(4, ["pipe", "no regular file"], *self.evaluate("--json", "pipe"))
        self.fails(4, ["pipe", "no regular file"], "run", "--config", "w8a8", "--scan", Fixture.scan(), "-o", "pipe",
                   "--width", 64)
        self.assertEqual(sorted(os.listdir(self.folder)), ["file", "pipe"])
