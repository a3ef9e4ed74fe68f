"""Reads the pickles of torch.save without torch and without running anything that they contain.

A pickle is a program that may call any function it names. Here no name is ever looked up: the opcodes are decoded by
pickletools and obeyed by a small machine that knows lists, dictionaries and tensors; every other class or function
becomes an inert record.
"""

import pickletools
import struct

# Storage class -> (dtype, bytes per element).
STORAGE_TYPES = {
    'DoubleStorage': ('float64', 8),
    'FloatStorage': ('float32', 4),
    'HalfStorage': ('float16', 2),
    'BFloat16Storage': ('bfloat16', 2),
    'LongStorage': ('int64', 8),
    'IntStorage': ('int32', 4),
    'ShortStorage': ('int16', 2),
    'CharStorage': ('int8', 1),
    'ByteStorage': ('uint8', 1),
    'BoolStorage': ('bool', 1),
    'ComplexFloatStorage': ('complex64', 8),
    'ComplexDoubleStorage': ('complex128', 16),
}


class Damaged(Exception):
    """Something in a file that does not make sense. The reader that knows the file says where."""


class Global:
    """The name of a class or function. Never imported."""

    __slots__ = ('module', 'name')

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __str__(self):
        return f'{self.module}.{self.name}'


class Inert:
    """What an unknown class or function would have made: its arguments, its state and its text-keyed items."""

    __slots__ = ('kind', 'args', 'state', 'items')

    def __init__(self, kind, args):
        self.kind, self.args, self.state, self.items = kind, args, None, {}


class Storage:
    """Where elements lie: `numel` elements from element `base` of the record `key`, which has `record_numel`."""

    __slots__ = ('dtype', 'width', 'key', 'record_numel', 'base', 'numel')

    def __init__(self, dtype, width, key, numel):
        self.dtype, self.width, self.key = dtype, width, key
        self.record_numel, self.base, self.numel = numel, 0, numel

    def view(self, base, numel):
        if not (is_size(base) and is_size(numel)) or base + numel > self.numel:
            raise Damaged(f'a view lies outside storage {self.key!r}')
        part = Storage(self.dtype, self.width, self.key, self.record_numel)
        part.base, part.numel = base, numel
        return part


class Tensor:
    """A strided window into a storage; offset and strides count elements."""

    __slots__ = ('storage', 'offset', 'shape', 'stride')

    def __init__(self, storage, offset, shape, stride):
        sizes = isinstance(shape, tuple) and isinstance(stride, tuple) and all(map(is_size, shape + stride))
        if not isinstance(storage, Storage) or not is_size(offset) or not sizes or len(shape) != len(stride):
            raise Damaged('a tensor has impossible sizes')
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def count(self):
        """Number of elements."""
        product = 1
        for extent in self.shape:
            product *= extent
        return product

    def check(self):
        """Raises Damaged unless every element lies inside the storage."""
        last = self.offset + sum((extent - 1) * step for extent, step in zip(self.shape, self.stride))
        if self.count() and last >= self.storage.numel:
            raise Damaged(f'reaches element {last} of a storage of {self.storage.numel}')

    def gather(self, record):
        """Little-endian bytes of the elements in row-major order; `record` holds the bytes of the storage's record."""
        count, width = self.count(), self.storage.width
        if count == 0:
            return b''
        start = self.storage.base + self.offset
        dims = [(extent, step) for extent, step in zip(self.shape, self.stride) if extent != 1]
        packed = 1
        for extent, step in reversed(dims):
            if step != packed:
                return gather_strided(record, start, dims, width)
            packed *= extent
        return bytes(record[start * width:(start + count) * width])


def is_size(value):
    """Sizes, strides and offsets: whole numbers from 0 that fit torch's int64."""
    return type(value) is int and 0 <= value < 1 << 63


