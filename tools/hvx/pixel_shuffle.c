// PS-1 with factor 2: the four channels of an input quad are the four pixels of one output channel.
#include "nodes.h"
#include "requantise.h"

/// Values of one input quad on the grid of `y`; zero for a quad beyond the last.
INLINE void moved(const Node* n, const Tensor* x, const Tensor* y, s32 quad, s32 row, s32 column, HVX_Vector v[4]) {
  const s32* p = n->parameters;  // R and sh, or M and S
  if (quad >= x->quads) {
    for (s32 k = 0; k < 4; ++k) v[k] = Q6_V_vzero();
    return;
  }
  load_codes(x, quad, row, column, v);
  if (n->form == kCopy) return;
  for (s32 k = 0; k < 4; ++k) {
    const HVX_Vector d = Q6_Vw_vsub_VwVw(v[k], splat(x->zero));
    v[k] = n->form == kHvx8 ? requantise_hvx8(d, p[0], p[1], y->zero) : requantise_wide(d, p[0], p[1], y->zero);
  }
}

/// 64 pixels of an output row from the even and the odd ones.
INLINE void store_pair(const Tensor* y, s32 quad, s32 row, s32 column, HVX_Vector even[4], HVX_Vector odd[4]) {
  HVX_Vector low[4], high[4];
  for (s32 k = 0; k < 4; ++k) {
    const HVX_VectorPair both = Q6_W_vshuff_VVR(odd[k], even[k], -4);
    low[k] = Q6_V_lo_W(both), high[k] = Q6_V_hi_W(both);
  }
  store_codes(y, quad, row, column, low);
  if (column + kLanes < y->width) store_codes(y, quad, row, column + kLanes, high);
}

void pixel_shuffle(const Node* n, const Tensor* x, const Tensor* y) {
  for (s32 quad = 0; quad < y->quads; ++quad)
    for (s32 row = 0; row < x->height; ++row)
      for (s32 column = 0; column < x->width; column += kLanes) {
        HVX_Vector v[4][4];  // by output channel of the quad, then by position 2 i + j in its square
        for (s32 c = 0; c < 4; ++c) moved(n, x, y, 4 * quad + c, row, column, v[c]);
        for (s32 i = 0; i < 2; ++i) {
          HVX_Vector even[4], odd[4];
          for (s32 c = 0; c < 4; ++c) even[c] = v[c][2 * i], odd[c] = v[c][2 * i + 1];
          store_pair(y, quad, 2 * row + i, 2 * column, even, odd);
        }
      }
}
