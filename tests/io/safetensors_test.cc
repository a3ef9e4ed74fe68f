// safetensors files: what is written reads back, what is damaged is named.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "intsim/error.h"
#include "io/file.h"
#include "io/safetensors.h"

using namespace intsim;
namespace fs = std::filesystem;

namespace {

struct TemporaryFile {
  fs::path path = fs::temp_directory_path() / ("intsim-safetensors-" + std::to_string(::getpid()));
  ~TemporaryFile() { fs::remove(path); }
};

/// A file with the given header text and payload.
std::string reading(const std::string& header, const std::string& payload) {
  const TemporaryFile file;
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  write_file(file.path, bytes + header + payload);
  try {
    const Safetensors opened(file.path);
    return "read " + std::to_string(opened.tensors().size());
  } catch (const InputError& e) {
    return e.what();
  }
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what is written reads back, half precisions exactly") {
  const TemporaryFile file;
  const std::vector<float> f32 = {1.5f, -0.0f, 3e38f};
  const std::vector<std::uint16_t> bf16 = {0x3fc0, 0xc000}, f16 = {0x3e00, 0x0001, 0xfbff};
  write_safetensors(file.path, {{"key", "a \"quoted\" text"}},
                    {{"b", "F32", {3}, to_bytes(f32)}, {"a", "BF16", {1, 2}, to_bytes(bf16)}, {"c", "F16", {3}, to_bytes(f16)}});
  const Safetensors back(file.path);
  CHECK(back.metadata().at("key") == "a \"quoted\" text");
  CHECK(back.floats("b") == f32);
  CHECK(back.floats("a", {1, 2}) == std::vector<float>{1.5f, -2.0f});
  CHECK(back.floats("c") == std::vector<float>{1.5f, 0x1p-24f, -65504.0f});
  CHECK_THROWS_AS(back.floats("b", {4}), InputError);
  CHECK_THROWS_AS(back.floats("absent"), InputError);
  CHECK_THROWS_AS(back.doubles("b"), InputError);
  // The header is padded so that the data is aligned.
  const auto bytes = read_file(file.path, 1u << 20);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  CHECK((length + sizeof length) % 64 == 0);
}

TEST_CASE("damaged headers") {
  const auto header = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK(reading(header("F32", "[2]", "[0,8]"), std::string(8, 'x')) == "read 1");
  CHECK(contains(reading(header("F32", "[2]", "[0,8]"), "x"), "outside the file"));
  CHECK(contains(reading(header("F32", "[3]", "[0,8]"), std::string(8, 'x')), "byte count"));
  CHECK(contains(reading(header("F33", "[2]", "[0,8]"), std::string(8, 'x')), "F33"));
  CHECK(contains(reading(header("F32", "[-2]", "[0,8]"), std::string(8, 'x')), "no whole number"));
  CHECK(contains(reading(header("F32", "[2.0]", "[0,8]"), std::string(8, 'x')), "no whole number"));
  CHECK(contains(reading(header("F32", "[2]", "[0,1e30]"), std::string(8, 'x')), "no whole number"));
  CHECK(contains(reading(header("F32", "[2]", "[8,0]"), std::string(8, 'x')), "outside the file"));
  CHECK(contains(reading(header("U8", "[4294967296,4294967296,4294967296]", "[0,0]"), ""), "impossible shape"));
  CHECK(contains(reading(R"({"t":1,"t":2})", ""), "occurs twice"));
  CHECK(contains(reading("[]", ""), "no JSON object"));
  CHECK(contains(reading(R"({"__metadata__":{"k":1}})", ""), "no string"));
}
