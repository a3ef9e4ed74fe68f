"""Files that intsim compare reads and writes beside packs, and what of a pack is refused when it is opened."""
import json
import os
import resource
import shutil

from packs import SIZE, PackTest, npy, npy_text
from support import Fixture


def nested(levels, start, end):
    return start * levels + end * levels


class Reports(PackTest):
    """A golden of another profile, so that the comparison fails."""

    def setUp(self):
        super().setUp()
        self.dump("g", "--tensors", "*", "--target", "tflite")
        self.words = ["compare", "g", "--model", Fixture.model("w8a8"), "--isolated"]

    def report(self, name="r.json"):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def write_json(self, name, value):
        self.write(name, json.dumps(value).encode())

    def test_a_report_takes_the_place_of_its_baseline_unless_something_got_worse(self):
        self.assertEqual(self.run_tool(*self.words, "--json", "r.json").returncode, 1)
        first = self.report()
        better = json.loads(json.dumps(first))
        tensor = next(t for t in better["tensors"] if not t["passed"])
        tensor["passed"] = True
        self.write_json("r.json", better)
        for _ in range(2):  # a second try passes no more than the first
            done = self.run_tool(*self.words, "--json", "./r.json", "--baseline", "r.json")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"regressed: {tensor['name']}: fails, and did not", done.stdout)
            self.assertIn("r.json stays as it was", done.stdout)
            self.assertEqual(self.report(), better)
        self.write_json("r.json", dict(first, verdict="earlier"))
        self.ok(*self.words, "--json", "r.json", "--baseline", "r.json")
        self.assertEqual(self.report(), first)
        self.ok(*self.words, "--json", "r.json", "--baseline", "r.json")

    def test_baselines_of_every_kind(self):
        self.dump("a", "--target", "tflite")
        model = ["--model", Fixture.model("w8a8")]
        kinds = {"packs": ["g", "a"], "cumulative": ["g", *model], "isolated": ["g", *model, "--isolated"],
                 "exact": ["g", *model, "--exact"], "ideal": ["g", *model, "--isolated", "--target", "ideal"]}
        for kind, words in kinds.items():
            self.assertIn(self.run_tool("compare", *words, "--json", kind).returncode, (0, 1), kind)
            self.ok("compare", *words, "--baseline", kind)
        for kind, other, what in [("isolated", "cumulative", "mode"), ("ideal", "isolated", "target")]:
            self.fails(3, [other + ": is of another " + what], "compare", *kinds[kind], "--baseline", other, "--json", "x")
            self.assertFalse(os.path.exists(self.path("x")))

    def test_a_baseline_is_read_before_the_run(self):
        self.assertEqual(self.run_tool(*self.words, "--json", "r.json").returncode, 1)
        report = self.report()
        deep = nested(100000, "[", "]")
        for text, needle in [("{", "damaged JSON"), ("{}", "'schema'"), ("[]", "no report"),
                             (json.dumps(dict(report, version=2)), "version 1"),
                             (json.dumps(dict(report, tensors=[1])), "'name'"),
                             (json.dumps(dict(report, tensors=report["tensors"][:1] * 2)), "listed twice"),
                             (json.dumps(dict(report, golden=1)).replace('"golden": 1', '"golden": ' + deep), "64 levels"),
                             (json.dumps(dict(report, golden=[])), "'arithmetic'")]:
            with self.subTest(needle):
                self.write("b.json", text.encode())
                done = self.fails(3, ["b.json", needle], *self.words, "--baseline", "b.json", "--json", "x.json")
                self.assertLess(len(done.stderr), 500)
                self.assertFalse(os.path.exists(self.path("x.json")))

    def test_an_unwritable_report_is_found_before_the_run(self):
        for option in ("--md", "--html"):
            self.fails(4, ["nowhere/r", "cannot create"], *self.words, "--json", "r.json", option, "nowhere/r")
            self.assertFalse(os.path.exists(self.path("r.json")))

    def test_one_failed_write_leaves_the_other_reports(self):
        self.assertEqual(self.run_tool(*self.words, "--json", "a", "--md", "b").returncode, 1)
        small, large = os.path.getsize(self.path("b")), os.path.getsize(self.path("a"))
        self.assertLess(small, large)
        done = self.run_tool(*self.words, "--json", "r.json", "--md", "r.md",
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (small, small)))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("r.json: cannot write", done.stderr)
        self.assertTrue(done.stdout.startswith("FAIL: "), done.stdout)
        self.assertEqual(os.path.getsize(self.path("r.md")), small)
        self.assertEqual(sorted(f for f in os.listdir(self.folder) if f.startswith("r.")), ["r.md"])

    def test_reports_have_files_of_their_own(self):
        os.mkdir(self.path("sub"))
        for other in ("r", "./sub/../r", self.path("r")):
            self.fails(2, ["--json and --html", "each its own file"], *self.words, "--json", "r", "--html", other)

    def test_reports_do_not_replace_what_is_compared(self):
        tolerances = self.write("t.json", b'{"*": {"lsb": 0, "reason": "none"}}')
        os.symlink("g", self.path("link"))
        before = [open(self.path("g", name), "rb").read() for name in sorted(os.listdir(self.path("g")))]
        for option, name in (("--json", "g/manifest.json"), ("--md", "g/new.md"), ("--html", "link/manifest.json"),
                             ("--junit", "g/../t.json"), ("--json", tolerances)):
            self.fails(2, [option + " names " + name, "an input; give another file"], *self.words, "--tolerances",
                       "t.json", option, name)
        after = [open(self.path("g", name), "rb").read() for name in sorted(os.listdir(self.path("g")))]
        self.assertEqual(before, after)
        self.assertEqual(self.run_tool(*self.words, "--json", "g.json").returncode, 1)


