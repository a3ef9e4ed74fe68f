// Why a layer's codes differ from a float golden's: its own rounding error, or something else.
#pragma once

#include <filesystem>
#include <memory>

#include "compare/comparison.h"
#include "compare/layer.h"
#include "golden/pack.h"

namespace intsim {

/// Judges the own mismatches of layers against a float golden (docs/formats/compare.md, "Explained").
class Explainer {
 public:
  /// `model_file` is read a second time by the oracle, which computes the exact values. Throws InputError.
  Explainer(const Program& program, const std::filesystem::path& model_file, PackArithmetic arithmetic);
  ~Explainer();

  /// Sets explained, unexplained, mean_bound_lsb, explanation and first->detail of `result`, whose counts are set.
  /// Every own mismatch is either explained or unexplained.
  void explain(const ComparedLayer& layer, TensorComparison& result) const;

  /// Sets result.causes: every own mismatch is counted at one switch, and the shares sum to the whole.
  void split_causes(const ComparedLayer& layer, TensorComparison& result) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace intsim
