#include "tensor.h"

/// Vectors may be read beyond the last row's end, and what they hold there is never used.
enum { kSlack = 1024 };

static u64 allocated_bytes(const Tensor* t) { return t->plane_words * 4 * (u64)t->planes + kSlack; }

void make_tensor(Tensor* t) {
  t->quads = (t->channels + 3) / 4;
  t->planes = t->bits > 8 ? 2 : 1;
  t->rows = t->height + 2 * t->margin_h;
  t->stride = t->left + round_up(t->width, kLanes) + t->right;
  t->plane_words = (u64)(u32)t->quads * (u32)t->rows * (u32)t->stride;
  if (t->plane_words > 0x10000000u) stop(kNoMemory);
  t->data = allocate(allocated_bytes(t));
  for (s32 plane = 0; plane < t->planes; ++plane) {
    const HVX_Vector pad = splat((plane == 0 ? t->zero & 255 : t->zero >> 8) * 0x01010101);
    HVX_Vector* to = (HVX_Vector*)(t->data + t->plane_words * (u64)plane);
    for (u64 i = 0; i < t->plane_words / kLanes; ++i) to[i] = pad;
  }
}

void drop_tensor(Tensor* t) {
  release(t->data, allocated_bytes(t));
  t->data = 0;
}

u64 tensor_bytes(const Tensor* t) {
  return (u64)(u32)t->channels * (u32)t->height * (u32)t->width * (t->bits > 8 ? 2 : 1);
}

void read_tensor(Tensor* t) {
  static u8 line[2 * 65536];
  for (s32 c = 0; c < t->channels; ++c)
    for (s32 y = 0; y < t->height; ++y) {
      read_bytes(line, (u32)(t->width * t->planes));
      for (s32 plane = 0; plane < t->planes; ++plane) {
        u8* to = (u8*)pixel(t, plane, c / 4, y, 0) + c % 4;
        for (s32 x = 0; x < t->width; ++x) to[4 * x] = line[t->planes * x + plane];
      }
    }
}

/// Splits 128 pixels of a quad into its channels, 128 bytes each.
static void deal_channels(const u32* from, HVX_Vector channel[4]) {
  const HVX_Vector v0 = load(from), v1 = load(from + 32), v2 = load(from + 64), v3 = load(from + 96);
  const HVX_Vector even01 = Q6_Vb_vpacke_VhVh(v1, v0), even23 = Q6_Vb_vpacke_VhVh(v3, v2);
  const HVX_Vector odd01 = Q6_Vb_vpacko_VhVh(v1, v0), odd23 = Q6_Vb_vpacko_VhVh(v3, v2);
  channel[0] = Q6_Vb_vpacke_VhVh(even23, even01), channel[1] = Q6_Vb_vpacke_VhVh(odd23, odd01);
  channel[2] = Q6_Vb_vpacko_VhVh(even23, even01), channel[3] = Q6_Vb_vpacko_VhVh(odd23, odd01);
}

/// One row of a quad into four buffers; writes up to 128 codes beyond the width.
static void deal_row(const Tensor* t, s32 quad, s32 y, u8* const to[4]) {
  for (s32 x = 0; x < t->width; x += 128) {
    HVX_Vector low[4], high[4];
    deal_channels(pixel(t, 0, quad, y, x), low);
    if (t->planes == 2) deal_channels(pixel(t, 1, quad, y, x), high);
    for (s32 k = 0; k < 4; ++k) {
      if (t->planes == 1) {
        *(HVX_UVector*)(to[k] + x) = low[k];
        continue;
      }
      const HVX_VectorPair codes = Q6_W_vshuff_VVR(high[k], low[k], -1);
      *(HVX_UVector*)(to[k] + 2 * x) = Q6_V_lo_W(codes);
      *(HVX_UVector*)(to[k] + 2 * x + 128) = Q6_V_hi_W(codes);
    }
  }
}

void write_tensor(const Tensor* t) {
  const u32 row_bytes = (u32)(t->width * t->planes), bytes = row_bytes * (u32)t->height;
  const u32 space = (bytes + 256 + 127) / 128 * 128;  // each row may write beyond its end, where the next row follows
  u8* memory = allocate(4 * (u64)space);
  for (s32 quad = 0; quad < t->quads; ++quad) {
    u8* to[4] = {memory, memory + space, memory + 2 * space, memory + 3 * space};
    for (s32 y = 0; y < t->height; ++y) {
      deal_row(t, quad, y, to);
      for (s32 k = 0; k < 4; ++k) to[k] += row_bytes;
    }
    for (s32 k = 0; k < 4 && 4 * quad + k < t->channels; ++k) write_bytes(memory + (u32)k * space, bytes);
  }
  release(memory, 4 * (u64)space);
}
