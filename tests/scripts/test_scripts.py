"""The shell scripts of tools/: syntax, usage, exit codes, and what they call. Nothing is built or installed.

Usage: test_scripts.py SOURCE_ROOT

The scripts are copied into a folder with spaces in its name. Package manager, build system and all built programs are
stand-ins that note their words, one call a line, in a file of calls.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(sys.argv[1])
SCRIPTS = sorted((SOURCE / "tools").glob("*.sh"))
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]

NOTE = r"""#!/bin/sh
{ printf '%s' "${0##*/}"; for word; do printf '\t%s' "$word"; done; echo; } >>"$CALLS"
option() { # NAME WORD...: the word behind NAME
  wanted=$1; shift
  while [ $# -gt 1 ]; do [ "$1" != "$wanted" ] || { printf '%s' "$2"; return; }; shift; done
}
"""

# Stand-ins by path below the build folder; those without a folder stand in PATH.
STAND_INS = {
    "dpkg-query": "echo installed",
    "apt-get": "exit 1",
    "sudo": "exit 1",
    "meson": '[ "$1" != setup ] || { mkdir -p "$2"; : >"$2/build.ninja"; }',
    "ninja": "",
    "src/cli/intsim": """
json=$(option --json "$@"); [ -z "$json" ] || : >"$json"
case $1 in table) echo THE TABLE ;; *) echo 'target  some-profile'; echo 'seconds per scan  0.5' ;; esac""",
    "tools/torch_predict/torch_predict": "",
    "tools/calibrate/calibrate": ': >"$(option --output "$@")"',
    "tools/make_dataset/make_dataset": """
case $(option --split "$@") in valid) list=08 ;; train) list='00 10' ;; esac
for sequence in $list; do
  folder=$(option --output "$@")/sequences/$sequence
  mkdir -p "$folder/velodyne"
  echo one >"$folder/velodyne/000000.bin"
  [ -z "${FAIL_MAKING:-}" ] || exit 4
  echo two >"$folder/velodyne/000001.bin"
done""",
    "tools/train/train": """
