"""Sums up the last `meson test` of a build folder; the last line reads `N passed, N failed, N skipped`.

Usage: python3 tools/test_summary.py BUILD_FOLDER

Names every failed test with the command that repeats it, and every reason to skip that a test printed. Exit code 1
when a test failed or none ran.
"""

import json
import sys
from pathlib import Path

PASSED = ('OK', 'EXPECTEDFAIL')


def read_results(build):
    """All results in the JSON logs, one dictionary per test."""
    results = []
    for log in sorted((build / 'meson-logs').glob('testlog*.json')):
        results += [json.loads(line) for line in log.read_text().splitlines() if line.strip()]
    return results


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    build = Path(arguments[0])
    results = read_results(build)
    passed = [r for r in results if r['result'] in PASSED]
    skipped = [r for r in results if r['result'] == 'SKIP']
    failed = [r for r in results if r['result'] not in PASSED + ('SKIP',)]
    for r in failed:
        name = r['name'].split(' / ')[-1]
        print(f"{r['result']}: {name}; repeat with: meson test -C {build} --verbose {name.split(':')[-1]}")
    for r in passed + skipped:
        for line in (r.get('stdout') or '').splitlines():
            if line.startswith('SKIPPED'):
                print(f"{r['name']}: {line}")
    if not passed and not failed:
        print('no test ran, which is a failure too')
    print(f'{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped')
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
