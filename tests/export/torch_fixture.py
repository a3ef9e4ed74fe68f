"""Writes files as torch.save does, with the pickle module alone.

Stand-ins for torch's classes and functions are put into sys.modules while pickling, so that the pickles name the real
ones. Nothing here uses the code under test.
"""

import collections
import io
import json
import os
import pickle
import random
import struct
import sys
import types
import zipfile
from pathlib import Path
from unittest import mock

LAYERS = Path(__file__).with_name('layers.txt')
NORM_FIELDS = ('weight', 'bias', 'running_mean', 'running_var')
WIDTHS = {'DoubleStorage': 8, 'FloatStorage': 4, 'HalfStorage': 2, 'BFloat16Storage': 2, 'LongStorage': 8}
FAKES = {}


def fake(module, name, make):
    """A class or function that pickles as module.name."""
    thing = make()
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    parts = module.split('.')
    for i in range(1, len(parts) + 1):
        FAKES.setdefault('.'.join(parts[:i]), types.ModuleType('.'.join(parts[:i])))
    setattr(FAKES[module], name, thing)
    return thing


def function():
    return lambda *args: None


STORAGE_CLASSES = {name: fake('torch', name, lambda: type('Storage', (), {})) for name in WIDTHS}
REBUILD_TENSOR = fake('torch._utils', '_rebuild_tensor_v2', function)
REBUILD_OLD_TENSOR = fake('torch._utils', '_rebuild_tensor', function)
REBUILD_FROM_TYPE = fake('torch._tensor', '_rebuild_from_type_v2', function)
SIZE = fake('torch', 'Size', function)
REBUILD_PARAMETER = fake('torch._utils', '_rebuild_parameter', function)
REDUCE_GRAPH_MODULE = fake('torch.fx.graph_module', 'reduce_graph_module', function)
MODULE = fake('torch.nn.modules.module', 'Module', lambda: type('Module', (), {}))
LOST = fake('vanished.network', 'Block', lambda: type('Block', (), {}))


class Keyed:
    """Pickles with constructor keywords: NEWOBJ_EX from protocol 4 on."""

    def __new__(cls, *, width):
        return super().__new__(cls)

    def __init__(self, *, width):
        self.width = width

    def __getnewargs_ex__(self):
        return (), {'width': self.width}


class StorageData:
    """Storage of a fixture tensor: class name, raw little-endian bytes, device; `key` overrides the numbering."""

    def __init__(self, kind, raw, location='cpu', key=None):
        self.kind, self.raw, self.location, self.key = kind, raw, location, key
        self.numel = len(raw) // WIDTHS[kind]


class StorageView:
    """`numel` elements from `offset` of a storage, as the legacy form may state it."""

    def __init__(self, root, offset, numel):
        self.root, self.offset, self.numel = root, offset, numel


class SizeData:
    """A torch.Size."""

    def __init__(self, shape):
        self.shape = shape

    def __reduce__(self):
        return SIZE, (self.shape,)


class TensorData:
    """A tensor that pickles as torch's do: form 'v2', 'parameter', 'subclass' or 'old' (torch 0.3)."""

    def __init__(self, storage, shape, stride=None, offset=0, form='v2'):
        self.storage, self.shape, self.offset, self.form = storage, tuple(shape), offset, form
        if stride is None:
            stride, step = [], 1
            for extent in reversed(self.shape):
                stride.insert(0, step)
                step *= extent
        self.stride = tuple(stride)

    def __reduce__(self):
        hooks = collections.OrderedDict()
        if self.form == 'old':
            return REBUILD_OLD_TENSOR, (self.storage, self.offset, SizeData(self.shape), self.stride)
        if self.form == 'parameter':
            plain = TensorData(self.storage, self.shape, self.stride, self.offset)
            return REBUILD_PARAMETER, (plain, True, hooks)
        args = (self.storage, self.offset, self.shape, self.stride, False, hooks)
        if self.form == 'subclass':
            return REBUILD_FROM_TYPE, (REBUILD_TENSOR, LOST, args, {'note': 'x'})
        return REBUILD_TENSOR, args


class GraphData:
    """A torch.fx module: it pickles as a call with its instance dictionary."""

    def __init__(self, fields):
        self.fields = fields

    def __reduce__(self):
        return REDUCE_GRAPH_MODULE, (self.fields, 'import torch\n')


def tensor(kind, raw, shape, **more):
    return TensorData(StorageData(kind, raw, more.pop('location', 'cpu')), shape, **more)


def module(parameters=(), buffers=(), modules=(), transient=(), kind=LOST):
    """The instance that a torch module pickles as; kind GraphData gives a torch.fx module."""
    fields = {'training': False, '_parameters': collections.OrderedDict(parameters),
              '_buffers': collections.OrderedDict(buffers), '_non_persistent_buffers_set': set(transient),
              '_backward_hooks': collections.OrderedDict(), '_modules': collections.OrderedDict(modules)}
    if kind is GraphData:
        return GraphData(fields)
    node = kind()
    node.__dict__.update(fields)
    return node


