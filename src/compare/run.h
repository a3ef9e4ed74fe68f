// The ways to compare: two packs, or a pack and the engine.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compare/comparer.h"
#include "engine/engine.h"

namespace intsim {

/// The engine as the actual side, or the model that two packs belong to.
struct EngineSide {
  std::shared_ptr<const PreparedProgram> program;
  std::string target;        ///< as given
  std::vector<float> image;  ///< of a scan, C×H×W; empty: the golden's input codes are run
  Extent extent;             ///< of the image
};

/// Called before each tensor with its name.
using CompareProgress = std::function<void(const std::string& name)>;

/// Compares two packs; with `model`, differences are followed through the network and explained. Never isolated.
Comparison compare_packs(const Pack& golden, const Pack& actual, const EngineSide* model, const CompareOptions& options,
                         const CompareProgress& progress);

/// Runs the engine and compares each tensor as it arises; cumulative, or each node from the golden's operands.
Comparison compare_engine(const Pack& golden, const EngineSide& engine, const CompareOptions& options,
                          const CompareProgress& progress);

/// Codes of an input as the real values they stand for (rule QZ-3); quantised again, they give the same codes.
std::vector<float> image_of_codes(const Grid& grid, const PlanarTensor& codes);

/// A value of a model as a pack describes it: 0 is the input.
PackTensor describe_value(const Model& model, ValueId value, Extent extent);

}  // namespace intsim
