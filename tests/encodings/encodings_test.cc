// The encodings reader and writer: round trip, AIMET's own spelling, and every kind of damage.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "import/encodings.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "intsim/error.h"

namespace {

using intsim::Encoding;
using intsim::Encodings;

struct TemporaryFile {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("intsim_encodings_" + std::to_string(::getpid()) + ".encodings");
  explicit TemporaryFile(const std::string& text = "") { std::ofstream(path, std::ios::binary) << text; }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE_MESSAGE(at != std::string::npos, "the template has no ", what);
  return text.replace(at, what.size(), with);
}

/// A file as AIMET 1.25 writes it, one activation and one parameter.
const std::string kText = R"({
  "version": "0.6.1",
  "activation_encodings": {
    "conv": {
      "input": {"0": {"bitwidth": 16, "dtype": "int", "is_symmetric": "False", "max": 3.0, "min": -1.5,
                      "offset": -21845, "scale": 6.866559853513e-05}},
      "output": {"0": {"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 2.0, "min": 0.0,
                       "offset": 0, "scale": 0.00784313725490196}}
    }
  },
  "param_encodings": {
    "conv.weight": [{"bitwidth": 4, "dtype": "int", "is_symmetric": "True", "max": 0.7, "min": -0.8, "offset": -8,
                     "scale": 0.1}]
  },
  "excluded_layers": ["skipped"],
  "quantizer_args": {"activation_bitwidth": 8, "dtype": "int", "is_symmetric": true, "param_bitwidth": 4,
                     "per_channel_quantization": "True", "quant_scheme": "post_training_tf_enhanced"}
})";

std::string error_of(const std::string& text) {
  TemporaryFile file(text);
  try {
    intsim::read_encodings(file.path);
  } catch (const intsim::InputError& e) {
    CHECK(std::string(e.what()).find(file.path.string()) == 0);  // every message starts with the file
    return e.what();
  }
  return "accepted";
}

void check_error(const std::string& text, const std::string& part) {
  const std::string message = error_of(text);
  CHECK_MESSAGE(message.find(part) != std::string::npos, "expected '", part, "' in: ", message);
}

std::string with(const std::string& what, const std::string& instead) { return replaced(kText, what, instead); }

bool equal(const Encoding& a, const Encoding& b) {
  return a.bits == b.bits && a.symmetric == b.symmetric && a.min == b.min && a.max == b.max && a.scale == b.scale &&
         a.offset == b.offset;
}

}  // namespace

TEST_CASE("a file as AIMET writes it") {
  TemporaryFile file(kText);
  const Encodings e = intsim::read_encodings(file.path);
  CHECK(e.version == "0.6.1");
  CHECK(e.args.activation_bits == 8);
  CHECK(e.args.param_bits == 4);
  CHECK(e.args.symmetric);
  CHECK(e.args.per_channel);
  CHECK(e.args.scheme == "post_training_tf_enhanced");
  CHECK(e.excluded_layers == std::vector<std::string>{"skipped"});
  REQUIRE(e.activations.size() == 1);
  const auto& conv = e.activations.at("conv");
  CHECK(equal(conv.input.at(0), {16, false, -1.5, 3.0, 6.866559853513e-05, -21845}));
  CHECK(equal(conv.output.at(0), {8, false, 0.0, 2.0, 0.00784313725490196, 0}));
  REQUIRE(e.params.size() == 1);
  REQUIRE(e.params.at("conv.weight").size() == 1);
  CHECK(equal(e.params.at("conv.weight")[0], {4, true, -0.8, 0.7, 0.1, -8}));
}

