// The operations of the network on tensors. Parameters as the request has them (docs/formats/hvx.md).
#pragma once

#include "tensor.h"

typedef enum { kConv = 1, kLeakyRelu, kBatchNorm, kAdd, kConcat, kPixelShuffle, kAvgPool, kArgmax } Op;
typedef enum { kCopy = 0, kHvx8 = 1, kWide = 2 } Form;

enum { kMaxOperands = 16 };

typedef struct {
  s32 op, form, send, operands;
  s32 operand[kMaxOperands];
  s32 parameter_words, weight_bytes;
  s32* parameters;
  u8* weights;
} Node;

// conv: parameters
enum { kKernelH, kKernelW, kPadH, kPadW, kDilationH, kDilationW, kWeightKind, kConvHeader = 8 };
enum { kSigned8 = 0, kPacked4 = 1, kSigned16 = 2 };
// per channel, after the header: bias (low, high word), multiplier, shift
enum { kChannelWords = 4 };
// average pool: parameters
enum { kPoolKernelH, kPoolKernelW, kPoolStrideH, kPoolStrideW, kPoolPadH, kPoolPadW, kPoolMultiplier, kPoolShift };

INLINE s64 wide_parameter(const s32* p) { return (s64)(((u64)(u32)p[1] << 32) | (u32)p[0]); }

void conv(const Node* n, const Tensor* x, const Tensor* y);
void leaky_relu(const Node* n, const Tensor* x, const Tensor* y);
void batch_norm(const Node* n, const Tensor* x, const Tensor* y);
void add(const Node* n, const Tensor* a, const Tensor* b, const Tensor* y);
void concat(const Node* n, const Tensor* const* x, const Tensor* y);
void pixel_shuffle(const Node* n, const Tensor* x, const Tensor* y);
void avg_pool(const Node* n, const Tensor* x, const Tensor* y);
void argmax(const Tensor* x, const Tensor* y);

/// Every 32 pixels of every quad of `y`.
#define FOR_EACH_QUAD(y, quad, row, column)     \
  for (s32 quad = 0; quad < (y)->quads; ++quad) \
    for (s32 row = 0; row < (y)->height; ++row) \
      for (s32 column = 0; column < (y)->width; column += kLanes)
