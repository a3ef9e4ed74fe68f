"""`meson install` gives a program, headers, a library and a pkg-config file that an outsider can use.

Usage: test_install.py BUILD_ROOT SOURCE_ROOT MESON MAKE_SCENE TEST_MODEL_FOLDER COMPILER...
"""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, SOURCE, MESON, MAKE_SCENE, TEST_MODEL = (Path(a) for a in sys.argv[1:6])
COMPILER = sys.argv[6:]
WARNINGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Werror']


def run(command, **options):
    """Standard output of a command; its errors are shown when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f'{command} gave {done.returncode}:\n{done.stdout}{done.stderr}')
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='intsim-install-')
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.stage = cls.folder / 'stage'
        run([MESON, 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', cls.stage])
        cls.package = cls.the_one('intsim.pc').parent
        cls.intsim = cls.the_one('bin/intsim')
        cls.headers = cls.the_one('include/intsim')

    @classmethod
    def the_one(cls, name):
        """The only installed path that ends in `name`."""
        found = [p for p in cls.stage.rglob(Path(name).name) if str(p).endswith('/' + name)]
        assert len(found) == 1, f'{name}: {found}'
        return found[0]

    def pkg_config(self, *options):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.package), PKG_CONFIG_SYSROOT_DIR=str(self.stage))
        # A package of the system is not below the stage; the system's folders are searched anyway.
        flags = shlex.split(run(['pkg-config', *options, '--cflags', '--libs', 'intsim'], env=environment))
        return [f for f in flags if f[:2] not in ('-I', '-L') or Path(f[2:]).is_dir()]

    def test_headers_are_all_there_and_stand_alone(self):
        names = sorted(p.name for p in self.headers.iterdir())
        self.assertEqual(names, sorted(p.name for p in (SOURCE / 'include' / 'intsim').glob('*.h')))
        self.assertGreater(len(names), 5)
        for name in names:
            source = self.folder / 'alone.cc'
            source.write_text(f'#include <intsim/{name}>\n#include <intsim/{name}>\nint main() {{}}\n')
            run([*COMPILER, *WARNINGS, '-fsyntax-only', '-I', self.headers.parent, source])

    def test_the_library_is_there(self):
        self.assertGreater(self.the_one('libintsim.a').stat().st_size, 100_000)

    def test_an_external_program_gives_the_labels_of_the_command_line(self):
        model, tree = self.folder / 'model.safetensors', self.folder / 'tree'
        run([self.intsim, 'import', '--checkpoint', TEST_MODEL / 'checkpoint.safetensors',
             '--encodings', TEST_MODEL / 'w8a8.encodings', '-o', model])
        run([MAKE_SCENE, '--output', tree, '--count', '1'])
        scan = next(tree.rglob('*.bin'))
        run([self.intsim, 'run', '--model', model, '--scan', scan, '-o', self.folder / 'expected.label'])
        expected = (self.folder / 'expected.label').read_bytes()
        self.assertEqual(len(expected), scan.stat().st_size // 4)
        self.assertGreater(len(set(memoryview(expected).cast('I'))), 3, 'labels of a scene are not that uniform')
        for options in ([], ['--static']):
            program, output = self.folder / 'external', self.folder / 'external.label'
            run([*COMPILER, *WARNINGS, SOURCE / 'tests' / 'install' / 'external.cc', '-o', program,
                 *self.pkg_config(*options)])
            run([program, model, scan, output])
            self.assertTrue(output.read_bytes() == expected, f'labels differ with pkg-config {options}')
            output.unlink()

    def test_default_models_are_found_without_a_path(self):
        environment = {k: v for k, v in os.environ.items() if k != 'INTSIM_MODEL_PATH'}
        installed = self.the_one('share/intsim/models/w8a8.safetensors').parent
        for program, folder in ((self.intsim, installed), (BUILD / 'src' / 'cli' / 'intsim', BUILD / 'models')):
            for config in ('w8a8', 'w4a8'):
                with self.subTest(program=program, config=config):
                    told = run([program, 'inspect', '--config', config], env=environment, cwd=self.folder)
                    self.assertEqual(told, run([program, 'inspect', '--model', folder / f'{config}.safetensors']))
                    self.assertIn('not on recorded scans', told)
                    self.assertIn(f'model {config}, 172 modules', told)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
