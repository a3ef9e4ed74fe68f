// Forms of the other profiles and of the named alternatives on a network whose numbers are set by hand.
#include <doctest/doctest.h>

#include "narrow_model.h"

using namespace oracle;

namespace {

Codes point(std::vector<int> data) { return {static_cast<int>(data.size()), 1, 1, data}; }

Target with(const char* name, std::string Target::*field, const char* value) {
  Target target = target_named(name);
  target.*field = value;
  return target;
}

using Values = std::vector<long long>;

Values values(const Network& network, const std::string& layer, const Target& target,
              const std::vector<std::string>& names) {
  const Parameters parameters = network.parameters(layer, target);
  CHECK(parameters.values.size() == names.size());
  Values result;
  for (const std::string& name : names) result.push_back(static_cast<long long>(parameters.values.at(name).at(0)));
  return result;
}

int first(const Network& network, const std::string& layer, const Target& target, std::vector<int> codes) {
  const Codes input = point(std::move(codes));
  return network.evaluate(layer, target, {&input}, 0, 0, 0);
}

}  // namespace

TEST_CASE("names of targets, rules and words") {
  CHECK_THROWS_AS(target_named("tflite16"), std::invalid_argument);
  CHECK(target_named("onnxruntime").overflow == "wrap");
  CHECK(target_named("tflite").overflow == "wrap");
  CHECK(target_named("hvx-2stage").overflow == "wrap");
  CHECK(target_named("half-away").overflow == "exact");
  CHECK(target_named("hexagon-hmx").leaky_relu == "wide");
  const Network network = NarrowModel().load();
  CHECK_THROWS_AS(network.parameters("downCntx.act1", with("ideal", &Target::leaky_relu, "hmx")),
                  std::invalid_argument);
  CHECK_THROWS_AS(network.parameters("downCntx.act1", with("ideal", &Target::bias, "double")), std::invalid_argument);
}

TEST_CASE("conv2d: one layer under every rule") {
  NarrowModel model;
  model.activations["input"] = range_of(8, 1, 128);
  model.activations["downCntx.conv1"] = range_of(8, 8, 100);
  model.tensors["downCntx.conv1.weight"].data[0] = 1;
  const Network network = model.load();
  const auto run = [&](const char* name, int d) {
    return first(network, "downCntx.conv1", target_named(name), {128 + d, 128, 128, 128, 128}) - 100;
  };
  const auto all = [&](int d) {
    Values r;
    for (const char* name : {"ideal", "tflite", "tflite-single", "tflite-int16x8", "hvx-2stage", "half-away",
                             "onnxruntime", "hexagon-hmx"}) {
      r.push_back(run(name, d));
    }
    return r;  // d / 8
  };
  CHECK(all(4) == Values{1, 1, 1, 1, 1, 1, 0, 1});
  CHECK(all(-4) == Values{0, -1, 0, 0, 0, -1, 0, 0});
  CHECK(all(12) == Values{2, 2, 2, 2, 2, 2, 2, 2});
  CHECK(all(-12) == Values{-1, -2, -1, -1, -1, -2, -2, -1});
  const auto of = [&](const char* name, const std::vector<std::string>& names) {
    return values(network, "downCntx.conv1", target_named(name), names);
  };
  CHECK(of("tflite", {"B", "M", "S"}) == Values{0, 1 << 30, 33});
  CHECK(of("onnxruntime", {"B", "F", "k"}) == Values{0, 1 << 23, 26});
  CHECK(of("tflite-int16x8", {"B", "M", "S"}) == Values{0, 1 << 30, 33});
  CHECK(of("hexagon-hmx", {"B", "sig", "exp", "ob"}) == Values{0, 2048, 21, 1608});
  CHECK(network.parameters("downCntx.conv1", target_named("hexagon-hmx")).form == "hmx");
}

