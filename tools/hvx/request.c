#include "request.h"

static void require(s32 condition) {
  if (!condition) stop(kMalformed);
}

static s32 within(s32 value, s32 low, s32 high) { return value >= low && value <= high; }

/// Channels, height, width, bits, zero point, largest code.
static void set_tensor(Tensor* t, const s32* p) {
  *t = (Tensor){.channels = p[0], .height = p[1], .width = p[2], .bits = p[3], .zero = p[4], .max = p[5]};
  require(within(t->channels, 1, 16384) && within(t->height, 1, 65536) && within(t->width, 1, 65536));
  require(t->bits == 4 || t->bits == 8 || t->bits == 16);
  require(within(t->max, 1, (1 << t->bits) - 1) && within(t->zero, 0, t->max));
}

/// Words of parameters that an operation has.
static s64 expected_words(const Node* n, const Tensor* y) {
  switch (n->op) {
    case kConv:
      return kConvHeader + (s64)y->channels * kChannelWords;
    case kLeakyRelu:
    case kAdd:
      return 4;
    case kBatchNorm:
      return (s64)y->channels * 5;
    case kConcat:
      return 3 * n->operands;
    case kPixelShuffle:
      return 2;
    case kAvgPool:
      return 8;
    case kArgmax:
      return 0;
  }
  return -1;
}

static s32 same_size(const Tensor* a, const Tensor* b) { return a->height == b->height && a->width == b->width; }

/// The window of a conv or a pool: positive, padding below its extent, and an output of the right size.
static void check_window(const s32* p, s32 stride_h, s32 stride_w, s32 dilation_h, s32 dilation_w, s32 pad_h, s32 pad_w,
                         const Tensor* x, const Tensor* y) {
  require(within(p[0], 1, 64) && within(p[1], 1, 64) && within(dilation_h, 1, 64) && within(dilation_w, 1, 64));
  require(within(pad_h, 0, 64) && within(pad_w, 0, 64));
  const s32 room_h = x->height + 2 * pad_h - dilation_h * (p[0] - 1) - 1;
  const s32 room_w = x->width + 2 * pad_w - dilation_w * (p[1] - 1) - 1;
  require(room_h >= 0 && room_w >= 0 && y->height == room_h / stride_h + 1 && y->width == room_w / stride_w + 1);
}

static s32 margin(s32 words) { return round_up(words > 1 ? words : 1, kLanes); }

/// Margins that a window needs at its operand: right of it, a row's last vectors begin within the output's width.
static void widen_margins(Tensor* x, const Tensor* y, s32 pad_h, s32 pad_w, s32 reach_h, s32 reach_w, s32 stride_h,
                          s32 stride_w) {
  const s32 below = (y->height - 1) * stride_h + reach_h - pad_h - x->height + 1;
  const s32 beyond = stride_w * round_up(y->width, 2 * kLanes) + reach_w - pad_w - round_up(x->width, kLanes);
  if (pad_h > x->margin_h) x->margin_h = pad_h;
  if (below > x->margin_h) x->margin_h = below;
  if (margin(pad_w) > x->left) x->left = margin(pad_w);
  if (margin(beyond) > x->right) x->right = margin(beyond);
}

static void check_conv(const Node* n, Tensor* x, const Tensor* y) {
  const s32* p = n->parameters;
  check_window(p, 1, 1, p[kDilationH], p[kDilationW], p[kPadH], p[kPadW], x, y);
  widen_margins(x, y, p[kPadH], p[kPadW], (p[kKernelH] - 1) * p[kDilationH], (p[kKernelW] - 1) * p[kDilationW], 1, 1);
  const s64 reduction = (s64)x->channels * p[kKernelH] * p[kKernelW];
  require(reduction <= 65793);  // sums of byte products stay within 32 bits
  const s32 kind = p[kWeightKind];
  require(within(kind, kSigned8, kSigned16));
  const s64 row = kind == kPacked4 ? (reduction + 1) / 2 : kind == kSigned16 ? 2 * reduction : reduction;
  require(n->weight_bytes == row * y->channels);
}

static void check_pool(const Node* n, Tensor* x, const Tensor* y) {
  const s32* p = n->parameters;
  require(within(p[kPoolStrideH], 1, 64) && within(p[kPoolStrideW], 1, 2));
  check_window(p, p[kPoolStrideH], p[kPoolStrideW], 1, 1, p[kPoolPadH], p[kPoolPadW], x, y);
  require(p[kPoolKernelH] * p[kPoolKernelW] <= 257 && x->channels == y->channels);
  widen_margins(x, y, p[kPoolPadH], p[kPoolPadW], p[kPoolKernelH] - 1, p[kPoolKernelW] - 1, p[kPoolStrideH],
                p[kPoolStrideW]);
}