TEST_CASE("flags as strings and as JSON booleans, version 0.5.0, optional parts") {
  TemporaryFile file(with(R"("is_symmetric": "True", "max": 0.7)", R"("is_symmetric": true, "max": 0.7)"));
  CHECK(intsim::read_encodings(file.path).params.at("conv.weight")[0].symmetric);
  TemporaryFile other(with(R"("is_symmetric": "True", "max": 0.7)", R"("is_symmetric": false, "max": 0.7)"));
  CHECK_FALSE(intsim::read_encodings(other.path).params.at("conv.weight")[0].symmetric);
  TemporaryFile old(R"({"version": "0.5.0", "activation_encodings": {}, "param_encodings": {}})");
  const Encodings e = intsim::read_encodings(old.path);
  CHECK(e.version == "0.5.0");
  CHECK(e.activations.empty());
  CHECK(e.params.empty());
}

TEST_CASE("doubles read back equal") {
  Encodings out;
  out.args = {16, 4, false, true, "post_training_tf"};
  out.excluded_layers = {"a", "b"};
  const double tiny = std::numeric_limits<double>::denorm_min(), huge = std::numeric_limits<double>::max();
  out.activations["module_softmax"].output[0] = {16, false, 0.0, 0.1 + 0.2, 1.0 / 3.0, 0};
  out.activations["downCntx.conv1"].input[0] = {16, false, -huge, huge, tiny, -32768};
  out.activations["downCntx.conv1"].output[1] = {8, true, -0.0, 5e-324, 2.2250738585072014e-308, INT64_MIN};
  for (int i = 0; i < 200; ++i)
    out.params["x.weight"].push_back({8, true, -1.0 / (i + 3), 2.0 / (3 * i + 7), 1.0 / (255.0 * (i + 1)), -i});
  TemporaryFile file;
  intsim::write_encodings(file.path, out);
  const Encodings in = intsim::read_encodings(file.path);
  CHECK(in.excluded_layers == out.excluded_layers);
  CHECK(in.args.activation_bits == 16);
  CHECK(in.args.param_bits == 4);
  CHECK_FALSE(in.args.symmetric);
  CHECK(in.args.per_channel);
  REQUIRE(in.activations.size() == 2);
  CHECK(equal(in.activations.at("module_softmax").output.at(0), out.activations["module_softmax"].output[0]));
  CHECK(in.activations.at("module_softmax").input.empty());
  CHECK(equal(in.activations.at("downCntx.conv1").input.at(0), out.activations["downCntx.conv1"].input[0]));
  CHECK(equal(in.activations.at("downCntx.conv1").output.at(1), out.activations["downCntx.conv1"].output[1]));
  CHECK(std::signbit(in.activations.at("downCntx.conv1").output.at(1).min));
  REQUIRE(in.params.at("x.weight").size() == 200);
  for (std::size_t i = 0; i < 200; ++i) CHECK(equal(in.params.at("x.weight")[i], out.params["x.weight"][i]));
}

TEST_CASE("the written file spells flags and types as AIMET does") {
  Encodings out;
  out.params["x.weight"] = {{8, true, -1.0, 1.0, 0.5, -128}};
  TemporaryFile file;
  intsim::write_encodings(file.path, out);
  std::stringstream text;
  text << std::ifstream(file.path).rdbuf();
  CHECK(text.str().find(R"("is_symmetric": "True")") != std::string::npos);
  CHECK(text.str().find(R"("dtype": "int")") != std::string::npos);
  CHECK(text.str().find(R"("bitwidth": 8)") != std::string::npos);
}

TEST_CASE("bit widths") {
  for (const char* bits : {"0", "1", "2", "3", "5", "7", "9", "12", "15", "17", "-8", "4294967304"})
    check_error(with(R"("bitwidth": 4)", std::string(R"("bitwidth": )") + bits), "supported are 4, 8 and 16");
  check_error(with(R"("bitwidth": 16)", R"("bitwidth": 32)"), "'conv'.input[0]: bitwidth 32 means no quantisation");
  check_error(with(R"("bitwidth": 4)", R"("bitwidth": "4")"), "'conv.weight'[0]: 'bitwidth' is no integer");
  check_error(with(R"("bitwidth": 4)", R"("bitwidth": 4.0)"), "'bitwidth' is no integer");
  check_error(with(R"("bitwidth": 4)", R"("bitwidth": 18446744073709551612)"), "'bitwidth' is no 64-bit integer");
}

