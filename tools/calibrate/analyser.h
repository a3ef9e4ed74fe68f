// What AIMET's encoding analysers find out about the values of one quantiser (quic/aimet 7933a236).
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "import/encodings.h"

namespace intsim::calibrate {

/// What kind of grid a quantiser has.
struct Quantisation {
  int bits = 8;
  bool symmetric = false;
  bool unsigned_symmetric = false;  ///< a symmetric grid of values that are all 0 or more starts at 0
};

/// AIMET's getComputedEncodings, in double, for min ≤ 0 ≤ max and min < max. N = 2^bits − 1. Symmetric, unless
/// min = 0 and `unsigned_symmetric`: delta = max(−min, max)/floor(N/2), offset = −ceil(N/2), min = offset·delta,
/// max = floor(N/2)·delta. Otherwise delta = (max − min)/N, offset = −clamp(round(−min/delta), 0, N), min' = delta·offset,
/// max' = max − min + min'. So 0 is on every grid.
Encoding computed_encoding(double min, double max, const Quantisation& kind);

/// Gathers statistics of one quantiser over batches and derives its encoding.
class Analyser {
 public:
  virtual ~Analyser() = default;

  /// Takes one batch: a dense float32 tensor of any shape, at least one value. Throws InputError naming `where` when a
  /// value is not finite.
  virtual void observe(const torch::Tensor& values, const std::string& where) = 0;

  /// The encoding for everything observed. Throws InputError naming `where` when nothing was.
  virtual Encoding encoding(const Quantisation& kind, const std::string& where) const = 0;
};

/// Scheme "tf": min(min, 0) and max(max, 0, min + 0.01) over all values.
class MinMaxAnalyser : public Analyser {
 public:
  void observe(const torch::Tensor& values, const std::string& where) override;
  Encoding encoding(const Quantisation& kind, const std::string& where) const override;

 private:
  bool seen_ = false;
  double min_ = 0, max_ = 0;
};

/// Scheme "percentile": a histogram of 512 bins, laid out by the first batch that has a value other than 0, as
/// docs/FORMATS.md describes. Order of batches matters, as each batch weighs the same.
class PercentileAnalyser : public Analyser {
 public:
  static constexpr int kBins = 512;

  /// `percentile` in percent, above 50 and up to 100; `calibrate` takes 90 and more, as AIMET does.
  explicit PercentileAnalyser(float percentile) : percentile_(percentile) {}

  void observe(const torch::Tensor& values, const std::string& where) override;
  Encoding encoding(const Quantisation& kind, const std::string& where) const override;

 private:
  struct Limits {
    float min, max;
  };
  void lay_out(float min, float max, const std::string& where);
  Limits occupied() const;
  Limits percentile_limits() const;

  float percentile_;
  bool seen_ = false, laid_out_ = false;
  std::array<float, kBins> left_{};      ///< named left edge, but a value counts in the bin whose edge is nearest
  std::array<double, kBins> density_{};  ///< mean share of the batches
  float width_ = 0, origin_ = 0;         ///< left_[1] − left_[0], left_[0]/width_
  std::int64_t batches_ = 0;
};

/// Schemes by name.
enum class Scheme { tf, percentile };

std::unique_ptr<Analyser> make_analyser(Scheme scheme, float percentile);

}  // namespace intsim::calibrate
