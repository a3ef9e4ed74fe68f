"""The pictures of the page, decoded here, against the codes of the packs."""
import base64
import collections

import packs
import reading
from page_case import PageCase, Shared
from png import decode_png

BLACK = (0, 0, 0)
HEIGHT, WIDTH = 16, 64
READ_MARKS = """
await new Promise((done) => setTimeout(done, 50));
const image = document.querySelector('#picture-flips img'), canvas = document.querySelector('#picture-flips canvas');
const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
copy.drawImage(canvas, 0, 0);
const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
const pixels = [];
for (let row = 0; row < 16; ++row)
  for (let column = 0; column < 64; ++column) {
    const x = Math.floor((column + 0.5) * canvas.width / 64), y = Math.floor((row + 0.5) * canvas.height / 16);
    pixels.push([...data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4)]);
  }
return {size: [canvas.width, canvas.height], image: [image.clientWidth, image.clientHeight], pixels};"""
READ_TABLES = """return [...document.querySelectorAll('#labels table')].map((table) =>
    [...table.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)));"""


def rows_of(colours):
    return [colours[row * WIDTH:(row + 1) * WIDTH] for row in range(HEIGHT)]


def dimmed(colour):
    return tuple(part // 5 for part in colour)


class Pictures(PageCase):
    @classmethod
    def setUpClass(cls):
        golden, actual = (packs.Pack(Shared.shop.path(name)) for name in ("whole", "other"))
        cls.ranges, cls.golden, cls.actual = golden.ranges(), golden.classes(), actual.classes()
        cls.points = [i for i, metres in enumerate(cls.ranges) if metres is not None]

    def shown(self):
        """{id: rows of pixels} of the page that is open."""
        found = self.browser.run("""return [...document.querySelectorAll('figure')].map(
            (f) => [f.id, f.querySelector('img').src]);""")
        start = "data:image/png;base64,"
        for _, source in found:
            self.assertEqual(source[:len(start)], start)
        return {name: decode_png(base64.b64decode(source[len(start):], validate=True)) for name, source in found}

    def classes(self, classes, empty):
        return rows_of([packs.CLASS_COLOURS[c] if not empty or self.ranges[i] is not None else BLACK
                        for i, c in enumerate(classes)])

    def changed(self, empty):
        colours = []
        for i, (before, after) in enumerate(zip(self.golden, self.actual)):
            colour = packs.CLASS_COLOURS[after]
            kept = BLACK if empty and self.ranges[i] is None else colour if before != after else dimmed(colour)
            colours.append(kept)
        return rows_of(colours)

    def range_rows(self):
        return rows_of([BLACK if metres is None else packs.range_colour(metres) for metres in self.ranges])

    def test_the_scene_has_points_gaps_and_changes(self):
        self.assertTrue(100 < len(self.points) < HEIGHT * WIDTH)
        flips = {(a, b) for a, b in zip(self.golden, self.actual) if a != b}
        self.assertGreater(len(flips), 5)
        self.assertGreater(len({packs.range_colour(self.ranges[i]) for i in self.points}), 50)

    def test_four_pictures(self):
        self.show("network")
        shown = self.shown()
        self.assertEqual(list(shown), ["picture-range", "picture-golden", "picture-actual", "picture-flips"])
        self.assertEqual(shown["picture-range"], self.range_rows())
        self.assertEqual(shown["picture-golden"], self.classes(self.golden, True))
        self.assertEqual(shown["picture-actual"], self.classes(self.actual, True))
        self.assertEqual(shown["picture-flips"], self.changed(True))
        visible = self.browser.run("return [...document.querySelectorAll('figure img')].map((i) => i.complete && i.clientHeight)")
        self.assertTrue(all(height >= 64 for height in visible), visible)

    def test_isolated_pictures_show_the_golden(self):
        self.show("isolated")
        shown = self.shown()
        self.assertEqual(len(shown), 4)
        self.assertEqual(shown["picture-range"], self.range_rows())
        self.assertEqual(shown["picture-golden"], self.classes(self.golden, True))

    def test_without_input(self):
        self.show("labels")
        self.assertEqual(self.shown(), {"picture-golden": self.classes(self.golden, False),
                                        "picture-actual": self.classes(self.actual, False),
                                        "picture-flips": self.changed(False)})
        self.assertIn("points and empty pixels are not told apart", self.browser.run("return document.body.innerText"))

    def test_without_logits(self):
        self.show("input")
        self.assertEqual(self.shown(), {"picture-range": self.range_rows()})
        self.assertEqual(self.browser.run(READ_TABLES), [])
        self.assertNotIn("labels change", self.browser.run("return document.body.innerText"))

    def test_without_both(self):
        self.show("hashes")
        self.assertEqual(self.shown(), {})
        self.assertTrue(self.browser.run("return document.getElementById('pictures').hidden"))

    def test_tables_of_classes_and_changes(self):
        for name, counted in (("network", self.points), ("labels", range(HEIGHT * WIDTH))):
            self.show(name)
            classes, flips = self.browser.run(READ_TABLES)
            before, after = (collections.Counter(side[i] for i in counted) for side in (self.golden, self.actual))
            present = [c for c in range(20) if before[c] or after[c]]
            self.assertEqual(classes, [[packs.CLASS_NAMES[c], reading.count(before[c]), reading.count(after[c]),
                                        reading.signed(after[c] - before[c])] for c in present])
            changes = collections.Counter((self.golden[i], self.actual[i]) for i in counted if self.golden[i] != self.actual[i])
            ordered = sorted(changes.items(), key=lambda item: (-item[1], item[0]))[:20]
            self.assertEqual(flips, [[packs.CLASS_NAMES[a], packs.CLASS_NAMES[b], reading.count(n)] for (a, b), n in ordered])
            total = sum(changes.values())
            tile = self.browser.run("return [...document.querySelectorAll('.tile')].at(-1).innerText").splitlines()
            self.assertEqual(tile[:2], [reading.count(total), "labels change"])
            self.assertIn(f"of {len(counted):,} points", tile[2])
            unseen = sum(a != b for a, b in zip(self.golden, self.actual)) - total
            words = self.browser.run("return document.getElementById('labels').innerText")
            self.assertEqual(f"{unseen} empty pixel" in words, unseen > 0)

    def test_swatches_have_the_colours_of_the_classes(self):
        self.show("network")
        shown = self.browser.run("""return [...document.querySelectorAll('#labels table')][0].querySelectorAll('tbody tr').values()
            .map((row) => [row.innerText.split('\\t')[0].trim(), getComputedStyle(row.querySelector('.swatch')).backgroundColor])
            .toArray();""")
        self.assertGreater(len(shown), 5)
        for name, colour in shown:
            self.assertEqual(colour, "rgb({}, {}, {})".format(*packs.CLASS_COLOURS[packs.CLASS_NAMES.index(name)]))

    def test_changed_points_are_marked(self):
        self.show("network")
        for width in (1280, 700):
            self.browser.resize(width, 900)
            marks = self.browser.wait(READ_MARKS)
            self.assertEqual(marks["size"], marks["image"])
            expected = []
            for i, (before, after) in enumerate(zip(self.golden, self.actual)):
                marked = self.ranges[i] is not None and before != after
                expected.append([*packs.CLASS_COLOURS[after], 255] if marked else [0, 0, 0, 0])
            self.assertEqual(marks["pixels"], expected)
