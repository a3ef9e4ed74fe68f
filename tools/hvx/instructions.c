// Runs single instructions and short sequences on vectors from standard input (docs/formats/hvx.md).
#include "requantise.h"

enum { kInstructionMagic = 0x49585648 /* "HVXI" */, kMaxVectors = 1024 };

#define SPLIT(pair)                   \
  const HVX_VectorPair both = (pair); \
  u = Q6_V_lo_W(both), v = Q6_V_hi_W(both)

static const struct {
  s32 inputs, outputs;
} shapes[] = {
#define SEQUENCE(name, inputs, outputs, ...) {inputs, outputs},
#include "instructions.def"
#undef SEQUENCE
};

enum Index {
#define SEQUENCE(name, inputs, outputs, ...) k_##name,
#include "instructions.def"
#undef SEQUENCE
  kSequences
};

/// Values beyond 2^29 are past every code, and which of them it is has no meaning.
INLINE HVX_Vector bounded(HVX_Vector v) {
  return Q6_Vw_vmin_VwVw(Q6_Vw_vmax_VwVw(v, splat(-(1 << 29))), splat(1 << 29));
}

static HVX_Vector in[3][kMaxVectors], out[2][kMaxVectors];

/// A loop of its own per sequence, so that the compiler sees nothing but its operands.
#define SEQUENCE(name, inputs, outputs, ...)                             \
  static __attribute__((noinline)) void run_##name(s32 vectors, s32 p) { \
    for (s32 i = 0; i < vectors; ++i) {                                  \
      const HVX_Vector a = in[0][i], b = in[1][i], c = in[2][i];         \
      HVX_Vector u = Q6_V_vzero(), v = u;                                \
      (void)a, (void)b, (void)c, (void)p;                                \
      __VA_ARGS__;                                                       \
      out[0][i] = u, out[1][i] = v;                                      \
    }                                                                    \
  }
#include "instructions.def"
#undef SEQUENCE

static void run(s32 index, s32 vectors, s32 p) {
  switch (index) {
#define SEQUENCE(name, inputs, outputs, ...) \
  case k_##name:                             \
    return run_##name(vectors, p);
#include "instructions.def"
#undef SEQUENCE
  }
}

s32 program(void) {
  s32 head[4];  // magic, index, vectors, scalar
  while (read_first(head, sizeof head)) {
    if (head[0] != kInstructionMagic || head[1] < 0 || head[1] >= kSequences) stop(kMalformed);
    if (head[2] < 1 || head[2] > kMaxVectors) stop(kMalformed);
    for (s32 k = 0; k < shapes[head[1]].inputs; ++k) read_bytes(in[k], (u32)head[2] * 128);
    run(head[1], head[2], head[3]);
    for (s32 k = 0; k < shapes[head[1]].outputs; ++k) write_bytes(out[k], (u32)head[2] * 128);
  }
  return kDone;
}