folder=$(option --output "$@")
mkdir -p "$folder"
cp "$STATE" "$folder/state.safetensors"
: >"$folder/salsanext.safetensors"
exit ${TRAIN_CODE:-0}""",
}


class ScriptTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="intsim scripts ")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.root, self.build = self.folder / "a root", self.folder / "a build"
        (self.root / "tools").mkdir(parents=True)
        for script in SCRIPTS:
            shutil.copy(script, self.root / "tools")
        self.calls = self.folder / "calls"
        self.state = self.folder / "state"
        for name, text in STAND_INS.items():
            path = (self.build if "/" in name else self.folder / "bin") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(NOTE + text + "\n")
            path.chmod(0o755)
        self.environment = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C",
                            "INTSIM_BUILD_DIR": str(self.build), "CALLS": str(self.calls), "STATE": str(self.state)}

    def run_script(self, name, *words, shell="sh", **environment):
        self.calls.write_text("")
        return subprocess.run([shell, self.root / "tools" / name, *map(str, words)], capture_output=True, text=True,
                              cwd=self.folder, env={**self.environment, **environment}, timeout=120,
                              stdin=subprocess.DEVNULL)

    def ok(self, name, *words, **more):
        done = self.run_script(name, *words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def fails(self, code, needle, name, *words, **more):
        done = self.run_script(name, *words, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(needle, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def called(self, program):
        """Words of each call of a program since the script began."""
        lines = [line.split("\t") for line in self.calls.read_text().splitlines()]
        return [words[1:] for words in lines if words[0] == program]


class Usage(ScriptTest):
    def test_syntax(self):
        self.assertGreater(len(SCRIPTS), 4)
        for shell in SHELLS:
            command = ["busybox", "sh"] if shell == "busybox" else [shell]
            for script in SCRIPTS:
                done = subprocess.run([*command, "-n", script], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), f"{shell} {script}")

    def test_help_is_the_comment_at_the_head(self):
        for script in SCRIPTS:
            lines = script.read_text().splitlines()
            if not lines[0].startswith("#!"):
                continue  # a part that others source
            head = lines[1:next(i for i, line in enumerate(lines) if not line.startswith("#"))]
            expected = "".join(line[2:] + "\n" for line in head)
            self.assertIn(f"Usage: sh tools/{script.name}", expected)
            for word in ("-h", "--help"):
                done = self.ok(script.name, word)
                self.assertEqual((done.stdout, done.stderr), (expected, ""), script.name)
                self.assertEqual(self.calls.read_text(), "")

    def test_wrong_command_lines_call_nothing(self):
        data = self.folder / "a tree"
        data.mkdir()
        for needle, name, *words in (
                ("--limit needs a number", "quickstart.sh", "--limit"),
                ("--limit needs a number", "quickstart.sh", "--limit", "0"),
                ("--limit needs a number", "quickstart.sh", "--limit", "3x"),
                ("unknown option --al", "quickstart.sh", "--al"),
                ("--limit does not go with", "quickstart.sh", "--all", "--limit", "3"),
                ("only --split S or --sequences NN,NN may follow", "quickstart.sh", data, "--limit", "3"),
                ("only --split S or --sequences NN,NN may follow", "quickstart.sh", data, "--split"),
                ("only --split S or --sequences NN,NN may follow", "quickstart.sh", data, "--split", "valid", "more"),
                ("Usage:", "accuracy_table.sh"),
                ("Usage:", "accuracy_table.sh", "checkpoint", "encodings"),
                ("unknown option --limit", "accuracy_table.sh", "--limit", "3", "b", "c"),
                ("Usage:", "make_models.sh"),
                ("unknown option --minutes", "make_models.sh", "--minutes", "3")):
            with self.subTest(name=name, words=words):
                self.fails(2, needle, name, *words)
                self.assertEqual(self.calls.read_text(), "")

    def test_missing_packages(self):
        (self.folder / "bin" / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
        for name, words in (("quickstart.sh", ()), ("make_models.sh", (self.folder / "models",)), ("check.sh", ())):
            self.fails(3, "apt-get install", name, *words)
            self.assertEqual(self.called("meson") + self.called("ninja"), [])
        done = self.run_script("check.sh")
        for package in ("g++", "doctest-dev", "libtorch-dev", "llvm-16", "chromium", "chromium-driver", "python3-selenium"):
            self.assertIn(f" {package}", done.stderr)


class AccuracyTable(ScriptTest):
    def setUp(self):
        super().setUp()
        self.data, self.encodings, self.checkpoint = (self.folder / name for name in ("a tree", "the encodings", "a c"))
        self.data.mkdir()
        self.encodings.mkdir()
        self.checkpoint.write_text("")
        for config in ("w8a8", "w4a8"):
            (self.encodings / f"{config}.encodings").write_text("")
        self.words = (self.checkpoint, self.encodings, self.data)

    def test_every_way_is_scored_once(self):
        done = self.ok("accuracy_table.sh", *self.words, "--limit", "7")
        self.assertEqual(done.stdout, "THE TABLE\n")
        results = self.encodings / "results"
        predictions = self.called("torch_predict")
        self.assertEqual([words[words.index("--output") + 1] for words in predictions],
                         [f"{results}/{name}" for name in ("fp32", "w8a8-fake-quant", "w4a8-fake-quant")])
        files = [f"{config}-{target}.json" for config in ("w8a8", "w4a8")
                 for target in ("hexagon-hvx", "ideal", "aimet", "fake-quant")]
        self.assertEqual(self.called("intsim")[-1], ["table", "--format", "markdown", "fp32.json", *files])
        self.assertEqual(sorted(p.name for p in results.glob("*.json")), sorted(["fp32.json", *files]))
        runs = [words for words in self.called("intsim") if "--json" in words]
        self.assertEqual(len(runs), 9)
        for words in predictions + runs:
            self.assertEqual(words[-2:], ["--limit", "7"])
            self.assertEqual(words[words.index("--dataset-path") + 1], str(self.data))
        scored = [words[2] for words in runs if words[0] == "evaluate"]
        self.assertEqual(scored, ["fp32", "w8a8 fake-quant", "w4a8 fake-quant"])

    def test_missing_input(self):
        for position, path in enumerate(self.words):
            words = list(self.words)
            words[position] = self.folder / "no such thing"
            self.fails(3, "no such thing", "accuracy_table.sh", *words)
        os.remove(self.encodings / "w4a8.encodings")
        self.fails(3, "w4a8.encodings", "accuracy_table.sh", *self.words)
        self.assertEqual(self.calls.read_text(), "")

    def test_missing_build(self):
        for program in ("tools/torch_predict/torch_predict", "src/cli/intsim"):
            os.remove(self.build / program)
            self.fails(3, program, "accuracy_table.sh", *self.words)
        self.assertFalse((self.encodings / "results").exists())


class Quickstart(ScriptTest):
    def makes(self, *words, **environment):
        """Whether a run makes the data set; its exit code is checked by the caller."""
        self.done = self.run_script("quickstart.sh", *words, **environment)
        return len(self.called("make_dataset"))

    def test_made_streets_are_kept_while_program_and_files_are_the_same(self):
        program = self.build / "tools/make_dataset/make_dataset"
        scans = self.build / "quickstart/streets/sequences/08/velodyne"
        self.assertEqual((self.makes(), self.done.returncode), (1, 0), self.done.stderr)
        self.assertEqual((self.makes(), self.done.returncode), (0, 0), self.done.stderr)
        self.assertTrue(self.done.stdout.startswith("THE TABLE\n"))

        os.utime(program)  # built again to the same bytes
        self.assertEqual(self.makes(), 0)
        text = program.read_text()
        program.write_text(text + "# another release\n")
        self.assertEqual((self.makes(), self.makes()), (1, 0))
        program.write_text(text)
        self.assertEqual((self.makes(), self.makes()), (1, 0))

        (scans / "000001.bin").write_text("TWO\n")  # as long as before
        self.assertEqual((self.makes(), self.makes()), (1, 0))
        os.remove(scans / "000001.bin")
        self.assertEqual((self.makes(), self.makes()), (1, 0))
        os.rename(scans / "000001.bin", scans / "000009.bin")
        self.assertEqual(self.makes(), 1)
        os.remove(scans / "000009.bin")
        self.assertEqual((self.makes(), self.makes()), (1, 0))

    def test_an_incomplete_set_is_not_used(self):
        self.assertEqual((self.makes(FAIL_MAKING="1"), self.done.returncode), (1, 4))
        self.assertEqual((self.makes(), self.done.returncode), (1, 0))
        (self.build / "quickstart/streets/sequences/08/velodyne/000001.bin").unlink()
        self.assertEqual((self.makes(FAIL_MAKING="1"), self.done.returncode), (1, 4))
        self.assertEqual(self.called("torch_predict"), [])
        self.assertEqual((self.makes(), self.makes()), (1, 0))

    def test_limits(self):
        for words, expected in (((), ["--limit", "40"]), (("--limit", "7"), ["--limit", "7"]), (("--all",), [])):
            self.ok("quickstart.sh", *words)
            calls = self.called("torch_predict") + [c for c in self.called("intsim") if "--json" in c]
            self.assertEqual(len(calls), 4)
            for call in calls:
                self.assertEqual([word for word in call if word in ("--limit", "40", "7")], expected)

    def test_a_folder_of_scans(self):
        data = self.folder / "a tree"
        (data / "sequences" / "03" / "labels").mkdir(parents=True)
        for words, expected in (((), ["--limit", "10", "--sequences", "03"]),
                                (("--split", "train"), ["--limit", "10", "--split", "train"]),
                                (("--sequences", "00,03"), ["--limit", "10", "--sequences", "00,03"])):
            done = self.ok("quickstart.sh", data, *words)
            self.assertIn(f"read: scans and labels from {data}\n", done.stdout)
            self.assertEqual(self.called("make_dataset"), [])
            for call in self.called("torch_predict"):
                self.assertEqual(call[-4:], expected)
                self.assertIn(str(data), call)
        self.fails(3, "nowhere is no folder", "quickstart.sh", "nowhere")
        self.assertEqual(self.calls.read_text(), "")


class MakeModels(ScriptTest):
    def write_state(self, step):
        header = b'{"__metadata__": {"step": "%d", "steps": "4500", "start": "none", "warmup": "200"}}' % step
        self.state.write_bytes(struct.pack("<Q", len(header)) + header + b"tensors")

    def test_everything_in_order(self):
        self.write_state(4500)
        folder = self.folder / "new models"
        done = self.ok("make_models.sh", folder, "--seed", "3")
        self.assertTrue(done.stdout.endswith("THE TABLE\n"))
        order = [line.split("\t")[0] for line in self.calls.read_text().splitlines()]
        order = [name for name in order if name in ("make_dataset", "train", "calibrate", "torch_predict")]
        self.assertEqual(order, ["make_dataset"] * 2 + ["train"] + ["calibrate"] * 2 + ["torch_predict"] * 3)
        self.assertEqual(self.called("train")[0][-2:], ["--seed", "3"])
        for call in self.called("calibrate"):
            self.assertEqual(call[:4], ["--checkpoint", f"{folder}/run/salsanext.safetensors", "--dataset-path",
                                        f"{folder}/streets"])
            self.assertIn("percentile", call)
        self.ok("make_models.sh", folder, "--seed", "3")
        self.assertEqual(self.called("make_dataset"), [])
        (folder / "streets/sequences/10/velodyne/000000.bin").write_text("other\n")
        self.ok("make_models.sh", folder, "--seed", "3")
        self.assertEqual([call[1] for call in self.called("make_dataset")], ["train"])

    def test_half_trained_weights_are_not_calibrated(self):
        self.write_state(1200)
        done = self.fails(1, "3300 steps before the end", "make_models.sh", self.folder / "new models")
        self.assertIn(f"sh tools/make_models.sh '{self.folder / 'new models'}'", done.stderr)
        self.assertEqual(self.called("calibrate"), [])
        self.write_state(4500)
        self.ok("make_models.sh", self.folder / "new models")
        self.assertEqual(len(self.called("calibrate")), 2)

    def test_a_failed_or_interrupted_training_ends_it(self):
        self.write_state(4500)
        for code in (3, 130):
            self.fails(code, "", "make_models.sh", self.folder / "new models", TRAIN_CODE=str(code))
            self.assertEqual(self.called("calibrate"), [])

    def test_a_folder_that_cannot_be(self):
        (self.folder / "file").write_text("")
        self.fails(4, "file/models cannot be created", "make_models.sh", self.folder / "file" / "models")
        self.assertEqual(self.calls.read_text(), "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