TEST_CASE("conv2d: 16 bits take RQ-9, and leave the matrix engine") {
  NarrowModel model;
  model.activations["input"] = range_of(16, 1, 0);
  model.tensors["downCntx.conv1.weight"].data[0] = 3;
  model.activations["downCntx.conv1"] = range_of(16, 4, 0);
  model.activations["downCntx.conv2"] = range_of(8, 0x1p-9, 0);  // exp 33
  const Network network = model.load();
  CHECK(values(network, "downCntx.conv1", target_named("tflite-int16x8"), {"B", "m", "T"}) == Values{0, 16384, 16});
  CHECK(first(network, "downCntx.conv1", target_named("tflite-int16x8"), {2, 0, 0, 0, 0}) == 2);  // 6/4 = 1.5
  CHECK(network.parameters("downCntx.conv1", target_named("hexagon-hmx")).form == "wide");
  CHECK(network.parameters("downCntx.conv2", target_named("hexagon-hmx")).form == "wide");
  CHECK(network.parameters("downCntx2.conv1", target_named("hexagon-hmx")).form == "hmx");
}

TEST_CASE("conv2d: sums beyond int32 by policy") {
  NarrowModel model;
  model.tensors["downCntx.conv1.bias"].data[0] = 0x1p31f;
  model.activations["downCntx.conv1"] = range_of(8, 0x1p25, 100);  // 64 steps
  const Network network = model.load();
  const auto run = [&](const char* policy) {
    return first(network, "downCntx.conv1", with("half-away", &Target::overflow, policy), {0, 0, 0, 0, 0}) - 100;
  };
  CHECK(run("exact") == 64);
  CHECK(run("wrap") == -64);
  CHECK(run("saturate") == 64);
  CHECK_THROWS_WITH(run("error"), "oracle: downCntx.conv1, channel 0: the accumulator may leave int32");
  CHECK(network.parameters("downCntx.conv2", with("half-away", &Target::overflow, "error")).form == "wide");
}

TEST_CASE("leaky_relu and add of TFLite") {
  NarrowModel model;
  model.activations["downCntx.conv1"] = range_of(8, 1, 128);
  model.activations["downCntx.act1"] = range_of(8, 2, 100);
  model.activations["module_add"] = range_of(8, 2, 100);
  model.activations["downCntx.bn2"] = range_of(8, 1, 128);
  const Network network = model.load();
  const auto act = [&](const char* name, int d) {
    return first(network, "downCntx.act1", target_named(name), {128 + d, 128, 128, 128}) - 100;
  };
  CHECK(act("tflite", 1) == 1);      // 1/2
  CHECK(act("tflite", -100) == -1);  // fl(0.01)/2 of -100 is -0.49999998: RQ-6 rounds twice
  CHECK(act("tflite-single", -100) == 0);
  CHECK(act("half-away", -100) == -1);  // exactly -1/2, but M is rounded up
  const Parameters relu = network.parameters("downCntx.act1", target_named("tflite"));
  CHECK(relu.values.at("M+")[0] == 1 << 30);
  CHECK(relu.values.at("S+")[0] == 31);
  CHECK(relu.values.at("S-")[0] == 38);
  CHECK(relu.values.at("M-")[0] == 1374389504);  // fl(0.01) = 10737418 * 2^-30
  // 132/128 * fl(0.01), rounded
  NarrowModel odd;
  odd.activations["downCntx.conv1"] = range_of(8, 132.0 / 128, 0);
  CHECK(odd.load().parameters("downCntx.act1", target_named("tflite")).values.at("M-")[0] == 1417339136);
  // the first operand now has scale 2, the second 1: w = 4
  CHECK(values(network, "module_add", target_named("tflite"), {"Ma", "Sa", "Mb", "Sb", "My", "Sy", "left"}) ==
        Values{1 << 30, 31, 1 << 30, 32, 1 << 30, 49, 20});
  const auto sum = [&](const char* name, int a, int b) {
    const Codes x = point({100 + a, 100, 100, 100}), y = point({128 + b, 128, 128, 128});
    return network.evaluate("module_add", target_named(name), {&x, &y}, 0, 0, 0) - 100;
  };
  const auto all = [&](int a, int b) {
    Values r;
    for (const char* name : {"ideal", "tflite", "tflite-single", "hvx-2stage", "half-away", "onnxruntime"}) {
      r.push_back(sum(name, a, b));
    }
    return r;  // a + b / 2
  };
  CHECK(all(3, 4) == Values{5, 5, 5, 5, 5, 5});
  CHECK(all(0, 1) == Values{1, 1, 1, 1, 1, 0});
  CHECK(all(0, -1) == Values{0, -1, 0, 0, -1, 0});
  CHECK(all(1, -5) == Values{-1, -2, -1, -1, -2, -2});
}