class Npy(PackTest):
    def setUp(self):
        super().setUp()
        self.dump("good", "--tensors", "downCntx.act1")
        shutil.copytree(self.path("good"), self.path("p"))
        self.entry = self.tensor("p", "downCntx.act1")
        with open(self.path("p", self.entry["file"]), "rb") as file:
            self.data = file.read()[128:]

    def put(self, text, version=1):
        self.write("p/" + self.entry["file"], npy_text(text, self.data, version))

    def test_headers_that_numpy_reads(self):
        shape = tuple(self.entry["shape"])
        for text in (f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}",
                     f"{{'shape': {shape}, 'fortran_order': False, 'descr': '|u1'}}\n",
                     f'{{"descr":"|u1","fortran_order":False,"shape":{str(shape).replace(" ", "")[:-1]},)}}',
                     f"  {{ 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( {shape[0]} , {shape[1]},{shape[2]} ) , }} "):
            for version in (1, 2):
                with self.subTest(text=text, version=version):
                    self.put(text, version)
                    self.ok("compare", "good", "p")

    def test_headers_that_are_refused(self):
        shape = tuple(self.entry["shape"])
        rest = f"'fortran_order': False, 'shape': {shape}, }}"
        for text, needle in [
                ("{'descr': '" + "a" * 60000 + "', " + rest, "header of 60"),
                ("{'descr': " + " " * 60000 + "'|u1', " + rest, "header of 60"),
                ("{'descr': '" + "a" * 3000 + "', " + rest, "and 2920 bytes more"),
                ("{'descr': [('a', '|u1')], " + rest, "a text in quotes"),
                ("{'descr': '|u1', 'descr': '|u1', " + rest, "'descr' occurs twice"),
                ("{'descr': '|u1', 'extra': 1, " + rest, "unknown key 'extra'"),
                ("{'descr': '|u1', " + rest + " x", "expected its end"),
                ("{'descr': '|u1', " + rest[:-1], "expected"),
                ("{'descr': '|u1', 'fortran_order': False}", "lacks"),
                ("{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}", "expected False"),
                ("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 2)}", "whole number"),
                ("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 2)}", "whole number"),
                ("{'descr': '|u1', 'fortran_order': False, 'shape': (5)}", "comma"),
                ("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "has shape (), not"),
                ("{'descr': '|u1', 'fortran_order': False, 'shape': (7,)}", "has shape (7,), not"),
                ("", "expected {")]:
            with self.subTest(needle):
                self.put(text)
                done = self.fails(3, [f"p/{self.entry['file']} (tensor 'downCntx.act1')", needle], "compare", "good", "p")
                self.assertLess(len(done.stderr), 500)
        self.write("p/" + self.entry["file"], npy("|u1", shape, self.data)[:60])
        self.fails(3, ["ends within its header"], "compare", "good", "p")


class Manifests(PackTest):
    def setUp(self):
        super().setUp()
        self.dump("good")
        shutil.copytree(self.path("good"), self.path("bad"))
        with open(self.path("good/manifest.json"), encoding="utf-8") as file:
            self.text = file.read()

    def refused(self, text, *needles):
        self.write("bad/manifest.json", text.encode())
        done = self.fails(3, ["bad/manifest.json", *needles], "compare", "good", "bad")
        self.assertLess(len(done.stderr), 500)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_deep_and_large_values(self):
        for levels in (65, 20000, 1000000):
            self.refused(self.text.replace('"version": 1', '"version": ' + nested(levels, "[", "]")), "64 levels")
        self.refused('{"a":' * 2500000, "64 levels", "a.a.a")
        self.refused(self.text.replace('"version": 1', '"version": [[1]]'), "version an array")
        self.refused(self.text.replace('"version": 1', '"version": "' + "1" * 10000 + '"'), "bytes more")
        self.refused('{"' + "k" * 100000 + '": 1, "' + "k" * 100000 + '": 2}', "occurs twice")
        self.refused('{"a": "' + "x" * 100000, "damaged JSON")
        self.refused('{"a": 1' + "0" * 100000 + "}", "not finite")

    def test_control_characters_in_names(self):
        for character in ("\n", "\x1b", "\x7f", "\x85", "\x9b"):
            name = f"x{character}PASS: 173 tensors, all equal"
            escaped = json.dumps(name)
            for text in (escaped, '"' + name + '"' if character > "\x1f" else escaped):
                self.refused(self.text.replace('"name":"input"', '"name":' + text), "tensor 0", "control character")
        self.refused(self.text.replace('"config": "', '"config": "\\n'), "'config'", "control character")
        self.refused(self.text.replace('"details": {}', '"details": {"a\\u0000b": 1}'), "'a?b' is no string")

    def test_a_pipe_is_not_waited_for(self):
        os.remove(self.path("bad/manifest.json"))
        os.mkfifo(self.path("bad/manifest.json"))
        self.fails(3, ["bad/manifest.json", "is not a regular file"], "compare", "good", "bad")

    def test_sizes_that_the_network_does_not_take(self):
        for i, key in enumerate(("height", "width")):
            self.change("bad", lambda m: (m.update({key: 100}), m["tensors"][0]["shape"].__setitem__(i + 1, 100)))
            self.fails(3, ["bad: is of an image of", "multiples of 16"], "compare", "bad", "--model",
                       Fixture.model("w8a8"), "--scan", Fixture.scan(), *SIZE)

    def test_folders_that_cannot_be(self):
        model = ["--model", Fixture.model("w8a8"), "--scan", Fixture.scan(), *SIZE]
        done = self.fails(4, ["intsim: " + "y" * 300, "File name too long"], "dump", *model, "-o", "y" * 300)
        self.assertNotIn("internal fault", done.stderr)
        self.write("file", b"")
        self.fails(4, ["file", "cannot create"], "dump", *model, "-o", "file/x")


class Options(PackTest):
    """What fits nothing, or is for a run that is not done, is refused before the run."""

    def setUp(self):
        super().setUp()
        self.dump("a", "--tensors", "*")
        self.model = ["--model", Fixture.model("w8a8")]

    def test_options_of_a_run_that_is_not_done(self):
        engine = (("--kernels", "ref"), ("--simd", "bogus"), ("--threads", "1"))
        for option, value in (*engine, ("--target", "nonsense")):
            self.fails(2, [option, "--model"], "compare", "a", "a", option, value)
        self.fails(2, ["--no-explain", "--model"], "compare", "a", "a", "--no-explain")
        self.fails(2, ["--no-explain", "float golden", "integer"], "compare", "a", *self.model, "--no-explain")
        for option, value in engine:
            self.fails(2, [option, "second pack"], "compare", "a", "a", *self.model, option, value)
        for option, value in engine[:2]:
            self.fails(2, [option, "--exact"], "compare", "a", *self.model, "--exact", option, value)
        for option in ("--height", "--width"):
            for words in (["a"], self.model, [*self.model, "--isolated"]):
                self.fails(2, [option, "--scan"], "compare", "a", *words, option, "64")
            self.fails(2, [option, "--scan"], "dump", *self.model, "--input", "a", "-o", "b", option, "64")
        self.fails(2, ["--crop", "--scan"], "dump", *self.model, "--input", "a", "-o", "b", "--crop", "16")
        self.ok("compare", "a", "a", *self.model, "--target", "ideal")
        self.ok("compare", "a", *self.model, "--exact", "--threads", "1", "--tolerances", self.accept_all())

    def accept_all(self):
        return self.write("all.json", b'{"*": {"lsb": 255, "reason": "no matter"}}')

    def test_tolerances_and_aliases_that_fit_nothing(self):
        one = '{"*": {"lsb": 1, "reason": "r"}, "%s": {"lsb": 3, "reason": "r"}}'
        for words in (["a"], self.model, [*self.model, "--isolated"]):
            self.write("t.json", (one % "no.such*").encode())
            self.fails(3, ["t.json: 'no.such*'", "fits no tensor"], "compare", "a", *words, "--tolerances", "t.json",
                       "--json", "r.json")
            self.assertFalse(os.path.exists(self.path("r.json")))
            self.write("t.json", (one % "upBlock?.conv*").encode())
            self.ok("compare", "a", *words, "--tolerances", "t.json")
            self.write("n.json", b'{"lobits": "logits"}')
            self.fails(3, ["n.json: 'lobits'", "no tensor of the packs", "did you mean 'logits'?"], "compare", "a",
                       *words, "--alias", "n.json")
        self.dump("b", "--tensors", "*")
        self.change("b", lambda m: m["tensors"][-2].update(name="lobits"))
        self.write("n.json", b'{"lobits": "logit"}')
        for words in (["a"], ["a", *self.model], self.model):
            self.fails(3, ["n.json: 'lobits'", "stands for 'logit'", "did you mean 'logits'?"], "compare", "b", *words,
                       "--common", "--alias", "n.json")
        self.write("n.json", b'{"lobits": "logits"}')
        self.ok("compare", "b", "a", "--alias", "n.json")
        self.ok("compare", "b", *self.model, "--alias", "n.json")
        self.write("n.json", b'{"lobits": "result"}')  # a name that both give it
        self.ok("compare", "b", "b", "--alias", "n.json")
        for key, value in (("a\nb", "logits"), ("logits", "a\x85b")):
            self.write("n.json", json.dumps({"first": "input", key: value}).encode())
            done = self.fails(3, ["n.json: entry 1", "control character"], "compare", "a", "a", "--alias", "n.json")
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_every_glob_of_tensors_fits_one(self):
        words = ["dump", *self.model, "--scan", Fixture.scan(), *SIZE, "-o", "b", "--tensors"]
        self.fails(2, ["--tensors: 'upBlok1*'", "fits no tensor"], *words, "logits", "upBlok1*")
        self.ok(*words, "input", "up*1.*")