def gather_strided(record, start, dims, width):
    # The cells are only moved, never interpreted, so the native formats of the same width will do.
    cells = memoryview(record).cast({1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[width])
    starts = [start]
    for extent, step in dims[:-1]:
        starts = [first + i * step for first in starts for i in range(extent)]
    extent, step = dims[-1]
    if step == 0:
        return b''.join(cells[first:first + 1].tobytes() * extent for first in starts)
    reach = (extent - 1) * step + 1
    return b''.join(cells[first:first + reach:step].tobytes() for first in starts)


class PickleMachine:
    """Obeys one pickle, protocols 1 to 5. `storages` collects the tensor storages that it names.

    Tensors lie outside the pickle under persistent ids that are tuples, which rules out protocol 0 and its opcodes.
    """

    PUSHED = {'INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'STRING', 'BINSTRING',
              'SHORT_BINSTRING', 'BINBYTES', 'SHORT_BINBYTES', 'BINBYTES8', 'BYTEARRAY8', 'UNICODE',
              'SHORT_BINUNICODE', 'BINUNICODE', 'BINUNICODE8', 'FLOAT', 'BINFLOAT'}
    CONSTANTS = {'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False, 'EMPTY_TUPLE': ()}
    # A set is kept as a list: its members may be records that Python could not hash.
    EMPTY = {'EMPTY_LIST': list, 'EMPTY_DICT': dict, 'EMPTY_SET': list}
    TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}
    IGNORED = {'PROTO', 'FRAME'}

    def __init__(self, storages):
        self.storages, self.stack, self.marks, self.memo = storages, [], [], {}

    def run(self, stream):
        """The object of the pickle at the stream's position, which moves behind it. Raises Damaged."""
        try:
            for opcode, arg, _ in pickletools.genops(stream):
                if opcode.name == 'STOP':
                    return self.stack.pop()
                self.step(opcode.name, arg)
        except (ValueError, IndexError, KeyError, TypeError, OverflowError, struct.error) as error:
            raise Damaged(f'its pickle is damaged or cut off ({error})') from None
        raise Damaged('its pickle has no end')

    def step(self, name, arg):
        if name in self.PUSHED:
            self.stack.append(arg)
        elif name in self.CONSTANTS:
            self.stack.append(self.CONSTANTS[name])
        elif name in self.EMPTY:
            self.stack.append(self.EMPTY[name]())
        elif name in self.TUPLES:
            items = [self.stack.pop() for _ in range(self.TUPLES[name])]
            self.stack.append(tuple(reversed(items)))
        elif name not in self.IGNORED:
            handler = getattr(self, 'op_' + name.lower(), None)
            if handler is None:
                raise Damaged(f'its pickle uses opcode {name}, which torch.save does not write')
            handler(arg)

    def pop_mark(self):
        height = self.marks.pop()
        items = self.stack[height:]
        del self.stack[height:]
        return items

    def op_mark(self, _):
        self.marks.append(len(self.stack))

    def op_pop_mark(self, _):
        self.pop_mark()

    def op_pop(self, _):
        self.stack.pop()

    def op_memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def op_put(self, arg):
        self.memo[arg] = self.stack[-1]

    def op_get(self, arg):
        self.stack.append(self.memo[arg])

    op_binput = op_long_binput = op_put
    op_binget = op_long_binget = op_get

    def op_tuple(self, _):
        self.stack.append(tuple(self.pop_mark()))

    def op_frozenset(self, _):
        self.stack.append(self.pop_mark())

    def add_items(self, items):
        # Items of a list subclass are of no interest.
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def op_append(self, _):
        self.add_items([self.stack.pop()])

    def op_appends(self, _):
        self.add_items(self.pop_mark())

    op_additems = op_appends

    def set_items(self, items):
        target = self.stack[-1]
        table = target.items if isinstance(target, Inert) else target
        if not isinstance(table, dict):
            raise Damaged('its pickle puts items into something that is no dictionary')
        # Only text keys are ever looked up.
        table.update((key, value) for key, value in zip(items[::2], items[1::2]) if isinstance(key, str))

    def op_setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def op_setitems(self, _):
        self.set_items(self.pop_mark())

    def op_global(self, arg):
        self.stack.append(Global(*arg.split(' ', 1)))

    def op_stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Damaged('its pickle names a class by something that is no text')
        self.stack.append(Global(module, name))

    def op_build(self, _):
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Inert):
            # A pair is the instance dictionary and the slots.
            parts = state if isinstance(state, tuple) else (state,)
            target.state = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}

    def op_reduce(self, _):
        args, kind = self.stack.pop(), self.stack.pop()
        self.stack.append(rebuild(kind, args))

    op_newobj = op_reduce

    def op_newobj_ex(self, _):
        self.stack.pop()
        self.op_reduce(None)

    def op_binpersid(self, _):
        pid = self.stack.pop()
        tag = pid[0] if isinstance(pid, tuple) and pid else None
        if tag == 'module' and len(pid) > 1:
            self.stack.append(pid[1])
        elif tag == 'storage' and len(pid) in (5, 6):
            self.stack.append(self.storage(*pid[1:3], *pid[4:]))
        else:
            raise Damaged('its pickle has a persistent id that torch.save does not write')

    def storage(self, kind, key, numel, view=None):
        # The location ("cuda:0") says where the tensor lived; the bytes in the file are the same.
        dtype, width = STORAGE_TYPES.get(getattr(kind, 'name', None), (f'stored as {kind}', 0))
        if not isinstance(key, str) or not is_size(numel):
            raise Damaged('a tensor storage has an impossible key or size')
        known = self.storages.setdefault(key, Storage(dtype, width, key, numel))
        if (known.dtype, known.numel) != (dtype, numel):
            raise Damaged(f'storage {key!r} is described in two ways')
        return known if view is None else known.view(*view[1:])


def rebuild(kind, args):
    """What `kind(*args)` means, for the few calls that carry tensors; an Inert record for all others."""
    if not isinstance(args, tuple):
        raise Damaged('its pickle has arguments that are no tuple')
    name = str(kind) if isinstance(kind, Global) else None
    if name in ('torch._tensor._rebuild_from_type_v2', 'torch._tensor._rebuild_from_type'):
        # A tensor subclass: the function that makes the plain tensor, the subclass, the arguments, the attributes.
        kind, args = args[0], args[2]
        name = str(kind) if isinstance(kind, Global) else None
    if name in ('torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor'):
        return Tensor(*args[:4])
    if name in ('torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state'):
        return args[0]
    if name == 'collections.OrderedDict':
        pairs = args[0] if args else []
        return {key: value for key, value in pairs if isinstance(key, str)}
    if name == 'collections.defaultdict':
        return {}
    if name == 'torch.Size':
        return tuple(args[0])
    if name in ('builtins.set', '__builtin__.set', 'builtins.frozenset', '__builtin__.frozenset'):
        return list(args[0]) if args else []
    return Inert(kind if name else 'a call', args)