TEST_CASE("avg_pool of TFLite and by the reciprocal") {
  NarrowModel model;
  model.activations["module_add_3"] = range_of(8, 1, 120);
  model.activations["resBlock1.pool"] = range_of(8, 1, 120);
  model.activations["resBlock2.pool"] = range_of(8, 2, 10);
  const Network network = model.load();
  const Target flat = with("hexagon-hvx", &Target::avgpool, "reciprocal-3641");
  CHECK(network.parameters("resBlock1.pool", target_named("tflite")).form == "average");
  CHECK(network.parameters("resBlock1.pool", target_named("tflite")).values.empty());
  CHECK(network.parameters("resBlock2.pool", target_named("tflite")).form == "wide");
  CHECK(values(network, "resBlock1.pool", flat, {"mant"}) == Values{3641});
  CHECK(values(network, "resBlock2.pool", flat, {"mant", "sh", "R"}) == Values{3641, 0, 1 << 30});
  Codes input{4, 1, 1, {124, 125, 119, 111}};  // 4, 5, -1, -9 and eight times padding
  const auto run = [&](const Target& target, int c) {
    return network.evaluate("resBlock1.pool", target, {&input}, c, 0, 0);
  };
  for (const Target& target : {target_named("tflite"), target_named("tflite-single"), flat}) {
    CHECK(run(target, 0) == 120);
    CHECK(run(target, 1) == 121);
    CHECK(run(target, 2) == 120);
    CHECK(run(target, 3) == 119);
  }
  input.data = {9, 13, 14, 255};
  const auto half = [&](int c) { return network.evaluate("resBlock2.pool", flat, {&input}, c, 0, 0); };
  CHECK(half(0) == 11);  // 9/9 = 1, 1/2 goes up
  CHECK(half(1) == 11);  // 13/9 -> 1
  CHECK(half(2) == 11);  // 14/9 -> 2
  CHECK(half(3) == 24);  // 255/9 = 28.3 -> 28
}

TEST_CASE("concat in the flat form") {
  NarrowModel model;
  model.activations["module_cat"] = range_of(8, 1, 3);
  model.activations["resBlock1.bn1"] = range_of(8, 0.5, 11);
  model.activations["resBlock1.bn2"] = range_of(8, 1, 3);
  model.activations["resBlock1.bn3"] = range_of(8, 2, 4);
  const Network network = model.load();
  const Target flat = with("hexagon-hvx", &Target::concat_form, "flat");
  const Parameters p = network.parameters("module_cat", flat);
  CHECK(p.values.at("form.0")[0] == 3);
  CHECK(p.values.at("gain.0")[0] == 16384);
  CHECK(p.values.at("off.0")[0] == -5);  // (3 - 5.5) / 0.5
  CHECK(p.values.at("form.1")[0] == 0);
  CHECK(p.values.at("form.2")[0] == 2);
  const auto run = [&](int code) {
    const Codes x = point({code, code, code, code});
    return network.evaluate("module_cat", flat, {&x, &x, &x}, 0, 0, 0);
  };
  CHECK(run(12) == 4);  // (12 - 11) / 2 + 3 = 3.5
  CHECK(run(10) == 3);  // 2.5
  CHECK(run(0) == 0);
}

