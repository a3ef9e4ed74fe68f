#include "intsim/simulator.h"

#include "engine/engine.h"
#include "engine/load.h"
#include "intsim/label_map.h"
#include "io/hash.h"

namespace intsim {
struct Simulator::Impl {
  std::string hash;
  std::shared_ptr<const PreparedProgram> program;
  Engine engine;

  Impl(const std::filesystem::path& path, const SimulatorOptions& options)
      : hash(hash_file(path)), program(load_prepared(path, options)), engine(program, options.threads) {}
  const Model& model() const { return *program->program().model; }
};

Simulator::Simulator(const std::filesystem::path& model, const SimulatorOptions& options)
    : impl_(std::make_unique<Impl>(model, options)) {}
Simulator::~Simulator() = default;
Simulator::Simulator(Simulator&&) noexcept = default;
Simulator& Simulator::operator=(Simulator&&) noexcept = default;

std::vector<std::uint8_t> Simulator::classes(const RangeImage& image,
                                             const std::function<void(const TensorView&)>& observer) {
  Observer inner;
  if (observer) {
    inner = [&](const std::string& name, const Grid& grid, const PlanarTensor& t) {
      observer({name, grid.bits, grid.scale, grid.zero(), t.channels, t.height, t.width, t.codes});
    };
  }
  return impl_->engine.run(image.channels, {image.height, image.width}, inner);
}

std::vector<std::uint32_t> Simulator::labels(const Scan& scan, const ProjectionConfig& projection) {
  const RangeImage image = project(scan, projection);
  const std::vector<std::uint8_t> points = back_project(image, classes(image));
  std::vector<std::uint32_t> result;
  result.reserve(points.size());
  for (const std::uint8_t c : points) result.push_back(label_of_class(c));
  return result;
}

const std::string& Simulator::model_name() const { return impl_->model().name; }
std::string Simulator::model_note() const {
  const auto it = impl_->model().sources.find("note");
  return it == impl_->model().sources.end() ? "" : it->second;
}

const std::string& Simulator::model_hash() const { return impl_->hash; }

std::vector<std::pair<std::string, std::string>> Simulator::kernels() const {
  std::vector<std::pair<std::string, std::string>> result;
  const auto& nodes = impl_->model().graph.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) result.emplace_back(nodes[i].name, impl_->program->kernel_name(i));
  return result;
}

std::string Simulator::simd_target() const { return impl_->program->simd_target(); }

}  // namespace intsim
