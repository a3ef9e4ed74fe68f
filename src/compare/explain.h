// Why a layer's codes differ from a golden's: the golden's own float error, a step of the target's arithmetic, or
// something else.
#pragma once

#include "compare/comparison.h"
#include "compare/float_judge.h"
#include "compare/layer.h"
#include "golden/pack.h"

namespace intsim {

/// Looks into the own mismatches of layers (docs/formats/compare.md, "Explained" and "Causes").
class Explainer {
 public:
  /// `program` outlives the explainer.
  Explainer(const Program& program, PackArithmetic golden) : program_(program), golden_(golden) {}

  /// Sets first->detail: what the first mismatch was computed from, or that it is inherited.
  void describe_first(const ComparedLayer& layer, TensorComparison& result) const;

  /// For a float golden: sets explained, unexplained, mean_bound_lsb and explanation of `result`, whose counts are set.
  /// Every own mismatch is either explained or unexplained; float errors of a second pack are explained.
  void explain(const ComparedLayer& layer, const FloatJudge& judge, TensorComparison& result) const;

  /// For a float golden: sets result.causes. Every own mismatch is counted at one switch; the shares of mismatches and
  /// of LSB sum to the whole. Throws Error where the last switch is not the actual code, UsageError for a layer in
  /// float32.
  void split_causes(const ComparedLayer& layer, TensorComparison& result) const;

 private:
  const Program& program_;
  PackArithmetic golden_;
};

}  // namespace intsim
