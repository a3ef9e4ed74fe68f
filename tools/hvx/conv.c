// CV-1, CV-2: stride 1, one group. Blocks of 8 output channels by 32 or 64 pixels accumulate in 32-bit words; vrmpy
// sums the four channels of a quad. The zero point is subtracted once per output, z_x * sum(w), since margins hold it
// too.
//
// Codes of 16 bits and weights beyond 8 bits are split in bytes, x = 256 x1 + x0 and w = 256 w1 + w0 with signed w0,
// and the sums of each pair are joined at the end, in 64 bits where the worst sum asks for it.
#include "nodes.h"
#include "requantise.h"

enum { kBlock = 8, kMaxColumns = 2, kMaxPasses = 4 };

typedef struct {
  s32 multiplier, shift;
  s64 constant;  ///< bias - z_x * sum(w)
  s32 route;     ///< 0: 32-bit sums, 1: 64-bit sums, 2: scalar
} Channel;

typedef struct {
  const Node* node;
  const Tensor *x, *y;
  s32 taps, quads, steps;  ///< steps = taps * quads of the input
  s32 blocks, weight_planes;
  s32* offset;        ///< per step: words from the pixel (0, y, x) of the input
  u8* packed;         ///< per weight plane, block, step, channel: four weights, for 4-bit codes two bytes
  s32 packed_step;    ///< bytes of a step: 32, or 16 for 4-bit codes
  Channel* channels;  ///< kBlock * blocks
  u64 offset_bytes, packed_bytes, channel_bytes, scratch_bytes;
  u8* scratch;  ///< weights of one block, unpacked
} Plan;

/// Signed weight code at a position of the request's array.
static s32 weight_at(const Node* n, s32 reduction, s32 channel, s32 i) {
  const s32 kind = n->parameters[kWeightKind];
  if (kind == kSigned8) return ((const s8*)n->weights)[channel * reduction + i];
  if (kind == kSigned16) return ((const s16*)n->weights)[channel * reduction + i];
  const u8 pair = n->weights[channel * ((reduction + 1) / 2) + i / 2];
  return (s32)((u32)(i % 2 == 0 ? pair : pair >> 4) << 28) >> 28;
}

/// Puts one weight at its place; the second plane takes what the signed low byte leaves.
static void pack_weight(Plan* plan, s32 channel, s32 step, s32 lane, s32 w) {
  const s32 block = channel / kBlock, place = 4 * (channel % kBlock) + lane;
  u8* to = plan->packed + (u32)(block * plan->steps + step) * (u32)plan->packed_step;
  if (plan->packed_step == 16) {
    // Nibble j of byte i: weight 2 i + j.
    to[place / 2] |= (u8)((w & 15) << (4 * (place % 2)));
    return;
  }
  to[place] = (u8)w;
  if (plan->weight_planes == 2)
    to[(u32)(plan->blocks * plan->steps) * (u32)plan->packed_step + (u32)place] = (u8)((w - (s8)w) >> 8);
}

/// Packs the weights of one channel and derives what its outputs need.
static void prepare_channel(Plan* plan, s32 channel) {
  const Node* n = plan->node;
  const Tensor* x = plan->x;
  const s32 reduction = x->channels * plan->taps;
  s64 sum = 0, magnitude = 0;
  for (s32 i = 0; i < reduction; ++i) {
    const s32 w = weight_at(n, reduction, channel, i), in = i / plan->taps, tap = i % plan->taps;
    pack_weight(plan, channel, tap * plan->quads + in / 4, in % 4, w);
    sum += w, magnitude += w < 0 ? -w : w;
  }
  const s32* p = n->parameters + kConvHeader + channel * kChannelWords;
  const s64 bias = wide_parameter(p);
  const s32 reach = x->zero > x->max - x->zero ? x->zero : x->max - x->zero;
  const u64 worst = (u64)magnitude * (u32)reach + (u64)(bias < 0 ? -bias : bias);
  const s32 route = worst < (1u << 31) ? 0 : worst < VECTOR_SUM_LIMIT ? 1 : 2;
  plan->channels[channel] = (Channel){p[2], p[3], bias - x->zero * sum, route};
}

