#include "support/support.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "import/import_model.h"
#include "import/model_file.h"
#include "test_model/scene.h"

namespace intsim::test {

std::string test_model_folder() {
  const char* folder = std::getenv("INTSIM_TEST_MODEL");
  if (folder == nullptr) throw std::runtime_error("INTSIM_TEST_MODEL is not set: run through meson test");
  return folder;
}

std::shared_ptr<const Model> test_model(const std::string& config) {
  const std::string folder = test_model_folder();
  const ImportResult imported = import_model(folder + "/checkpoint.safetensors", folder + "/" + config + ".encodings");
  const auto file =
      std::filesystem::temp_directory_path() / ("intsim-" + std::to_string(::getpid()) + "-" + config + ".safetensors");
  write_model(file, imported.model);
  auto model = std::make_shared<const Model>(read_model(file));
  std::filesystem::remove(file);
  return model;
}

RangeImage scene_image(int height, int width, int index) {
  return project(test_model::make_scene(7, index).scan, {.height = height, .width = width});
}

TensorHashes hash_run(Engine& engine, const RangeImage& image) {
  TensorHashes hashes;
  engine.run(image.channels, {image.height, image.width},
             [&](const std::string& name, const Grid& grid, const PlanarTensor& codes) {
               hashes.emplace_back(name, hash_codes(codes, grid.bits));
             });
  return hashes;
}

std::string first_difference(const TensorHashes& expected, const TensorHashes& actual) {
  if (expected.size() != actual.size())
    return "expected " + std::to_string(expected.size()) + " tensors, got " + std::to_string(actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (expected[i] != actual[i])
      return expected[i].first + ": expected " + expected[i].second + ", got " + actual[i].second;
  return "";
}

}  // namespace intsim::test
