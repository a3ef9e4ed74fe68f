"""Builds the network with several compilers and runs it on several processors: the same bytes everywhere.

Usage: python3 run.py SOURCE_ROOT WORK_FOLDER [BUILD...] [--record]

Builds tests/portability/hashes.cc and the sources it needs, runs it, and compares every digest with
golden/portability.txt. Without BUILD all builds are taken. A missing compiler or emulator is a line `SKIPPED: ...`.
Exit code 0: all runs equal; 1: not; 2: usage; 77: nothing could run.

--record writes golden/portability.txt from these runs, if at least two runs agree and none differs. It is for a new
profile or numerics revision only.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED = 77
SOURCES = [f'src/{folder}/*.cc' for folder in
           ('io', 'tensor', 'numerics', 'graph', 'import', 'kernels', 'kernels/simd', 'engine', 'lidar')]
SOURCES += [f'src/vectors/{name}.cc' for name in ('columns', 'evaluate', 'generate')]
SOURCES += [f'tools/test_model/{name}.cc' for name in ('layers', 'model', 'scene', 'shapes', 'weights')]
SOURCES += ['tests/portability/hashes.cc']
# As in meson.build.
FLAGS = ['-std=c++20', '-w', '-ffp-contract=off', '-fno-fast-math', '-DHWY_WANT_AVX3_DL']
NO_SVE = '-DHWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)'

GCC, CLANG, CROSS = ('g++',), ('clang++-14', 'clang++-16', 'clang++'), ('aarch64-linux-gnu-g++',)
NATIVE = ('this machine', [], None)
OLD = [('Conroe', ['qemu-x86_64', '-cpu', 'Conroe'], 'SSSE3'), ('Haswell', ['qemu-x86_64', '-cpu', 'Haswell'], 'AVX2')]
# name: compilers (the first that is there), flags, runs: (processor, command, best SIMD target if it is known).
# qemu 7.2 takes the gather index ymm4 for no index, so what it runs is compiled without that register.
# Variables without a value hold a pattern in clang-O0; MALLOC_PERTURB_ gives each build other bytes in fresh memory.
BUILDS = {
    'gcc-O0': (GCC, ['-O0'], [NATIVE]),
    'gcc-O3': (GCC, ['-O3'], [NATIVE]),
    'clang-O0': (CLANG, ['-O0', '-ftrivial-auto-var-init=pattern'], [NATIVE]),
    'clang-O3': (CLANG, ['-O3'], [NATIVE]),
    'sanitizers': (GCC, ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'], [NATIVE]),
    'old-x86': (GCC, ['-O2', '-ffixed-xmm4'], OLD),
    'aarch64': (CROSS, ['-O3', NO_SVE], [('aarch64', ['qemu-aarch64'], 'NEON')]),
}


class Failure(Exception):
    """What a person needs to read; the test is red."""


def call(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failure(f'exit code {done.returncode}: {" ".join(command)}\n{done.stderr[-6000:]}')
    return done.stdout


def find_compiler(candidates):
    """Path of the first compiler that is there with its Highway, or the reason why none is."""
    compiler = next(filter(None, map(shutil.which, candidates)), None)
    if compiler is None:
        return None, f'{" or ".join(candidates)} is missing'
    for library in ('libhwy.so', 'libxxhash.so'):
        if not Path(call([compiler, f'-print-file-name={library}']).strip()).is_absolute():
            return None, f'{compiler} finds no {library} of its architecture'
    return compiler, ''


def compile_program(root, folder, compiler, flags):
    folder.mkdir(parents=True, exist_ok=True)
    sources = [path for pattern in SOURCES for path in sorted(root.glob(pattern))]
    includes = [f'-I{root / name}' for name in ('include', 'src', 'tools')]
    cache = [shutil.which('ccache')] if shutil.which('ccache') else []

    def compile_one(source):
        target = folder / (str(source.relative_to(root)).replace('/', '_') + '.o')
        call([*cache, compiler, *FLAGS, *flags, *includes, '-c', str(source), '-o', str(target)])
        return str(target)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, sources))
    program = folder / 'hashes'
    call([compiler, *flags, *objects, '-o', str(program), '-lhwy', '-lxxhash', '-lpthread'])
    return program


def parse(text):
    """Hashes by key: `REVISION NAME` of files, image and test vectors, `REVISION CONFIG PROFILE` of digests; and the runs."""
    hashes, runs, revision = {}, [], '?'
    for line in text.splitlines():
        kind, *words = line.split()
        if kind == 'revision':
            revision = words[0]
        elif kind in ('file', 'image', 'vectors', 'digest'):
            hashes[' '.join([revision, *(words[:-1] or ['image'])])] = words[-1]
        elif kind == 'run':
            runs.append((' '.join([revision, *words[:2]]), words[2], words[3]))
    return hashes, runs


def read_golden(path):
    lines = path.read_text(encoding='utf-8').splitlines() if path.exists() else []
    return dict(line.rsplit(' ', 1) for line in lines if line and not line.startswith('#'))


def first_difference(text, work, key, digest):
    """The first line in which a run differs from a stored one that had the expected digest."""
    for other in sorted(work.glob('*.txt')):
        stored = other.read_text(encoding='utf-8')
        if parse(stored)[0].get(key) != digest:
            continue
        theirs = set(stored.splitlines())
        prefix = f"tensor {key.split(' ', 1)[1]} "
        for mine in text.splitlines():
            if mine.startswith(prefix) and mine not in theirs:
                return f'\n  here, not in {other.stem}: {mine}'
    return ''


def check_run(text, work, golden, best):
    """Compares one run with the recorded hashes; the number of digests of vector kernels that were equal."""
    hashes, runs = parse(text)
    reasons = [f'{key} is recorded but was not run' for key in golden if key not in hashes]
    for key, found in hashes.items():
        expected = golden.get(key, 'nothing')
        if found != expected:
            reasons.append(f'{key}: recorded {expected}, found {found}' + first_difference(text, work, key, expected))
    reasons += [f'{key} {kernels}: expected {hashes.get(key)}, found {found}'
                for key, kernels, found in runs if found != hashes.get(key)]
    reasons += [line for line in text.splitlines() if line.startswith('different')]
    for key in hashes:
        if len(key.split()) == 3 and not any(run[0] == key for run in runs):
            reasons.append(f'{key}: no vector kernels were run')
    if best and (not runs or runs[0][1].split('/')[0] != best):
        reasons.append(f'the best SIMD target is {runs[0][1] if runs else "none"}, not {best}')
    if not runs:
        reasons.append('no vector kernels were run')
    if reasons:
        raise Failure('\n'.join(reasons))
    return len(runs), ', '.join(dict.fromkeys(run[1].split('/')[0] for run in runs))


def run_build(root, work, name, golden):
    """Builds and runs one entry of BUILDS; the hashes of its runs. `golden` is None to take the first run's."""
    candidates, flags, processors = BUILDS[name]
    compiler, reason = find_compiler(candidates)
    if compiler is None:
        print(f'SKIPPED: {name}: {reason}')
        return []
    program, found = compile_program(root, work / name, compiler, flags), []
    environment = dict(os.environ, MALLOC_PERTURB_=str(37 * (1 + list(BUILDS).index(name))))
    for processor, command, best in processors:
        if command and not shutil.which(command[0]):
            print(f'SKIPPED: {name} on {processor}: {command[0]} is missing')
            continue
        ranges = root / 'tests' / 'data' / 'test_model_ranges.safetensors'
        text = call([*command, str(program), str(ranges), str(work / name / 'model')], env=environment)
        (work / f'{name}-{processor.replace(" ", "-")}.txt').write_text(text, encoding='utf-8')
        expected = golden if golden is not None else (found[0] if found else parse(text)[0])
        count, targets = check_run(text, work, expected, best)
        print(f'{name} on {processor}: {len(expected)} hashes as recorded, {count} runs of vector kernels equal '
              f'({targets})', flush=True)
        found.append(parse(text)[0])
    return found


