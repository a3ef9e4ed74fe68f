"""Checks that the kernels hold the instructions they stand for: test_disassembly.py FOLDER_OF_THE_PROGRAMS.

Needs llvm-objdump (Debian package llvm-16); exit code 77 without it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

# object, function, pattern, least number of matches; 128 bytes are four vectors of words, LeakyReLU has two branches
EXPECTED = [
    ('conv', 'accumulate_1', r'v\d+\.w \+= vrmpy\(v\d+\.ub,r\d+\.b\)', 8),
    ('conv', 'accumulate_2', r'v\d+\.w \+= vrmpy\(v\d+\.ub,r\d+\.b\)', 16),
    ('conv', 'accumulate_2', r'vmemu\(', 2),
    ('conv', None, r'vmpyo\(v\d+\.w,v\d+\.h\):<<1:rnd:sat:shift', 1),
    ('conv', None, r'= vmpye\(v\d+\.w,v\d+\.uh\)', 1),
    ('conv', None, r'v\d+\.ub = vsat\(v\d+\.h,v\d+\.h\)', 1),
    ('leaky_relu', None, r'vmpyo\(v\d+\.w,v\d+\.h\):<<1:rnd:sat:shift', 8),
    ('leaky_relu', None, r'v\d+:\d+ \+= vmpyo\(v\d+\.w,v\d+\.h\)', 8),
    ('batch_norm', None, r'v\d+:\d+\.w = vmpy\(v\d+\.h,v\d+\.h\)', 1),
    ('batch_norm', None, r'vmpyo\(v\d+\.w,v\d+\.h\):<<1:rnd:sat:shift', 4),
    ('add', None, r'v\d+:\d+\.uw \+= vmpy\(v\d+\.uh,v\d+\.uh\)', 1),
    ('add', None, r'v\d+\.ub = vasr\(v\d+\.h,v\d+\.h,r\d+\):rnd:sat', 1),
    ('concat', None, r'v\d+\.ub = vasr\(v\d+\.h,v\d+\.h,r\d+\):rnd:sat', 1),
    ('pixel_shuffle', None, r'vshuff\(v\d+,v\d+,r\d+\)', 1),
    ('avg_pool', None, r'vdeal\(v\d+,v\d+,r\d+\)', 1),
    ('avg_pool', None, r'vmpyo\(v\d+\.w,v\d+\.h\):<<1:rnd:sat:shift', 4),
    ('argmax', None, r'vcmp\.gt\(v\d+\.w,v\d+\.w\)', 1),
]

# Scalar loads and stores of 8 or 16 bits, and scalar long products, that parameters need. Codes have none: a loop over
# single codes adds a load and a store.
SCALAR = {'conv': (8, 6), 'leaky_relu': (0, 0), 'batch_norm': (6, 2), 'add': (1, 0), 'concat': (4, 0),
          'pixel_shuffle': (4, 0), 'avg_pool': (0, 0), 'argmax': (2, 0)}


def find_tool():
    for name in ('llvm-objdump-16', 'llvm-objdump-19', 'llvm-objdump-15', 'llvm-objdump-14', 'llvm-objdump'):
        if shutil.which(name):
            return name
    return None


def functions(tool, path):
    """Text of each function of an object file."""
    text = subprocess.run([tool, '-d', '--no-show-raw-insn', '--mattr=+hvxv66,+hvx-length128b', str(path)], check=True,
                          capture_output=True, text=True).stdout
    parts = re.split(r'^[0-9a-f]+ <([^>]+)>:$', text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def main(arguments):
    folder, tool = Path(arguments[0]), find_tool()
    if tool is None or not (folder / 'conv.o').exists():
        print('SKIPPED: llvm-objdump or the Hexagon objects are missing: they need llvm-16, clang-16 and lld-16')
        return 77
    failed, cache = 0, {}
    for name, function, pattern, least in EXPECTED:
        code = cache.setdefault(name, functions(tool, folder / (name + '.o')))
        text = '\n'.join(code.values()) if function is None else code.get(function, '')
        count = len(re.findall(pattern, text))
        failed += count < least
        print(f"{'ok ' if count >= least else 'BAD'} {name}{'' if function is None else '/' + function}: "
              f'{count} of {pattern}, at least {least}')
    for name, most in SCALAR.items():
        text = '\n'.join(cache[name].values())
        counts = len(re.findall(r'\bmemu?[bh]\(', text)), len(re.findall(r'\bmpyu?\(r', text))
        good = all(count <= limit for count, limit in zip(counts, most))
        failed += not good
        print(f"{'ok ' if good else 'BAD'} {name}: {counts[0]} scalar loads and stores of codes' width, at most {most[0]}; "
              f'{counts[1]} scalar long products, at most {most[1]}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
