// CC-1 to CC-3, each operand by its own parameters: form, then gain and off (CC-2) or M and S (CC-3).
#include "nodes.h"
#include "requantise.h"

enum { kOperandWords = 3 };

/// CC-2 on halfwords; the rounding shift to bytes is 7.
INLINE HVX_Vector scaled_halves(HVX_Vector q, const s32* p) {
  const HVX_VectorPair product = Q6_Ww_vmpy_VhVh(q, Q6_Vh_vsplat_R(p[1]));
  const HVX_Vector top = Q6_Vh_vasr_VwVwR_sat(Q6_V_hi_W(product), Q6_V_lo_W(product), 8);
  return Q6_Vh_vadd_VhVh_sat(top, Q6_Vh_vsplat_R(p[2]));
}

/// 32 pixels of a quad of one operand, moved to the grid of `y`, as values before the clamp.
INLINE void moved(const s32* p, const Tensor* x, const Tensor* y, s32 quad, s32 row, s32 column, HVX_Vector v[4]) {
  if (p[0] == kHvx8) {
    const Halves h = load_halves(x, quad, row, column);
    const HVX_Vector even = scaled_halves(h.even, p), odd = scaled_halves(h.odd, p);
    const HVX_Vector bytes = Q6_Vub_vasr_VhVhR_rnd_sat(odd, even, 7);
    const HVX_VectorPair wide = Q6_Wuh_vzxt_Vub(bytes);
    const HVX_VectorPair a = Q6_Wuw_vzxt_Vuh(Q6_V_lo_W(wide)), b = Q6_Wuw_vzxt_Vuh(Q6_V_hi_W(wide));
    v[0] = Q6_V_lo_W(a), v[1] = Q6_V_lo_W(b), v[2] = Q6_V_hi_W(a), v[3] = Q6_V_hi_W(b);
    return;
  }
  load_codes(x, quad, row, column, v);
  if (p[0] == kCopy) return;
  for (s32 k = 0; k < 4; ++k) v[k] = requantise_wide(Q6_Vw_vsub_VwVw(v[k], splat(x->zero)), p[1], p[2], y->zero);
}

/// Operand and its first output channel for an output channel; the last operand for channels beyond the end.
static s32 operand_of(const Node* n, const Tensor* const* x, s32 channel, s32* first) {
  s32 i = 0;
  *first = 0;
  while (i + 1 < n->operands && channel >= *first + x[i]->channels) *first += x[i++]->channels;
  return i;
}

/// A quad whose channels come from one quad of one operand.
static void aligned_quad(const s32* p, const Tensor* x, const Tensor* y, s32 from, s32 quad) {
  for (s32 row = 0; row < y->height; ++row)
    for (s32 column = 0; column < y->width; column += kLanes) {
      HVX_Vector v[4];
      moved(p, x, y, from, row, column, v);
      store_codes(y, quad, row, column, v);
    }
}

/// A quad whose channels come from anywhere, one by one.
static void gathered_quad(const Node* n, const Tensor* const* x, const Tensor* y, s32 quad) {
  for (s32 row = 0; row < y->height; ++row)
    for (s32 column = 0; column < y->width; column += kLanes) {
      HVX_Vector out[4];
      for (s32 k = 0; k < 4; ++k) {
        s32 first;
        const s32 i = operand_of(n, x, 4 * quad + k, &first), channel = 4 * quad + k - first;
        HVX_Vector v[4];
        out[k] = Q6_V_vzero();
        if (channel >= x[i]->channels) continue;
        moved(n->parameters + i * kOperandWords, x[i], y, channel / 4, row, column, v);
        out[k] = v[channel % 4];
      }
      store_codes(y, quad, row, column, out);
    }
}

void concat(const Node* n, const Tensor* const* x, const Tensor* y) {
  for (s32 quad = 0; quad < y->quads; ++quad) {
    s32 first;
    const s32 i = operand_of(n, x, 4 * quad, &first), channel = 4 * quad - first;
    if (channel % 4 == 0 && channel + 4 <= x[i]->channels)
      aligned_quad(n->parameters + i * kOperandWords, x[i], y, channel / 4, quad);
    else
      gathered_quad(n, x, y, quad);
  }
}
