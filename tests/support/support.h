// What several tests need: the generated test model, scene images, printable hashes.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/program.h"
#include "intsim/range_image.h"

namespace intsim::test {

/// Folder with checkpoint.safetensors, w8a8.encodings and w4a8.encodings (environment INTSIM_TEST_MODEL).
std::string test_model_folder();

/// The test model under one configuration, after a trip through a model file.
std::shared_ptr<const Model> test_model(const std::string& config);

/// A scene of the test model's world, projected.
RangeImage scene_image(int height, int width, int index = 0);

/// Every tensor of a run: names and canonical hashes, in execution order.
using TensorHashes = std::vector<std::pair<std::string, std::string>>;
TensorHashes hash_run(Engine& engine, const RangeImage& image);

/// "" when equal, else the first difference in words.
std::string first_difference(const TensorHashes& expected, const TensorHashes& actual);

}  // namespace intsim::test
