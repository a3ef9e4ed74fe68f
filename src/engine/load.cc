#include "engine/load.h"

#include "import/model_file.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "numerics/target_file.h"

namespace intsim {
namespace {

/// range, x, y, z, remission
constexpr int kImageChannels = 5;

KernelSet kernel_set(const std::string& name) {
  if (name == "simd") return KernelSet::simd;
  if (name == "ref") return KernelSet::reference;
  throw UsageError("unknown kernels '" + name + "'; use 'simd' or 'ref'");
}

void check_segmentation(const Graph& graph, const std::filesystem::path& path) {
  const ValueId logits = logits_of(graph);
  constexpr Extent image{64, 2048};
  if (graph.input_channels == kImageChannels && graph.channels(logits) == kClasses &&
      infer_extents(graph, image)[static_cast<std::size_t>(logits)] == image)
    return;
  throw InputError(path.string(),
                   "does not map the " + std::to_string(kImageChannels) + " channels of a range image to " +
                       std::to_string(kClasses) + " classes per pixel",
                   "use a model imported for SemanticKITTI");
}

}  // namespace

Program load_program(const std::filesystem::path& model, const std::string& target) {
  const Profile profile = read_target(target);
  auto loaded = std::make_shared<const Model>(read_model(model));
  check_segmentation(loaded->graph, model);
  return lower(std::move(loaded), profile);
}

std::shared_ptr<const PreparedProgram> load_prepared(const std::filesystem::path& model,
                                                     const SimulatorOptions& options) {
  const KernelSet kernels = kernel_set(options.kernels);
  check_simd_target(options.simd);
  return std::make_shared<const PreparedProgram>(load_program(model, options.target), kernels, options.simd);
}

}  // namespace intsim
