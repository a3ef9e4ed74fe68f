"""Tests of the built `intsim`: run_tests.py INTSIM MAKE_SCENE FOLDER_OF_THE_TEST_MODEL [unittest arguments]."""
import os
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support import Fixture  # noqa: E402

MODULES = ["test_evaluate", "test_commands", "test_explain", "test_explain_targets", "test_accumulators", "test_bad_data",
           "test_bad_model", "test_usage", "test_writes", "test_render", "test_hvx", "test_vectors",
           "test_compare", "test_compare_files", "test_convert_dump", "test_predictions", "test_interrupted_dumps"]

if __name__ == "__main__":
    Fixture.prepare(*sys.argv[1:4])
    try:
        loader = unittest.defaultTestLoader
        names = sys.argv[4:] or MODULES
        result = unittest.TextTestRunner(verbosity=2).run(loader.loadTestsFromNames(names))
        for test, reason in result.skipped:
            print("SKIPPED:", test, reason)
        sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
    finally:
        shutil.rmtree(Fixture.root)
