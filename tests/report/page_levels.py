"""Codes made here, so that every number and every colour of the page is known without any report."""
import math

import reading
from page_case import PageCase, Shared

HEIGHT, WIDTH, CHANNELS = 64, 512, 32
PLANE = HEIGHT * WIDTH
COUNT = CHANNELS * PLANE
STEPS = (1, -1, 1, 2, -3, 9, 1, -12)  # LSB, in turn
START, STRIDE = 1000, 2  # first mismatch, and how far the next one is
# Mismatches of 1,048,576 codes, the level of their ppm, and what the cell says: both sides of each power of ten.
LAYERS = {"downCntx.conv1": (0, 0, "="), "downCntx.act1": (1, 1, "1.0"), "downCntx.conv2": (2, 2, "1.9"),
          "downCntx.act2": (10, 2, "9.5"), "downCntx.bn1": (11, 3, "10"), "downCntx.conv3": (104, 3, "99"),
          "downCntx.act3": (105, 4, "100"), "downCntx.bn2": (1048, 4, "999"), "module_add": (1049, 5, "1.0k"),
          "downCntx2.conv1": (10485, 5, "10k"), "downCntx2.act1": (10486, 6, "10k"), "downCntx2.conv2": (104857, 6, "100k"),
          "downCntx2.act2": (104858, 7, "100k"), "downCntx2.bn1": (500000, 7, "477k"), "downCntx2.conv3": (500, 4, "477")}
READ_RAMP = """return [...document.querySelectorAll('#legend .ramp span')].map(
    (s) => [s.textContent, getComputedStyle(s).backgroundColor, getComputedStyle(s).color])"""


