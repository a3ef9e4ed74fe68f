#!/usr/bin/env python3
"""Plants one mistake at a time in a copy of the sources and shows that a test turns red.

usage: run.py SOURCE_ROOT WORK_FOLDER [NAME...]

The copy is built once; each mistake rebuilds what it touches, runs the tests named beside it, expects at least one
failure, and is taken back. Exit 1 when a mistake survives or a pattern no longer matches the sources.
"""
import pathlib
import shutil
import subprocess
import sys

# name, file, text, replacement, tests that must not all pass
MISTAKES = [
    ("tie rule: half towards minus infinity", "src/numerics/rounding.h",
     "(v + (std::int64_t{1} << (s - 1))) >> s", "(v + (std::int64_t{1} << (s - 1)) - 1) >> s", ["numerics"]),
    ("tie rule of the wide form", "src/numerics/rounding.h",
     "(static_cast<Int128>(1) << (r.shift - 1))) >> r.shift", "(static_cast<Int128>(1) << (r.shift - 1)) - 1) >> r.shift",
     ["numerics"]),
    ("multiplier truncated instead of rounded", "src/numerics/exact.cc",
     "(2 * magnitude(n) + d) / (2 * d)", "magnitude(n) / d", ["numerics"]),
    ("padding with code 0 in the vector layout", "src/tensor/blocked.cc",
     "const std::uint32_t word = byte * 0x01010101u;", "const std::uint32_t word = byte * 0x01010101u * 0u;", ["kernels"]),
    ("padding with code 0 in the reference", "src/kernels/sums.cc",
     "buffer[k++] = p.x.zero();", "buffer[k++] = 0;", ["kernels"]),
    ("average divides by 8", "src/graph/lower_pointwise.cc",
     "Dyadic::integer(p.taps) * scale_of(y)}", "Dyadic::integer(p.taps - 1) * scale_of(y)}", ["oracle_w8a8_ideal"]),
    ("skip taken after the pool", "src/graph/salsanext.cc",
     "b.pool(name + \".pool\", kept) : kept, skip}", "b.pool(name + \".pool\", kept) : kept, x}", ["salsanext_graph"]),
    ("conv2 of a context block reads the input", "src/graph/salsanext.cc",
     "b.conv_act(name, \"2\", shortcut, out, kThree)", "b.conv_act(name, \"2\", x, out, kThree)", ["salsanext_graph"]),
    ("conv2 of a residual block reads the shortcut", "src/graph/salsanext.cc",
     "b.conv_act(name, \"2\", x, out, kThree));\n  const ValueId a2 = b.same(Op::batch_norm, name + \".bn2\", b.conv_act(name, \"3\", a1, out, kThreeDilated));\n  const ValueId a3",
     "b.conv_act(name, \"2\", shortcut, out, kThree));\n  const ValueId a2 = b.same(Op::batch_norm, name + \".bn2\", b.conv_act(name, \"3\", a1, out, kThreeDilated));\n  const ValueId a3",
     ["salsanext_graph"]),
    ("pixel shuffle in DCR order", "src/kernels/reference.cc",
     "(c * factor + y % factor) * factor + x % factor", "((y % factor) * factor + x % factor) * out.channels + c",
     ["kernels"]),
    ("zero point off by one", "src/numerics/grid.cc",
     "std::round(low / g.scale))", "std::round(low / g.scale) + 1)", ["numerics"]),
    ("int4 nibbles swapped", "src/import/model_file.cc",
     ">> (i % 2 == 0 ? 0 : 4)) & 15", ">> (i % 2 == 0 ? 4 : 0)) & 15", ["import"]),
    ("bias dropped in the wide form", "src/graph/lower_affine.cc",
     "const BigInt b = round_scaled({ch.bias, ch.step});\n    if (ch.worst_sum + abs(b) >= kWideLimit)",
     "const BigInt b = 0;\n    if (ch.worst_sum + abs(b) >= kWideLimit)", ["oracle_w8a8_ideal"]),
    ("zero point left out of the accumulator", "src/graph/lower_affine.cc",
     "exact{ch.bias + zero, ch.step}", "exact{ch.bias, ch.step}", ["oracle_w8a8_hexagon-hvx"]),
    ("index 0 counts as a point", "src/lidar/range_image.cc",
     "winner > 0 ? 1.0f : 0.0f", "winner >= 0 ? 1.0f : 0.0f", ["lidar_projection", "projection_oracle"]),
    ("floor(x + 0.5) in float32 instead of roundf", "src/numerics/grid.h",
     "std::roundf(ratio - g.float_offset)", "std::floor((ratio - g.float_offset) + 0.5f)", ["numerics"]),
    ("batch norm without its factor", "src/graph/lower_affine.cc",
     "constexpr int kHvx8Bits = 7, kWideBits = 12;", "constexpr int kHvx8Bits = 6, kWideBits = 12;", ["oracle_w8a8_hexagon-hvx"]),
    ("concat gain rounded instead of truncated", "src/graph/lower_pointwise.cc",
     "static_cast<std::int32_t>(truncate_scaled(f, 15))", "static_cast<std::int32_t>(round_scaled(f, 15))", ["oracle_w8a8_hexagon-hvx"]),
    ("leaky slope 1/128", "src/graph/lower_pointwise.cc",
     "Dyadic::integer(100) * scale_of(y)", "Dyadic::integer(128) * scale_of(y)", ["oracle_w8a8_hexagon-hvx"]),
    ("vector requantisation forgets odd lanes", "src/kernels/simd/requantise-inl.h",
     "hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(odd)), hn::BitCast(d32, even))",
     "hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(even)), hn::BitCast(d32, even))", ["kernels"]),
    ("weights of the last input block dropped", "src/kernels/simd/conv2d_prepare.cc",
     "if (o < node.out_channels && i < node.in_channels)", "if (o < node.out_channels && i + 1 < node.in_channels)", ["kernels"]),
    ("fused multiply-add split in two roundings", "src/numerics/ops.cc",
     "std::fma(dequantise(p.x, q), p.float_scale[c], p.float_bias[c])",
     "dequantise(p.x, q) * p.float_scale[c] + p.float_bias[c]", ["oracle_w8a8_aimet", "kernels"]),
    ("last maximum instead of the first", "src/kernels/reference.cc",
     "if (plane[i] > top[i])", "if (plane[i] >= top[i])", ["kernels"]),
]