TEST_CASE("float quantisers are refused with their key") {
  check_error(with(R"("bitwidth": 16, "dtype": "int")", R"("bitwidth": 16, "dtype": "float")"),
              "'conv'.input[0]: dtype 'float' is no integer quantiser");
  check_error(with(R"("bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 2.0)",
                   R"("bitwidth": 16, "dtype": "float")"),
              "'conv'.output[0]: dtype 'float'");
  check_error(with(R"("bitwidth": 4, "dtype": "int")", R"("bitwidth": 4, "dtype": "bool")"), "unknown dtype 'bool'");
  check_error(with(R"("bitwidth": 4, "dtype": "int")", R"("bitwidth": 4, "dtype": 3)"), "'dtype' is no string");
}

TEST_CASE("ranges") {
  check_error(with(R"("max": 0.7, "min": -0.8)", R"("max": -0.9, "min": -0.8)"), "is above max");
  check_error(with(R"("max": 0.7)", R"("max": 1e999)"), "not finite at key 'param_encodings.conv.weight.max'");
  check_error(with(R"("max": 0.7)", R"("max": -1e999)"), "not finite");
  check_error(with(R"("max": 0.7)", R"("max": NaN)"), "damaged JSON");
  check_error(with(R"("max": 0.7)", R"("max": Infinity)"), "damaged JSON");
  check_error(with(R"("max": 0.7)", R"("max": null)"), "'max' is no number");
  check_error(with(R"("min": -0.8)", R"("min": "-0.8")"), "'min' is no number");
  check_error(with(R"("scale": 0.1)", R"("scale": [0.1])"), "'scale' is no number");
  check_error(with(R"("offset": -8)", R"("offset": -8.5)"), "'offset' is no integer");
  TemporaryFile equal_bounds(with(R"("max": 0.7, "min": -0.8)", R"("max": 0, "min": 0)"));
  CHECK(intsim::read_encodings(equal_bounds.path).params.at("conv.weight")[0].max == 0.0);
}

TEST_CASE("missing members") {
  for (const char* key : {"bitwidth", "dtype", "is_symmetric", "max", "min", "offset", "scale", "version",
                          "activation_encodings", "param_encodings"})
    check_error(with(std::string("\"") + key + "\":", "\"renamed\":"), std::string("'") + key + "' is missing");
}

TEST_CASE("wrong types") {
  check_error(with(R"("is_symmetric": "False")", R"("is_symmetric": "No")"), "'is_symmetric' is no boolean");
  check_error(with(R"("is_symmetric": "False")", R"("is_symmetric": 0)"), "'is_symmetric' is no boolean");
  check_error(with(R"("version": "0.6.1")", R"("version": 0.6)"), "'version' is no string");
  check_error(with(R"("excluded_layers": ["skipped"])", R"("excluded_layers": [1])"), "'excluded_layers' is no list");
  check_error(with(R"("activation_bitwidth": 8)", R"("activation_bitwidth": 99)"),
              "'activation_bitwidth' is no bit width");
  check_error(with(R"("quant_scheme": "post_training_tf_enhanced")", R"("quant_scheme": 1)"),
              "'quant_scheme' is no string");
  check_error(with(R"("input": {"0")", R"("inputs": {"0")"), "unknown key 'inputs'");
  for (const char* index : {"", "x", "-1", "00", "+1", "1.5", "99999999999"})
    check_error(with(R"("input": {"0")", std::string(R"("input": {")") + index + "\""), "is no number");
  check_error(R"({"version": "0.6.1", "activation_encodings": {"a": 1}, "param_encodings": {}})",
              "'a': is no JSON object");
  check_error(R"({"version": "0.6.1", "activation_encodings": {"a": {"input": []}}, "param_encodings": {}})",
              "'input' is no JSON object");
  check_error(R"({"version": "0.6.1", "activation_encodings": {}, "param_encodings": {"a": []}})", "'a': is no list");
  check_error(R"({"version": "0.6.1", "activation_encodings": {}, "param_encodings": {"a": {}}})", "'a': is no list");
  check_error(R"({"version": "0.6.1", "activation_encodings": {}, "param_encodings": {"a": {"bitwidth": 8}}})",
              "'a': is no list");
  check_error(R"({"version": "0.6.1", "activation_encodings": {}, "param_encodings": {"a": [7]}})",
              "'a'[0]: encoding is no");
  check_error(R"({"version": "0.6.1", "activation_encodings": {}, "param_encodings": {}, "quantizer_args": []})",
              "'quantizer_args': is no JSON object");
  check_error("[]", "is no JSON object");
}