def golden_codes():
    return bytes(100 + i % 23 for i in range(23)) * (COUNT // 23 + 1)


def positions(mismatches):
    return [(START + STRIDE * j, STEPS[j % len(STEPS)]) for j in range(mismatches)]


class Levels(PageCase):
    @classmethod
    def setUpClass(cls):
        golden = golden_codes()[:COUNT]
        actual = {}
        for name, (mismatches, _, _) in LAYERS.items():
            codes = bytearray(golden)
            for index, step in positions(mismatches):
                codes[index] += step
            actual[name] = bytes(codes)
        Shared.shop.convert("made-a", dict.fromkeys(LAYERS, golden), HEIGHT, WIDTH)
        pack = Shared.shop.convert("made-b", actual, HEIGHT, WIDTH)
        cls.grids = {name: (t["scale"], t["zero_point"]) for name, t in pack.tensors.items()}
        Shared.reports["made"] = Shared.shop.compare("made", "made-a", "made-b")
        cls.golden = golden

    def expected(self, name):
        """The numbers of a layer, from the codes alone."""
        changes, zero = positions(LAYERS[name][0]), self.grids[name][1]
        steps = [step for _, step in changes]
        channels = [index // PLANE for index, _ in changes]
        worst = max(sorted(set(channels)), key=channels.count, default=None)
        histogram = [0] * 17
        for step in steps:
            histogram[8 + max(-8, min(8, step))] += 1
        energy = sum(COUNT // 23 * (c - zero) ** 2 for c in self.golden[:23])
        energy += sum((c - zero) ** 2 for c in self.golden[:COUNT % 23])
        noise = sum(step * step for step in steps)
        product = energy + sum((self.golden[i] - zero) * step for i, step in changes)
        other = energy + sum((self.golden[i] + step - zero) ** 2 - (self.golden[i] - zero) ** 2 for i, step in changes)
        return {"mismatches": len(steps), "count": COUNT, "ppm": len(steps) / 1.048576, "histogram": histogram,
                "max_lsb": max(map(abs, steps), default=0), "mean_lsb": sum(steps) / COUNT,
                "mean_abs_lsb": sum(map(abs, steps)) / COUNT, "golden_saturated": 0, "actual_saturated": 0,
                "worst_channel": worst, "worst_channel_mismatches": channels.count(worst),
                "sqnr_db": 10 * math.log10(energy / noise) if noise else None,
                "cosine": product / math.sqrt(energy * other) if noise else 1.0}

    def test_numbers_of_made_codes(self):
        self.show("made")
        for index, (name, (mismatches, _, _)) in enumerate(LAYERS.items()):
            with self.subTest(name):
                expected = self.expected(name)
                self.browser.run(reading.CHOOSE, index)
                shown = self.browser.run(reading.READ_DETAIL)
                self.assertEqual(shown["name"], name)
                self.assertEqual(shown["numbers"], reading.numbers(expected))
                self.assertEqual([c[0] for c in shown["columns"]], [c[0] for c in reading.columns(expected, 8)])
                if mismatches:
                    first = self.golden[START]
                    self.assertEqual(shown["first"], [f"channel 0, row 1, column 488: golden {first}, actual {first + 1}"])
                    self.assertEqual(shown["key"], ["explained 0", "inherited 0", f"unexplained {mismatches:,}"])

    def test_histogram_of_one_layer(self):
        self.show("made", "#downCntx2.conv3")
        columns = [c[0] for c in self.browser.run(reading.READ_DETAIL)["columns"]]
        # 500 steps are 62 rounds of eight and the first four again.
        self.assertEqual(columns, ["≤−8: 62", "−3: 62", "−1: 63", "1: 188", "2: 63", "≥8: 62"])

    def test_a_colour_per_power_of_ten(self):
        self.show("made")
        seen = {}
        for scheme in ("light", "dark"):
            self.browser.scheme(scheme)
            ramp, cells = self.browser.run(READ_RAMP), self.browser.run(reading.READ_CELLS)
            self.assertEqual([text for text, _, _ in ramp],
                             ["equal", "< 1", "1–10", "10–100", "100–1k", "1k–10k", "10k–100k", "≥ 100k"])
            self.assertEqual(len({background for _, background, _ in ramp}), 8)
            for cell, (name, (mismatches, level, words)) in zip(cells, LAYERS.items(), strict=True):
                self.assertEqual((cell["what"], cell["ppm"]), (name.replace("module_", ".").split(".")[1], words))
                self.assertEqual([cell["background"], cell["colour"]], ramp[level][1:], name)
                self.assertGreaterEqual(reading.contrast(cell["background"], cell["colour"]), 4.5, name)  # WCAG 2, AA
                self.assertEqual(cell["badge"], "none" if not mismatches else '"1st"' if mismatches == 1 else '"✕"')
            plain, failed = cells[0]["border"], {cell["border"] for cell in cells[1:]}
            self.assertEqual(len(failed), 1)
            self.assertNotIn(plain, failed)
            seen[scheme] = [background for _, background, _ in ramp]
        for light, dark in zip(seen["light"], seen["dark"]):
            self.assertNotEqual(light, dark)

    def test_text_is_readable_in_both_schemes(self):
        for name in ("made", "equal"):
            self.show(name)
            for scheme in ("light", "dark"):
                self.browser.scheme(scheme)
                pairs = self.browser.run("""
                    const behind = (node) => {
                      const colour = getComputedStyle(node).backgroundColor;
                      return colour === 'rgba(0, 0, 0, 0)' ? behind(node.parentElement) : colour;
                    };
                    return ['.verdict', '.banner h1', '.tile b', '.tile span', '#detail h2', '#detail dt', '#detail dd', '.pill',
                            '#detail h3', '.block .label', '.block small', '#tensors th', '#tensors td', 'h2', '.tools .muted']
                        .flatMap((selector) => [...document.querySelectorAll(selector)].slice(0, 9).map(
                            (node) => [selector, getComputedStyle(node).color, behind(node)]));""")
                self.assertGreater(len(pairs), 25)
                for selector, colour, background in pairs:
                    self.assertGreaterEqual(reading.contrast(colour, background), 4.5, (scheme, selector))  # WCAG 2, AA