def write_golden(path, found):
    if len(found) < 2 or any(hashes != found[0] for hashes in found):
        raise Failure(f'not recorded: {len(found)} runs, which must be two or more and equal')
    lines = ['# numerics revision; file, image, or configuration and profile; hash']
    lines += [f'{key} {value}' for key, value in found[0].items()]
    fresh = path.with_suffix('.new')
    fresh.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    fresh.replace(path)
    print(f'{path}: {len(found[0])} hashes on which {len(found)} runs agree')


def main(arguments):
    record = '--record' in arguments
    words = [word for word in arguments if word != '--record']
    if len(words) < 2 or any(name not in BUILDS for name in words[2:]):
        print(__doc__.strip() + '\n\nbuilds: ' + ', '.join(BUILDS), file=sys.stderr)
        return 2
    root, work = Path(words[0]).resolve(), Path(words[1]).resolve()
    path, found, failed = root / 'golden' / 'portability.txt', [], False
    for name in words[2:] or BUILDS:
        try:
            found += run_build(root, work, name, None if record else read_golden(path))
        except Failure as failure:
            print(f'{name}: {failure}', flush=True)
            failed = True
    try:
        if record and not failed:
            write_golden(path, found)
    except Failure as failure:
        print(failure)
        return 1
    return 1 if failed else 0 if found else SKIPPED


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
