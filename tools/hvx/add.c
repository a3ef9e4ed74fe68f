// AD-1: halfword products, vasr by 8, a saturating offset and a rounding shift to bytes. AD-2: 64-bit sums.
#include "nodes.h"
#include "requantise.h"

/// Parameters: A, B, rsh or T, off.
INLINE HVX_Vector half_sum(HVX_Vector a, HVX_Vector b, const s32* p) {
  HVX_VectorPair sum = Q6_Wuw_vmpy_VuhVuh(a, Q6_Vh_vsplat_R(p[0]));
  sum = Q6_Wuw_vmpyacc_WuwVuhVuh(sum, b, Q6_Vh_vsplat_R(p[1]));
  const HVX_Vector top = Q6_Vh_vasr_VwVwR_sat(Q6_V_hi_W(sum), Q6_V_lo_W(sum), 8);
  return Q6_Vh_vadd_VhVh_sat(top, Q6_Vh_vsplat_R(p[3]));
}

static void add_hvx8(const s32* p, const Tensor* a, const Tensor* b, const Tensor* y) {
  const HVX_Vector limit = splat(y->max * 0x01010101);
  FOR_EACH_QUAD(y, quad, row, column) {
    const Halves u = load_halves(a, quad, row, column), v = load_halves(b, quad, row, column);
    const HVX_Vector even = half_sum(u.even, v.even, p), odd = half_sum(u.odd, v.odd, p);
    const HVX_Vector bytes = Q6_Vub_vasr_VhVhR_rnd_sat(odd, even, p[2]);
    store_plane(y, 0, quad, row, column, Q6_Vub_vmin_VubVub(bytes, limit));
  }
}

static void add_wide_form(const s32* p, const Tensor* a, const Tensor* b, const Tensor* y) {
  FOR_EACH_QUAD(y, quad, row, column) {
    HVX_Vector u[4], v[4];
    load_codes(a, quad, row, column, u);
    load_codes(b, quad, row, column, v);
    for (s32 k = 0; k < 4; ++k) {
      const Wide first = multiply_wide(Q6_Vw_vsub_VwVw(u[k], splat(a->zero)), splat(p[0]));
      const Wide second = multiply_wide(Q6_Vw_vsub_VwVw(v[k], splat(b->zero)), splat(p[1]));
      v[k] = Q6_Vw_vadd_VwVw_sat(round_shift(add_wide(first, second), p[2]), splat(y->zero));
    }
    store_codes(y, quad, row, column, v);
  }
}

void add(const Node* n, const Tensor* a, const Tensor* b, const Tensor* y) {
  if (n->form == kHvx8)
    add_hvx8(n->parameters, a, b, y);
  else
    add_wide_form(n->parameters, a, b, y);
}
