// LR-1, LR-2: both branches, then a choice by the sign of q - z_x.
#include "nodes.h"
#include "requantise.h"

void leaky_relu(const Node* n, const Tensor* x, const Tensor* y) {
  const s32* p = n->parameters;  // multiplier and shift for d >= 0, then for d < 0
  FOR_EACH_QUAD(y, quad, row, column) {
    HVX_Vector v[4];
    load_codes(x, quad, row, column, v);
    for (s32 k = 0; k < 4; ++k) {
      const HVX_Vector d = Q6_Vw_vsub_VwVw(v[k], splat(x->zero));
      HVX_Vector above, below;
      if (n->form == kHvx8) {
        above = requantise_hvx8(d, p[0], p[1], y->zero);
        below = requantise_hvx8(d, p[2], p[3], y->zero);
      } else {
        above = requantise_wide(d, p[0], p[1], y->zero);
        below = requantise_wide(d, p[2], p[3], y->zero);
      }
      v[k] = choose(Q6_Q_vcmp_gt_VwVw(Q6_V_vzero(), d), below, above);
    }
    store_codes(y, quad, row, column, v);
  }
}
