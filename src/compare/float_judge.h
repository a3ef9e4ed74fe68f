// Whether a float golden's own rounding is why a layer's codes differ from it (docs/formats/compare.md, "Explained").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compare/layer.h"
#include "golden/pack.h"

namespace intsim {

/// Judges one layer of a float golden. Convolutions and the softmax have float error; all other operations are exact in
/// the simulation's arithmetic, and nothing explains a mismatch of theirs.
class FloatJudge {
 public:
  /// Everything that is given outlives the judge. Throws InputError where values and codes of the golden disagree.
  FloatJudge(const Model& model, PackArithmetic golden, const ComparedLayer& layer,
             const std::vector<PlanarTensor>& operands);
  ~FloatJudge();
  FloatJudge(const FloatJudge&) = delete;
  FloatJudge& operator=(const FloatJudge&) = delete;

  /// The golden's code at `index` can be float error where exact arithmetic gives `code`, another one.
  bool explains(std::size_t index, std::int32_t code) const;
  /// Mean error bound of the outputs in LSB; −1 for operations without float error.
  double mean_bound() const;
  /// How mismatches are judged, in a few words.
  std::string method() const;

  /// What an operation with float error is judged by.
  class Rule {
   public:
    virtual ~Rule() = default;
    virtual bool explains(std::size_t index, std::int32_t code) const = 0;
    virtual double mean_bound() const = 0;
    virtual std::string method() const = 0;
  };

 private:
  std::unique_ptr<Rule> rule_;
};

/// `count` or fewer indices below `size`, spread over rows, columns and channels alike, the same for each call.
std::vector<std::size_t> spread_sample(std::size_t size, std::size_t count);

}  // namespace intsim
