"""tools/export_checkpoint.py against damaged, foreign and malicious files."""

import io
import pickle
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import torch_fixture as fixture
from export_case import ExportCase
from torch_fixture import TensorData, module, tensor


class Refusals(ExportCase):
    def test_window_outside_its_storage(self):
        for shape, stride, offset in (((2, 2), (3, 1), 0), ((1,), (1,), 4), ((2,), (1 << 62,), 0)):
            bad = tensor('FloatStorage', bytes(16), shape, stride=stride, offset=offset)
            self.refused(fixture.zip_bytes({'bad': bad}), "'bad'", 'of a storage of 4', options=['--any'])

    def test_impossible_sizes(self):
        for shape, stride, offset in (((-1,), (1,), 0), ((2,), (-1,), 1), ((2,), (1, 1), 0), ((2,), (1,), -1)):
            bad = tensor('FloatStorage', bytes(16), shape, stride=stride, offset=offset)
            self.refused(fixture.legacy_bytes({'bad': bad}), 'impossible sizes', options=['--any'])

    def test_huge_expanded_tensor_is_not_allocated(self):
        bad = tensor('FloatStorage', bytes(4), (1 << 20, 1 << 20), stride=(0, 0))
        self.refused(fixture.zip_bytes({'bad': bad}), "'bad'", 'larger than', options=['--any'])

    def test_storage_of_the_wrong_size(self):
        short = fixture.StorageData('FloatStorage', bytes(16))
        short.numel = 5
        data = fixture.zip_bytes({'x': TensorData(short, (4,))})
        self.refused(data, "'x'", '16 bytes, 20 are announced', options=['--any'])
        self.refused(fixture.legacy_bytes({'x': TensorData(short, (4,))}), 'ends within storage', options=['--any'])
        whole = {'x': tensor('FloatStorage', b'1234' * 4, (4,))}
        self.refused(fixture.legacy_bytes(whole).replace(b'\4' + bytes(7) + b'1234', b'\3' + bytes(7) + b'1234'),
                     "storage '0' has 3 elements", options=['--any'])
        self.refused(fixture.legacy_bytes(whole, left_out=1), "'x'", "storage '0' is missing", options=['--any'])

    def test_one_storage_described_in_two_ways(self):
        storages = [fixture.StorageData(kind, bytes(8), key='same') for kind in ('FloatStorage', 'HalfStorage')]
        data = fixture.legacy_bytes({'a': TensorData(storages[0], (2,)), 'b': TensorData(storages[1], (4,))})
        self.assertIn("'same' is described in two ways", self.refusal(data))

    def test_nesting_without_end_is_survived(self):
        # Tuples in tuples and calls in calls, deeper than Python's own recursion could follow.
        tuples, calls = (b'', b'\x85', b''), (b'cposix\nsystem\n', b'\x85R', b'')
        nothing, no_text = 'no state_dict', 'names a class by something that is no text'
        for (opening, closing, end), part in ((tuples, nothing), (calls, nothing),
                                              ((b'', b'\x85', b'\x8c\x01x\x93)R'), no_text)):
            data = b'\x80\x04' + opening * 300000 + b')' + closing * 300000 + end + b'.'
            head = b''.join(map(pickle.dumps, (0x1950A86A20F9469CFC6C, 1001, {})))
            self.assertIn(part, self.refusal(head + data + pickle.dumps([])))

    def test_truncated_anywhere(self):
        entries = {'a': tensor('FloatStorage', bytes(64), (16,)), 'b': tensor('FloatStorage', bytes(32), (8,)),
                   'c': tensor('FloatStorage', b'', (0,))}
        for whole in (fixture.zip_bytes(entries), fixture.legacy_bytes(entries)):
            for length in range(len(whole)):
                self.assertNotEqual(self.refusal(whole[:length]), '', length)
            self.assertEqual(self.refusal(whole), '')
            self.refused(whole[:-9], options=['--any'])

    def test_damaged_bytes_end_in_a_verdict(self):
        entries = {'a': tensor('FloatStorage', bytes(64), (16,)), 'b': tensor('FloatStorage', bytes(32), (8,))}
        for state in (entries, {'state_dict': entries}, module(entries)):
            for whole in (fixture.zip_bytes(state), fixture.legacy_bytes(state)):
                for position in range(len(whole)):
                    for flip in (0x01, 0x20, 0xFF):
                        broken = bytearray(whole)
                        broken[position] ^= flip
                        self.refusal(bytes(broken))

    def test_other_files(self):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode='w', format=tarfile.GNU_FORMAT) as archive:
            archive.addfile(tarfile.TarInfo('pickle'))
        plain = io.BytesIO()
        with zipfile.ZipFile(plain, 'w') as archive:
            archive.writestr('readme.txt', 'x')
        good = {'x': tensor('FloatStorage', bytes(4), (1,))}
        for data, part in ((tar.getvalue(), 'tar form'), (plain.getvalue(), 'without the data.pkl'),
                           (b'', 'neither a zip nor'), (b'<html>', 'neither a zip nor'),
                           (pickle.dumps({'a': 1}), 'neither a zip nor'),
                           (fixture.legacy_bytes(good, legacy_protocol=1002), 'legacy protocol 1002'),
                           (fixture.zip_bytes(good, [('archive/constants.pkl', b'')]), 'TorchScript'),
                           (fixture.zip_bytes(good, [('archive/byteorder', 'big')]), 'big-endian'),
                           (fixture.zip_bytes(good, compression=zipfile.ZIP_DEFLATED), 'compressed'),
                           (fixture.zip_bytes({'epoch': 3, 'model': {}}), "['epoch', 'model']"),
                           (fixture.zip_bytes({'epoch': 3, 5: 2}), "['epoch']"),
                           (fixture.zip_bytes([1, 2]), 'a list'),
                           (fixture.zip_bytes({**good, 'n': 1}), "'n'"),
                           (fixture.zip_bytes({**good, 'i': fixture.counter()}), "'i'")):
            self.refused(data, part, 'in.pth', options=['--any'])
        self.exported(fixture.zip_bytes(good, [('archive/byteorder', 'little')]), '--any')

    def test_code_in_the_pickle_is_not_run(self):
        with tempfile.TemporaryDirectory() as folder:
            marker = Path(folder) / 'executed'
            bomb = fixture.Bomb(marker)
            # The fixture is live: the ordinary unpickler runs it.
            pickle.loads(pickle.dumps(bomb))
            self.assertTrue(marker.exists())
            marker.unlink()
            good = {'x': tensor('FloatStorage', bytes(4), (1,))}
            for write in (fixture.zip_bytes, fixture.legacy_bytes):
                self.refused(write(bomb), 'made by posix.system', options=['--any'])
                self.refused(write({'x': bomb, **{'y': good['x']}}), "'x'", 'posix.system', options=['--any'])
                self.exported(write({'state_dict': good, 'info': bomb}), '--any')
                self.target.unlink()
            self.refused(pickle.dumps(bomb), 'neither', options=['--any'])
            self.assertFalse(marker.exists())


if __name__ == '__main__':
    unittest.main()
