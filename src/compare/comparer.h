// Compares the tensors of a run with a golden pack, one at a time and in run order.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison.h"
#include "compare/explain.h"
#include "compare/rules.h"
#include "golden/pack.h"
#include "graph/program.h"

namespace intsim {

/// What is compared, and what of it is looked into.
struct CompareOptions {
  bool isolated = false;                                      ///< each layer from the golden's operands
  bool exact = false;                                         ///< isolated: layers evaluated exactly, not by the engine
  bool common = false;                                        ///< tensors that one side lacks are left out
  bool explain = true;                                        ///< mismatches against a float golden
  bool causes = false;                                        ///< split of the mismatches against a float golden
  bool rules = false;                                         ///< name the rule of layers with mismatches …
  bool all_rules = false;                                     ///< … and of all others
  std::vector<std::pair<std::string, Tolerance>> tolerances;  ///< by glob of torch names; the first that fits
  std::map<std::string, std::string> aliases;                 ///< name in a pack -> torch name
  int threads = 0;
};

/// Gives operand i of a node.
using OperandSource = std::function<PlanarTensor(std::size_t i)>;
/// Output of a node from its operands, as the actual side's arithmetic makes it.
using LayerRun = std::function<PlanarTensor(std::size_t node, const OperandSource& operand)>;

/// What is known of the network behind both sides; enables inheritance, explanations and rules.
struct ComparedModel {
  const Program& program;
  LayerRun run;
  const Explainer* explainer = nullptr;
  const RuleFinder* rules = nullptr;
};

/// One tensor of the actual side.
struct ActualTensor {
  PackTensor description;     ///< name as in `aliases`' values; hash set where codes is null
  const PlanarTensor* codes;  ///< null where only its hash is known
  bool stored = false;        ///< read from a pack, not computed just now
  OperandSource operands;     ///< of a stored tensor, to check it against; empty where they are not stored
  PackArithmetic arithmetic = PackArithmetic::integer;  ///< of a stored tensor
  const NpyFile* values = nullptr;                      ///< what its quantiser read, where that is stored
};

/// ComparedLayer::actual and float_errors of a cumulative comparison.
struct OwnCodes {
  PlanarTensor codes;
  std::vector<std::size_t> float_errors;
};

/// Fills a Comparison. Feed it in run order.
class Comparer {
 public:
  /// `model` may be null; it and `golden` outlive the comparer.
  Comparer(const Pack& golden, ComparedSide actual, const CompareOptions& options, const ComparedModel* model);

  /// Index of a tensor of the golden by its torch name, -1 when absent.
  int golden_index(const std::string& name) const;
  /// All operands of a node are stored in the golden.
  bool has_operands(std::size_t node) const;
  /// The golden's operands of a node; the caller has asked has_operands.
  OperandSource golden_operands(std::size_t node) const;

  /// Compares a tensor, and checks all that the golden stores of it; leaves it out where the golden lacks it and
  /// `common` is set. Throws InputError for one that the golden lacks or describes in another way, or that came before.
  void add(const ActualTensor& actual);
  /// Notes a tensor that the golden lacks as left out. Throws InputError unless `common` is set.
  void skip_missing(const std::string& name);
  /// Notes a tensor as left out.
  void skip(const std::string& name, const std::string& reason);

  /// The result. Throws InputError when tensors of the golden were not met (unless `common` or left out) or none was
  /// compared.
  Comparison finish();

 private:
  void judge(std::size_t golden, const ActualTensor& actual, const NpyFile* values, TensorComparison& result);
  void judge_node(std::size_t node, PlanarTensor& golden, const ActualTensor& actual, const NpyFile* values,
                  TensorComparison& result);
  OwnCodes own_codes(std::size_t node, PlanarTensor& golden, const ActualTensor& actual) const;
  void keep_float_errors(std::size_t node, const PlanarTensor& golden, const ActualTensor& actual,
                         const PlanarTensor& expected, OwnCodes& own) const;
  void look_into(const ComparedLayer& layer, TensorComparison& result) const;
  void set_tolerance(TensorComparison& result) const;
  void set_largest(TensorComparison& result) const;
  void note_labels(const PlanarTensor& golden, const PlanarTensor& actual);

  const Pack& golden_;
  CompareOptions options_;
  const ComparedModel* model_;
  Comparison comparison_;
  std::map<std::string, std::size_t> names_;  ///< torch name -> index in the golden
  std::set<std::size_t> met_;
};

/// Throws InputError naming `side`, the tensor and the first code above `largest`, N of the model's grid: a strict grid
/// has one code less than its bits, and tables of N + 1 entries are read by code.
void check_codes(const PlanarTensor& codes, std::int32_t largest, const std::string& side, const std::string& name);

/// Throws InputError naming the tensor and both sides when shape, bits, scale or zero point differ.
void check_same_tensor(const PackTensor& golden, const std::string& golden_name, const PackTensor& actual,
                       const std::string& actual_name);

}  // namespace intsim
