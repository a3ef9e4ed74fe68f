"""What the tests of tools/export_checkpoint.py share."""

import contextlib
import hashlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch_fixture as fixture

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
sys.path.insert(0, str(TOOLS))
import export_checkpoint  # noqa: E402
import torch_file  # noqa: E402


class ExportCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # Waiting for the disk is left to the command-line tests.
        patch = mock.patch('os.fsync')
        patch.start()
        self.addCleanup(patch.stop)
        self.source, self.target = self.folder / 'in.pth', self.folder / 'out.safetensors'

    def run_tool(self, data, *options):
        """(exit code, stdout, stderr) of exporting `data` to self.target."""
        if data is not None:
            self.source.write_bytes(data)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = export_checkpoint.main([str(self.source), '-o', str(self.target), *options])
            except SystemExit as stop:
                code = stop.code
        return code, out.getvalue(), err.getvalue()

    def exported(self, data, *options):
        code, _, err = self.run_tool(data, *options)
        self.assertEqual(code, 0, err)
        return fixture.read_safetensors(self.target)

    def exported_any(self, **tensors):
        return self.exported(fixture.zip_bytes(tensors), '--any')[1]

    def refused(self, data, *parts, options=(), code=3):
        """The run fails with `code`, the message has all parts, and the folder holds nothing new."""
        actual, _, err = self.run_tool(data, *options)
        self.assertEqual(actual, code, err)
        for part in parts:
            self.assertIn(part, err)
        self.assertNotIn('Traceback', err)
        self.assertEqual(os.listdir(self.folder), ['in.pth'])

    def refusal(self, data):
        """The message that refuses `data`, or ''. Reads every tensor, without the detour over files."""
        try:
            root, read = torch_file.open_checkpoint(data, 'in.pth')
            tensors = export_checkpoint.find_tensors(root, 'in.pth')
            export_checkpoint.check_exportable(tensors, 'in.pth')
            for name, value in tensors.items():
                export_checkpoint.float_bytes(value, name, read, 'in.pth')
        except torch_file.InputError as error:
            self.assertIn('in.pth', str(error))
            return str(error)
        return ''

    def assert_network(self, data, values):
        metadata, tensors, order = self.exported(data)
        self.assertEqual(tensors, {name: ('F32', shape, raw) for name, (shape, raw) in values.items()})
        self.assertEqual(order, sorted(values))
        self.assertEqual(set(metadata), {'producer', 'source', 'source_hash'})
        self.assertEqual(metadata['source'], 'in.pth')
        self.assertEqual(metadata['source_hash'], hashlib.sha256(data).hexdigest())
