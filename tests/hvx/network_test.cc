// The whole network as HVX code: every tensor and the labels equal the engine's. Arguments: --programs=FOLDER,
// --config=NAME, --target=PROFILE, --size=HEIGHTxWIDTH, and --model=FILE for a model other than the test model.
#include <cstdio>

#include "engine/load.h"
#include "hvx/compare.h"
#include "hvx/support.h"
#include "support/support.h"

using namespace intsim;

namespace {

std::shared_ptr<const PreparedProgram> prepare(const std::string& model, const std::string& config,
                                               const std::string& target) {
  if (!model.empty()) return load_prepared(model, {.target = target, .kernels = "simd", .simd = ""});
  return std::make_shared<const PreparedProgram>(lower(test::test_model(config), find_profile(target)),
                                                 KernelSet::simd);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = test::argument(argc, argv, "programs"), target = test::argument(argc, argv, "target");
  const std::string size = test::argument(argc, argv, "size");
  if (!test::can_run(folder, "network")) return test::kSkipped;
  const int height = std::stoi(size), width = std::stoi(size.substr(size.find('x') + 1));
  const RangeImage image = test::scene_image(height, width);
  Engine engine(prepare(test::argument(argc, argv, "model"), test::argument(argc, argv, "config"), target), 1);
  HvxGuest guest(folder + "/network.elf");
  const HvxTotals t = compare_network(engine, guest, image.channels, {height, width}, [](const HvxTensorResult& r) {
    if (r.different > 0)
      std::printf("%s: %lld of %lld codes differ, code %lld: intsim %d, hvx %d\n", r.name.c_str(),
                  static_cast<long long>(r.different), static_cast<long long>(r.codes), static_cast<long long>(r.first),
                  r.expected, r.actual);
  });
  guest.finish();
  std::printf("%d of %d tensors equal, %lld codes; %lld labels, %lld differ; %lld outputs on the scalar route\n",
              t.tensors - t.different_tensors, t.tensors, static_cast<long long>(t.codes),
              static_cast<long long>(t.labels), static_cast<long long>(t.different_labels),
              static_cast<long long>(t.scalar_outputs));
  const bool complete = t.tensors == 171 && t.labels == static_cast<long long>(height) * width;
  return complete && t.different == 0 && t.different_labels == 0 && t.scalar_outputs == 0 ? 0 : 1;
}
