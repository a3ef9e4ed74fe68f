"""JSON, JUnit and Markdown of `intsim compare`, read with parsers of their own, against the documentation and each other.

Usage: test_formats.py INTSIM MAKE_SCENE FOLDER_OF_THE_TEST_MODEL SOURCE_ROOT
"""
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import comparisons  # noqa: E402
from packs import Workshop  # noqa: E402

PROGRAMS, SOURCE = sys.argv[1:4], sys.argv[4]


def documented_tables():
    """The tables below "Report (JSON)": lists of (keys, value) in order."""
    with open(os.path.join(SOURCE, "docs", "formats", "compare.md"), encoding="utf-8") as file:
        section = file.read().split("\n## Report (JSON)\n")[1].split("\n## ")[0]
    tables = []
    for block in re.findall(r"(?:^\|.*\n)+", section, re.M):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()][2:]
        tables.append([(re.findall(r"`([^`]+)`", row[0]), row[1]) for row in rows])
    return tables


def parts_of(value):
    """Keys of an object as its row has them: "an object of `lsb`, `reason`"."""
    found = re.search(r"objects? of ([^;]*)", value)
    return re.findall(r"`([^`]+)`", found[1]) if found else None


def markdown_rows(text):
    """Cells of the table, without the escapes."""
    def plain(cell):
        cell = re.sub(r"\\([|`*_\[\]\\])", r"\1", cell.strip())
        return cell.replace("&lt;", "<").replace("&amp;", "&")
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return [[plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


class Formats(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.shop = Workshop(*PROGRAMS)
        cls.reports = comparisons.make(cls.shop)

    @classmethod
    def tearDownClass(cls):
        cls.shop.close()

    def each(self, check):
        for name, report in self.reports.items():
            with self.subTest(name):
                check(report)

    def test_keys_are_the_documented_ones(self):
        head, tensor_rows = documented_tables()
        hashed_row = next(value for keys, value in tensor_rows if "by_hash" in keys)
        first, last = re.search(r"keys from `(\w+)` to `(\w+)`", hashed_row).groups()
        keys = [key for names, _ in tensor_rows for key in names]
        by_hash = keys[:keys.index(first)] + keys[keys.index(last) + 1:]
        self.assertNotEqual(keys, by_hash)
        seen = set()
        for report in self.reports.values():
            self.check_object(report.json, head, [key for names, _ in head for key in names], seen)
            for tensor in report.json["tensors"]:
                self.check_object(tensor, tensor_rows, by_hash if tensor["by_hash"] else keys, seen)
        documented = {key for rows in (head, tensor_rows) for names, value in rows if parts_of(value) for key in names}
        self.assertEqual(seen, documented)  # each was there at least once

    def check_object(self, found, rows, keys, seen):
        self.assertEqual(list(found), keys)
        for names, value in rows:
            for name in names:
                inner = found.get(name)
                objects = inner if isinstance(inner, list) else [inner]
                for part in objects:
                    if isinstance(part, dict) and name != "tensors":
                        self.assertEqual(list(part), parts_of(value), name)
                        seen.add(name)

    def test_values_have_the_documented_types(self):
        self.each(self.check_values_have_the_documented_types)

    def check_values_have_the_documented_types(self, report):
        j = report.json
        self.assertEqual((j["schema"], j["version"], j["histogram_reach"]), ("intsim-comparison", 1, 8))
        self.assertEqual(j["verdict"], report.text.splitlines()[0])
        self.assertEqual(j["passed"], report.code == 0)
        self.assertIn(j["mode"], ("cumulative", "isolated"))
        for t in j["tensors"]:
            self.assertIn(t["status"], ("equal", "explained", "inherited", "tolerated", "failed"))
            self.assertEqual(t["passed"], t["status"] != "failed")
            channels, height, width = t["shape"]
            self.assertEqual(t["count"], channels * height * width)
            if t["by_hash"]:
                self.assertIn((t["mismatches"], t["ppm"]), ((0, 0), (None, None)))
                continue
            self.assertEqual(t["inherited"] + t["explained"] + t["unexplained"], t["mismatches"])
            self.assertEqual(len(t["histogram"]), 17)
            self.assertEqual(sum(t["histogram"]), t["count"])
            self.assertEqual(t["histogram"][8], t["count"] - t["mismatches"])
            self.assertEqual(sum(c["mismatches"] for c in t["causes"]), t["mismatches"] if t["causes"] else 0)

    def test_junit(self):
        self.each(self.check_junit)

    def check_junit(self, report):
        suite = ElementTree.parse(report.path("junit")).getroot()
        tensors, skipped = report.json["tensors"], report.json["skipped"]
        self.assertEqual(suite.tag, "testsuite")
        failing = [t["name"] for t in tensors if not t["passed"]]
        self.assertEqual({k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")},
                         {"tests": str(len(tensors) + len(skipped)), "failures": str(len(failing)), "errors": "0",
                          "skipped": str(len(skipped))})
        # Parsers normalise line ends in attributes; no name here has one.
        self.assertEqual([case.get("name") for case in suite], [t["name"] for t in tensors + skipped])
        self.assertEqual({case.get("classname") for case in suite}, {report.json["mode"]})
        self.assertEqual([case.get("name") for case in suite if case.find("failure") is not None], failing)
        self.assertEqual([(case.get("name"), case.find("skipped").get("message")) for case in suite
                          if case.find("skipped") is not None], [(s["name"], s["reason"]) for s in skipped])
        for case, tensor in zip(suite, tensors):
            if tensor["passed"]:
                continue
            message = "hashes differ" if tensor["by_hash"] else \
                f"{tensor['unexplained']} unexplained of {tensor['mismatches']} mismatches, max {tensor['max_lsb']} LSB"
            self.assertEqual(case.find("failure").get("message"), message)

    def test_markdown(self):
        self.each(self.check_markdown)

    def check_markdown(self, report):
        with open(report.path("md"), encoding="utf-8", newline="") as file:
            head, line, *rows = markdown_rows(file.read())
        self.assertEqual({len(row) for row in (head, line, *rows)}, {14})
        for row, t in zip(rows, report.json["tensors"], strict=True):
            cells = dict(zip(head, row))
            self.assertEqual((cells["layer"], cells["op"], cells["bits"]), (t["name"].replace("\n", " "), t["op"], str(t["bits"])))
            self.assertEqual(cells["mismatches"], "unequal" if t["mismatches"] is None else str(t["mismatches"]))
            if t["by_hash"]:
                self.assertEqual(cells["ppm"], "hash only")
                continue
            for column, key in (("max LSB", "max_lsb"), ("inherited", "inherited"), ("explained", "explained"),
                                ("unexplained", "unexplained")):
                self.assertEqual(cells[column], str(t[key]), column)
            self.assertNotIn("e+", cells["ppm"])

    def test_the_same_input_gives_the_same_bytes(self):
        again = self.shop.compare("again", "whole", "other", *self.shop.model)
        for kind in ("json", "md", "junit", "html"):
            with open(again.path(kind), "rb") as a, open(self.reports["network"].path(kind), "rb") as b:
                self.assertEqual(a.read(), b.read(), kind)


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False)
    sys.exit(0 if program.result.wasSuccessful() and program.result.testsRun > 0 else 1)
