// LB-1: the first channel with the largest code. The classes are a tensor of one channel.
#include "nodes.h"

void argmax(const Tensor* x, const Tensor* y) {
  for (s32 row = 0; row < x->height; ++row)
    for (s32 column = 0; column < x->width; column += kLanes) {
      HVX_Vector best = splat(-1), index = Q6_V_vzero();
      for (s32 quad = 0; quad < x->quads; ++quad) {
        HVX_Vector v[4];
        load_codes(x, quad, row, column, v);
        for (s32 k = 0; k < 4 && 4 * quad + k < x->channels; ++k) {
          const HVX_VectorPred above = Q6_Q_vcmp_gt_VwVw(v[k], best);
          best = choose(above, v[k], best);
          index = choose(above, splat(4 * quad + k), index);
        }
      }
      const HVX_Vector zero = Q6_V_vzero(), out[4] = {index, zero, zero, zero};
      store_codes(y, 0, row, column, out);
    }
}
