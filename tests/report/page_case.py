"""The comparisons that the tests of the page look at, made once, and one browser for all of them."""
import unittest

import comparisons
from browser import Browser
from packs import Workshop


class Shared:
    shop = browser = None
    reports = {}


def prepare(intsim, make_scene, parts):
    Shared.shop = Workshop(intsim, make_scene, parts)
    Shared.reports = comparisons.make(Shared.shop)
    Shared.browser = Browser()


def close():
    if Shared.browser:
        Shared.browser.close()
    Shared.shop.close()


class PageCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.browser = Shared.browser
        self.browser.scheme("light")
        self.browser.resize(1280, 900)

    def show(self, name, hash_part=""):
        report = Shared.reports[name]
        self.browser.open(report.url + hash_part)
        return report

    def tearDown(self):
        """Whatever a test did: nothing was asked of the network, and nothing complained."""
        self.assertEqual(self.browser.console(), [])
        foreign = [url for url in self.browser.requests() if not url.startswith(("data:", "file://" + Shared.shop.folder))]
        self.assertEqual(foreign, [])