/// Operand counts, extents and channels that belong together.
static void check_node(const Node* n, Tensor* values, const Tensor* y) {
  Tensor* x = &values[n->operand[0]];
  require(n->operands == (n->op == kAdd ? 2 : n->op == kConcat ? n->operands : 1));
  require(n->op == kConv || n->weight_bytes == 0);
  require(n->form != kHvx8 || y->bits <= 8);
  for (s32 i = 0; i < n->operands; ++i) require(n->form != kHvx8 || values[n->operand[i]].bits <= 8);
  if (n->op == kConv) return check_conv(n, x, y);
  if (n->op == kAvgPool) return check_pool(n, x, y);
  if (n->op == kPixelShuffle) {
    require(y->height == 2 * x->height && y->width == 2 * x->width && x->channels == 4 * y->channels);
    return;
  }
  s32 channels = 0;
  for (s32 i = 0; i < n->operands; ++i) {
    require(same_size(&values[n->operand[i]], y));
    channels += values[n->operand[i]].channels;
    if (n->op == kAdd) require(values[n->operand[i]].channels == y->channels);
    if (n->op != kConcat) continue;
    const s32 form = n->parameters[3 * i];
    require(within(form, kCopy, kWide) && (form != kHvx8 || (y->bits <= 8 && values[n->operand[i]].bits <= 8)));
  }
  if (n->op == kArgmax) require(y->channels == 1 && y->bits == 8);
  if (n->op == kConcat || n->op == kLeakyRelu || n->op == kBatchNorm) require(channels == y->channels);
}

static void read_node(Request* r, s32 index) {
  Node* n = &r->node[index];
  s32 head[12];
  read_bytes(head, sizeof head);
  *n = (Node){.op = head[0], .form = head[1], .send = head[8] & 1, .operands = head[9]};
  n->parameter_words = head[10], n->weight_bytes = head[11];
  Tensor* y = &r->values[r->inputs + index];
  set_tensor(y, head + 2);
  require(within(n->op, kConv, kArgmax) && within(n->form, kCopy, kWide) && within(n->operands, 1, kMaxOperands));
  read_bytes(n->operand, (u32)n->operands * 4);
  for (s32 i = 0; i < n->operands; ++i) require(within(n->operand[i], 0, r->inputs + index - 1));
  require(n->parameter_words == expected_words(n, y) && within(n->weight_bytes, 0, 1 << 28));
  n->parameters = allocate((u64)(u32)n->parameter_words * 4);
  n->weights = allocate((u64)(u32)n->weight_bytes + 4);
  read_bytes(n->parameters, (u32)n->parameter_words * 4);
  read_bytes(n->weights, ((u32)n->weight_bytes + 3) / 4 * 4);
  check_node(n, r->values, y);
}

s32 read_request(Request* r) {
  s32 head[8];
  if (!read_first(head, sizeof head)) return 0;
  *r = (Request){.inputs = head[2], .nodes = head[3]};
  require(head[0] == kMagic && head[1] == kVersion && within(r->inputs, 1, kMaxInputs));
  require(within(r->nodes, 1, kMaxNodes));
  r->value_bytes = (u64)(u32)(r->inputs + r->nodes) * sizeof(Tensor);
  r->node_bytes = (u64)(u32)r->nodes * sizeof(Node);
  r->values = allocate(r->value_bytes);
  r->node = allocate(r->node_bytes);
  for (s32 i = 0; i < r->inputs; ++i) {
    s32 shape[6];
    read_bytes(shape, sizeof shape);
    set_tensor(&r->values[i], shape);
  }
  for (s32 i = 0; i < r->nodes; ++i) read_node(r, i);
  for (s32 i = 0; i < r->inputs + r->nodes; ++i) {
    Tensor* t = &r->values[i];
    if (t->left == 0) t->left = kLanes;
    if (t->right == 0) t->right = kLanes;
  }
  return 1;
}

void drop_request(Request* r) {
  for (s32 i = 0; i < r->nodes; ++i) {
    release(r->node[i].parameters, (u64)(u32)r->node[i].parameter_words * 4);
    release(r->node[i].weights, (u64)(u32)r->node[i].weight_bytes + 4);
  }
  release(r->values, r->value_bytes);
  release(r->node, r->node_bytes);
}
