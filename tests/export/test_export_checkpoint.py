"""tools/export_checkpoint.py against files written by torch_fixture.py."""

import os
import struct
import subprocess
import sys
import unittest

import torch_fixture as fixture
from export_case import TOOLS, ExportCase, export_checkpoint
from torch_fixture import TensorData, module, tensor

NETWORK = fixture.network_bytes()
FOLDED = fixture.network_bytes(folded=True)


class Forms(ExportCase):
    def test_the_fixture_has_the_size_of_the_network(self):
        names = fixture.network_shapes()
        self.assertEqual(len(names), 51 * 2 + 42 * 4)
        trained = [raw for name, (_, raw) in NETWORK.items() if '.running_' not in name]
        self.assertEqual(sum(map(len, trained)), 4 * 6711572)

    def test_zip_checkpoint_with_prefix(self):
        checkpoint = {'epoch': 3, 'state_dict': fixture.state_dict(NETWORK, 'module.'),
                      'optimizer': {'state': {0: tensor('FloatStorage', bytes(8), (2,))}, 7: [module()]},
                      'info': {'best': 0.5}, ('tuple', 1): None}
        self.assert_network(fixture.zip_bytes(checkpoint), NETWORK)

    def test_legacy_checkpoint_with_prefix(self):
        data = fixture.legacy_bytes({'state_dict': fixture.state_dict(NETWORK, 'module.'), 'epoch': 1})
        self.assert_network(data, NETWORK)

    def test_plain_state_dict_with_metadata_attribute(self):
        entries = fixture.state_dict(NETWORK)
        entries._metadata = {'': {'version': 1}}
        self.assert_network(fixture.zip_bytes(entries), NETWORK)

    def test_pickle_protocols(self):
        loop = ([],)
        loop[0].append(loop)
        four = ([], 2, 3, 4)
        four[0].append(four)
        keyed = fixture.Keyed(width=3)
        raw = struct.pack('<f', 2.5)
        shared = tensor('FloatStorage', raw, (1,))
        content = {'other': [{1, 'a'}, frozenset([1, 2]), loop, four, keyed, keyed, 1 << 70, -1 << 2000, 0.5, b'b', 'é',
                             bytearray(b'c'), True, False, None, complex(1, 2), 'long' * 100, b'long' * 100, 70000, -1],
                   'state_dict': {'x': shared, 'y': tensor('FloatStorage', bytes(4), (1,)), 'z': shared}}
        for protocol in (1, 2, 3, 4, 5):
            for write in (fixture.zip_bytes, fixture.legacy_bytes):
                with self.subTest((protocol, write)):
                    if protocol > 2:
                        content['other'].append(fixture.Keyed(width=protocol))
                    data = write(content, protocol=protocol)
                    self.assertEqual(self.exported(data, '--any')[1],
                                     {name: ('F32', (1,), value) for name, value in zip('xyz', (raw, bytes(4), raw))})

    def test_whole_module_of_a_class_that_is_gone(self):
        self.assert_network(fixture.zip_bytes(fixture.module_tree(NETWORK, fixture.LOST)), NETWORK)
        self.assert_network(fixture.legacy_bytes(fixture.module_tree(NETWORK, fixture.GraphData)), NETWORK)

    def test_folded_batch_norm_may_be_absent(self):
        self.assert_network(fixture.zip_bytes(fixture.module_tree(FOLDED, fixture.GraphData)), FOLDED)
        self.assertIn('already folded', self.run_tool(None)[2])

    def test_same_input_same_bytes(self):
        first_half = dict(list(FOLDED.items())[:100])
        data = fixture.zip_bytes(fixture.state_dict(first_half))
        self.exported(data, '--any')
        first = self.target.read_bytes()
        self.exported(data, '--any')
        self.assertEqual(self.target.read_bytes(), first)


class Modules(ExportCase):
    def test_buffers_hooks_and_absent_parameters(self):
        one = struct.pack('<f', 1)
        inner = module({'w': tensor('FloatStorage', one, (1,)), 'bias': None},
                       {'kept': tensor('FloatStorage', one, (1,)), 'scratch': tensor('FloatStorage', one, (1,))},
                       {'nothing': None}, transient=['scratch'])
        data = fixture.zip_bytes(module(modules={'a': inner, 'b': inner}))
        self.assertEqual(self.exported(data, '--any')[2], ['a.kept', 'a.w', 'b.kept', 'b.w'])

    def test_module_that_contains_itself(self):
        loop = module({'w': tensor('FloatStorage', bytes(4), (1,))})
        loop._modules['again'] = loop
        self.refused(fixture.zip_bytes(loop), 'nest without end', options=['--any'])

    def test_module_without_fields_is_named(self):
        data = fixture.zip_bytes(module(modules={'odd': fixture.LOST()}))
        self.refused(data, "'odd'", 'vanished.network.Block', options=['--any'])


