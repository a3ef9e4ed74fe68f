"""layers.py finds each kind of violation, names file and line, and accepts what is allowed."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name('layers.py')


class Layers(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def assert_red(self, name, text, line):
        code, out = self.run_on({name: text})
        self.assertEqual(code, 1, out)
        self.assertIn(f'{name}:{line}: ', out)

    def test_allowed(self):
        code, out = self.run_on({
            'src/io/file.cc': '#include "io/file.h"\n#include "intsim/error.h"\n#include <vector>\n',
            'src/engine/engine.cc': '#include "kernels/reference.h"\n#include "import/model_file.h"\n',
            'src/lidar/knn.cc': '#include "numerics/rounded_math.h"\n',
            'src/render/picture.cc': '#include "io/suggest.h"\n#include <png.h>\n',
            'src/cli/main.cc': '#include "evaluate/table.h"\n#include <CLI/CLI.hpp>\n',
            'include/intsim/scan.h': '#include <span>\n#include "intsim/error.h"\n',
            'tests/oracle/oracle.cc': '#include "oracle.h"\n#include <nlohmann/json.hpp>\n',
            'src/oracle/oracle.cc': '#include "oracle.h"\n#include <nlohmann/json.hpp>\n',
            'tests/engine/engine_test.cc': '#include "engine/engine.h"\n',
            'tests/projection_oracle/oracle_test.cc': '#include "intsim/range_image.h"\n',
            'tools/short.sh': 'true\n' * 400,
        })
        self.assertEqual((code, out), (0, '11 files, 0 violations\n'))

    def test_upwards(self):
        for module, other in (('io', 'tensor'), ('tensor', 'numerics'), ('numerics', 'graph'), ('graph', 'import'),
                              ('graph', 'kernels'), ('import', 'kernels'), ('kernels', 'import'),
                              ('kernels', 'engine'), ('engine', 'lidar'), ('lidar', 'tensor'),
                              ('evaluate', 'lidar'), ('evaluate', 'graph'), ('engine', 'oracle'), ('render', 'lidar'), ('lidar', 'render'),
                              ('engine', 'cli')):
            self.assert_red(f'src/{module}/a.cc', f'// text\n\n#include "{other}/b.h"\n', 3)
            self.assert_red(f'src/{module}/deep/a-inl.h', f'#  include <{other}/b.h>\n', 1)

    def test_highway_target(self):
        self.assert_red('src/kernels/simd/a.cc', '#define HWY_TARGET_INCLUDE "engine/a.cc"\n', 1)

    def test_torch(self):
        for module in ('io', 'tensor', 'numerics', 'graph', 'import', 'kernels', 'engine', 'lidar', 'evaluate', 'render',
                       'cli'):
            self.assert_red(f'src/{module}/a.cc', '#include <torch/torch.h>\n', 1)

    def test_unnamed_module(self):
        self.assert_red('src/engine/a.cc', '#include "engine.h"\n', 1)
        self.assert_red('src/engine/a.cc', '#include "../cli/command_line.h"\n', 1)
        self.assert_red('src/unknown/a.cc', '\n', 1)

    def test_public(self):
        self.assert_red('include/intsim/a.h', '#pragma once\n#include "io/file.h"\n', 2)
        self.assert_red('include/intsim/a.h', '#include <io/file.h>\n', 1)

    def test_oracle(self):
        self.assert_red('tests/oracle/a.cc', '#include "numerics/exact.h"\n', 1)
        self.assert_red('src/oracle/a.cc', '#include "numerics/exact.h"\n', 1)
        self.assert_red('src/oracle/a.cc', '#include "intsim/error.h"\n', 1)
        self.assert_red('tests/oracle/oracle_test.cc', '#include "intsim/error.h"\n', 1)
        self.assert_red('tests/projection_oracle/a.cc', '#include "intsim/scan.h"\n', 1)
        self.assert_red('tests/oracle/a.h', '#include <intsim/error.h>\n', 1)
        self.assert_red('tests/oracle/a.h', '#include "../../src/numerics/exact.h"\n', 1)

    def test_length(self):
        for name in ('src/io/a.cc', 'include/intsim/a.h', 'tools/a.py', 'tests/a.sh', 'bench/a.cc'):
            self.assert_red(name, '\n' * 401, 401)

    def test_nothing(self):
        code, out = self.run_on({'README.md': ''})
        self.assertEqual((code, out), (1, '0 files, 0 violations\n'))


if __name__ == '__main__':
    unittest.main()
