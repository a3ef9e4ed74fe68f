// Prints hashes of everything between the seeded test model and the labels: files, parameters, image, tensors.
// Stands alone, so that run.py can build it with any compiler; the output is the same with each of them except for the
// lines "run", which name the SIMD targets of the machine.
//
// usage: hashes RANGES FOLDER
//   revision N                          of the numerics
//   file NAME HASH, image HASH          the generated model, its imported form, the network's input
//   vectors OPERATION HASH              test vectors of all profiles with their expected answers
//   tensor CONFIG PROFILE NAME HASH     every tensor, then the labels, of the reference kernels
//   digest CONFIG PROFILE HASH          of the lines above it
//   run CONFIG PROFILE KERNELS HASH     the same digest from the vector kernels: SIMD target and number of threads
//   different CONFIG PROFILE KERNELS NAME  the first tensor of a run that is not the reference's
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "import/import_model.h"
#include "import/model_file.h"
#include "intsim/range_image.h"
#include "intsim/version.h"
#include "io/hash.h"
#include "test_model/model.h"
#include "test_model/scene.h"
#include "vectors/generator.h"

using namespace intsim;
namespace fs = std::filesystem;

namespace {

/// 48 columns end as 3 after four poolings: every vector target meets full and partial vectors.
constexpr Extent kExtent{16, 48};

using Hashes = std::vector<std::pair<std::string, std::string>>;

template <class T>
std::string hash_of(const T& values) {
  return hash_bytes(std::as_bytes(std::span(values.data(), values.size())));
}

Hashes hash_run(Engine& engine, const RangeImage& image) {
  Hashes hashes;
  const auto classes =
      engine.run(image.channels, kExtent, [&](const std::string& name, const Grid& grid, const PlanarTensor& codes) {
        hashes.emplace_back(name, hash_codes(codes, grid.bits));
      });
  hashes.emplace_back("labels", hash_of(classes));
  return hashes;
}

std::string digest(const Hashes& hashes) {
  std::string text;
  for (const auto& [name, hash] : hashes) text += name + " " + hash + "\n";
  return hash_of(text);
}

/// Prints the digest of a run, after the first tensor that is not the reference's.
void print_run(const std::string& run, const Hashes& expected, const Hashes& hashes) {
  const auto [known, found] = std::mismatch(expected.begin(), expected.end(), hashes.begin(), hashes.end());
  if (known != expected.end()) std::printf("different %s %s\n", run.c_str(), known->first.c_str());
  std::printf("run %s %s\n", run.c_str(), digest(hashes).c_str());
}

void print_profile(const std::string& config, const std::shared_ptr<const Model>& model, const Profile& profile,
                   const RangeImage& image) {
  const std::string where = config + " " + profile.name;
  const Program program = lower(model, profile);
  Engine reference(std::make_shared<const PreparedProgram>(program, KernelSet::reference), 1);
  const Hashes expected = hash_run(reference, image);
  for (const auto& [name, hash] : expected) std::printf("tensor %s %s %s\n", where.c_str(), name.c_str(), hash.c_str());
  std::printf("digest %s %s\n", where.c_str(), digest(expected).c_str());
  for (const std::string& target : simd_targets()) {
    const auto prepared = std::make_shared<const PreparedProgram>(program, KernelSet::simd, target);
    const std::vector<int> thread_counts = target == simd_targets().front() ? std::vector{1, 3} : std::vector{3};
    for (const int threads : thread_counts) {
      Engine engine(prepared, threads);
      print_run(where + " " + target + "/" + std::to_string(threads), expected, hash_run(engine, image));
    }
  }
}

void print_vectors() {
  constexpr std::uint64_t kCases = 500;
  for (std::size_t op = 0; op < vector_op_names().size(); ++op) {
    std::vector<std::int64_t> numbers;
    for (const Profile& profile : profiles()) {
      const VectorSet set(static_cast<VectorOp>(op), profile);
      Case c;
      for (std::uint64_t i = 0; i < kCases; ++i) {
        set.generate(1, i, c);
        numbers.insert(numbers.end(), c.inputs.begin(), c.inputs.end());
        numbers.push_back(set.expected(c));
      }
    }
    std::printf("vectors %s %s\n", vector_op_names()[op], hash_of(numbers).c_str());
  }
}

void print_all(const fs::path& ranges, const fs::path& folder) {
  std::printf("revision %d\n", kNumericsRevision);
  test_model::write_test_model(folder, test_model::read_measurements(ranges));
  const auto print_file = [&](const fs::path& name) {
    std::printf("file %s %s\n", name.c_str(), hash_file(folder / name).c_str());
  };
  print_file("checkpoint.safetensors");
  const RangeImage image =
      project(test_model::make_scene(7, 0).scan, {.height = kExtent.height, .width = kExtent.width});
  std::printf("image %s\n", hash_of(image.channels).c_str());
  print_vectors();
  for (const std::string config : {"w8a8", "w4a8"}) {
    const fs::path encodings = config + ".encodings", file = config + ".safetensors";
    print_file(encodings);
    write_model(folder / file, import_model(folder / "checkpoint.safetensors", folder / encodings).model);
    print_file(file);
    const auto model = std::make_shared<const Model>(read_model(folder / file));
    for (const Profile& profile : profiles()) print_profile(config, model, profile, image);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: hashes RANGES FOLDER\n");
    return 2;
  }
  try {
    print_all(argv[1], argv[2]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
  return 0;
}
