// AP-1, AP-2: sums of the window in halfwords, low and high bytes apart; the margins hold the zero point and count.
#include "nodes.h"
#include "requantise.h"

/// 32 pixels at steps of the stride, which is 1 or 2.
INLINE HVX_Vector load_strided(const u32* at, s32 stride) {
  if (stride == 1) return load(at);
  return Q6_V_lo_W(Q6_W_vdeal_VVR(load(at + kLanes), load(at), -4));
}

/// Sums of the bytes of one plane over the window, one vector of words per channel; at most 257 taps.
INLINE void window_sums(const s32* p, const Tensor* x, s32 plane, s32 quad, s32 y, s32 column, HVX_Vector sum[4]) {
  HVX_Vector even = Q6_V_vzero(), odd = Q6_V_vzero();
  for (s32 ky = 0; ky < p[kPoolKernelH]; ++ky)
    for (s32 kx = 0; kx < p[kPoolKernelW]; ++kx) {
      const u32* at =
          pixel(x, plane, quad, y * p[kPoolStrideH] + ky - p[kPoolPadH], column * p[kPoolStrideW] + kx - p[kPoolPadW]);
      const HVX_VectorPair taps = Q6_Wuh_vzxt_Vub(load_strided(at, p[kPoolStrideW]));
      even = Q6_Vh_vadd_VhVh(even, Q6_V_lo_W(taps));
      odd = Q6_Vh_vadd_VhVh(odd, Q6_V_hi_W(taps));
    }
  const HVX_VectorPair a = Q6_Wuw_vzxt_Vuh(even), b = Q6_Wuw_vzxt_Vuh(odd);
  sum[0] = Q6_V_lo_W(a), sum[1] = Q6_V_lo_W(b), sum[2] = Q6_V_hi_W(a), sum[3] = Q6_V_hi_W(b);
}

void avg_pool(const Node* n, const Tensor* x, const Tensor* y) {
  const s32* p = n->parameters;
  const s32 zeros = p[kPoolKernelH] * p[kPoolKernelW] * x->zero;
  FOR_EACH_QUAD(y, quad, row, column) {
    HVX_Vector v[4], high[4];
    window_sums(p, x, 0, quad, row, column, v);
    if (x->planes == 2) window_sums(p, x, 1, quad, row, column, high);
    for (s32 k = 0; k < 4; ++k) {
      if (x->planes == 2) v[k] = Q6_Vw_vadd_VwVw(v[k], Q6_Vw_vasl_VwR(high[k], 8));
      const HVX_Vector d = Q6_Vw_vsub_VwVw(v[k], splat(zeros));
      v[k] = n->form == kHvx8 ? requantise_hvx8(d, p[kPoolMultiplier], p[kPoolShift], y->zero)
                              : requantise_wide(d, p[kPoolMultiplier], p[kPoolShift], y->zero);
    }
    store_codes(y, quad, row, column, v);
  }
}
