// RQ-2, RQ-3 and RQ-4 on 32 lanes. Results are int32 before the clamp to the codes of the output, which store_codes
// does.
#pragma once

#include "hvx.h"

/// RQ-2: floor((x * m + 2^30) / 2^31), one rounding of the whole product.
INLINE HVX_Vector multiply_q31(HVX_Vector x, HVX_Vector m) {
  return Q6_Vw_vmpyoacc_VwVwVh_s1_rnd_sat_shift(Q6_Vw_vmpye_VwVuh(x, m), x, m);
}

/// RQ-3 before its clamp.
INLINE HVX_Vector requantise_hvx8(HVX_Vector a, s32 multiplier, s32 shift, s32 zero) {
  const HVX_Vector scaled = multiply_q31(Q6_Vw_vasl_VwR(a, shift), splat(multiplier));
  return Q6_Vw_vadd_VwVw_sat(scaled, splat(zero));
}

/// floor((p + 2^(s-1)) / 2^s) for abs(p) < 2^62 and s >= 1, saturated to int32.
INLINE HVX_Vector round_shift(Wide p, s32 s) {
  if (s >= 63) return Q6_V_vzero();  // abs(p) is below the half
  if (s > 32) return Q6_Vw_vasr_VwR(Q6_Vw_vadd_VwVw(Q6_V_hi_W(p), splat(1 << (s - 33))), s - 32);
  const Wide sum = add_wide(p, splat_wide((s64)1 << (s - 1)));
  const HVX_Vector top = Q6_V_hi_W(sum);
  if (s == 32) return top;
  const HVX_Vector bits = Q6_V_vor_VV(Q6_Vw_vasl_VwR(top, 32 - s), Q6_Vuw_vlsr_VuwR(Q6_V_lo_W(sum), s));
  const s32 limit = (s32)((1u << (s - 1)) - 1);
  const HVX_Vector capped = choose(Q6_Q_vcmp_gt_VwVw(top, splat(limit)), splat(0x7fffffff), bits);
  return choose(Q6_Q_vcmp_gt_VwVw(splat(-limit - 1), top), splat((s32)0x80000000u), capped);
}

/// RQ-4 of 32-bit sums before its clamp.
INLINE HVX_Vector requantise_wide(HVX_Vector a, s32 multiplier, s32 shift, s32 zero) {
  return Q6_Vw_vadd_VwVw_sat(round_shift(multiply_wide(a, splat(multiplier)), shift), splat(zero));
}

/// Saturates 64-bit numbers to words.
INLINE HVX_Vector saturate_wide(Wide a) {
  const HVX_Vector low = Q6_V_lo_W(a), high = Q6_V_hi_W(a), sign = Q6_Vw_vasr_VwR(low, 31);
  const HVX_Vector limit = Q6_V_vxor_VV(Q6_Vw_vasr_VwR(high, 31), splat(0x7fffffff));
  return choose(Q6_Q_vcmp_eq_VwVw(high, sign), low, limit);
}

/// RQ-4 of 64-bit sums with abs(a) < 2^46, before its clamp.
///
/// Shifts up to 32 mean a factor of at least 1/4, so sums beyond int32 leave the codes on either side and may be
/// saturated first. Above, a = h * 2^16 + l with 0 <= l < 2^16, and since the half is a multiple of 2^16,
/// floor((a * M + half) / 2^S) = floor((h * M + floor(l * M / 2^16) + half / 2^16) / 2^(S - 16)).
INLINE HVX_Vector requantise_wide64(Wide a, s32 multiplier, s32 shift, s32 zero) {
  if (shift <= 32) return requantise_wide(saturate_wide(a), multiplier, shift, zero);
  const HVX_Vector m = splat(multiplier), low = Q6_V_lo_W(a);
  const HVX_Vector h = Q6_V_vor_VV(Q6_Vw_vasl_VwR(Q6_V_hi_W(a), 16), Q6_Vuw_vlsr_VuwR(low, 16));
  const HVX_Vector rest = Q6_Vw_vmpye_VwVuh(m, low);  // the even halfword of a lane is l
  const Wide sum = add_wide(multiply_wide(h, m), Q6_W_vcombine_VV(Q6_V_vzero(), rest));
  return Q6_Vw_vadd_VwVw_sat(round_shift(sum, shift - 16), splat(zero));
}

/// Sums below this magnitude take the vector route of requantise_wide64.
#define VECTOR_SUM_LIMIT ((u64)1 << 46)

/// Outputs that took the scalar route; reported at the end of a reply.
extern u64 scalar_outputs;

/// RQ-4 of any 64-bit sums with abs(a) < 2^62, lane by lane on the scalar core.
HVX_Vector requantise_wide_scalar(Wide a, s32 multiplier, s32 shift, s32 zero);
