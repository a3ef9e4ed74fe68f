// A tensor of codes in the guest's memory.
//
// Quads of four channels; a row of a quad is one word per pixel, byte k being channel 4 quad + k, so that a vector
// holds 32 pixels and vrmpy sums over a quad. Codes above 8 bits have a second plane with the high bytes. Margins
// around each quad hold the zero point; rows begin at a multiple of a vector.
#pragma once

#include "hvx.h"

typedef struct {
  s32 channels, height, width;
  s32 bits, zero, max;
  s32 quads, planes;
  s32 margin_h;      ///< rows above and below
  s32 left, right;   ///< words beside a row, multiples of 32
  s32 stride, rows;  ///< words of a row, rows of a quad, margins included
  u64 plane_words;
  u32* data;  ///< null while the tensor does not live
} Tensor;

INLINE s32 round_up(s32 value, s32 step) { return (value + step - 1) / step * step; }

/// Words from the start of a byte plane to a pixel of a quad; margins have negative coordinates.
INLINE u32 pixel_offset(const Tensor* t, s32 quad, s32 y, s32 x) {
  return (u32)((quad * t->rows + y + t->margin_h) * t->stride + t->left + x);
}
INLINE u32* pixel(const Tensor* t, s32 plane, s32 quad, s32 y, s32 x) {
  return t->data + (u32)t->plane_words * (u32)plane + pixel_offset(t, quad, y, x);
}

INLINE HVX_Vector load(const u32* at) { return *(const HVX_UVector*)at; }

/// Codes of channels 0 and 2 (even halfwords, odd halfwords) and of 1 and 3 of a quad, 32 pixels.
typedef struct {
  HVX_Vector even, odd;
} Halves;

INLINE Halves load_halves(const Tensor* t, s32 quad, s32 y, s32 x) {
  const HVX_Vector low = load(pixel(t, 0, quad, y, x));
  if (t->planes == 1) {
    const HVX_VectorPair wide = Q6_Wuh_vzxt_Vub(low);
    return (Halves){Q6_V_lo_W(wide), Q6_V_hi_W(wide)};
  }
  const HVX_Vector high = load(pixel(t, 1, quad, y, x));
  return (Halves){Q6_Vb_vshuffe_VbVb(high, low), Q6_Vb_vshuffo_VbVb(high, low)};
}

/// The codes as words, one vector per channel of the quad.
INLINE void load_codes(const Tensor* t, s32 quad, s32 y, s32 x, HVX_Vector code[4]) {
  const Halves h = load_halves(t, quad, y, x);
  const HVX_VectorPair even = Q6_Wuw_vzxt_Vuh(h.even), odd = Q6_Wuw_vzxt_Vuh(h.odd);
  code[0] = Q6_V_lo_W(even), code[1] = Q6_V_lo_W(odd);
  code[2] = Q6_V_hi_W(even), code[3] = Q6_V_hi_W(odd);
}

/// Stores 32 pixels of a byte plane; what lies beyond the width stays at the zero point.
INLINE void store_plane(const Tensor* t, s32 plane, s32 quad, s32 y, s32 x, HVX_Vector bytes) {
  const s32 inside = t->width - x;
  if (inside < kLanes) {
    const s32 pad = (plane == 0 ? t->zero & 255 : t->zero >> 8) * 0x01010101;
    bytes = choose(Q6_Q_vsetq_R(4 * inside), bytes, splat(pad));
  }
  *(HVX_Vector*)pixel(t, plane, quad, y, x) = bytes;
}

/// Clamps int32 values of a quad's four channels to the codes of `t` and stores them. The saturating packs interleave
/// their operands, which is the order of a quad.
INLINE void store_codes(const Tensor* t, s32 quad, s32 y, s32 x, const HVX_Vector value[4]) {
  if (t->planes == 1) {
    const HVX_Vector even = Q6_Vh_vsat_VwVw(value[2], value[0]), odd = Q6_Vh_vsat_VwVw(value[3], value[1]);
    const HVX_Vector bytes = Q6_Vub_vsat_VhVh(odd, even);
    store_plane(t, 0, quad, y, x, Q6_Vub_vmin_VubVub(bytes, splat(t->max * 0x01010101)));
    return;
  }
  HVX_Vector code[4];
  for (s32 k = 0; k < 4; ++k) code[k] = Q6_Vw_vmin_VwVw(Q6_Vw_vmax_VwVw(value[k], Q6_V_vzero()), splat(t->max));
  const HVX_Vector even = Q6_Vh_vshuffe_VhVh(code[2], code[0]), odd = Q6_Vh_vshuffe_VhVh(code[3], code[1]);
  store_plane(t, 0, quad, y, x, Q6_Vb_vshuffe_VbVb(odd, even));
  store_plane(t, 1, quad, y, x, Q6_Vb_vshuffo_VbVb(odd, even));
}

/// Takes memory for a tensor whose margins are set and fills it with the zero point.
void make_tensor(Tensor* t);
void drop_tensor(Tensor* t);
/// Reads codes in channel, row, column order, one byte each up to 8 bits, else two.
void read_tensor(Tensor* t);
/// Writes codes in that order.
void write_tensor(const Tensor* t);
/// Bytes that write_tensor writes.
u64 tensor_bytes(const Tensor* t);
