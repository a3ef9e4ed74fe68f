#include "requantise.h"

u64 scalar_outputs;

static s32 saturate(s64 v) {
  if (v > 0x7fffffff) return 0x7fffffff;
  if (v < -(s64)0x80000000u) return (s32)0x80000000u;
  return (s32)v;
}

/// The product as t * 2^32 + r with 0 <= r < 2^32; abs(t) < 2^61.
static s32 requantise_one(s64 a, s32 multiplier, s32 shift, s32 zero) {
  const u64 part = (u64)(u32)a * (u32)multiplier;
  const s64 t = (a >> 32) * multiplier + (s64)(part >> 32);
  const u32 r = (u32)part;
  s64 scaled;
  if (shift >= 33) {
    const s32 s = shift - 32;
    scaled = s >= 63 ? 0 : (t + ((s64)1 << (s - 1))) >> s;
  } else if (t >= (1 << 29) || t < -(1 << 29)) {
    scaled = t < 0 ? -((s64)1 << 40) : (s64)1 << 40;  // beyond 2^29 codes on either side
  } else {
    scaled = ((t * ((s64)1 << 32) + r) + ((s64)1 << (shift - 1))) >> shift;
  }
  return saturate((s64)saturate(scaled) + zero);
}

HVX_Vector requantise_wide_scalar(Wide a, s32 multiplier, s32 shift, s32 zero) {
  union {
    HVX_Vector vector;
    u32 lane[kLanes];
  } low, high;
  low.vector = Q6_V_lo_W(a), high.vector = Q6_V_hi_W(a);
  for (s32 i = 0; i < kLanes; ++i) {
    const s64 sum = (s64)(((u64)high.lane[i] << 32) | low.lane[i]);
    low.lane[i] = (u32)requantise_one(sum, multiplier, shift, zero);
  }
  scalar_outputs += kLanes;
  return low.vector;
}
