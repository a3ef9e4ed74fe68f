// Shared by the tests of the LibTorch tools: paths from the environment, a small scene, a folder for files.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "intsim/range_image.h"
#include "test_model/scene.h"

namespace intsim::test {

/// A variable that tests/calibrate/meson.build sets.
inline std::filesystem::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string("environment variable missing: ") + name);
  return value;
}

inline std::filesystem::path model_part(const std::string& name) {
  return from_environment("INTSIM_TEST_MODEL") / name;
}

struct TemporaryFolder {
  std::filesystem::path path;
  explicit TemporaryFolder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("intsim " + name + " " + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

inline RangeImage small_image(int height, int width, int index = 0) {
  ProjectionConfig size;
  size.height = height;
  size.width = width;
  return project(test_model::make_scene(1, index).scan, size);
}

}  // namespace intsim::test
