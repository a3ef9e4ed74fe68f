// One operation on whole small domains, with random grids: by the engine's lowering and scalar rules, and by the
// oracle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "numerics/grid.h"
#include "numerics/profile.h"

namespace intsim::test {

/// Grids and float parameters of one node.
struct DomainCase {
  Op op;
  std::vector<Grid> x;
  Grid y;
  Grid weight_grid;                   ///< conv2d, batch_norm
  std::vector<std::int16_t> weights;  ///< conv2d: one per input channel; batch_norm: gamma
  float beta = 0, mean = 0, variance = 1;
};

/// The same case for the same seed on every machine. Every sixth set has power-of-two scales, so that ties occur;
/// others equal grids, strict grids, or ranges far apart. Outputs have 8 bits, or 16 for some sets of 16-bit inputs.
DomainCase make_domain_case(Op op, const std::vector<int>& x_bits, std::uint64_t seed);

struct DomainResult {
  std::string form;       ///< what lowering chose; empty where engine and oracle refuse
  long parameters = 0;    ///< integers compared
  long outputs = 0;       ///< output codes compared
  std::string different;  ///< the first difference; empty when all are equal
};

/// For conv2d 4,096 random codes per input channel; all codes (leaky_relu,
/// batch_norm, pixel_shuffle, concat), all pairs (add) or all sums (avg_pool).
DomainResult compare(const DomainCase& sample, const Profile& profile);

/// All 256 bytes as two int4 codes, low nibble first, there and back. Returns the number of wrong bytes.
long check_int4_bytes();

}  // namespace intsim::test