static void prepare_offsets(Plan* plan) {
  const s32* p = plan->node->parameters;
  s32 step = 0;
  for (s32 ky = 0; ky < p[kKernelH]; ++ky)
    for (s32 kx = 0; kx < p[kKernelW]; ++kx)
      for (s32 quad = 0; quad < plan->quads; ++quad)
        plan->offset[step++] =
            (s32)pixel_offset(plan->x, quad, ky * p[kDilationH] - p[kPadH], kx * p[kDilationW] - p[kPadW]);
}

static Plan prepare(const Node* n, const Tensor* x, const Tensor* y) {
  const s32* p = n->parameters;
  Plan plan = {.node = n, .x = x, .y = y, .taps = p[kKernelH] * p[kKernelW], .quads = x->quads};
  plan.steps = plan.taps * plan.quads;
  plan.blocks = (y->channels + kBlock - 1) / kBlock;
  plan.weight_planes = p[kWeightKind] == kSigned16 ? 2 : 1;
  plan.packed_step = p[kWeightKind] == kPacked4 ? 16 : 32;
  plan.offset_bytes = (u64)(u32)plan.steps * 4;
  plan.packed_bytes = (u64)(u32)plan.weight_planes * (u32)plan.blocks * (u32)plan.steps * (u32)plan.packed_step + 128;
  plan.channel_bytes = (u64)(u32)(plan.blocks * kBlock) * sizeof(Channel);
  plan.scratch_bytes = (u64)(u32)plan.steps * 32 + 256;
  plan.offset = allocate(plan.offset_bytes);
  plan.packed = allocate(plan.packed_bytes);
  plan.channels = allocate(plan.channel_bytes);
  plan.scratch = allocate(plan.scratch_bytes);
  prepare_offsets(&plan);
  for (s32 c = 0; c < plan.blocks * kBlock; ++c) plan.channels[c].shift = 1;
  for (s32 c = 0; c < y->channels; ++c) prepare_channel(&plan, c);
  return plan;
}

static void finish(Plan* plan) {
  release(plan->offset, plan->offset_bytes);
  release(plan->packed, plan->packed_bytes);
  release(plan->channels, plan->channel_bytes);
  release(plan->scratch, plan->scratch_bytes);
}

/// Sign-extends 256 nibbles at a time: (nibble ^ 8) - 8 in every byte.
static void unpack_nibbles(const u8* from, u8* to, s32 bytes) {
  const HVX_Vector eight = splat(0x08080808), mask = splat(0x0f0f0f0f);
  for (s32 i = 0; i < bytes; i += 128, to += 256) {
    const HVX_Vector packed = *(const HVX_UVector*)(from + i);
    const HVX_Vector low = Q6_V_vand_VV(packed, mask);
    const HVX_Vector high = Q6_V_vand_VV(Q6_Vuh_vlsr_VuhR(packed, 4), mask);
    const HVX_VectorPair codes = Q6_W_vshuff_VVR(Q6_Vb_vsub_VbVb(Q6_V_vxor_VV(high, eight), eight),
                                                 Q6_Vb_vsub_VbVb(Q6_V_vxor_VV(low, eight), eight), -1);
    *(HVX_Vector*)to = Q6_V_lo_W(codes);
    *(HVX_Vector*)(to + 128) = Q6_V_hi_W(codes);
  }
}

/// Weights of a block as words of four signed bytes.
static const s32* block_weights(Plan* plan, s32 weight_plane, s32 block) {
  const u32 bytes = (u32)plan->steps * (u32)plan->packed_step;
  const u8* from = plan->packed + (u32)(weight_plane * plan->blocks + block) * bytes;
  if (plan->packed_step == 32) return (const s32*)from;
  unpack_nibbles(from, plan->scratch, (s32)bytes);
  return (const s32*)plan->scratch;
}

/// The sums of one block: `columns` vectors of pixels for each of 8 channels, channel by channel.
INLINE void accumulate(const u32* at, const s32* offset, const s32* w, s32 steps, const s32 columns, HVX_Vector* sums) {
  HVX_Vector acc[kBlock * kMaxColumns];
#pragma clang loop unroll(full)
  for (s32 i = 0; i < kBlock * columns; ++i) acc[i] = Q6_V_vzero();
  for (s32 step = 0; step < steps; ++step, w += kBlock) {
    const u32* p = at + offset[step];
    HVX_Vector x[kMaxColumns];
#pragma clang loop unroll(full)
    for (s32 j = 0; j < columns; ++j) x[j] = load(p + kLanes * j);
#pragma clang loop unroll(full)
    for (s32 c = 0; c < kBlock; ++c)
#pragma clang loop unroll(full)
      for (s32 j = 0; j < columns; ++j) acc[c * columns + j] = Q6_Vw_vrmpyacc_VwVubRb(acc[c * columns + j], x[j], w[c]);
  }
#pragma clang loop unroll(full)
  for (s32 i = 0; i < kBlock * columns; ++i) sums[i] = acc[i];
}

