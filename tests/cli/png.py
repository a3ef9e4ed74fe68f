"""PNG files, decoded with zlib alone."""
import struct
import zlib


def read_png(path):
    """Rows of (red, green, blue) of a PNG of 8 bits per channel without alpha, palette and interlacing."""
    with open(path, "rb") as file:
        return decode_png(file.read())


def decode_png(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    chunks, at = [], 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
        chunks.append((kind, body))
        at += 12 + size
    assert chunks[-1][0] == b"IEND"
    width, height, *form = struct.unpack(">IIBBBBB", chunks[0][1])
    assert form == [8, 2, 0, 0, 0], form
    raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    assert len(raw) == height * (1 + 3 * width)
    rows, above = [], bytes(3 * width)
    for row in range(height):
        line = raw[row * (1 + 3 * width):(row + 1) * (1 + 3 * width)]
        above = unfilter(line[0], bytearray(line[1:]), above)
        rows.append([tuple(above[i:i + 3]) for i in range(0, 3 * width, 3)])
    return rows


def unfilter(kind, line, above):
    for i in range(len(line)):
        left, up, corner = (line[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
        guess = left + up - corner
        nearest = min((abs(guess - v), order, v) for order, v in enumerate((left, up, corner)))[2]
        line[i] = (line[i] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return bytes(line)
