// Model files: round trip, int4 packing, damage. Import: fold, missing and surplus quantisers.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "import/encodings.h"
#include "import/fold.h"
#include "import/import_model.h"
#include "import/model_file.h"
#include "intsim/error.h"
#include "io/file.h"
#include "io/hash.h"
#include "support/support.h"

using namespace intsim;
namespace fs = std::filesystem;

namespace {

/// A folder that disappears with the test.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("intsim-model-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const InputError& e) {
    CHECK(e.code() == ExitCode::input);
    return e.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("int4: low nibble first, sign extended, odd counts") {
  const std::vector<std::int16_t> codes = {-8, 7, 0, -1, 3};
  const std::vector<std::byte> bytes = pack_int4(codes);
  REQUIRE(bytes.size() == 3);
  CHECK(std::to_integer<int>(bytes[0]) == 0x78);
  CHECK(std::to_integer<int>(bytes[1]) == 0xF0);
  CHECK(std::to_integer<int>(bytes[2]) == 0x03);
  CHECK(unpack_int4(bytes, 5) == codes);
  for (int b = 0; b < 256; ++b) {
    const std::byte byte{static_cast<unsigned char>(b)};
    const auto two = unpack_int4({&byte, 1}, 2);
    const auto signed_nibble = [](int n) { return n >= 8 ? n - 16 : n; };
    CHECK(two[0] == signed_nibble(b % 16));
    CHECK(two[1] == signed_nibble(b / 16));
    CHECK(pack_int4(two)[0] == byte);
  }
}

TEST_CASE("FO-1: folding by hand") {
  BatchNormStatistics bn{{2.0f, 1.0f}, {0.5f, -1.0f}, {1.0f, 2.0f}, {4.0f - 1e-5f, 1.0f - 1e-5f}};
  std::vector<float> weight = {1.0f, 3.0f}, bias = {10.0f};
  fold_batch_norm(bn, weight, bias);
  CHECK(weight[0] == doctest::Approx(1.0).epsilon(1e-6));  // 1 * 2 / 2
  CHECK(weight[1] == doctest::Approx(3.0).epsilon(1e-6));  // 3 * 1 / 1
  CHECK(bias[0] == doctest::Approx(10 + (0.5 - 1.0) + 3 * (-1 - 2)).epsilon(1e-6));
}

TEST_CASE("FO-1: the sum starts at 0 and the bias is added last") {
  // Identity statistics up to 1e-5: g = 1, h = beta. 1e16 + 1 - 1e16 depends on the order.
  BatchNormStatistics bn{{1, 1, 1}, {1e16f, 1.0f, -1e16f}, {0, 0, 0}, {1, 1, 1}};
  for (float& v : bn.variance) v = 1.0f - 1e-5f;
  const double g = 1.0 / std::sqrt(double{bn.variance[0]} + 1e-5);
  std::vector<float> weight = {1, 1, 1}, bias = {1.0f};
  fold_batch_norm(bn, weight, bias);
  volatile double sum = 0;
  for (const float beta : bn.beta) sum = sum + double{beta};
  CHECK(bias[0] == static_cast<float>(1.0 + sum));  // 1 + ((1e16 + 1) - 1e16) = 1, not 2 and not 0
  CHECK(bias[0] == 1.0f);
  CHECK(weight[0] == static_cast<float>(g));
}

TEST_CASE("a model survives its file, and the same model gives the same bytes") {
  const Folder folder;
  for (const char* config : {"w8a8", "w4a8"}) {
    const std::string source = test::test_model_folder();
    const ImportResult imported =
        import_model(source + "/checkpoint.safetensors", source + "/" + config + ".encodings");
    CHECK(imported.warnings.empty());
    const fs::path a = folder.path / "a", b = folder.path / "b";
    write_model(a, imported.model);
    const Model back = read_model(a);
    write_model(b, back);
    CHECK(hash_file(a) == hash_file(b));
    CHECK(back.name == config);
    CHECK(back.graph.nodes == imported.model.graph.nodes);
    for (std::size_t i = 0; i < back.data.size(); ++i) {
      REQUIRE(back.data[i].weights == imported.model.data[i].weights);
      REQUIRE(back.data[i].bias == imported.model.data[i].bias);
      REQUIRE(back.data[i].output.scale == imported.model.data[i].output.scale);
    }
  }
}

TEST_CASE("bit widths of both configurations") {
  const auto count = [](const Model& m, int bits) {
    int outputs = 0;
    for (const NodeData& d : m.data) outputs += d.output.bits == bits;
    return outputs;
  };
  const auto w8 = test::test_model("w8a8"), w4 = test::test_model("w4a8");
  CHECK(w8->input.bits == 16);
  CHECK(count(*w8, 16) == 2);  // with the input: 3
  CHECK(w4->input.bits == 16);
  CHECK(count(*w4, 16) == 8);  // with the input: 9
  int eight_bit_weights = 0;
  for (const NodeData& d : w4->data) eight_bit_weights += !d.weight_grids.empty() && d.weight_grids[0].bits == 8;
  CHECK(eight_bit_weights == 6);
}

TEST_CASE("damaged model files") {
  const Folder folder;
  const fs::path good = folder.path / "good", bad = folder.path / "bad";
  write_model(good, *test::test_model("w4a8"));
  const std::vector<std::byte> bytes = read_file(good, 1u << 30);
  const auto reading = [&](const std::vector<std::byte>& content) {
    write_file(bad, std::span<const std::byte>(content));
    return message_of([&] { read_model(bad); });
  };
  CHECK(contains(reading({}), "too short"));
  CHECK(contains(reading({bytes.begin(), bytes.begin() + 100}), "truncated"));
  CHECK(contains(reading({bytes.begin(), bytes.end() - 1000}), "outside the file"));
  CHECK(contains(message_of([&] { read_model(folder.path / "absent"); }), "cannot open"));
  // Text changes in the header, of equal length.
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::vector<std::byte> copy = bytes;
    REQUIRE(from.size() == to.size());
    const std::string_view text(reinterpret_cast<const char*>(copy.data()), copy.size());
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string_view::npos);
    std::memcpy(copy.data() + at, to.data(), to.size());
    return reading(copy);
  };
  CHECK(contains(edited("intsim-model", "intsim-motel"), "no intsim model"));
  CHECK(contains(edited("\"schema\":\"1\"", "\"schema\":\"7\""), "schema 7"));
  CHECK(contains(edited("downCntx.conv1.weight\"", "downCntx.conv1.wright\""), "downCntx.conv1.weight"));
  CHECK(contains(edited("leaky_relu", "leaky_rexu"), "leaky_rexu"));
  CHECK(contains(edited("\\\"input_channels\\\":5", "\\\"input_channels\\\":0"), "out of range"));
  CHECK(contains(edited("\\\"factor\\\":2", "\\\"factor\\\":9"), "factor"));
  CHECK(contains(edited("\\\"kernel\\\":[1,1]", "\\\"kernel\\\":[1.1]"), "damaged graph metadata"));
  CHECK(contains(edited("checkpoint.safetensors", "checkpoint.safetensorz"), "checksum"));
  std::vector<std::byte> flipped = bytes;
  flipped[flipped.size() - 4] ^= std::byte{1};  // the last bias, low mantissa bit
  CHECK(contains(reading(flipped), "checksum"));
  CHECK(contains(edited("\"numerics_revision\":\"1\"", "\"numerics_revision\":\"9\""), "revision 9"));
}

