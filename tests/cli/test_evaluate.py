"""intsim evaluate: scores against an own confusion, files it writes, signals."""
import json
import os
import signal
import subprocess
import time

from support import (CliTest, Fixture, LEARNING_MAP, confusion, line_of_points, model_card_lines, read_labels)

SMALL = ("--width", 256)


class Evaluate(CliTest):
    def test_scores_are_those_of_the_saved_predictions(self):
        done = self.ok("--config", "w8a8", "-d", Fixture.tree, *SMALL, "--save-predictions", "out", "--json", "r.json")
        names = [f"sequences/08/predictions/{i:06}.label" for i in range(3)]
        self.assertEqual(self.files_below("out"), names)
        pairs = [(read_labels(self.path("out", n)), read_labels(Fixture.label(f"{i:06}"))) for i, n in enumerate(names)]
        conf = confusion(pairs)
        self.assertEqual(done.stdout.splitlines()[-21:], model_card_lines(conf))
        with open(self.path("r.json"), encoding="utf-8") as file:
            result = json.load(file)
        self.assertEqual(result["confusion"], conf)
        self.assertEqual(result["config"], "W8A8")
        self.assertEqual(result["counts"]["points"], sum(len(p) for p, _ in pairs))
        self.assertEqual(result["counts"]["scans"], 3)
        self.assertEqual(result["dataset"]["sequences"], ["08"])
        self.assertGreater(len({p for predicted, _ in pairs for p in predicted}), 5)

    def test_target_files_and_their_options(self):
        self.write("t.json", b'{"name": "mine", "rules": {"conv2d": "tflite"}, "alternatives": {"bn": "batchnorm_d32"}}')
        words = ("--config", "w8a8", "-d", Fixture.tree, *SMALL, "--limit", 1, "--json", "r.json")
        text = self.ok(*words, "--target", "t.json").stdout
        self.assertIn("mine, bn = batchnorm_d32\n", text)
        with open(self.path("r.json"), encoding="utf-8") as file:
            target = json.load(file)["target"]
        self.assertEqual(target["profile"], "mine")
        self.assertEqual({k: target["options"][k] for k in ("bn", "concat", "overflow", "rule.conv2d", "rule.add")},
                         {"bn": "batchnorm_d32", "concat": "d32", "overflow": "exact", "rule.conv2d": "tflite",
                          "rule.add": "hvx8"})
        self.assertIn("batchnorm_d32", self.ok("inspect", "--config", "w8a8", "--target", "t.json").stdout)
        self.assertRegex(self.ok("targets", "t.json").stdout, "^mine\n(.*\n)*  Conv2d +tflite\n")
        self.write("t.json", b'{"name": "mine", "rules": {"conv2d": "tflit"}}')
        self.fails(3, ["t.json", "rules.conv2d", "did you mean 'tflite'"], *words, "--target", "t.json")
        self.fails(2, ["unknown target 'hexagon'", "intsim targets"], *words, "--target", "hexagon")

    def test_progress_goes_to_standard_error_alone(self):
        words = ("--config", "w8a8", "-d", Fixture.tree, *SMALL)
        self.assertIn("3/3 scans, 100 %", self.ok(*words).stderr)
        self.assertNotIn("scans,", self.ok(*words).stdout)
        self.assertEqual(self.ok(*words, "-q").stderr, "")

    def test_names_of_the_default_command_and_the_config(self):
        card = self.ok("--config", "w8a8", "-d", Fixture.tree, *SMALL, "--limit", 1).stdout.splitlines()[-21:]
        for words in (("evaluate", "--model-config", "salsanext_w8a8", "--dataset-path", Fixture.tree),
                      ("evaluate", "--model", Fixture.model("w8a8"), "-d", Fixture.tree + "/sequences"),
                      ("--config=w8a8", "-d", Fixture.tree, "--sequences", "8"),
                      ("--config", "w8a8", "-d", Fixture.tree, "--kernels", "ref", "--threads", 1)):
            self.assertEqual(self.ok(*words, *SMALL, "--limit", 1).stdout.splitlines()[-21:], card)
        other = self.ok("--config", "w4a8", "-d", Fixture.tree, *SMALL, "--limit", 1).stdout
        self.assertIn("config              W4A8", other)
        self.assertNotEqual(other.splitlines()[-21:], card)

    def test_model_folders(self):
        del self.environment["INTSIM_MODEL_PATH"]
        # A name of its own: the build tree may hold models under the usual ones.
        words = ("--config", "mine", "-d", Fixture.tree, *SMALL, "--limit", 1)
        self.fails(3, ["'mine'", "models/mine.safetensors", "share/intsim/models", "intsim import", "--model"], *words)
        os.mkdir(self.path("models"))
        os.symlink(Fixture.model("w8a8"), self.path("models", "mine.safetensors"))
        self.assertIn("models/mine.safetensors", self.ok(*words).stdout)
        first = self.path("first")
        os.mkdir(first)
        os.symlink(Fixture.model("w4a8"), os.path.join(first, "mine.safetensors"))
        self.environment["INTSIM_MODEL_PATH"] = "/nowhere:" + first
        self.assertIn(os.path.join(first, "mine.safetensors"), self.ok(*words).stdout)

    def test_several_sequences_and_limit(self):
        for sequence in ("00", "01"):
            subprocess.run([Fixture.make_scene, "-o", self.path("data"), "-n", "2", "--sequence", sequence], check=True)
        for words in (("--sequences", "01,00"), ("--sequences", "00", "--sequences", "01")):
            done = self.ok("--config", "w8a8", "-d", "data", *words, *SMALL, "--save-predictions", "out", "--limit", 3)
            self.assertIn("sequences 00, 01", done.stdout)
            self.assertEqual(self.files_below("out"), ["sequences/00/predictions/000000.label",
                                                       "sequences/00/predictions/000001.label",
                                                       "sequences/01/predictions/000000.label"])

    def test_knn_changes_labels_of_points(self):
        words = ("--config", "w8a8", "-d", Fixture.tree, *SMALL, "--limit", 1, "--save-predictions")
        self.assertIn("KNN off", self.ok(*words, "plain").stdout)
        self.assertIn("KNN on", self.ok(*words, "knn", "--knn").stdout)
        name = "sequences/08/predictions/000000.label"
        plain, voted = read_labels(self.path("plain", name)), read_labels(self.path("knn", name))
        self.assertEqual(len(plain), len(voted))
        self.assertNotEqual(plain, voted)


