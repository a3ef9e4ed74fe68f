// The whole path from a scan to labels: projection, integer network, labels back to points.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "intsim/range_image.h"
#include "intsim/scan.h"

namespace intsim {

/// How a model is run. None of these changes a bit of the result but `target`.
struct SimulatorOptions {
  std::string target = "hexagon-hvx";  ///< profile name (`intsim targets`), or a file X.json
  std::string kernels = "simd";        ///< "simd" or "ref"
  std::string simd;                    ///< SIMD target such as "AVX2"; empty for the best
  int threads = 0;                     ///< 0: all cores
};

/// One quantised tensor of a run. Codes are in channel, row, column order; the real value of a code is
/// scale * (code - zero_point).
struct TensorView {
  std::string name;  ///< "input" or the torch module name
  int bits;
  double scale;
  std::int32_t zero_point;
  int channels, height, width;
  std::span<const std::uint16_t> codes;
};

/// A model lowered to a target and ready to run. One object serves one thread at a time.
class Simulator {
 public:
  /// Loads a model file written by `intsim import`. Throws InputError for a missing or damaged file, UsageError for an
  /// unknown target, kernel set or SIMD target.
  explicit Simulator(const std::filesystem::path& model, const SimulatorOptions& options = {});
  ~Simulator();
  Simulator(Simulator&&) noexcept;
  Simulator& operator=(Simulator&&) noexcept;

  /// Class 0..19 of every pixel of a projected scan. With `observer`, every tensor of the run passes by in execution
  /// order, the softmax included.
  std::vector<std::uint8_t> classes(const RangeImage& image,
                                    const std::function<void(const TensorView&)>& observer = {});

  /// Raw SemanticKITTI label id of every point.
  std::vector<std::uint32_t> labels(const Scan& scan, const ProjectionConfig& projection = {});

  /// Name stored in the model, e.g. "w8a8".
  const std::string& model_name() const;
  /// What the maker of its weights says about them; mostly empty.
  std::string model_note() const;
  /// XXH3-128 of the model file, 32 hex digits.
  const std::string& model_hash() const;
  /// Kernel per executed node in execution order: name and "reference" or the SIMD target.
  std::vector<std::pair<std::string, std::string>> kernels() const;
  /// Name of the SIMD target in use; empty with reference kernels.
  std::string simd_target() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace intsim
