// Unit-test data of CMSIS-NN through the engine's own kernels, bit for bit. Skipped where the data is absent.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>

#include "intsim/error.h"
#include "io/file.h"
#include "vectors/foreign.h"

using namespace intsim;

namespace {

std::filesystem::path folder() {
  const char* set = std::getenv("INTSIM_SHARED_DATA");
  const std::filesystem::path root = set != nullptr ? set : INTSIM_SOURCE_ROOT "/../shared/data";
  return root / "integer_vectors";
}

std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder())) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// "" when equal on the reference kernels and on every SIMD target, else the kernel and the first difference.
std::string difference(const ForeignCase& c, std::map<std::string, int>& kernels) {
  std::vector<ForeignResult> results = {run_foreign_case(c, KernelSet::reference)};
  for (const std::string& target : simd_targets()) results.push_back(run_foreign_case(c, KernelSet::simd, target));
  for (const ForeignResult& r : results) {
    ++kernels[r.kernel];
    if (r.outputs != c.expected.size()) return r.kernel + " made " + std::to_string(r.outputs) + " outputs";
    if (r.different > 0)
      return r.kernel + ": " + std::to_string(r.different) + " differ, first " + std::to_string(r.first) +
             ": expected " + std::to_string(r.expected) + ", got " + std::to_string(r.actual);
  }
  return {};
}

/// A 1x1 convolution whose numbers are easy to follow.
std::string small_case() {
  return R"({"name": "small", "op": "conv2d", "input_dtype": "int8", "weight_dtype": "int8", "bias_dtype": "int32",
    "output_dtype": "int8", "input_nhwc": [1, 1, 2, 1], "weight_ohwi": [1, 1, 1, 1], "groups": 1,
    "output_nhwc": [1, 1, 2, 1], "stride_yx": [1, 1], "dilation_yx": [1, 1], "pad_top_left": [0, 0],
    "input_offset": 3, "output_offset": -5, "clamp": [-20, 20], "multiplier": [1073741824], "shift": [0],
    "input": [10, -128], "weight": [-3], "bias": [1], "expected": [-20, 20]})";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

ForeignCase parsed(const std::string& text) {
  const auto path =
      std::filesystem::temp_directory_path() / ("intsim_foreign_test_" + std::to_string(getpid()) + ".json");
  write_file(path, std::string_view(text));
  const ForeignCase c = read_foreign_case(path);
  std::filesystem::remove(path);
  return c;
}

}  // namespace

TEST_CASE("CMSIS-NN vectors: all kernels give the expected outputs") {
  const auto list = files();
  if (list.empty()) {
    std::cout << "SKIPPED: 31 cases, no vectors in " << folder() << "\n";
    return;
  }
  std::map<std::string, int> kernels, profiles;
  std::size_t equal = 0, outputs = 0;
  for (const auto& file : list) {
    const ForeignCase c = read_foreign_case(file);
    const std::string found = difference(c, kernels);
    CHECK_MESSAGE(found.empty(), c.name << " (" << foreign_profile(c) << "): " << found);
    equal += found.empty() ? 1 : 0;
    outputs += c.expected.size();
    ++profiles[foreign_profile(c)];
  }
  std::cout << equal << " of " << list.size() << " cases equal, " << outputs << " outputs";
  for (const auto& [name, count] : profiles) std::cout << "; " << name << " " << count;
  std::cout << "\nruns by kernel:";
  for (const auto& [name, count] : kernels) std::cout << " " << name << " " << count;
  std::cout << "\n";
  CHECK(list.size() == 31);
  CHECK(profiles["tflite-int16x8"] == 3);
  for (const std::string& target : simd_targets()) CHECK_MESSAGE(kernels[target] >= 10, target);
}

TEST_CASE("SG-1: signed codes, offsets and the fused clamp") {
  // (10 + 3) * -3 + 1 = -38, halved -19, -24 with the offset; (-128 + 3) * -3 + 1 = 376, halved 188, 183.
  std::map<std::string, int> kernels;
  CHECK(difference(parsed(small_case()), kernels) == "");
  const std::string open = replaced(small_case(), "[-20, 20], \"multiplier\"", "[-128, 127], \"multiplier\"");
  CHECK(difference(parsed(replaced(open, "\"expected\": [-20, 20]", "\"expected\": [-24, 127]")), kernels) == "");
  CHECK(difference(parsed(replaced(open, "\"expected\": [-20, 20]", "\"expected\": [-24, 126]")), kernels) ==
        "reference: 1 differ, first 1: expected 126, got 127");
}

TEST_CASE("padding below and to the right alone, in rows without any slack") {
  // Each output is its neighbour to the right, or below; beyond the image lies the zero point.
  for (const bool below : {false, true}) {
    ForeignCase c;
    c.name = below ? "below" : "right";
    c.input = c.output = {1, 4, 16, 1};
    (below ? c.window.kernel_h : c.window.kernel_w) = 2;
    (below ? c.window.extra_h : c.window.extra_w) = 1;
    c.clamp_low = -128, c.clamp_high = 127;
    c.scale = {{1 << 30, 1}};
    c.weights = {0, 1};
    for (int i = 0; i < 64; ++i) c.inputs[0].push_back(i + 10);
    for (int i = 0; i < 64; ++i) {
      const bool inside = below ? i < 48 : i % 16 < 15;
      c.expected.push_back(inside ? i + 10 + (below ? 16 : 1) : 0);
    }
    std::map<std::string, int> kernels;
    CHECK(difference(c, kernels) == "");
    CHECK(kernels["SCALAR"] == 1);
  }
}

TEST_CASE("Damaged files name the field") {
  const auto fault = [](const std::string& from, const std::string& to, const std::string& field) {
    try {
      parsed(replaced(small_case(), from, to));
      FAIL_CHECK("accepted: " << to);
    } catch (const InputError& e) {
      CHECK_MESSAGE(std::string(e.what()).find("'" + field + "'") != std::string::npos, e.what());
    }
  };
  fault("\"conv2d\"", "\"matmul\"", "op");
  fault("\"weight\": [-3]", "\"weight\": [-129]", "weight");
  fault("\"weight\": [-3]", "\"weight\": [-3, 1]", "weight");
  fault("\"input\": [10, -128]", "\"input\": [10, 1.5]", "input");
  fault("\"output_nhwc\": [1, 1, 2, 1]", "\"output_nhwc\": [1, 1, 1, 1]", "output_nhwc");
  fault("\"output_nhwc\": [1, 1, 2, 1]", "\"output_nhwc\": [1, 1, 200, 1]", "output_nhwc");
  fault("\"input_nhwc\": [1, 1, 2, 1]", "\"input_nhwc\": [1, 2, 2, 1]", "output_nhwc");
  fault("\"groups\": 1", "\"groups\": 2", "weight_ohwi");
  fault("\"bias_dtype\": \"int32\"", "\"bias_dtype\": \"int64\"", "bias_dtype");
  fault("\"shift\": [0]", "\"shift\": [31]", "shift");
  fault("\"clamp\": [-20, 20]", "\"clamp\": [20, -20]", "clamp");
  fault("\"stride_yx\": [1, 1], ", "", "stride_yx");
}
