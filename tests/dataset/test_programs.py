"""The command lines of make_dataset and scan_statistics: what they write, refuse and leave behind."""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

MAKE, STATISTICS, INTSIM = map(os.path.abspath, sys.argv[1:4])


def call(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names)


class Programs(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="intsim-dataset-")
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        self.out = os.path.join(self.folder, "a set")

    def make(self, *words, **more):
        return call(MAKE, "-o", self.out, *words, **more)

    def test_sequences_and_doctor(self):
        done = self.make("--sequences", "08,03", "-n", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn("sequence 08: 2 of 2 scans", done.stderr)
        self.assertEqual(files(self.out), sorted(
            "sequences/%s/%s" % (sequence, name) for sequence in ("03", "08")
            for name in ("calib.txt", "poses.txt", "times.txt", "velodyne/000000.bin", "velodyne/000001.bin",
                         "labels/000000.label", "labels/000001.label")))
        doctor = call(INTSIM, "doctor", self.out)
        self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
        self.assertNotIn("error:", doctor.stdout)
        self.assertNotIn("warning:", doctor.stdout)

    def test_splits(self):
        self.assertEqual(self.make("--split", "train", "-n", "1", "-q").returncode, 0)
        self.assertEqual(sorted(os.listdir(os.path.join(self.out, "sequences"))),
                         ["00", "01", "02", "03", "04", "05", "06", "07", "09", "10"])
        self.assertEqual(self.make("-n", "1", "-q").returncode, 0)
        self.assertIn("08", os.listdir(os.path.join(self.out, "sequences")))

    def test_wrong_command_lines(self):
        for words in (["--split", "test"], ["--sequences", "8"], ["--sequences", "08,xx"], ["-n", "0"], ["-n", "1001"],
                      ["--threads", "0"], ["--seed", "x"], ["--seed=-1"], ["--seed", "18446744073709551616"], ["--seed", "0x10"],
                      ["--seed", "1.0"], ["--seed", ""], ["--unknown"], ["surplus"]):
            done = self.make(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertNotEqual(done.stderr, "", words)
        self.assertEqual(call(MAKE).returncode, 2)
        self.assertEqual(call(MAKE, "-o", "", "-n", "1", cwd=self.folder).returncode, 2)
        self.assertEqual(files(self.folder), [])
        self.assertFalse(os.path.exists(self.out))

    def test_existing_sequence_is_kept(self):
        self.assertEqual(self.make("--sequences", "08", "-n", "2", "-q").returncode, 0)
        before = files(self.out)
        done = self.make("--sequences", "00,08", "-n", "1")
        self.assertEqual(done.returncode, 3)
        self.assertIn("exists already", done.stderr)
        self.assertIn("--force", done.stderr)
        self.assertEqual(files(self.out), before)
        self.assertEqual(self.make("--sequences", "08", "-n", "1", "-q", "--force").returncode, 0)
        self.assertEqual(len(files(self.out)), 5)

    def test_greatest_seed(self):
        self.assertEqual(self.make("--seed", "18446744073709551615", "-n", "1", "-q").returncode, 0)

    def test_default_number_of_scans(self):
        for split in ("valid", "train"):
            running = subprocess.Popen([MAKE, "-o", os.path.join(self.folder, split), "--split", split],
                                       stderr=subprocess.PIPE, text=True)
            seen = running.stderr.read(40)
            running.terminate()
            running.communicate()
            self.assertIn(" of 120 scans", seen)

    def test_what_cannot_be_made_leaves_nothing(self):
        done = self.make("--sequences", "05", "-n", "1000")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("use fewer scans", done.stderr)
        self.assertFalse(os.path.exists(self.out))

        def little_memory():
            resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
            resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
        done = self.make("--sequences", "08", "-n", "2", "-q", "--threads", "1000", preexec_fn=little_memory)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertRegex(done.stderr, r"cannot start 1000 threads \(\d+ started\)")
        self.assertFalse(os.path.exists(self.out))

    def test_failed_writes_leave_no_halves(self):
        blocked = os.path.join(self.folder, "file")
        with open(blocked, "w") as out:
            out.write("x")
        done = call(MAKE, "-o", blocked, "-n", "1", "-q")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("error:", done.stderr)

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        done = self.make("--sequences", "08", "-n", "2", "-q", "--threads", "2", preexec_fn=small_files)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(files(self.out), [])

    def test_interruption_leaves_whole_files(self):
        running = subprocess.Popen([MAKE, "-o", self.out, "-n", "1000"], stderr=subprocess.PIPE, text=True)
        seen = running.stderr.read(40)  # the first scans are written
        running.send_signal(signal.SIGTERM)
        seen += running.communicate()[1]
        self.assertEqual(running.returncode, 143, seen)
        self.assertIn("interrupted", seen)
        folder = os.path.join(self.out, "sequences", "08")
        scans = [name for name in files(folder) if name.startswith("velodyne/")]
        self.assertLess(len(scans), 1000)
        for name in files(folder):
            self.assertRegex(name, r"^(velodyne/\d{6}\.bin|labels/\d{6}\.label)$")
        for name in scans:
            label = os.path.join(folder, name.replace("velodyne", "labels").replace(".bin", ".label"))
            self.assertEqual(os.path.getsize(os.path.join(folder, name)), 4 * os.path.getsize(label))

    def test_statistics(self):
        self.assertEqual(self.make("--sequences", "08", "-n", "2", "-q").returncode, 0)
        done = call(STATISTICS, "one=" + self.out, self.out, "--all-rows")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| scans | one | %s |" % self.out, done.stdout)
        size = sum(os.path.getsize(os.path.join(self.out, "sequences/08/labels", name)) // 4
                   for name in ("000000.label", "000001.label"))
        self.assertIn("| points per scan | {0:,} | {0:,} |".format(size // 2), done.stdout)
        for line in done.stdout.splitlines():
            if line.startswith("|"):
                self.assertEqual(line.count("|"), 4, line)
        self.assertEqual(call(STATISTICS, os.path.join(self.folder, "nowhere")).returncode, 3)
        self.assertEqual(call(STATISTICS).returncode, 2)

    def test_statistics_of_folders_that_cannot_be_read(self):
        os.makedirs(os.path.join(self.out, "sequences", "08"))
        os.symlink("labels", os.path.join(self.out, "sequences", "08", "labels"))
        looped = os.path.join(self.folder, "looped")
        os.mkdir(looped)
        os.symlink("sequences", os.path.join(looped, "sequences"))
        for folder in (self.out, looped):
            done = call(STATISTICS, folder)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("error: " + folder, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
