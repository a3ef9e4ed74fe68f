"""The page of `intsim compare --html` in headless Chromium, against the JSON report of the same comparison and the packs.

Usage: test_page.py INTSIM MAKE_SCENE FOLDER_OF_THE_TEST_MODEL [unittest arguments]

Needs chromium, chromium-driver and python3-selenium (Debian's names); exit code 77 without them.
"""
import os
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "cli")]

try:
    import selenium  # noqa: F401
except ImportError:
    # Debian's python3 has Debian's selenium; another python3 may come first on the path.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("SKIPPED: python3 has no selenium")
    sys.exit(77)

import browser  # noqa: E402
import page_case  # noqa: E402

MODULES = ["page_numbers", "page_pictures", "page_behaviour", "page_levels"]

if __name__ == "__main__":
    if browser.missing():
        print("SKIPPED: the page is not looked at:", ", ".join(browser.missing()), "is missing")
        sys.exit(77)
    page_case.prepare(*sys.argv[1:4])
    try:
        tests = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[4:] or MODULES)
        result = unittest.TextTestRunner(verbosity=2).run(tests)
        sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
    finally:
        page_case.close()
