"""Every number of the page equals the JSON report's."""
import reading
from page_case import PageCase, Shared


class Numbers(PageCase):
    def check_detail(self, report, tensor, shown):
        self.assertEqual(shown["name"], tensor["name"])
        self.assertEqual(shown["pill"], f"{reading.STATUS_SIGNS[tensor['status']]} {tensor['status']}")
        self.assertEqual(shown["head"], f"{tensor['op']}, {tensor['bits']} bits, "
                         f"{' × '.join(map(str, tensor['shape']))}, scale {reading.digits(tensor['scale'], 8)}, "
                         f"zero point {tensor['zero_point']}")
        if tensor["by_hash"]:
            self.assertEqual((shown["numbers"], shown["columns"]), ({}, []))
            words = "the hashes of both sides are equal" if tensor["mismatches"] == 0 else "the hashes differ"
            self.assertIn(f"Hash only: {words}.", shown["text"])
            return
        self.assertEqual(shown["numbers"], reading.numbers(tensor))
        self.check_judgement(tensor, shown)
        expected = reading.columns(tensor, report.json["histogram_reach"])
        self.assertEqual([c[0] for c in shown["columns"]], [c[0] for c in expected])
        for (_, _, y, height), (_, tall) in zip(shown["columns"], expected):
            self.assertAlmostEqual(height, tall, 6)  # printed and read again
            self.assertAlmostEqual(y + height, 92, 6)
        self.assertEqual([c[1] for c in shown["columns"]], sorted(c[1] for c in shown["columns"]))
        self.check_first(tensor, shown)
        self.check_causes_and_rule(tensor, shown)

    def check_judgement(self, tensor, shown):
        kinds = ("explained", "inherited", "unexplained")
        self.assertEqual(sum(tensor[k] for k in kinds), tensor["mismatches"])
        if tensor["mismatches"] == 0:
            self.assertEqual((shown["key"], shown["bar"]), ([], []))
        else:
            self.assertEqual(shown["key"], [f"{k} {reading.count(tensor[k])}" for k in kinds])
            self.assertEqual(shown["bar"], [[k, tensor[k]] for k in kinds if tensor[k] > 0])
            self.assertIn(tensor["explanation"], shown["text"])
        bound = f"mean float error bound {reading.digits(tensor['mean_bound_lsb'], 3)} LSB"
        self.assertEqual(bound in shown["text"], tensor["mean_bound_lsb"] is not None)

    def check_first(self, tensor, shown):
        first = tensor["first"]
        if first is None:
            self.assertEqual(shown["first"], [])
            return
        words = "channel {}, row {}, column {}: golden {}, actual {}".format(*first["index"], first["golden"], first["actual"])
        self.assertEqual(shown["first"], [words] + ([first["detail"]] if first["detail"] else []))

    def check_causes_and_rule(self, tensor, shown):
        self.assertEqual(shown["causes"], [[c["name"], reading.count(c["mismatches"]), reading.signed(c["lsb"])]
                                           for c in tensor["causes"]])
        self.assertEqual("Causes" in shown["sections"], tensor["causes"] != [])
        self.assertEqual("Which rule" in shown["sections"], tensor["rule"] is not None)
        rule = tensor["rule"]
        lines = [reading.rule_words(rule), *rule["separators"]] if rule else []
        self.assertEqual(shown["paragraphs"][len(shown["paragraphs"]) - len(lines):], lines)

    def check_all(self, name):
        report = self.show(name)
        tensors = report.json["tensors"]
        for tensor, shown in zip(tensors, self.browser.run(reading.READ_ALL, list(range(len(tensors)))), strict=True):
            with self.subTest(comparison=name, tensor=tensor["name"]):
                self.check_detail(report, tensor, shown)
        return report

    def test_isolated_with_causes_and_rules(self):
        tensors = self.check_all("isolated").json["tensors"]
        statuses = {t["status"] for t in tensors}
        self.assertLessEqual({"equal", "failed"}, statuses)
        self.assertTrue(any(t["by_hash"] for t in tensors))
        for part in ("causes", "rule"):
            self.assertTrue(any(t[part] for t in tensors), part)

    def test_a_whole_run(self):
        statuses = {t["status"] for t in self.check_all("network").json["tensors"]}
        self.assertLessEqual({"equal", "inherited", "failed"}, statuses)

    def test_tolerated_and_equal(self):
        report = self.check_all("tolerated")
        self.assertEqual({t["status"] for t in report.json["tensors"]}, {"equal", "tolerated"})
        self.browser.run(reading.CHOOSE, 0)
        shown = self.browser.run(reading.READ_DETAIL)
        self.assertIn("65535 LSB: another profile <on purpose>", shown["paragraphs"])
        self.check_all("equal")

    def test_hashes_alone(self):
        report = self.check_all("hashes")
        self.assertTrue(all(t["by_hash"] for t in report.json["tensors"]))
        tiles = self.browser.run("return [...document.querySelectorAll('.tile')].map((t) => t.textContent)")
        unequal = sum(t["mismatches"] is None for t in report.json["tensors"])
        self.assertGreater(unequal, 100)
        self.assertEqual(tiles[3], f"≥ {unequal}mismatching codes{unequal} tensors known by hash alone")  # one each

    def test_verdict_and_summary(self):
        for name, report in Shared.reports.items():
            with self.subTest(name):
                self.show(name)
                tensors = report.json["tensors"]
                first_line = report.text.splitlines()[0]
                shown = self.browser.run("""return {
                    verdict: document.getElementById('verdict').innerText, banner: document.querySelector('.banner').className,
                    mark: getComputedStyle(document.querySelector('.mark'), '::before').content,
                    tiles: [...document.querySelectorAll('.tile')].map((t) => [...t.children].map((c) => c.innerText))}""")
                self.assertEqual(" ".join(shown["verdict"].split()), " ".join(first_line.split()))
                self.assertEqual(report.json["verdict"], first_line)
                passed = report.code == 0
                self.assertEqual(shown["banner"], "banner " + ("pass" if passed else "fail"))
                self.assertEqual(shown["mark"], '"✓"' if passed else '"✕"')
                self.assertEqual(first_line[:4], "PASS" if passed else "FAIL")
                of = {s: sum(t["status"] == s for t in tensors) for s in reading.STATUS_SIGNS}
                heads = [tile[:2] for tile in shown["tiles"]]
                self.assertEqual(heads[:3], [[str(of["failed"]), "tensors fail"],
                                             [str(len(tensors) - of["equal"]), "tensors differ"],
                                             [str(of["equal"]), f"of {len(tensors)} tensors equal"]])
                self.assertEqual(" ".join(shown["tiles"][0][2].split()), " ".join((report.json["first_failing"] or "none").split()))
                if None not in [t["mismatches"] for t in tensors]:
                    self.assertEqual(heads[3][0], reading.count(sum(t["mismatches"] for t in tensors)))

    def test_the_table_lists_every_tensor(self):
        for name in ("isolated", "network", "hashes"):
            report = self.show(name)
            for tensor, row in zip(report.json["tensors"], self.browser.run(reading.READ_ROWS), strict=True):
                with self.subTest(comparison=name, tensor=tensor["name"]):
                    self.check_row(tensor, row)

    def check_row(self, tensor, row):
        self.assertEqual((row["layer"], row["op"], row["bits"]), (tensor["name"], tensor["op"], str(tensor["bits"])))
        self.assertEqual(row["verdict"], f"{reading.STATUS_SIGNS[tensor['status']]} {tensor['status']}")
        self.assertEqual(row["ppm"], reading.digits(tensor["ppm"], 4))
        self.assertEqual(row["hidden"], tensor["mismatches"] == 0)  # at first those that differ are listed
        if tensor["by_hash"]:
            self.assertEqual(row["mismatches"], "0 (hash)" if tensor["mismatches"] == 0 else "hash only")
            return
        for column, key in (("mismatches", "mismatches"), ("max |LSB|", "max_lsb"), ("inherited", "inherited"),
                            ("explained", "explained"), ("unexplained", "unexplained")):
            self.assertEqual(row[column], reading.count(tensor[key]), column)
        self.assertEqual(row["mean LSB"], reading.digits(tensor["mean_lsb"], 3))
        self.assertEqual(row["bound LSB"], reading.digits(tensor["mean_bound_lsb"], 3))
        self.assertEqual((row["SQNR, dB"], row["cosine"]), (reading.decibel(tensor), reading.digits(tensor["cosine"], 9)))
        self.assertIn(tensor["explanation"], row["remarks"])
        if tensor["rule"]:
            self.assertIn(reading.rule_words(tensor["rule"]), row["remarks"])

    def test_totals_of_causes_and_rules(self):
        report = self.show("isolated")
        cards = self.browser.run("""return [...document.querySelectorAll('#totals .card')].map((card) =>
            [...card.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)))""")
        causes, rules = {}, {}
        for tensor in report.json["tensors"]:
            for cause in tensor["causes"]:
                sums = causes.setdefault(cause["name"], [0, 0])
                sums[0] += cause["mismatches"]
                sums[1] += cause["lsb"]
            if tensor["rule"]:
                words = reading.rule_words(tensor["rule"])
                rules[words] = rules.get(words, 0) + 1
        self.assertGreater(len(causes), 3)
        self.assertEqual(cards[0], [[name, reading.count(n), reading.signed(lsb)] for name, (n, lsb) in causes.items()])
        self.assertEqual(cards[1], [[words, f"{n} layer" + ("" if n == 1 else "s")] for words, n in rules.items()])
        self.show("network")
        self.assertTrue(self.browser.run("return document.getElementById('totals').hidden"))

    def test_both_sides_and_what_was_left_out(self):
        report = self.show("isolated")
        rows = self.browser.run("""return [...document.querySelectorAll('.sources tbody tr')].map((row) =>
            [...row.cells].map((cell) => cell.textContent))""")
        keys = ("name", "arithmetic", "target", "config", "producer")
        self.assertEqual(rows, [[k, report.json["golden"][k] or "–", report.json["actual"][k] or "–"] for k in keys])
        left_out = self.browser.run("return [...document.querySelectorAll('#sources li')].map((n) => n.textContent)")
        self.assertGreater(len(left_out), 100)
        self.assertEqual(left_out, [f"{s['name']}: {s['reason']}" for s in report.json["skipped"]])
