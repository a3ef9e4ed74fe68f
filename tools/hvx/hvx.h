// The HVX headers, and short names for what every kernel does with vectors of 32 words.
#pragma once

#include <hexagon_types.h>
#include <hexagon_protos.h>
#include <hvx_hexagon_protos.h>

#include "runtime.h"

#define INLINE static inline __attribute__((always_inline))

enum { kLanes = 32 };  ///< words of a vector, and pixels: a word holds one pixel's four channels

/// 32 signed 64-bit numbers: low words in the low vector, high words in the high one.
typedef HVX_VectorPair Wide;

INLINE HVX_Vector splat(s32 value) { return Q6_V_vsplat_R(value); }

INLINE Wide splat_wide(s64 value) { return Q6_W_vcombine_VV(splat((s32)(value >> 32)), splat((s32)value)); }

/// Lanes of `a` where `q` holds, else of `b`.
INLINE HVX_Vector choose(HVX_VectorPred q, HVX_Vector a, HVX_Vector b) { return Q6_V_vmux_QVV(q, a, b); }

/// 64-bit sum. The carry is found by an unsigned comparison, as a sum is below its operand only where it wrapped.
INLINE Wide add_wide(Wide a, Wide b) {
  const HVX_Vector low = Q6_Vw_vadd_VwVw(Q6_V_lo_W(a), Q6_V_lo_W(b));
  const HVX_VectorPred wrapped = Q6_Q_vcmp_gt_VuwVuw(Q6_V_lo_W(a), low);
  const HVX_Vector carry = choose(wrapped, splat(1), Q6_V_vzero());
  return Q6_W_vcombine_VV(Q6_Vw_vadd_VwVw(Q6_Vw_vadd_VwVw(Q6_V_hi_W(a), Q6_V_hi_W(b)), carry), low);
}

/// a * 2^(8 * bytes) in 64 bits, bytes 0 to 2.
INLINE Wide widen(HVX_Vector a, s32 bytes) {
  if (bytes == 0) return Q6_W_vcombine_VV(Q6_Vw_vasr_VwR(a, 31), a);
  return Q6_W_vcombine_VV(Q6_Vw_vasr_VwR(a, 32 - 8 * bytes), Q6_Vw_vasl_VwR(a, 8 * bytes));
}

/// Exact 64-bit products of words.
INLINE Wide multiply_wide(HVX_Vector a, HVX_Vector m) { return Q6_W_vmpyoacc_WVwVh(Q6_W_vmpye_VwVuh(a, m), a, m); }