# Mistakes in the HVX code; without qemu-hexagon and the compiler its tests are skipped and show nothing.
HVX_MISTAKES = [
    ("hvx: tie of the wide form", "tools/hvx/requantise.h", "splat_wide((s64)1 << (s - 1))",
     "splat_wide(((s64)1 << (s - 1)) - 1)", ["hvx_kernels"]),
    ("hvx: Q31 product truncates", "tools/hvx/requantise.h", "s1_rnd_sat_shift", "s1_sat_shift", ["hvx_instructions"]),
    ("hvx: carry of 64-bit sums", "tools/hvx/hvx.h", "choose(wrapped, splat(1), Q6_V_vzero())",
     "choose(wrapped, splat(0), Q6_V_vzero())",
     ["hvx_kernels"]),
    ("hvx: low halfword dropped", "tools/hvx/requantise.h", "Q6_Vw_vmpye_VwVuh(m, low);", "Q6_V_vzero();",
     ["hvx_kernels"]),
    ("hvx: margins hold code 0", "tools/hvx/tensor.c",
     "splat((plane == 0 ? t->zero & 255 : t->zero >> 8) * 0x01010101)", "Q6_V_vzero()", ["hvx_kernels"]),
    ("hvx: tail of a row", "tools/hvx/tensor.h", "if (inside < kLanes) {", "if (0) {", ["hvx_network_w8a8"]),
    ("hvx: channels 1 and 2 swapped", "tools/hvx/tensor.h",
     "Q6_Vh_vsat_VwVw(value[2], value[0]), odd = Q6_Vh_vsat_VwVw(value[3], value[1])",
     "Q6_Vh_vsat_VwVw(value[1], value[0]), odd = Q6_Vh_vsat_VwVw(value[3], value[2])", ["hvx_kernels"]),
    ("hvx: strict grids", "tools/hvx/tensor.h", "splat(t->max * 0x01010101)", "splat(-1)", ["hvx_kernels"]),
    ("hvx: nibbles swapped", "tools/hvx/conv.c", "(4 * (place % 2))", "(4 * (1 - place % 2))", ["hvx_kernels"]),
    ("hvx: pool without high bytes", "tools/hvx/avg_pool.c", "Q6_Vw_vasl_VwR(high[k], 8)", "Q6_V_vzero()",
     ["hvx_kernels"]),
    ("hvx: last maximum", "tools/hvx/argmax.c", "Q6_Q_vcmp_gt_VwVw(v[k], best)",
     "Q6_Q_not_Q(Q6_Q_vcmp_gt_VwVw(best, v[k]))", ["hvx_kernels"]),
    ("hvx: convolution without vrmpy", "tools/hvx/conv.c", "Q6_Vw_vrmpyacc_VwVubRb(", "Q6_Vw_vmpyiacc_VwVwRb(",
     ["hvx_disassembly"]),
]


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    root, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    chosen = sys.argv[3:]
    copy, build = work / "source", work / "build"
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", "build*", "out"))
    if not (build / "build.ninja").exists():
        first = run(["meson", "setup", str(build), str(copy), "-Dtorch=disabled", "-Dbench=disabled",
                     "--buildtype=plain", "-Dcpp_args=-O1"], work)
        if first.returncode != 0:
            sys.exit(first.stdout)
    base = run(["ninja", "-C", str(build)], work)
    if base.returncode != 0:
        sys.exit(base.stdout[-4000:])
    killed, survivors = 0, []
    mistakes = MISTAKES
    if shutil.which("qemu-hexagon") and (build / "tools" / "hvx" / "network.elf").exists():
        mistakes = MISTAKES + HVX_MISTAKES
    else:
        print("SKIPPED: mistakes in the HVX code: qemu-user, clang-16 or lld-16 is missing")
    for name, file, old, new, tests in mistakes:
        if chosen and not any(c in name for c in chosen):
            continue
        path = copy / file
        text = path.read_text()
        if text.count(old) != 1:
            survivors.append(f"{name}: its text occurs {text.count(old)} times in {file}")
            continue
        path.write_text(text.replace(old, new))
        compiled = run(["ninja", "-C", str(build)], work)
        result = run(["meson", "test", "-C", str(build), "--no-rebuild", *tests], work) if compiled.returncode == 0 else compiled
        path.write_text(text)
        if compiled.returncode == 0 and result.returncode != 0 and "No tests" not in result.stdout:
            killed += 1
            print(f"red: {name} ({', '.join(tests)})", flush=True)
        else:
            survivors.append(f"{name}: " + ("does not compile" if compiled.returncode else "every test stayed green"))
            print(f"SURVIVED: {survivors[-1]}", flush=True)
    run(["ninja", "-C", str(build)], work)
    print(f"{killed} mistakes turned a test red, {len(survivors)} did not")
    for line in survivors:
        print("  " + line)
    return 1 if survivors or killed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