class Predictions(CliTest):
    """Small made trees whose counts are known by hand."""

    def tree(self, truth, predicted, sequence="08"):
        data = self.make_tree(sequence, {"000000": (line_of_points(len(truth)), truth)})
        if predicted is not None:
            packed = b"".join(p.to_bytes(4, "little") for p in predicted)
            self.write(f"pred/sequences/{sequence}/predictions/000000.label", packed)
        return data

    def test_both_metrics_by_hand(self):
        # car: 2 hits, 2 predicted as unlabeled, 1 as road; road: 1 hit. Upper halves are instance ids.
        truth, predicted = [10, 10, 10, 10, 10, 40, 0], [10 + (7 << 16), 252, 0, 0, 40, 40, 10]
        data = self.tree(truth, predicted)
        for metric, car in (("model-card", "0.667"), ("official", "0.400")):
            done = self.ok("-d", data, "--predictions", "pred", "--metric", metric)
            lines = done.stdout.splitlines()[-21:]
            self.assertEqual(lines[0], "Acc avg 0.750")
            self.assertEqual(lines[2], f"IoU class 1 [car] = {car}")
            self.assertEqual(lines[10], "IoU class 9 [road] = 0.500")
            self.assertEqual(lines, model_card_lines(confusion([(predicted, truth)]), metric == "official"))

    def test_both_spellings_of_a_metric(self):
        data = self.tree([10, 10], [10, 40])
        for metric in ("model-card", "model_card"):
            done = self.ok("-d", data, "--predictions", "pred", "--metric", metric, "--json", "r.json")
            self.assertIn("metric              model-card, KNN off\n", done.stdout)
            with open(self.path("r.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["metric"]["mode"], "model_card")

    def test_unknown_ids_are_counted_and_warned_about_once(self):
        data = self.tree([10, 2, 358, 40], [10, 10, 3, 40])
        done = self.ok("-d", data, "--predictions", "pred", "-q")
        self.assertIn("unknown labels      2\n", done.stdout)
        self.assertEqual(done.stderr.count("ground truth ids"), 1)
        self.assertIn("2 points have ground truth ids", done.stderr)
        self.assertIn("1 points have predicted ids", done.stderr)
        self.assertIn("000000.label", done.stderr)

    def test_every_known_id_maps_as_published(self):
        ids = sorted(LEARNING_MAP)
        data = self.tree(ids, ids)
        self.ok("-d", data, "--predictions", "pred", "--json", "r.json")
        with open(self.path("r.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["confusion"], confusion([(ids, ids)]))

    def test_predictions_that_are_missing_or_do_not_fit(self):
        data = self.tree([10, 40], None)
        words = ("-d", data, "--predictions", "pred")
        self.fails(3, ["pred/sequences/08/predictions/000000.label", "cannot open"], *words)
        self.write("pred/sequences/08/predictions/000000.label", bytes(12))
        self.fails(3, ["predictions/000000.label", "3 labels for 2 points"], *words)
        self.write("pred/sequences/08/predictions/000000.label", (400).to_bytes(4, "little") * 2)
        self.fails(3, ["predictions/000000.label", "label id 400", "point 0"], *words)

    def test_split_without_labels(self):
        data = self.make_tree("11", {"000000": (line_of_points(40), None)})
        words = ("--config", "w8a8", "-d", data, "--sequences", "11", *SMALL)
        self.fails(3, ["sequences/11/labels", "--no-labels", "--save-predictions"], *words)
        self.fails(2, ["--save-predictions"], *words, "--no-labels")
        done = self.ok(*words, "--no-labels", "--save-predictions", "out")
        self.assertNotIn("IoU", done.stdout)
        self.assertIn("1 scans with 40 points", done.stdout)
        self.assertEqual(len(read_labels(self.path("out/sequences/11/predictions/000000.label"))), 40)


class Signals(CliTest):
    SCANS = 400

    def interrupt(self, number):
        for kind in ("velodyne", "labels"):
            os.makedirs(self.path("data/sequences/08", kind))
        for i in range(self.SCANS):
            os.link(Fixture.scan(), self.path(f"data/sequences/08/velodyne/{i:06}.bin"))
            os.link(Fixture.label(), self.path(f"data/sequences/08/labels/{i:06}.label"))
        words = ["--config", "w8a8", "-d", "data", "--save-predictions", "out", "--json", "r.json", "--width", "256"]
        tool = subprocess.Popen([Fixture.intsim, *words], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while len(self.files_below("out")) < 2 and tool.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        tool.send_signal(number)
        out, err = tool.communicate(timeout=120)
        self.assertEqual(out, "")
        files = self.files_below("out")
        self.assertIn(f"after {len(files)} of {self.SCANS} scans", err)
        self.assertTrue(2 <= len(files) < self.SCANS)
        size = os.path.getsize(Fixture.label())
        self.assertEqual({os.path.getsize(self.path("out", name)) for name in files}, {size})
        self.assertTrue(all(name.endswith(".label") for name in files))
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith("r.json")], [])
        return tool.returncode, err

    def test_sigint(self):
        code, err = self.interrupt(signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertIn("SIGINT", err)

    def test_sigterm(self):
        code, err = self.interrupt(signal.SIGTERM)
        self.assertEqual(code, 143)
        self.assertIn("SIGTERM", err)