class Pickler(pickle.Pickler):
    def __init__(self, file, legacy, protocol=2):
        super().__init__(file, protocol)
        self.legacy, self.storages, self.classes = legacy, {}, set()

    def persistent_id(self, thing):
        if self.legacy and thing in (LOST, MODULE) and thing not in self.classes:
            self.classes.add(thing)
            return 'module', thing, 'network.py', 'class Block: ...'
        view = None
        if isinstance(thing, StorageView):
            view, thing = ('view', thing.offset, thing.numel), thing.root
        if not isinstance(thing, StorageData):
            return None
        key, _ = self.storages.setdefault(id(thing), (thing.key or str(len(self.storages)), thing))
        return ('storage', STORAGE_CLASSES[thing.kind], key, thing.location, thing.numel) + (view,) * self.legacy


def dump(thing, legacy, protocol=2):
    """(pickle, [(key, storage)])"""
    with mock.patch.dict(sys.modules, FAKES):
        stream = io.BytesIO()
        pickler = Pickler(stream, legacy, protocol)
        pickler.dump(thing)
    return stream.getvalue(), list(pickler.storages.values())


def zip_bytes(thing, extra=(), compression=zipfile.ZIP_STORED, protocol=2):
    pickled, storages = dump(thing, False, protocol)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', compression) as archive:
        archive.writestr('archive/data.pkl', pickled)
        for key, storage in storages:
            archive.writestr(f'archive/data/{key}', storage.raw)
        archive.writestr('archive/version', '3\n')
        for name, content in extra:
            archive.writestr(name, content)
    return stream.getvalue()


def legacy_bytes(thing, protocol=2, legacy_protocol=1001, left_out=0):
    pickled, storages = dump(thing, True, protocol)
    system = {'protocol_version': 1001, 'little_endian': True, 'type_sizes': {'short': 2, 'int': 4, 'long': 4}}
    heads = [pickle.dumps(value, protocol) for value in (0x1950A86A20F9469CFC6C, legacy_protocol, system)]
    storages = sorted(storages, key=lambda entry: entry[0])[:len(storages) - left_out]
    tail = [pickle.dumps([key for key, _ in storages], protocol)]
    tail += [struct.pack('<q', storage.numel) + storage.raw for _, storage in storages]
    return b''.join(heads + [pickled] + tail)


def network_shapes(folded=False):
    """Name -> shape of SalsaNext's tensors, from the table in layers.txt (name in out kernel, or name channels)."""
    shapes = {}
    for line in LAYERS.read_text().splitlines():
        name, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if len(numbers) == 3:
            shapes[name + '.weight'] = (numbers[1], numbers[0], numbers[2], numbers[2])
            shapes[name + '.bias'] = (numbers[1],)
        elif not (folded and name == 'upBlock4.bn4'):
            shapes.update({f'{name}.{field}': (numbers[0],) for field in NORM_FIELDS})
    return shapes


def network_bytes(folded=False):
    """Name -> (shape, random float32 bit patterns) of all of SalsaNext's tensors."""
    source, values = random.Random(7), {}
    for name, shape in network_shapes(folded).items():
        count = 1
        for extent in shape:
            count *= extent
        values[name] = (shape, source.randbytes(4 * count))
    return values


def counter(value=5):
    return tensor('LongStorage', struct.pack('<q', value), ())


def state_dict(values, prefix=''):
    """State dict with the num_batches_tracked counters that torch adds."""
    entries = collections.OrderedDict()
    for name, (shape, raw) in values.items():
        entries[prefix + name] = tensor('FloatStorage', raw, shape)
        if name.endswith('running_var'):
            entries[prefix + name[:-len('running_var')] + 'num_batches_tracked'] = counter()
    return entries


def module_tree(values, kind):
    """Whole module with the tensors as parameters and buffers of nested modules."""
    leaves = {}
    for name, (shape, raw) in values.items():
        path, field = name.rsplit('.', 1)
        leaves.setdefault(path, ({}, {}))
        table = leaves[path][1 if field.startswith('running') else 0]
        table[field] = tensor('FloatStorage', raw, shape, form='v2' if field.startswith('running') else 'parameter')
        if field == 'running_var':
            table['num_batches_tracked'] = counter()
    blocks, top = {}, {'module_softmax': module()}
    for path, (parameters, buffers) in leaves.items():
        block, _, layer = path.partition('.')
        leaf = module(parameters, buffers)
        if layer:
            blocks.setdefault(block, {})[layer] = leaf
        else:
            top[block] = leaf
    blocks['upBlock4'].setdefault('bn4', module())
    top.update({name: module(modules=layers, kind=MODULE) for name, layers in blocks.items()})
    return module(modules=top, kind=kind)


class Bomb:
    """Unpickling it with pickle.loads creates the file `path`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}',)


def read_safetensors(path):
    """(metadata, name -> (dtype, shape, bytes), names in order); checks that the data are packed without holes."""
    data = Path(path).read_bytes()
    length = struct.unpack('<Q', data[:8])[0]
    assert (8 + length) % 64 == 0
    header = json.loads(data[8:8 + length])
    metadata, tensors, position = header.pop('__metadata__'), {}, 0
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        assert begin == position
        position = end
        tensors[name] = (entry['dtype'], tuple(entry['shape']), data[8 + length + begin:8 + length + end])
    assert 8 + length + position == len(data)
    return metadata, tensors, list(header)