TEST_CASE("encodings that do not fit") {
  const Folder folder;
  const std::string source = test::test_model_folder();
  const fs::path checkpoint = source + "/checkpoint.safetensors", file = folder.path / "e.encodings";
  const Encodings good = read_encodings(source + "/w4a8.encodings");
  const auto importing = [&](const std::function<void(Encodings&)>& change) {
    Encodings e = good;
    change(e);
    write_encodings(file, e);
    return message_of([&] { import_model(checkpoint, file); });
  };
  CHECK(importing([](Encodings&) {}) == "no error");
  const std::string missing = importing([](Encodings& e) { e.activations.erase("resBlock3.act2"); });
  CHECK(contains(missing, "resBlock3.act2"));
  CHECK(contains(missing, "output"));
  CHECK(contains(importing([](Encodings& e) { e.activations["downCntx.conv1"].input.clear(); }),
                 "['downCntx.conv1']['input']"));
  CHECK(contains(importing([](Encodings& e) { e.params.erase("upBlock2.bn3.weight"); }), "upBlock2.bn3.weight"));
  CHECK(contains(importing([](Encodings& e) { e.params["logits.weight"].resize(7, e.params["logits.weight"][0]); }),
                 "7 entries, expected 1 or 20"));
  CHECK(contains(importing([](Encodings& e) { e.params["logits.weight"][3].bits = 8; }),
                 "bit width differs from the other channels"));
  CHECK(contains(importing([](Encodings& e) {
                   for (auto& p : e.params["logits.weight"]) p.bits = 16;
                 }),
                 "16 bits"));
  CHECK(contains(importing([](Encodings& e) { e.activations["logits"].output[0].max = 1e300; }), "beyond float32"));
  // The name follows the weights, not quantizer_args.
  Encodings renamed = good;
  renamed.args.param_bits = 8;
  write_encodings(file, renamed);
  CHECK(import_model(checkpoint, file).model.name == "w4a8");
  Encodings moved = good;
  moved.activations["logits"].output[0].offset -= 1;
  write_encodings(file, moved);
  const std::vector<std::string> warnings = import_model(checkpoint, file).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(contains(warnings[0], "logits"));
  CHECK(contains(warnings[0], "offset"));
  // Surplus quantisers are worth a word; dropouts and the folded BatchNorm are exempt.
  Encodings surplus = good;
  surplus.activations["module_add_99"].output[0] = Encoding{};
  surplus.activations["resBlock2.dropout"].output[0] = Encoding{};
  surplus.params["upBlock4.bn4.weight"] = {Encoding{}};
  write_encodings(file, surplus);
  const ImportResult result = import_model(checkpoint, file);
  REQUIRE(result.warnings.size() == 1);
  CHECK(contains(result.warnings[0], "module_add_99"));
}
