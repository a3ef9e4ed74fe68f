#!/usr/bin/env python3
"""Plants one mistake at a time in a copy of the sources and shows that a test turns red.

usage: run.py SOURCE_ROOT WORK_FOLDER [NAME...]

The copy is built once; each mistake rebuilds the tests named beside it, expects at least one failure, and is taken back.
Changes that are proven to be none (EQUIVALENT) must leave every test green. Prints one line per mistake; exit 1 when one
survives or a text no longer occurs exactly once in its file.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from comparison_mistakes import PAGE_MISTAKES  # noqa: E402
from mistakes import EQUIVALENT, HVX_MISTAKES, MISTAKES  # noqa: E402

OPTIONS = ["-Dtorch=disabled", "-Dbench=disabled", "--buildtype=plain", "-Dcpp_args=-O1"]


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Build:
    """A copy of the sources with its build folder, and what each test needs built."""

    def __init__(self, root, work):
        self.source, self.folder, self.work = work / "source", work / "build", work
        if self.source.exists():
            shutil.rmtree(self.source)
        # Not with the old times: objects of a planted mistake in a kept build folder would seem up to date.
        shutil.copytree(root, self.source, copy_function=shutil.copy,
                        ignore=shutil.ignore_patterns(".git", "build*", "out"))
        if not (self.folder / "build.ninja").exists():
            if shutil.which("ccache"):
                os.environ.setdefault("CXX", "ccache c++")
            self.check(run(["meson", "setup", str(self.folder), str(self.source), *OPTIONS], work))
        self.check(run(["ninja", "-C", str(self.folder)], work))
        self.needs = self.tests_and_targets()

    @staticmethod
    def check(result):
        if result.returncode != 0:
            sys.exit(result.stdout[-4000:])

    def introspect(self, what):
        return json.loads(run(["meson", "introspect", what, str(self.folder)], self.work).stdout)

    def tests_and_targets(self):
        files = {t["id"]: [os.path.relpath(f, self.folder) for f in t["filename"]] for t in self.introspect("--targets")}
        return {t["name"]: [f for d in t["depends"] for f in files.get(d, [])] for t in self.introspect("--tests")}

    def try_change(self, mistake):
        """"red", "green", or why nothing could be said."""
        _, file, old, new, tests = mistake
        path = self.source / file
        text = path.read_text()
        if text.count(old) != 1:
            return f"its text occurs {text.count(old)} times in {file}"
        unknown = [t for t in tests if t not in self.needs]
        if unknown:
            return f"no test is named {', '.join(unknown)}"
        path.write_text(text.replace(old, new))
        try:
            targets = sorted({f for t in tests for f in self.needs[t]})
            if run(["ninja", "-C", str(self.folder), *targets], self.work).returncode != 0:
                return "does not compile"
            return self.colour(tests)
        finally:
            path.write_text(text)

    def colour(self, tests):
        """"red" when a test fails, "green" when all pass; a test that is skipped or runs out of time says nothing."""
        run(["meson", "test", "-C", str(self.folder), "--no-rebuild", *tests], self.work)
        log = (self.folder / "meson-logs" / "testlog.json").read_text().splitlines()
        results = {r["name"].split(" / ")[-1]: r["result"] for r in map(json.loads, log)}
        if any(r in ("FAIL", "ERROR") for r in results.values()):
            return "red"
        if len(results) == len(set(tests)) and set(results.values()) == {"OK"}:
            return "green"
        return ", ".join(f"{n}: {r}" for n, r in results.items()) or "no test ran"


def has_browser():
    """What tests/report/test_page.py needs."""
    pythons = [p for p in ("python3", "/usr/bin/python3") if shutil.which(p)]
    return all(map(shutil.which, ("chromium", "chromedriver"))) and any(
        run([p, "-c", "import selenium"], None).returncode == 0 for p in pythons)


def main():
    root, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    chosen = sys.argv[3:]
    build = Build(root, work)
    mistakes = [(m, "red") for m in MISTAKES] + [(m, "green") for m in EQUIVALENT]
    if shutil.which("qemu-hexagon") and (build.folder / "tools" / "hvx" / "network.elf").exists():
        mistakes += [(m, "red") for m in HVX_MISTAKES]
    else:
        print("SKIPPED: mistakes in the HVX code: qemu-user, clang-16 or lld-16 is missing")
    if has_browser():
        mistakes += [(m, "red") for m in PAGE_MISTAKES]
    else:
        print("SKIPPED: mistakes on the page of a comparison: chromium, chromium-driver or python3-selenium is missing")
    mistakes = [m for m in mistakes if not chosen or any(c in m[0][0] for c in chosen)]
    before = build.colour(sorted({t for m, _ in mistakes for t in m[4]}))
    if before != "green":
        sys.exit(f"without any mistake the tests are not green: {before}")
    killed, equal, bad = 0, 0, []
    for mistake, expected in mistakes:
        name, tests = mistake[0], ", ".join(mistake[4])
        result = build.try_change(mistake)
        if result == expected:
            killed, equal = killed + (expected == "red"), equal + (expected == "green")
            print(f"{'red' if expected == 'red' else 'equivalent'}: {name} ({tests})", flush=True)
        else:
            bad.append(f"{name}: {result}, expected {expected}")
            print(f"WRONG: {bad[-1]} ({tests})", flush=True)
    run(["ninja", "-C", str(build.folder)], work)
    print(f"{killed} mistakes turned a test red, {equal} equivalent changes stayed green, {len(bad)} wrong")
    for line in bad:
        print("  " + line)
    return 1 if bad or killed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