class Values(ExportCase):
    def test_every_half_is_widened_exactly(self):
        halves = range(65536)
        raw = struct.pack('<65536H', *halves)
        wide = self.exported_any(x=tensor('HalfStorage', raw, (65536,)))['x'][2]
        for half, bits in zip(halves, struct.unpack('<65536I', wide)):
            value = struct.unpack('<e', struct.pack('<H', half))[0]
            if value == value:
                self.assertEqual(bits, struct.unpack('<I', struct.pack('<f', value))[0], hex(half))
            else:
                self.assertEqual(bits, (half & 0x8000) << 16 | 0x7F800000 | (half & 0x3FF) << 13, hex(half))

    def test_bfloat16_is_the_upper_half(self):
        raw = struct.pack('<5H', 0x3F80, 0x8000, 0x0001, 0x7FC1, 0xFF80)
        wide = self.exported_any(x=tensor('BFloat16Storage', raw, (5,)))['x'][2]
        self.assertEqual(wide, struct.pack('<5I', 0x3F800000, 0x80000000, 0x00010000, 0x7FC10000, 0xFF800000))

    def test_float64_is_rounded_once_to_nearest_even(self):
        # Bit patterns worked out by hand from IEEE 754.
        cases = [(0.1, 0x3DCCCCCD), (-0.0, 0x80000000), (1 + 2.0**-24, 0x3F800000), (1 + 3 * 2.0**-24, 0x3F800002),
                 (1 + 2.0**-24 + 2.0**-52, 0x3F800001), (2.0**-150, 0), (2.0**-150 * (1 + 2.0**-52), 1),
                 (3.5 * 2.0**-149, 4), (float('inf'), 0x7F800000), ((2 - 2.0**-23) * 2.0**127, 0x7F7FFFFF)]
        raw = struct.pack(f'<{len(cases)}d', *[value for value, _ in cases])
        tensors = self.exported_any(x=tensor('DoubleStorage', raw, (len(cases),)))
        self.assertEqual(tensors['x'][2], struct.pack(f'<{len(cases)}I', *[bits for _, bits in cases]))
        self.assertIn("rounded to float32, first 'x'", self.run_tool(None, '--any')[2])

    def test_float64_out_of_range_names_the_tensor(self):
        data = fixture.zip_bytes({'big': tensor('DoubleStorage', struct.pack('<d', 1e39), (1,))})
        self.refused(data, "'big'", 'beyond the range', options=['--any'])

    def test_strides_and_offsets(self):
        cells = fixture.StorageData('FloatStorage', b''.join(struct.pack('<f', i) for i in range(24)))
        cases = {'transposed': ((3, 2), (1, 3), 0, [0, 3, 1, 4, 2, 5]),
                 'offset': ((2, 2), (2, 1), 7, [7, 8, 9, 10]),
                 'hole': ((2, 2), (10, 4), 1, [1, 5, 11, 15]),
                 'expanded': ((2, 3), (1, 0), 20, [20, 20, 20, 21, 21, 21]),
                 'one': ((1, 2, 1), (99, 1, 77), 22, [22, 23]),
                 'channels_last': ((1, 2, 2, 2), (8, 1, 4, 2), 0, [0, 2, 4, 6, 1, 3, 5, 7]),
                 'scalar': ((), (), 23, [23]),
                 'empty': ((3, 0), (9, 1), 24, [])}
        tensors = self.exported_any(**{name: TensorData(cells, shape, stride, offset)
                                       for name, (shape, stride, offset, _) in cases.items()})
        for name, (shape, _, _, values) in cases.items():
            self.assertEqual(tensors[name], ('F32', shape, struct.pack(f'<{len(values)}f', *values)), name)

    def test_strided_half_and_double(self):
        half = tensor('HalfStorage', struct.pack('<4e', 1, 2, 3, 4), (2, 2), stride=(1, 2))
        double = tensor('DoubleStorage', struct.pack('<4d', 1, 2, 3, 4), (2, 2), stride=(1, 2))
        for _, _, raw in self.exported_any(half=half, double=double).values():
            self.assertEqual(struct.unpack('<4f', raw), (1, 3, 2, 4))

    def test_other_ways_to_pickle_a_tensor(self):
        raw = struct.pack('<4f', 1, 2, 3, 4)
        for form in ('old', 'subclass', 'parameter'):
            tensors = self.exported_any(x=tensor('FloatStorage', raw, (2, 2), form=form))
            self.assertEqual(tensors['x'], ('F32', (2, 2), raw))

    def test_view_of_a_legacy_storage(self):
        cells = fixture.StorageData('FloatStorage', struct.pack('<6f', *range(6)))
        data = fixture.legacy_bytes({'x': TensorData(fixture.StorageView(cells, 2, 3), (2,), offset=1),
                                     'y': TensorData(cells, (1,))})
        tensors = self.exported(data, '--any')[1]
        self.assertEqual([tensors['x'][2], tensors['y'][2]], [struct.pack('<2f', 3, 4), bytes(4)])
        for view, part in (((4, 3), 'outside storage'), ((2, 1), "'x'")):
            data = fixture.legacy_bytes({'x': TensorData(fixture.StorageView(cells, *view), (2,))})
            self.assertTrue(self.refusal(data).startswith('in.pth') and part in self.refusal(data))

    def test_cuda_storage(self):
        raw = struct.pack('<2f', 1.5, -2.5)
        data = fixture.legacy_bytes({'x': tensor('FloatStorage', raw, (2,), location='cuda:0')})
        self.assertEqual(self.exported(data, '--any')[1], {'x': ('F32', (2,), raw)})


