"""What the page does when it is used, and what it never does."""
import html.parser
import re
import urllib.parse

import reading
from comparisons import HOSTILE
from page_case import PageCase, Shared
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CHOSEN = """return {name: document.querySelector('#detail h2').textContent, hash: location.hash.slice(1),
    pressed: [...document.querySelectorAll('.cell[aria-pressed=true]')].map((c) => Number(c.dataset.index)),
    tabs: [...document.querySelectorAll('.cell')].filter((c) => c.tabIndex === 0).map((c) => Number(c.dataset.index)),
    focus: Number(document.activeElement.dataset.index ?? -1),
    rows: [...document.querySelectorAll('#tensors tr.chosen')].map((r) => Number(r.dataset.index))}"""


class References(html.parser.HTMLParser):
    """Attributes that name something to load or to go to, and the elements with them."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "formaction", "data", "poster", "background", "xlink:href", "ping"):
                self.found.append((tag, name, value))


class Behaviour(PageCase):
    def chosen(self, report, index, focus=None):
        """The layer `index` is the chosen one everywhere."""
        shown = self.browser.run(CHOSEN)
        self.assertEqual(shown["name"], report.json["tensors"][index]["name"])
        self.assertEqual((shown["pressed"], shown["tabs"], shown["rows"]), ([index], [index], [index]))
        if focus is not None:
            self.assertEqual((shown["focus"], shown["hash"]), (index, urllib.parse.quote(shown["name"], safe="!~*'()")))

    def index(self, report, name):
        return next(i for i, t in enumerate(report.json["tensors"]) if t["name"] == name)

    def test_first_the_failing_layer_then_what_is_clicked(self):
        report = self.show("network")
        self.chosen(report, self.index(report, report.json["first_failing"]))
        for index in (0, 100, len(report.json["tensors"]) - 1):
            self.browser.driver.find_element(By.CSS_SELECTOR, f".cell[data-index='{index}']").click()
            self.chosen(report, index)
        self.chosen(self.show("equal"), 0)
        report = self.show("tolerated")
        self.chosen(report, self.index(report, report.json["first_divergent"]))

    def test_an_address_names_a_layer(self):
        report = self.show("network", "#upBlock2.conv1")
        self.chosen(report, self.index(report, "upBlock2.conv1"))
        failing = self.index(report, report.json["first_failing"])
        for damaged in ("#no.such", "#%E0%A4%A", "#"):
            self.chosen(self.show("network", damaged), failing)

    def test_keyboard(self):
        report = self.show("network")
        last = len(report.json["tensors"]) - 1
        press = lambda key: self.browser.driver.switch_to.active_element.send_keys(key)  # noqa: E731
        self.browser.driver.find_element(By.CSS_SELECTOR, ".cell[tabindex='0']").send_keys(Keys.HOME)
        self.chosen(report, 0, focus=True)
        for key, index in ((Keys.ARROW_LEFT, 0), (Keys.ARROW_UP, 0), (Keys.ARROW_RIGHT, 1), (Keys.ARROW_RIGHT, 2),
                           (Keys.ARROW_LEFT, 1), (Keys.END, last), (Keys.ARROW_RIGHT, last), (Keys.ARROW_DOWN, last)):
            press(key)
            self.chosen(report, index, focus=True)
        press(Keys.HOME)
        press(Keys.ARROW_RIGHT)
        press(Keys.ARROW_RIGHT)
        box = "const b = document.activeElement.getBoundingClientRect(); return [b.left, b.top + scrollY];"
        before = self.browser.run(box)
        press(Keys.ARROW_DOWN)
        self.chosen(report, self.index(report, "downCntx2.act1"), focus=True)
        after = self.browser.run(box)
        self.assertEqual(after[0], before[0])
        self.assertGreater(after[1], before[1])
        press(Keys.ARROW_UP)
        self.chosen(report, self.index(report, "downCntx.act1"), focus=True)

    def test_table_filters_and_chooses(self):
        report = self.show("network")
        driver, tensors = self.browser.driver, report.json["tensors"]
        listed = lambda: [r["layer"] for r in self.browser.run(reading.READ_ROWS) if not r["hidden"]]  # noqa: E731
        self.assertEqual(listed(), [t["name"] for t in tensors if t["mismatches"] != 0])
        driver.find_element(By.ID, "only-differing").click()
        self.assertEqual(listed(), [t["name"] for t in tensors])
        driver.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("AVG_POOL")
        self.assertEqual(listed(), [f"resBlock{i}.pool" for i in range(1, 5)])
        self.assertIn(f"4 rows of {len(tensors)}", self.browser.run("return document.getElementById('table-tools').innerText"))
        button = driver.find_element(By.CSS_SELECTOR, "#tensors tbody tr:not([hidden]) button")
        button.send_keys(Keys.ENTER)
        self.chosen(report, self.index(report, "resBlock1.pool"))

    def test_cells_follow_the_run_and_their_words(self):
        for name in ("network", "isolated", "hashes"):
            report = self.show(name)
            cells = self.browser.run(reading.READ_CELLS)
            self.assertEqual([c["index"] for c in cells], list(range(len(report.json["tensors"]))))
            for cell, tensor in zip(cells, report.json["tensors"]):
                self.assertIn(f"{tensor['name']}, {tensor['op']}: ", cell["words"])
                self.assertIn(tensor["status"], cell["classes"])
                self.assertEqual("first divergent layer" in cell["words"], tensor["name"] == report.json["first_divergent"])
                if tensor["mismatches"]:
                    self.assertIn(f", {tensor['mismatches']:,} mismatch", cell["words"])
        self.show("network")
        blocks = self.browser.run("return [...document.querySelectorAll('.block .label')].map((l) => l.firstChild.textContent)")
        self.assertEqual(blocks, ["input", "downCntx", "downCntx2", "downCntx3", *(f"resBlock{i}" for i in range(1, 6)),
                                  *(f"upBlock{i}" for i in range(1, 5)), "logits"])

    def test_nothing_sticks_out(self):
        for name in ("network", "isolated", "hashes", "hostile"):
            self.show(name)
            for width in (1280, 700, 400):
                self.browser.resize(width, 900)
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width, name)
        for width in (1280, 700):
            self.browser.resize(width, 900)
            self.show("network")
            cut = self.browser.run("""return [...document.querySelectorAll('.cell span')].filter(
                (s) => s.scrollWidth > s.clientWidth).map((s) => s.textContent)""")
            self.assertEqual(cut, [], width)

    def test_the_chosen_layer_is_in_sight(self):
        for width in (1280, 700):
            self.browser.resize(width, 900)
            self.show("network")
            for index in (3, 120):
                cell = self.browser.driver.find_element(By.CSS_SELECTOR, f".cell[data-index='{index}']")
                self.browser.run("arguments[0].scrollIntoView({block: 'nearest'})", cell)
                cell.click()
                top = self.browser.run("return document.querySelector('#detail h2').getBoundingClientRect().top")
                self.assertTrue(0 <= top < 880, (width, index, top))

    def test_the_layer_in_focus_is_not_covered(self):
        self.browser.resize(700, 900)
        report = self.show("network")
        self.browser.driver.find_element(By.CSS_SELECTOR, ".cell[tabindex='0']").send_keys(Keys.HOME)
        for step in range(40):
            self.browser.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
            seen = self.browser.run("""const box = document.activeElement.getBoundingClientRect();
                const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
                return document.activeElement.contains(top);""")
            self.assertTrue(seen, step)
        self.chosen(report, self.index(report, "logits"), focus=True)

    def test_enlarged_pictures(self):
        self.show("network")
        size = "return [...document.querySelectorAll('figure img')].map((i) => i.clientHeight)"
        before = self.browser.run(size)
        button = self.browser.driver.find_element(By.CSS_SELECTOR, "#picture-tools button")
        button.click()
        self.assertTrue(all(b > a for a, b in zip(before, self.browser.run(size))))
        self.assertEqual(button.get_attribute("aria-pressed"), "true")
        button.click()
        self.assertEqual(self.browser.run(size), before)

    def test_hostile_names_stay_text(self):
        plain, report = Shared.reports["network"], self.show("hostile")
        for name in HOSTILE:
            index = self.index(report, name)
            self.browser.run(reading.CHOOSE, index)
            self.chosen(report, index)
            self.assertEqual(self.browser.run(reading.READ_DETAIL)["name"], name)
        self.assertIn(HOSTILE[0], report.json["verdict"] + report.json["first_divergent"] + str(report.json["tensors"]))
        tags = "return [...document.querySelectorAll('*')].map((n) => n.localName).filter((n) => ['script', 'img'].includes(n))"
        found = self.browser.run(tags)
        self.assertEqual((found.count("script"), found.count("img")), (3, 4))
        self.assertEqual(self.browser.run("return [typeof window.hacked, document.querySelectorAll('#detail b, td b').length]"),
                         ["undefined", 1])  # the one of the first mismatch
        self.assertEqual(len(plain.json["tensors"]), len(report.json["tensors"]))
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('#tensors tbody tr')].length"),
                         len(plain.json["tensors"]))

    def test_the_file_refers_to_nothing(self):
        for name, report in Shared.reports.items():
            with open(report.path("html"), encoding="utf-8") as file:
                text = file.read()
            parser = References()
            parser.feed(text)
            for tag, attribute, value in parser.found:
                self.assertTrue(value.startswith("data:"), (name, tag, attribute, value))
            self.assertEqual(parser.tags.count("script"), 3)
            self.assertFalse({"iframe", "object", "embed", "base", "form"} & set(parser.tags))
            code = re.sub(r"<script type=\"application/json\".*?</script>", "", text, flags=re.S)
            code = code.replace("http://www.w3.org/2000/svg", "")  # a name of elements, never loaded
            for word in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "EventSource",
                         "sendBeacon", "import(", "localStorage", "eval("):
                self.assertNotIn(word, code, name)
            self.assertIn("content=\"default-src 'none'; img-src data:;", text)

    def test_the_browser_loads_nothing_else(self):
        for name, report in Shared.reports.items():
            self.show(name)
            self.browser.wait("await new Promise((done) => setTimeout(done, 100));")
            asked = self.browser.requests()
            self.assertIn(report.url, asked)
            self.assertEqual([u for u in asked if u != report.url and not u.startswith("data:image/png;base64,")], [], name)
            loaded = self.browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
            self.assertEqual([u for u in loaded if not u.startswith("data:")], [], name)
            self.assertEqual(self.browser.console(), [], name)