TEST_CASE("channels of one parameter have one bit width") {
  const std::string slice = R"({"bitwidth": 8, "dtype": "int", "is_symmetric": "True", "max": 0.7, "min": -0.8,)"
                            R"( "offset": -8, "scale": 0.1}, )";
  check_error(with(R"("conv.weight": [)", R"("conv.weight": [)" + slice), "'conv.weight'[1]: bit width differs");
}

TEST_CASE("other flavours and versions") {
  check_error(R"({"version": "0.6.1", "activation_encodings": {"123": [{"bitwidth": 8}]}, "param_encodings": {}})",
              "is the ONNX flavour of an encodings file ('123'");
  check_error(R"({"version": "1.0.0", "activation_encodings": [], "param_encodings": []})",
              "version '1.0.0' is not supported");
  check_error(R"({"version": "0.4.0", "activation_encodings": {}, "param_encodings": {}})",
              "version '0.4.0' is not supported");
  check_error(R"({"version": "0.6.1", "activation_encodings": [], "param_encodings": {}})", "is no JSON object");
}

TEST_CASE("damaged files") {
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, kText.size() / 2, kText.size() - 1})
    check_error(kText.substr(0, length), "damaged JSON");
  check_error(kText + "x", "damaged JSON");
  check_error(std::string("\x80\x02}", 3), "damaged JSON");
  check_error(with(R"("conv": {)", "\"co\xff\": {"), "damaged JSON");
  CHECK_THROWS_AS(intsim::read_encodings("/nonexistent/file.encodings"), intsim::InputError);
}

TEST_CASE("duplicates") {
  check_error(with(R"("scale": 0.1)", R"("scale": 0.1, "scale": 0.2)"),
              "key 'scale' occurs twice in 'param_encodings.conv.weight'; ");
  check_error(with(R"("conv.weight": [)", R"("conv.weight": [], "conv.weight": [)"), "key 'conv.weight' occurs twice");
  check_error(with(R"("output": {)", R"("input": {}, "output": {)"),
              "key 'input' occurs twice in 'activation_encodings.conv'; ");
  check_error(with(R"("version": "0.6.1")", R"("version": "0.6.1", "version": "0.6.1")"),
              "key 'version' occurs twice; ");
}

TEST_CASE("the writer refuses what the reader would refuse") {
  const auto write = [](const Encoding& encoding) {
    Encodings out;
    out.params["x.weight"] = {encoding};
    TemporaryFile file;
    intsim::write_encodings(file.path, out);
  };
  CHECK_NOTHROW(write({8, true, -1, 1, 1, 0}));
  CHECK_THROWS_AS(write({6, true, -1, 1, 1, 0}), intsim::InputError);
  CHECK_THROWS_AS(write({8, true, 1, -1, 1, 0}), intsim::InputError);
  CHECK_THROWS_AS(write({8, true, std::nan(""), 1, 1, 0}), intsim::InputError);
  CHECK_THROWS_AS(write({8, true, -1, std::numeric_limits<double>::infinity(), 1, 0}), intsim::InputError);
  Encodings empty;
  empty.params["x.weight"] = {};
  TemporaryFile file;
  CHECK_THROWS_AS(intsim::write_encodings(file.path, empty), intsim::InputError);
}