class Network(ExportCase):
    def test_missing_surplus_and_wrong_shape_are_named(self):
        values = dict(NETWORK)
        del values['resBlock3.conv4.bias']
        values['stray.weight'] = ((2,), bytes(8))
        values['logits.weight'] = ((20, 32), NETWORK['logits.weight'][1])
        self.refused(fixture.zip_bytes(fixture.state_dict(values)), '(3 problems)',
                     "'resBlock3.conv4.bias' is missing, expected shape 256",
                     "'stray.weight' of shape 2 is surplus",
                     "'logits.weight' has shape 20x32, expected 20x32x1x1")
        self.exported(None, '--any')

    def test_every_tensor_is_required(self):
        for name in NETWORK:
            tensors = {key: fixture.TensorData(None, shape) for key, (shape, _) in NETWORK.items() if key != name}
            problems = export_checkpoint.network_problems(tensors)
            self.assertEqual(len(problems), 1, name)
            self.assertIn(repr(name), problems[0])

    def test_half_removed_batch_norm(self):
        values = {name: value for name, value in NETWORK.items() if name != 'upBlock4.bn4.weight'}
        self.refused(fixture.zip_bytes(fixture.state_dict(values)), '(1 problems)', "'upBlock4.bn4.weight' is missing")

    def test_simulation_model_gets_its_own_hint(self):
        values = {'logits._module_to_wrap.weight': NETWORK['logits.weight']}
        self.refused(fixture.zip_bytes(fixture.state_dict(values)), 'sim.export')


class CommandLine(ExportCase):
    def tool(self, *arguments, **more):
        return subprocess.run([sys.executable, str(TOOLS / 'export_checkpoint.py'), *map(str, arguments)],
                              capture_output=True, text=True, check=False, **more)

    def test_usage_errors(self):
        self.source.write_bytes(b'')
        for arguments in ((), (self.source,), (self.source, '-o'), (self.source, '--colour'),
                          (self.source, '-o', self.source)):
            self.assertEqual(self.tool(*arguments).returncode, 2, arguments)

    def test_list(self):
        entries = {'b': tensor('HalfStorage', bytes(12), (2, 3)), 'a\n': tensor('FloatStorage', bytes(4), ())}
        self.source.write_bytes(fixture.zip_bytes(entries))
        result = self.tool(self.source, '--list')
        self.assertEqual((result.returncode, result.stdout), (0, "'a\\n'\tscalar\tfloat32\nb\t2x3\tfloat16\n"))
        self.assertEqual(os.listdir(self.folder), ['in.pth'])

    def test_unreadable_input(self):
        with open(self.folder / 'huge', 'wb') as huge:
            huge.truncate((2 << 30) + 1)
        for path, part in ((self.source, 'in.pth: cannot be read'), (self.folder, 'cannot be read'),
                           ('/dev/zero', 'no regular file'), (self.folder / 'huge', 'larger than 2 GiB')):
            result = self.tool(path, '-o', self.target)
            self.assertEqual(result.returncode, 3)
            self.assertIn(part, result.stderr)

    def test_failed_writes_leave_nothing(self):
        self.source.write_bytes(fixture.zip_bytes({'x': tensor('FloatStorage', bytes(1 << 20), (1 << 18,))}))
        result = self.tool(self.source, '--any', '-o', self.folder / 'absent' / 'out')
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertEqual(self.tool(self.source, '--any', '-o', self.folder).returncode, 4)
        pipe = self.folder / 'pipe'
        os.mkfifo(pipe)
        self.assertEqual(self.tool(self.source, '--any', '-o', pipe).returncode, 4)
        pipe.unlink()
        self.target.write_text('before')
        limit = 'ulimit -f 64; trap "" XFSZ; exec "$@"'
        result = subprocess.run(['bash', '-c', limit, '-', sys.executable, str(TOOLS / 'export_checkpoint.py'),
                                 str(self.source), '--any', '-o', str(self.target)], capture_output=True, text=True)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn('cannot be written', result.stderr)
        self.assertEqual(self.target.read_text(), 'before')
        self.assertEqual(sorted(os.listdir(self.folder)), ['in.pth', 'out.safetensors'])

    def test_closed_standard_output(self):
        self.source.write_bytes(fixture.zip_bytes({'x': tensor('FloatStorage', bytes(4), (1,))}))
        with open('/dev/full', 'w', encoding='utf-8') as full:
            result = subprocess.run([sys.executable, str(TOOLS / 'export_checkpoint.py'), str(self.source), '--list'],
                                    stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertNotIn('Traceback', result.stderr)


if __name__ == '__main__':
    unittest.main()
