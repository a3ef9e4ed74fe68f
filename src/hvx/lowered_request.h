// A lowered program as a request to the HVX program.
#pragma once

#include "graph/graph.h"
#include "graph/program.h"
#include "hvx/request.h"

namespace intsim {

/// Throws UsageError unless every rule is hvx8 or wide without named alternatives: the HVX program holds no others.
void check_hvx_profile(const Profile& profile);

/// The whole program for an input extent: the softmax is left out and the classes (LB-1) are one node more at the end.
/// `node_of[i]` is the request's node of program node i, -1 for a softmax. Throws UsageError as check_hvx_profile,
/// InputError naming a node that the HVX kernels do not cover (conv2d: stride 1 and one group; pixel_shuffle: factor 2;
/// avg_pool: horizontal stride 1 or 2 and at most 257 taps).
struct LoweredRequest {
  HvxRequest request;
  std::vector<int> node_of;
};
LoweredRequest lowered_request(const Program& program, Extent input);

}  // namespace intsim
