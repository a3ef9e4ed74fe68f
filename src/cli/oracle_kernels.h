// The network by the oracle (`--kernels oracle`): from the input to the classes no code of the engine takes part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "intsim/range_image.h"
#include "numerics/profile.h"
#include "oracle/oracle.h"
#include "tensor/planar.h"

namespace intsim::cli {

/// A profile in the oracle's words.
inline oracle::Target oracle_target(const Profile& p) {
  oracle::Target t;
  std::string* const rules[] = {&t.conv2d, &t.leaky_relu,    &t.batch_norm, &t.add,
                                &t.concat, &t.pixel_shuffle, &t.avg_pool,   &t.softmax};
  for (std::size_t i = 0; i < profile_ops().size(); ++i) *rules[i] = rule_name(p.*profile_ops()[i].rule);
  std::string* const fields[] = {&t.bn, &t.concat_form, &t.avgpool, &t.conv16, &t.bias};
  for (std::size_t i = 0; i < alternative_fields().size(); ++i) {
    const AlternativeField& field = alternative_fields()[i];
    *fields[i] = p.alternatives.*field.flag ? field.other : field.standard;
  }
  t.overflow = recorded_options(p).at("overflow");
  return t;
}

/// A model file as the oracle reads it, with a target.
class OracleKernels {
 public:
  /// `threads` 0 takes the number of cores. Throws InputError for a file that the oracle refuses.
  OracleKernels(const std::filesystem::path& model, const Profile& profile, int threads);

  /// Class of each pixel. With an observer every tensor passes by, "input" first, the softmax included.
  std::vector<std::uint8_t> classes(const RangeImage& image,
                                    const std::function<void(const PlanarTensor&)>& observer = {}) const;

 private:
  std::filesystem::path model_;
  oracle::Network network_;
  oracle::Target target_;
  int threads_;
};

}  // namespace intsim::cli
