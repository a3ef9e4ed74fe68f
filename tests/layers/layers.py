"""Checks that includes go one way between the modules, and that code files stay short.

Usage: python3 layers.py SOURCE_ROOT

Prints `file:line: reason` for each violation and exits 1 when there is one, or when there was nothing to check.
"""

import re
import sys
from pathlib import Path

MAX_LINES = 400

# What a module of src may include besides itself and include/intsim.
ALLOWED = {
    'io': set(),
    'tensor': {'io'},
    'numerics': {'io', 'tensor'},
    'graph': {'io', 'tensor', 'numerics'},
    'import': {'io', 'tensor', 'numerics', 'graph'},
    'kernels': {'io', 'tensor', 'numerics', 'graph'},
    'engine': {'io', 'tensor', 'numerics', 'graph', 'import', 'kernels'},
    'lidar': {'io', 'numerics'},
    'evaluate': {'io', 'numerics'},
    'golden': {'io', 'tensor'},
    'compare': {'io', 'tensor', 'numerics', 'graph', 'import', 'kernels', 'engine', 'evaluate', 'golden', 'oracle', 'render'},
    'hvx': {'io', 'tensor', 'numerics', 'graph', 'import', 'kernels', 'engine'},
    'render': {'io'},
    'oracle': set(),  # for the command line tool; its own includes are checked apart
    'vectors': {'io', 'tensor', 'numerics', 'graph', 'kernels', 'engine'},
}
ALLOWED['cli'] = set(ALLOWED)

SOURCES = ('.cc', '.h', '.def')
CODE = SOURCES + ('.py', '.sh')
INCLUDE = re.compile(r'\s*#\s*(?:include|define\s+HWY_TARGET_INCLUDE)\s*([<"])([^>"]+)[>"]')


def files_under(folder, suffixes):
    return sorted(p for p in folder.rglob('*') if p.suffix in suffixes and p.is_file())


def includes(path):
    """(line number, quote, included path) of a file."""
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def check_module(module, path):
    """Reasons against the includes of a file of src/<module>."""
    for number, quote, target in includes(path):
        top = target.split('/')[0]
        if top in ('torch', 'ATen', 'c10'):
            yield number, f'{module} must not include LibTorch ({target})'
        elif top in ALLOWED and top != module and top not in ALLOWED[module]:
            yield number, f'{module} must not include {top} ({target})'
        elif quote == '"' and top not in ALLOWED and top != 'intsim':
            yield number, f'name the module: "module/file.h", not "{target}"'


def check_public(path):
    for number, quote, target in includes(path):
        if quote == '"' and not target.startswith('intsim/') or target.split('/')[0] in ALLOWED:
            yield number, f'a public header must include intsim/ and system headers alone ({target})'


def check_oracle(path):
    for number, _, target in includes(path):
        if '/' in target and (target.split('/')[0] in ALLOWED or 'intsim' in target or target.startswith('..')):
            yield number, f'the oracle must include nothing of the engine ({target})'


def check_tree(root):
    """All violations as 'file:line: reason', and the number of files that were looked at."""
    found, files = [], 0

    def add(path, reasons):
        found.extend(f'{path.relative_to(root)}:{number}: {reason}' for number, reason in reasons)

    for path in files_under(root / 'src', SOURCES):
        module = path.relative_to(root / 'src').parts[0]
        if module == 'oracle':
            add(path, check_oracle(path))
            continue
        add(path, check_module(module, path) if module in ALLOWED else [(1, f"'{module}' is no known module")])
    for path in files_under(root / 'include', SOURCES):
        add(path, check_public(path))
    for name in ('oracle', 'projection_oracle'):
        for path in files_under(root / 'tests' / name, SOURCES):
            if (name, path.name) != ('projection_oracle', 'oracle_test.cc'):  # compares both sides
                add(path, check_oracle(path))
    for folder in ('src', 'include', 'tools', 'tests', 'bench'):
        for path in files_under(root / folder, CODE):
            files += 1
            lines = len(path.read_text(encoding='utf-8').splitlines())
            if lines > MAX_LINES:
                add(path, [(lines, f'{lines} lines; the limit is {MAX_LINES}')])
    return found, files


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    found, files = check_tree(Path(arguments[0]))
    print('\n'.join(found + [f'{files} files, {len(found)} violations']))
    return 1 if found or files == 0 else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
