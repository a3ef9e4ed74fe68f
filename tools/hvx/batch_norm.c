// BN-1: halfword products with 128 gamma, then RQ-3. BN-2: 64-bit products with 4096 gamma.
#include "nodes.h"
#include "requantise.h"

enum { kGamma = 0, kBias = 1, kScale = 3, kWords = 5 };  ///< per channel: gamma times its factor, bias, M or R, shift

typedef struct {
  s32 gamma, multiplier, shift;
  s64 bias;
  s32 route;  ///< 0: 32-bit sums, 1: 64-bit sums, 2: scalar
} Channel;

static Channel read_channel(const Node* n, const Tensor* x, const Tensor* y, s32 c) {
  Channel out = {0, 0, 1, 0, 0};
  if (c >= y->channels) return out;
  const s32* p = n->parameters + c * kWords;
  out = (Channel){p[kGamma], p[kScale], p[kScale + 1], wide_parameter(p + kBias), 0};
  const s32 reach = x->zero > x->max - x->zero ? x->zero : x->max - x->zero;
  const u64 gamma = (u64)(p[kGamma] < 0 ? -(s64)p[kGamma] : p[kGamma]);
  const u64 worst = gamma * (u32)reach + (u64)(out.bias < 0 ? -out.bias : out.bias);
  out.route = worst < (1u << 31) ? 0 : worst < VECTOR_SUM_LIMIT ? 1 : 2;
  return out;
}

/// Value of one channel from d = q - z_x in words.
INLINE HVX_Vector wide_value(const Channel* c, HVX_Vector d, s32 zero) {
  const Wide sum = add_wide(multiply_wide(d, splat(c->gamma)), splat_wide(c->bias));
  if (c->route == 0) return requantise_wide(Q6_V_lo_W(sum), c->multiplier, c->shift, zero);
  if (c->route == 1) return requantise_wide64(sum, c->multiplier, c->shift, zero);
  return requantise_wide_scalar(sum, c->multiplier, c->shift, zero);
}

static void quad_wide(const Channel c[4], const Tensor* x, const Tensor* y, s32 quad) {
  for (s32 row = 0; row < y->height; ++row)
    for (s32 column = 0; column < y->width; column += kLanes) {
      HVX_Vector v[4];
      load_codes(x, quad, row, column, v);
      for (s32 k = 0; k < 4; ++k) v[k] = wide_value(&c[k], Q6_Vw_vsub_VwVw(v[k], splat(x->zero)), y->zero);
      store_codes(y, quad, row, column, v);
    }
}

INLINE HVX_Vector hvx8_value(const Channel* c, HVX_Vector product) {
  return requantise_hvx8(Q6_Vw_vadd_VwVw(product, splat((s32)c->bias)), c->multiplier, c->shift, 0);
}

static void quad_hvx8(const Channel c[4], const Tensor* x, const Tensor* y, s32 quad) {
  // A word holds channels 0 and 2 (or 1 and 3) as halfwords, and so do these.
  const HVX_Vector even = splat((c[0].gamma & 0xffff) | (s32)((u32)c[2].gamma << 16));
  const HVX_Vector odd = splat((c[1].gamma & 0xffff) | (s32)((u32)c[3].gamma << 16));
  const HVX_Vector zero = Q6_Vh_vsplat_R(x->zero);
  for (s32 row = 0; row < y->height; ++row)
    for (s32 column = 0; column < y->width; column += kLanes) {
      const Halves h = load_halves(x, quad, row, column);
      const HVX_VectorPair a = Q6_Ww_vmpy_VhVh(Q6_Vh_vsub_VhVh(h.even, zero), even);
      const HVX_VectorPair b = Q6_Ww_vmpy_VhVh(Q6_Vh_vsub_VhVh(h.odd, zero), odd);
      const HVX_Vector v[4] = {hvx8_value(&c[0], Q6_V_lo_W(a)), hvx8_value(&c[1], Q6_V_lo_W(b)),
                               hvx8_value(&c[2], Q6_V_hi_W(a)), hvx8_value(&c[3], Q6_V_hi_W(b))};
      store_codes(y, quad, row, column, v);
    }
}

void batch_norm(const Node* n, const Tensor* x, const Tensor* y) {
  for (s32 quad = 0; quad < y->quads; ++quad) {
    Channel c[4];
    for (s32 k = 0; k < 4; ++k) c[k] = read_channel(n, x, y, 4 * quad + k);
    if (n->form == kHvx8)
      quad_hvx8(c, x, y, quad);
    else
      quad_wide(c, x, y, quad);
  }
}
