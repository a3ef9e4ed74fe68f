#!/usr/bin/env python3
"""Turns a SalsaNext .pth file into the safetensors checkpoint that intsim imports.

    export_checkpoint.py IN.pth -o OUT.safetensors

Reads checkpoints with a state_dict, plain state dicts and whole pickled modules (torch.fx and AIMET exports too), in
the zip and the legacy form of torch.save. Needs neither torch nor AIMET and runs nothing that the file contains.
Writes float32 tensors under their torch names, sorted: float16 and bfloat16 are widened exactly, float64 is rounded
once. num_batches_tracked counters are left out. The same tensors give the same bytes, apart from the metadata.

Exit codes: 0 written; 2 usage; 3 bad input or not this network; 4 failed write, which leaves no file behind.
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import stat
import struct
import sys
import tempfile

from torch_file import InputError, open_checkpoint
from torch_pickle import Inert, Tensor

MAX_INPUT = 2 << 30
MAX_OUTPUT = 2 << 30
MAX_MODULES = 10000
MAX_NAME = 1000
MAX_PROBLEMS = 400
PREFIX = 'module.'
# AIMET folds this BatchNorm into the convolution after it; no other one can be folded.
FOLDABLE = 'upBlock4.bn4'


class OutputError(Exception):
    """A failed write."""


def salsanext_shapes():
    """Tensor name -> shape of the network with its 51 convolutions and 42 BatchNorms."""
    shapes = {}

    def block(name, convs, norms, channels):
        for i, (inputs, outputs, kernel) in enumerate(convs, 1):
            shapes[f'{name}.conv{i}.weight'] = (outputs, inputs, kernel, kernel)
            shapes[f'{name}.conv{i}.bias'] = (outputs,)
        for i in range(1, norms + 1):
            for field in ('weight', 'bias', 'running_mean', 'running_var'):
                shapes[f'{name}.bn{i}.{field}'] = (channels,)

    for name, c_in in (('downCntx', 5), ('downCntx2', 32), ('downCntx3', 32)):
        block(name, [(c_in, 32, 1), (32, 32, 3), (32, 32, 3)], 2, 32)
    widths = [32, 64, 128, 256, 256, 256]
    for i, (c_in, c) in enumerate(zip(widths, widths[1:]), 1):
        block(f'resBlock{i}', [(c_in, c, 1), (c_in, c, 3), (c, c, 3), (c, c, 2), (3 * c, c, 1)], 4, c)
    # An upBlock reads the pixel shuffle, a quarter of the channels below, and its skip.
    for i, (below, skip, c) in enumerate([(256, 256, 128), (128, 256, 128), (128, 128, 64), (64, 64, 32)], 1):
        block(f'upBlock{i}', [(below // 4 + skip, c, 3), (c, c, 3), (c, c, 2), (3 * c, c, 1)], 4, c)
    shapes['logits.weight'], shapes['logits.bias'] = (20, 32, 1, 1), (20,)
    return shapes


def shape_text(shape):
    return 'x'.join(map(str, shape)) or 'scalar'


def network_problems(tensors):
    """One line for each tensor that is missing, surplus or of the wrong shape."""
    expected = salsanext_shapes()
    if not any(name.startswith(FOLDABLE + '.') for name in tensors):
        expected = {name: shape for name, shape in expected.items() if not name.startswith(FOLDABLE + '.')}
    problems = []
    for name in sorted(expected.keys() | tensors.keys()):
        want = expected.get(name)
        have = tensors[name].shape if name in tensors else None
        if have is None:
            problems.append(f'tensor {name!r} is missing, expected shape {shape_text(want)}')
        elif want is None:
            problems.append(f'tensor {name!r} of shape {shape_text(have)} is surplus')
        elif have != want:
            problems.append(f'tensor {name!r} has shape {shape_text(have)}, expected {shape_text(want)}')
    return problems


def check_network(tensors, where):
    problems = network_problems(tensors)
    if not problems:
        return
    hint = '--any exports it all the same, --list shows what it holds'
    if any('._module_to_wrap.' in name for name in tensors):
        hint = 'it is a simulation model: give the .pth that sim.export wrote'
    lines = problems[:MAX_PROBLEMS]
    if len(problems) > len(lines):
        lines.append(f'and {len(problems) - len(lines)} more')
    raise InputError(where, f'is not SalsaNext ({len(problems)} problems)', '\n  '.join([hint] + lines))


def kind_text(node):
    return f'made by {node.kind}' if isinstance(node, Inert) else f'a {type(node).__name__}'


def module_fields(node):
    """The instance dictionary of a pickled torch module, or None. A torch.fx module passes it as an argument."""
    if isinstance(node, Inert):
        for fields in (node.state, *node.args):
            if isinstance(fields, dict) and isinstance(fields.get('_modules'), dict):
                return fields
    return None


def walk_module(root, where):
    """Name -> parameter or buffer, as module.state_dict() would list them."""
    found, pending, visited = {}, [('', root)], 0
    while pending:
        prefix, node = pending.pop()
        fields = module_fields(node)
        visited += 1
        if fields is None:
            raise InputError(where, f'module {prefix[:-1]!r} ({kind_text(node)}) has no readable fields')
        if visited > MAX_MODULES or len(prefix) > MAX_NAME:
            raise InputError(where, 'its modules nest without end', 'save model.state_dict() instead')
        transient = fields.get('_non_persistent_buffers_set') or ()
        for group in ('_parameters', '_buffers'):
            table = fields.get(group)
            for name, value in (table if isinstance(table, dict) else {}).items():
                if value is not None and not (group == '_buffers' and name in transient):
                    found[prefix + name] = value
        pending += [(f'{prefix}{name}.', child) for name, child in fields['_modules'].items() if child is not None]
    return found


def find_tensors(root, where):
    """Name -> tensor of a checkpoint, a state dict or a whole module; without prefix and without counters."""
    table = root.items if isinstance(root, Inert) and root.items else root
    if isinstance(table, dict) and 'state_dict' in table:
        root = table['state_dict']
    if module_fields(root) is not None:
        found = walk_module(root, where)
    else:
        found = root.items if isinstance(root, Inert) else root
        if not isinstance(found, dict) or not any(isinstance(value, Tensor) for value in found.values()):
            content = f'its keys are {sorted(found)[:12]}' if isinstance(found, dict) and found else kind_text(root)
            raise InputError(where, f'holds no state_dict, no tensors and no module ({content})',
                             'give a checkpoint with state_dict, a state dict or a whole module')
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise InputError(f'{where}: {name!r}', f'is no plain tensor ({kind_text(value)})',
                             'save it as a dense tensor')
    if all(name.startswith(PREFIX) for name in found):
        found = {name[len(PREFIX):]: value for name, value in found.items()}
    return {name: value for name, value in sorted(found.items())
            if name.rpartition('.')[2] != 'num_batches_tracked'}


def half_bits(half):
    """The float32 bit pattern of the same value as a float16 bit pattern; NaN payloads survive."""
    sign, exponent, fraction = half >> 15 << 31, half >> 10 & 31, half & 1023
    if exponent == 31:
        return sign | 0x7F800000 | fraction << 13
    if exponent:
        return sign | (exponent + 112) << 23 | fraction << 13
    if not fraction:
        return sign
    top = fraction.bit_length()  # value = fraction * 2^-24
    return sign | (top + 102) << 23 | (fraction << (24 - top) & 0x7FFFFF)


def to_float32(raw, dtype):
    """Little-endian float32 bytes. Raises OverflowError for a float64 beyond the range."""
    if dtype == 'float16':
        halves = struct.unpack(f'<{len(raw) // 2}H', raw)
        table = {half: half_bits(half) for half in set(halves)}
        return struct.pack(f'<{len(halves)}I', *map(table.__getitem__, halves))
    if dtype == 'bfloat16':
        wide = bytearray(2 * len(raw))
        wide[2::4], wide[3::4] = raw[::2], raw[1::2]
        return bytes(wide)
    if dtype == 'float64':
        doubles = struct.unpack(f'<{len(raw) // 8}d', raw)
        return struct.pack(f'<{len(doubles)}f', *doubles)
    return raw


def check_exportable(tensors, where):
    """Every type and size is known to be possible before the first element is read."""
    total = 0
    for name, tensor in tensors.items():
        at = f'{where}: tensor {name!r}'
        if tensor.storage.dtype not in ('float32', 'float64', 'float16', 'bfloat16'):
            raise InputError(at, f'has type {tensor.storage.dtype}', 'save it as a floating-point tensor')
        if name == '__metadata__' or any('\ud800' <= letter <= '\udfff' for letter in name):
            raise InputError(at, 'has a name that a safetensors file cannot hold')
        total += 4 * tensor.count()
        if total > MAX_OUTPUT:
            raise InputError(at, f'makes the checkpoint larger than {MAX_OUTPUT >> 30} GiB')


def float_bytes(tensor, name, read, where):
    try:
        return to_float32(read(tensor, name), tensor.storage.dtype)
    except OverflowError:
        raise InputError(f'{where}: tensor {name!r}', 'has a float64 value beyond the range of float32') from None


def write_safetensors(path, metadata, tensors, payload):
    """Writes `tensors` in their order, `payload(name)` giving the bytes; the file appears complete or not at all."""
    header, offset = {'__metadata__': metadata}, 0
    for name, tensor in tensors.items():
        end = offset + 4 * tensor.count()
        header[name] = {'dtype': 'F32', 'shape': tensor.shape, 'data_offsets': [offset, end]}
        offset = end
    text = json.dumps(header, separators=(',', ':'), ensure_ascii=False).encode()
    text += b' ' * (-(len(text) + 8) % 64)
    temporary = None
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise OutputError(f'{path}: is no regular file; give another name')
        folder, base = os.path.split(path)
        descriptor, temporary = tempfile.mkstemp(prefix=base + '.part-', dir=folder or '.')
        with os.fdopen(descriptor, 'wb') as file:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
            file.write(struct.pack('<Q', len(text)) + text)
            for name in tensors:
                file.write(payload(name))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise OutputError(f'{path}: cannot be written ({error.strerror}); check folder, rights and space') from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def read_input(path):
    try:
        with open(path, 'rb') as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(path, 'is no regular file', 'give the path of a .pth file')
            if status.st_size > MAX_INPUT:
                raise InputError(path, f'is larger than {MAX_INPUT >> 30} GiB', 'give the checkpoint of SalsaNext')
            return file.read()
    except OSError as error:
        raise InputError(path, f'cannot be read ({error.strerror})', 'check the path') from None


def print_list(tensors):
    for name, tensor in tensors.items():
        shown = name if name.isascii() and name.isprintable() else ascii(name)
        print(shown, shape_text(tensor.shape), tensor.storage.dtype, sep='\t')
    sys.stdout.flush()


def export(options):
    data = read_input(options.input)
    root, read = open_checkpoint(data, options.input)
    tensors = find_tensors(root, options.input)
    if options.list:
        print_list(tensors)
    if options.output is None:
        return
    if not options.any:
        check_network(tensors, options.input)
    check_exportable(tensors, options.input)
    source = os.fsencode(os.path.basename(options.input)).decode('utf-8', 'replace')
    metadata = {'producer': 'intsim export_checkpoint.py', 'source': source,
                'source_hash': hashlib.sha256(data).hexdigest()}
    write_safetensors(options.output, metadata, tensors,
                      lambda name: float_bytes(tensors[name], name, read, options.input))
    elements = sum(tensor.count() for tensor in tensors.values())
    print(f'{options.output}: {len(tensors)} tensors, {elements} values', file=sys.stderr)
    rounded = [name for name, tensor in tensors.items() if tensor.storage.dtype == 'float64']
    if rounded:
        print(f'note: {len(rounded)} float64 tensors were rounded to float32, first {rounded[0]!r}', file=sys.stderr)
    if not options.any and FOLDABLE + '.weight' not in tensors:
        print(f'note: {FOLDABLE} is absent: already folded into logits', file=sys.stderr)


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description='Turns a SalsaNext .pth file into a safetensors checkpoint. '
                                     'Needs no torch and runs nothing that the file contains.')
    parser.add_argument('input', metavar='IN.pth')
    parser.add_argument('-o', '--output', metavar='OUT.safetensors', help='file to write')
    parser.add_argument('--any', action='store_true', help='do not check names and shapes against SalsaNext')
    parser.add_argument('--list', action='store_true', help='print name, shape and type of every tensor')
    options = parser.parse_args(arguments)
    if options.output is None and not options.list:
        parser.error('nothing to do: give -o OUT.safetensors or --list')
    if options.output is not None and os.path.exists(options.output) and os.path.exists(options.input) \
            and os.path.samefile(options.input, options.output):
        parser.error('-o names the input file')
    return options


def main(arguments=None):
    """Runs the command line and returns the exit code."""
    options = parse_arguments(arguments)
    try:
        export(options)
    except InputError as error:
        print(f'error: {error}', file=sys.stderr)
        return 3
    except MemoryError:
        print(f'error: {options.input}: needs more memory than there is', file=sys.stderr)
        return 3
    except OutputError as error:
        print(f'error: {error}', file=sys.stderr)
        return 4
    except OSError as error:
        # Only --list gets here.
        print(f'error: standard output: {error.strerror}', file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    # An orderly exit removes the temporary file.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
