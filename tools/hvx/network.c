// Runs networks: reads a request from standard input, writes the tensors it asks for and an end record to standard
// output, until the input ends. Each operation reads what the operations before it left in the guest's memory.
#include "request.h"
#include "requantise.h"

static void run_node(const Node* n, const Tensor* values, const Tensor* y) {
  const Tensor* x[kMaxOperands];
  for (s32 i = 0; i < n->operands; ++i) x[i] = &values[n->operand[i]];
  switch (n->op) {
    case kConv:
      return conv(n, x[0], y);
    case kLeakyRelu:
      return leaky_relu(n, x[0], y);
    case kBatchNorm:
      return batch_norm(n, x[0], y);
    case kAdd:
      return add(n, x[0], x[1], y);
    case kConcat:
      return concat(n, x, y);
    case kPixelShuffle:
      return pixel_shuffle(n, x[0], y);
    case kAvgPool:
      return avg_pool(n, x[0], y);
    case kArgmax:
      return argmax(x[0], y);
  }
}

/// Index of the last node that reads a value, -1 where none does.
static s32 last_use(const Request* r, s32 value) {
  for (s32 i = r->nodes - 1; i >= 0; --i)
    for (s32 k = 0; k < r->node[i].operands; ++k)
      if (r->node[i].operand[k] == value) return i;
  return -1;
}

static void send(const Tensor* t, s32 value) {
  const u64 bytes = tensor_bytes(t);
  if (bytes > 0x70000000u) stop(kNoMemory);
  const s32 head[4] = {kTensorMagic, value, (s32)bytes, t->channels};
  write_bytes(head, sizeof head);
  write_tensor(t);
}

static void run_request(const Request* r) {
  for (s32 i = 0; i < r->inputs; ++i) {
    make_tensor(&r->values[i]);
    read_tensor(&r->values[i]);
  }
  scalar_outputs = 0;
  for (s32 i = 0; i < r->nodes; ++i) {
    const Node* n = &r->node[i];
    Tensor* y = &r->values[r->inputs + i];
    make_tensor(y);
    run_node(n, r->values, y);
    if (n->send) send(y, r->inputs + i);
    for (s32 k = 0; k < n->operands; ++k) {
      Tensor* x = &r->values[n->operand[k]];
      if (x->data && last_use(r, n->operand[k]) == i) drop_tensor(x);
    }
  }
  for (s32 i = 0; i < r->inputs + r->nodes; ++i)
    if (r->values[i].data) drop_tensor(&r->values[i]);
  const s32 end[4] = {kEndMagic, r->nodes, (s32)scalar_outputs, (s32)(scalar_outputs >> 32)};
  write_bytes(end, sizeof end);
}

s32 program(void) {
  Request r;
  while (read_request(&r)) {
    run_request(&r);
    drop_request(&r);
  }
  return kDone;
}