TEST_CASE("batch_norm in the d32 form") {
  NarrowModel model;
  const std::string name = "downCntx.bn1";
  model.activations["downCntx.act2"] = range_of(8, 1, 10);
  model.activations[name] = range_of(8, 2, 4);
  model.tensors[name + ".weight"].data = {0x1.8p21f, 0x1p20f, -0x1p20f, 0};  // gamma codes 3, 1, -1, 0
  model.activations["downCntx.bn2"] = range_of(8, 0x1p-10, 0);               // e0 = -4
  const Network network = model.load();
  const Target d32 = with("hexagon-hvx", &Target::bn, "batchnorm_d32");
  // f = 2^-8: e = 7, R = 2^14, r2 = 1, r1 = 6; Sc = 384: S' = (2 * 384 * 2^14 + 2^15) >> 16 = 192;
  // b = -3840, o = 1024: O' = -2816 / 2
  CHECK(network.parameters(name, d32).form == "batchnorm_d32");
  CHECK(values(network, name, d32, {"O", "S", "r1", "r2"}) == Values{-1408, 192, 6, 1});
  CHECK(first(network, name, d32, {12, 0, 0, 0}) == 7);  // 896 >> 6 = 14, 7 = (3 * 2) / 2 + 4
  CHECK(first(network, name, d32, {13, 0, 0, 0}) == 9);  // 1088 >> 6 = 17, 8.5
  CHECK(network.parameters("downCntx.bn2", d32).form == "hvx8");
  // f = 2^-18: e = 17, R = 2^14, r2 = 2, r1 = 15; Sc = 127 * 128: S' = 8128;
  // b = -162560, o = 2^20: O' = 886016 / 2
  model.activations[name] = range_of(8, 0x1p11, 4);
  model.tensors[name + ".weight"].data[0] = 127 * 0x1p20f;
  const Network small = model.load();
  CHECK(values(small, name, d32, {"O", "S", "r1", "r2"}) == Values{443008, 8128, 15, 2});
  CHECK(first(small, name, d32, {255, 0, 0, 0}) == 19);  // 2515648 >> 15 = 76, (76 + 2) >> 2; 245 * 127 / 2048 + 4
}

TEST_CASE("conv2d without the low product, and a bias through float32") {
  NarrowModel model;
  model.activations["input"] = range_of(16, 1, 1000);
  model.activations["downCntx.conv1"] = range_of(16, 64, 2000);
  auto& w = model.tensors["downCntx.conv1.weight"].data;
  w[0] = 100, w[1] = -50, w[2] = 1;
  model.tensors["downCntx.conv2.bias"].data[0] = 16777217.0f + 2;  // 2^24 + 4 after both roundings of the literal
  model.activations["downCntx.conv2"] = range_of(8, 0x1p20, 0);
  model.tensors["downCntx.conv3.bias"].data[0] = 16777216.0f;
  model.activations["downCntx.conv3"] = range_of(8, 0x1p20 + 1, 1);  // + s_y: 2^24 + 2^20 + 1 is no float32
  model.tensors["downCntx2.conv1.bias"].data = {2.5f, 3.5f, 2.75f, -2.5f};
  const Network network = model.load();
  const Target drop = with("hexagon-hvx", &Target::conv16, "drop-low");
  // step 1: c = 256 * 128000 - 256 * 1000 * 51 = 19712000, >> 16 = 300; u = 16384, n = 16, rs = 45, R = 2^31 - 1
  CHECK(network.parameters("downCntx.conv1", drop).form == "drop-low");
  CHECK(values(network, "downCntx.conv1", drop, {"c", "R", "rs"}) == Values{300, 2147483647, 45});
  // codes 5000 = 19 * 256 + 136, 300 = 256 + 44, 1000 = 3 * 256 + 232:
  // P = 1900 - 50 + 3 = 1853, Q = 13600 - 2200 + 232 = 11632, A = 300 + 1853 + 45 = 2198, * 4 * R / 2^31 = 8792 -
  // 0.000004
  CHECK(first(network, "downCntx.conv1", drop, {5000, 300, 1000, 1000, 1000}) == 8792);
  // 1016 = 3 * 256 + 248: Q = 11648, (128 + Q) / 256 = 46 exactly
  CHECK(first(network, "downCntx.conv1", drop, {5000, 300, 1016, 1000, 1000}) == 8796);
  CHECK(network.parameters("downCntx.conv1", target_named("hexagon-hvx")).form == "wide");
  const Target bias = with("hexagon-hvx", &Target::bias, "float32");
  CHECK(network.parameters("downCntx.conv3", bias).values.at("BZ")[0] == 17825792);
  CHECK(network.parameters("downCntx.conv3", target_named("hexagon-hvx")).values.at("BZ")[0] == 17825793);
  CHECK(network.parameters("downCntx2.conv1", bias).values.at("BZ") ==
        std::vector<boost::multiprecision::cpp_int>{2, 4, 3, -2});
}
