"""Opens the two file forms of torch.save: zip (torch 1.6 and later) and legacy (before it)."""

import io
import struct
import zipfile

from torch_pickle import Damaged, PickleMachine

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
AGAIN = 'the file is cut off or damaged; save or download it again'


class InputError(Exception):
    """Bad input: where, why and what to do, as one line."""

    def __init__(self, where, why, hint=''):
        super().__init__(f'{where}: {why}' + (f'; {hint}' if hint else ''))


def open_checkpoint(data, where):
    """(object, read) of the bytes of a torch.save file: `read(tensor, name)` gives the tensor's row-major bytes.

    Raises InputError naming `where` for anything that is damaged, cut off or in another form.
    """
    try:
        if data[:4] == b'PK\x03\x04':
            root, records = open_zip(data, where)
        elif data[257:262] == b'ustar':
            raise InputError(where, 'is in the tar form of torch 0.1',
                             'load it with a torch that still reads it and save it again')
        else:
            root, records = open_legacy(data, where)
    except Damaged as error:
        raise InputError(where, str(error), AGAIN) from None

    def read(tensor, name):
        at = f'{where}: tensor {name!r}'
        try:
            tensor.check()
        except Damaged as error:
            raise InputError(at, str(error), AGAIN) from None
        return tensor.gather(records(tensor.storage, at))

    return root, read


def open_zip(data, where):
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise InputError(where, f'no readable zip directory ({error})', AGAIN) from None
    names = set(archive.namelist())
    roots = [name for name in names if name.endswith('/data.pkl') and name.count('/') == 1]
    if len(roots) != 1:
        raise InputError(where, 'is a zip file without the data.pkl of torch.save', 'give the .pth file itself')
    prefix = roots[0][:-len('data.pkl')]
    if prefix + 'constants.pkl' in names:
        raise InputError(where, 'is a TorchScript program', 'save model.state_dict() with torch.save')

    def record(name, at, size=None):
        try:
            info = archive.getinfo(prefix + name)
            # Stored records cannot be larger than the file, so a size is believed only when it is stored.
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise InputError(at, f'record {name} is compressed or encrypted', 'save the file again with torch.save')
            if size is not None and info.file_size != size:
                raise InputError(at, f'record {name} has {info.file_size} bytes, {size} are announced', AGAIN)
            return archive.read(info)
        except KeyError:
            raise InputError(at, f'record {name} is missing', AGAIN) from None
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError, struct.error) as error:
            raise InputError(at, f'record {name} cannot be read ({error})', AGAIN) from None

    if prefix + 'byteorder' in names and record('byteorder', where) != b'little':
        raise InputError(where, 'was written on a big-endian machine', 'save it again on a little-endian one')
    root = PickleMachine({}).run(io.BytesIO(record('data.pkl', where)))
    return root, lambda storage, at: record('data/' + storage.key, at, storage.record_numel * storage.width)


def open_legacy(data, where):
    stream, storages = io.BytesIO(data), {}
    try:
        known = PickleMachine({}).run(stream) == LEGACY_MAGIC
    except Damaged:
        known = False
    if not known:
        raise InputError(where, 'is neither a zip nor a legacy file of torch.save',
                         'is it a .pth file, completely downloaded?')
    protocol = PickleMachine({}).run(stream)
    if protocol != LEGACY_PROTOCOL:
        shown = protocol if isinstance(protocol, int) else '?'
        raise InputError(where, f'has legacy protocol {shown}, known is {LEGACY_PROTOCOL}', 'save it again')
    PickleMachine({}).run(stream)  # sizes of C types on the writing machine; the storages do not depend on them
    root = PickleMachine(storages).run(stream)
    keys = PickleMachine({}).run(stream)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise Damaged('its list of storages is damaged')
    views = {}
    for key in keys:
        head = stream.read(8)
        if len(head) < 8:
            raise Damaged(f'the file ends before storage {key!r}')
        storage, numel = storages.get(key), int.from_bytes(head, 'little')
        if storage is None or storage.record_numel != numel:
            raise Damaged(f'storage {key!r} has {numel} elements, which is not what its tensors announce')
        if storage.width == 0:
            raise Damaged(f'storage {key!r} is {storage.dtype}, an unknown type')
        start, size = stream.tell(), numel * storage.width
        if size > len(data) - start:
            raise Damaged(f'the file ends within storage {key!r}')
        views[key] = memoryview(data)[start:start + size]
        stream.seek(size, io.SEEK_CUR)

    def records(storage, at):
        if storage.key not in views:
            raise InputError(at, f'storage {storage.key!r} is missing', AGAIN)
        return views[storage.key]

    return root, records
