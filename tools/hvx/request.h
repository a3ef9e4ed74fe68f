// One request: a network and its input codes (docs/formats/hvx.md).
#pragma once

#include "nodes.h"

enum { kMagic = 0x4e585648, kTensorMagic = 0x54585648, kEndMagic = 0x45585648 };  // "HVXN", "HVXT", "HVXE"
enum { kVersion = 1, kMaxInputs = 16, kMaxNodes = 4096 };

typedef struct {
  s32 inputs, nodes;
  Tensor* values;  ///< inputs first, then the output of each node
  Node* node;
  u64 value_bytes, node_bytes;
} Request;

/// Reads a network without its input codes; 0 at the end of the input. Stops the program where a number is impossible.
s32 read_request(Request* r);
void drop_request(Request* r);
