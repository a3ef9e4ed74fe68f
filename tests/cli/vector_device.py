"""A device for `intsim vectors`: echoes every line and answers requant under three profiles and one convolution, in plain
Python integers. With --broken it rounds the ties of tflite and half-away as `ideal` does; with --lose N it drops line N."""
import sys


def clamp(value, top):
    return max(0, min(top, value))


def nearest_up(value, shift):
    return value if shift == 0 else (value + (1 << (shift - 1))) >> shift


def nearest_away(value, shift):
    return -nearest_up(-value, shift) if value < 0 else nearest_up(value, shift)


def int32(value):
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def tflite(acc, multiplier, shift, zero, top):
    high = nearest_up(int32(acc << max(0, 31 - shift)) * multiplier, 31)
    return clamp(zero + nearest_away(high, max(0, shift - 31)), top)


def half_away(acc, multiplier, shift, zero, top):
    return clamp(zero + nearest_away(acc * multiplier, shift), top)


def ideal(acc, multiplier, shift, zero, top):
    return clamp(zero + nearest_up(acc * multiplier, shift), top)


def hvx_conv(zero, bias, multiplier, shift, top, count, *lists):
    total = bias + sum((q - zero) * w for q, w in zip(lists[:count], lists[count:]))
    return clamp(max(-32768, min(32767, nearest_up((total << shift) * multiplier, 31))), top)


DEVICES = {("requant", "tflite"): tflite, ("requant", "half-away"): half_away, ("requant", "ideal"): ideal,
           ("conv2d", "hexagon-hvx"): hvx_conv}


def main(words):
    lose = int(words[words.index("--lose") + 1]) if "--lose" in words else 0
    compute = None
    for number, line in enumerate(sys.stdin, 1):
        line = line.rstrip("\n")
        if number == 1:
            fields = dict(word.split("=") for word in line.split() if "=" in word)
            compute = ideal if "--broken" in words else DEVICES[fields["op"], fields["rule"]]
        if number == lose:
            continue
        print(line if line.startswith("#") else f"{line} -> {compute(*map(int, line.split()))}")


if __name__ == "__main__":
    main(sys.argv[1:])