static __attribute__((noinline)) void accumulate_1(const u32* at, const s32* offset, const s32* w, s32 steps,
                                                   HVX_Vector* sums) {
  accumulate(at, offset, w, steps, 1, sums);
}
static __attribute__((noinline)) void accumulate_2(const u32* at, const s32* offset, const s32* w, s32 steps,
                                                   HVX_Vector* sums) {
  accumulate(at, offset, w, steps, 2, sums);
}

/// Joins the sums of all byte pairs of one channel and requantises. `weight` is the pass's power of 256.
INLINE HVX_Vector output_value(const Plan* plan, const Channel* c, const HVX_Vector* sum, const s32* power, s32 passes,
                               s32 distance) {
  const s32 zero = plan->y->zero;
  if (plan->node->form == kHvx8 || c->route == 0) {  // true sums fit 32 bits, so wrapping on the way is harmless
    HVX_Vector a = splat((s32)c->constant);
    for (s32 i = 0; i < passes; ++i) a = Q6_Vw_vadd_VwVw(a, Q6_Vw_vasl_VwR(sum[i * distance], 8 * power[i]));
    if (plan->node->form == kHvx8) return requantise_hvx8(a, c->multiplier, c->shift, 0);
    return requantise_wide(a, c->multiplier, c->shift, zero);
  }
  Wide a = splat_wide(c->constant);
  for (s32 i = 0; i < passes; ++i) a = add_wide(a, widen(sum[i * distance], power[i]));
  if (c->route == 1) return requantise_wide64(a, c->multiplier, c->shift, zero);
  return requantise_wide_scalar(a, c->multiplier, c->shift, zero);
}

enum { kPassVectors = kBlock * kMaxColumns };

/// Requantises and stores one block; `sums` holds kPassVectors vectors per pass.
static void store_block(const Plan* plan, s32 block, s32 row, s32 column, s32 columns, const HVX_Vector* sums,
                        const s32* power, s32 passes) {
  for (s32 half = 0; half < kBlock / 4; ++half) {
    const s32 quad = block * (kBlock / 4) + half;
    if (quad >= plan->y->quads) return;
    for (s32 j = 0; j < columns; ++j) {
      HVX_Vector v[4];
      for (s32 k = 0; k < 4; ++k) {
        const s32 c = 4 * half + k;
        v[k] = output_value(plan, &plan->channels[block * kBlock + c], sums + c * columns + j, power, passes,
                            kPassVectors);
      }
      store_codes(plan->y, quad, row, column + kLanes * j, v);
    }
  }
}

static void run_block(Plan* plan, s32 block) {
  const Tensor *x = plan->x, *y = plan->y;
  HVX_Vector sums[kMaxPasses * kPassVectors];
  s32 power[kMaxPasses];
  const s32* weights[2] = {0, 0};
  for (s32 j = 0; j < plan->weight_planes; ++j) weights[j] = block_weights(plan, j, block);
  for (s32 row = 0; row < y->height; ++row)
    for (s32 column = 0; column < y->width;) {
      const s32 columns = y->width - column > kLanes ? 2 : 1;
      s32 passes = 0;
      for (s32 i = 0; i < x->planes; ++i)
        for (s32 j = 0; j < plan->weight_planes; ++j, ++passes) {
          const u32* at = x->data + (u32)x->plane_words * (u32)i + row * x->stride + column;
          power[passes] = i + j;
          (columns == 2 ? accumulate_2 : accumulate_1)(at, plan->offset, weights[j], plan->steps,
                                                       sums + passes * kPassVectors);
        }
      store_block(plan, block, row, column, columns, sums, power, passes);
      column += columns * kLanes;
    }
}

void conv(const Node* n, const Tensor* x, const Tensor* y) {
  Plan plan = prepare(n, x, y);
  for (s32 block = 0; block < plan.blocks; ++block) run_block(&plan, block);
  finish(&plan);
}
