#include <doctest/doctest.h>

#include <cmath>

#include "narrow_model.h"

using namespace oracle;

namespace {

const Target kHexagon = target_named("hexagon-hvx");
const Target kIdeal = target_named("ideal");

Codes plane(int channels, int height, int width, std::vector<int> data) { return {channels, height, width, data}; }
Codes point(std::vector<int> data) { return {static_cast<int>(data.size()), 1, 1, data}; }

std::vector<long long> values(const Network& network, const std::string& layer, const Target& profile,
                              const std::vector<std::string>& names) {
  const Parameters parameters = network.parameters(layer, profile);
  std::vector<long long> result;
  for (const std::string& name : names) result.push_back(static_cast<long long>(parameters.values.at(name).at(0)));
  return result;
}

using Values = std::vector<long long>;

}  // namespace

TEST_CASE("the graph has the layers of SalsaNext in order") {
  const Network network = NarrowModel().load();
  const std::vector<std::string> names = network.layers();
  REQUIRE(names.size() == 172);
  std::map<std::string, int> count;
  for (const std::string& name : names) ++count[network.op(name)];
  CHECK(count == std::map<std::string, int>{{"conv2d", 51},
                                            {"leaky_relu", 50},
                                            {"batch_norm", 41},
                                            {"add", 8},
                                            {"concat", 13},
                                            {"pixel_shuffle", 4},
                                            {"avg_pool", 4},
                                            {"softmax", 1}});
  CHECK(names[0] == "downCntx.conv1");
  CHECK(names[60] == "resBlock2.pool");
  CHECK(names[171] == "module_softmax");
  using Names = std::vector<std::string>;
  CHECK(network.inputs("downCntx.conv1") == Names{"input"});
  CHECK(network.inputs("downCntx.conv2") == Names{"downCntx.act1"});
  CHECK(network.inputs("module_add") == Names{"downCntx.act1", "downCntx.bn2"});
  CHECK(network.inputs("resBlock1.conv2") == Names{"module_add_2"});
  CHECK(network.inputs("resBlock1.conv4") == Names{"resBlock1.bn2"});
  CHECK(network.inputs("module_cat_4") == Names{"resBlock5.bn1", "resBlock5.bn2", "resBlock5.bn3"});
  CHECK(network.inputs("module_add_7") == Names{"resBlock5.act1", "resBlock5.bn4"});
  CHECK(network.inputs("resBlock2.conv1") == Names{"resBlock1.pool"});
  CHECK(network.inputs("resBlock4.pool") == Names{"module_add_6"});
  CHECK(network.inputs("upBlock1.pixel_shuffle") == Names{"module_add_7"});
  CHECK(network.inputs("module_cat_5") == Names{"upBlock1.pixel_shuffle", "module_add_6"});
  CHECK(network.inputs("module_cat_7") == Names{"upBlock2.pixel_shuffle", "module_add_5"});
  CHECK(network.inputs("module_cat_9") == Names{"upBlock3.pixel_shuffle", "module_add_4"});
  CHECK(network.inputs("module_cat_11") == Names{"upBlock4.pixel_shuffle", "module_add_3"});
  CHECK(network.inputs("upBlock4.pixel_shuffle") == Names{"upBlock3.bn4"});
  CHECK(network.inputs("logits") == Names{"upBlock4.act4"});
}

TEST_CASE("conv2d: the zero point inside and outside the accumulator") {
  NarrowModel model;
  model.activations["input"] = {8, -128, 127};
  model.activations["downCntx.conv1"] = {8, -1.5, 381};  // scale 3/2, zero point 1
  auto& w = model.tensors["downCntx.conv1.weight"].data;
  w = {1, -2, 0, 0, 127, /**/ 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0};
  model.tensors["downCntx.conv1.bias"].data = {0, -3.5f, 100, 0};
  const Network network = model.load();
  CHECK(network.weight_codes("downCntx.conv1")[1] == -2);
  CHECK(network.parameters("downCntx.conv1", kHexagon).form == "hvx8");
  CHECK(values(network, "downCntx.conv1", kHexagon, {"BZ", "sh", "R"}) == Values{2, 0, 1431655765});
  CHECK(network.parameters("downCntx.conv1", kHexagon).values["BZ"][1] == -2);  // -3.5 + 1.5
  CHECK(values(network, "downCntx.conv1", kIdeal, {"B", "M", "S"}) == Values{0, 1431655765, 31});
  CHECK(network.parameters("downCntx.conv1", kIdeal).values["B"][1] == -4);  // half away from zero
  const auto run = [&](std::vector<int> codes, const Target& profile) {
    const Codes input = point(std::move(codes));
    return network.evaluate("downCntx.conv1", profile, {&input}, 0, 0, 0);
  };
  CHECK(run({127, 128, 128, 128, 128}, kHexagon) == 1);   // (-1 + 2) * 2/3
  CHECK(run({127, 128, 128, 128, 128}, kIdeal) == 0);     // 1 + round(-2/3)
  CHECK(run({128, 127, 128, 128, 129}, kHexagon) == 87);  // (2 + 127 + 2) * 2/3 = 87.33
  CHECK(run({128, 127, 128, 128, 129}, kIdeal) == 87);
  CHECK(run({255, 0, 0, 0, 255}, kIdeal) == 255);
  CHECK(run({0, 255, 0, 0, 0}, kHexagon) == 0);
  const Codes input = point({128, 128, 128, 128, 128});
  CHECK(network.evaluate("downCntx.conv1", kHexagon, {&input}, 2, 0, 0) == 68);  // 102 * 2/3
  CHECK_THROWS_AS(network.evaluate("downCntx.conv1", kHexagon, {&input}, 4, 0, 0), std::invalid_argument);
  CHECK_THROWS_AS(network.evaluate("downCntx.conv2", kHexagon, {&input}, 0, 0, 0), std::invalid_argument);
}

TEST_CASE("conv2d: taps, padding and dilation") {
  NarrowModel model;
  model.activations["resBlock1.bn2"] = range_of(8, 1, 10);  // padding is worth code 10
  // channel 1 of the input, output channel 2; taps (0,0) (0,1) (1,0) (1,1) = 1 2 4 8
  auto& four = model.tensors["resBlock1.conv4.weight"].data;
  for (int i = 0; i < 4; ++i) four[static_cast<std::size_t>((2 * 4 + 1) * 4 + i)] = static_cast<float>(1 << i);
  auto& nine = model.tensors["resBlock1.conv3.weight"].data;
  for (int i = 0; i < 9; ++i) nine[static_cast<std::size_t>(i)] = static_cast<float>(i + 1);
  const Network network = model.load();
  Codes input{4, 3, 3, std::vector<int>(36, 10)};
  for (int i = 0; i < 9; ++i) input.data[static_cast<std::size_t>(9 + i)] = 10 + i;  // 0..8 above zero
  const auto four_taps = [&](int y, int x) { return network.evaluate("resBlock1.conv4", kHexagon, {&input}, 2, y, x); };
  CHECK(four_taps(1, 1) == 0 * 1 + 2 * 2 + 6 * 4 + 8 * 8);
  CHECK(four_taps(0, 0) == 4 * 8);
  CHECK(four_taps(2, 1) == 3 * 1 + 5 * 2);
  CHECK(four_taps(1, 2) == 1 * 1 + 7 * 4);
  Codes wide_input{4, 5, 5, std::vector<int>(100, 0)};
  wide_input.data[0] = 1;      // (0, 0)
  wide_input.data[4] = 10;     // (0, 4)
  wide_input.data[2 * 5] = 2;  // (2, 0)
  wide_input.data[24] = 20;    // (4, 4)
  wide_input.data[6] = 100;    // (1, 1): between the taps
  const auto nine_taps = [&](int y, int x) {
    return network.evaluate("resBlock1.conv3", kIdeal, {&wide_input}, 0, y, x);
  };
  CHECK(nine_taps(2, 2) == 1 * 1 + 10 * 3 + 2 * 4 + 20 * 9);
  CHECK(nine_taps(0, 0) == 1 * 5 + 2 * 8);
  CHECK(nine_taps(4, 2) == 2 * 1 + 20 * 6);
}

TEST_CASE("conv2d: what sends it to the wide form") {
  NarrowModel model;
  model.activations["downCntx.act1"] = range_of(16, 1, 0);  // conv2's input
  model.weights["downCntx2.conv1"] = {range_of(8, 1, 0)};   // codes 0..255
  model.tensors["downCntx2.conv1.weight"].data[0] = 200;
  model.weights["downCntx2.conv2"] = {range_of(8, 1, 0)};  // the same grid, codes that fit int8
  model.tensors["downCntx2.conv2.weight"].data[0] = 127;
  model.tensors["downCntx3.conv1.bias"].data[3] = 0x1p31f;        // |BZ| alone reaches the bound
  model.tensors["downCntx3.conv2.bias"].data[3] = 2147483520.0f;  // the last float below 2^31
  model.tensors["downCntx3.conv3.bias"].data[3] = 2147483520.0f;
  model.tensors["downCntx3.conv3.weight"].data[3 * 36] = 1;  // + 255 * 1 passes it
  model.weights["resBlock1.conv1"] = {range_of(4, 1, 8)};
  model.tensors["resBlock1.conv1.weight"].data[0] = -8;
  model.tensors["resBlock1.conv2.bias"].data[1] = 0x1p62f;
  const Network network = model.load();
  CHECK(network.parameters("downCntx.conv1", kHexagon).form == "hvx8");
  CHECK(network.parameters("downCntx.conv2", kHexagon).form == "wide");
  CHECK(network.parameters("downCntx2.conv1", kHexagon).form == "wide");
  CHECK(network.parameters("downCntx2.conv2", kHexagon).form == "hvx8");
  CHECK(network.parameters("downCntx3.conv1", kHexagon).form == "wide");
  CHECK(network.parameters("downCntx3.conv1", kHexagon).values.count("BZ") == 0);
  CHECK(network.parameters("downCntx3.conv1", kHexagon).values["B"].size() == 4);
  CHECK(network.parameters("downCntx3.conv2", kHexagon).form == "hvx8");
  CHECK(network.parameters("downCntx3.conv3", kHexagon).form == "wide");
  CHECK(network.parameters("resBlock1.conv1", kHexagon).form == "hvx8");
  CHECK(network.weight_codes("resBlock1.conv1")[0] == -8);
  CHECK(network.parameters("downCntx.conv1", kIdeal).form == "wide");
  CHECK_THROWS_WITH(network.parameters("resBlock1.conv2", kIdeal),
                    "oracle: resBlock1.conv2, channel 1: the accumulator may reach 2^62");
}

TEST_CASE("batch_norm: constants by hand where k is a power of two") {
  NarrowModel model;
  const std::string name = "downCntx.bn1";
  model.activations["downCntx.act2"] = range_of(8, 1, 10);
  model.activations[name] = range_of(8, 2, 4);
  model.tensors[name + ".weight"].data = {0x1.8p21f, 0x1p20f, -0x1p20f, 0};  // gamma codes 3, 1, -1, 0
  model.tensors[name + ".bias"].data = {0.25f, 0, -0x1.004p3f, 5};           // the third is -(8 + 1/128)
  model.tensors[name + ".running_mean"].data = {2, 0, 0, 7};
  const Network network = model.load();
  CHECK(network.weight_codes(name) == std::vector<int>{3, 1, -1, 0});
  const Parameters p = network.parameters(name, kHexagon);
  CHECK(p.form == "hvx8");
  // (beta - mean * gamma + 8) * 128
  CHECK(p.values.at("BZ") == std::vector<boost::multiprecision::cpp_int>{288, 1024, -1, 1664});
  CHECK(p.values.at("R")[0] == 1 << 23);
  const Parameters q = network.parameters(name, kIdeal);
  CHECK(q.values.at("B") == std::vector<boost::multiprecision::cpp_int>{-23552, 0, -32800, 20480});
  CHECK(q.values.at("M")[0] == 1 << 30);
  CHECK(q.values.at("S")[0] == 43);  // 2^30 * 2^-43 = 1/8192
  const auto run = [&](const Target& profile, int c, int code) {
    const Codes input = point({code, code, code, code});
    return network.evaluate(name, profile, {&input}, c, 0, 0);
  };
  CHECK(run(kHexagon, 0, 12) == 4);  // (3*2 + 0.25 - 6) / 2 + 4 = 4.125
  CHECK(run(kIdeal, 0, 12) == 4);
  CHECK(run(kHexagon, 1, 11) == 5);  // 1/2 + 4: ties go up
  CHECK(run(kHexagon, 1, 9) == 4);   // -1/2 + 4: up too
  CHECK(run(kIdeal, 1, 9) == 4);
  CHECK(run(kHexagon, 3, 200) == 7);  // 5/2 + 4 = 6.5
}

TEST_CASE("batch_norm: a bias that ends on half a step goes away from zero, then the precondition") {
  NarrowModel model;
  model.tensors["downCntx.bn1.bias"].data = {-0x1p-8f, 0x1p-8f, 0x1p-13f, -0x1p-13f};
  model.weights["downCntx.bn2"] = {range_of(8, 0x1p20, 0)};
  model.tensors["downCntx.bn2.weight"].data = {0x1p27f, 0x1p20f, 0x1p20f, 0x1p20f};  // code 128
  model.tensors["downCntx2.bn1.bias"].data[2] = 0x1p24f;                             // times 128
  const Network network = model.load();
  const auto bz = network.parameters("downCntx.bn1", kHexagon).values.at("BZ");
  CHECK(bz == std::vector<boost::multiprecision::cpp_int>{-1, 1, 0, 0});
  const auto b = network.parameters("downCntx.bn1", kIdeal).values.at("B");
  CHECK(b == std::vector<boost::multiprecision::cpp_int>{-16, 16, 1, -1});
  CHECK(network.parameters("downCntx.bn2", kHexagon).form == "wide");
  CHECK(network.parameters("downCntx2.bn1", kHexagon).form == "wide");
  CHECK(network.parameters("downCntx2.bn2", kHexagon).form == "hvx8");
}

TEST_CASE("leaky_relu: two branches, ties up") {
  NarrowModel model;
  const std::string name = "downCntx.act1";
  model.activations["downCntx.conv1"] = range_of(8, 50, 128);  // negative branch: 1/2
  model.activations[name] = range_of(8, 1, 100);
  model.activations["downCntx.conv2"] = range_of(8, 0x1p29, 0);  // 255 << 30 does not fit
  const Network network = model.load();
  CHECK(network.parameters(name, kHexagon).form == "hvx8");
  CHECK(values(network, name, kHexagon, {"sh+", "R+", "sh-", "R-"}) == Values{6, 50 << 25, 0, 1 << 30});
  CHECK(values(network, name, kIdeal, {"M+", "S+", "M-", "S-"}) == Values{50 << 25, 25, 1 << 30, 31});
  const auto run = [&](const Target& profile, int code) {
    const Codes input = point({code, 0, 0, 0});
    return network.evaluate(name, profile, {&input}, 0, 0, 0);
  };
  for (const Target& profile : {kHexagon, kIdeal}) {
    CHECK(run(profile, 128) == 100);
    CHECK(run(profile, 130) == 200);
    CHECK(run(profile, 132) == 255);
    CHECK(run(profile, 127) == 100);  // -1/2
    CHECK(run(profile, 125) == 99);   // -3/2
    CHECK(run(profile, 124) == 98);
    CHECK(run(profile, 0) == 36);
  }
  CHECK(network.parameters("downCntx.act2", kHexagon).form == "wide");
}

TEST_CASE("add: constants, truncation before the rounding shift, the branch that is refused") {
  NarrowModel model;
  model.activations["module_add_1"] = range_of(8, 2, 7);
  model.activations["downCntx2.act1"] = range_of(8, 1, 3);
  model.activations["downCntx2.bn2"] = range_of(8, 0.5, 5);
  model.activations["downCntx3.act1"] = range_of(8, 31, 0);
  model.activations["resBlock1.act1"] = range_of(8, 30.9921875, 0);
  const Network network = model.load();
  CHECK(values(network, "module_add", kHexagon, {"A", "B", "rsh", "off"}) == Values{4096, 4096, 4, 0});
  CHECK(values(network, "module_add", kIdeal, {"A", "B", "T"}) == Values{1 << 29, 1 << 29, 29});
  // 1/2 + 1/4 = 3/4, rsh 6: A = 2^13, B = 2^12; off = 7 * 64 - (3 * 8192 + 5 * 4096) / 256 = 448 - 176
  CHECK(values(network, "module_add_1", kHexagon, {"A", "B", "rsh", "off"}) == Values{8192, 4096, 6, 272});
  CHECK(values(network, "module_add_1", kIdeal, {"A", "B", "T"}) == Values{1 << 29, 1 << 28, 30});
  const auto run = [&](const Target& profile, int a, int b) {
    const Codes first = point({0, a, 0, 0}), second = point({0, b, 0, 0});
    return network.evaluate("module_add_1", profile, {&first, &second}, 1, 0, 0);
  };
  for (const Target& profile : {kHexagon, kIdeal}) {
    CHECK(run(profile, 3, 5) == 7);
    CHECK(run(profile, 4, 5) == 8);        // 7.5 goes up
    CHECK(run(profile, 2, 5) == 7);        // 6.5 goes up
    CHECK(run(profile, 2, 4) == 6);        // 6.25
    CHECK(run(profile, 255, 255) == 196);  // 126 + 62.5 + 7 = 195.5
  }
  CHECK(network.parameters("module_add_2", kHexagon).form == "wide");  // ratios 31 and 1: rsh would be 0
  CHECK(network.parameters("module_add_3", kHexagon).form == "wide");  // 31.992 * 16384/16380 = 32.0000
  NarrowModel limit;
  limit.activations["module_add"] = range_of(8, 0x1p-4, 0);  // ratios 16 and 15.5
  limit.activations["downCntx.bn2"] = range_of(8, 0.96875, 0);
  limit.activations["module_add_1"] = range_of(8, 64, 0);  // tiny ratios: rsh stops at 7
  CHECK(values(limit.load(), "module_add", kHexagon, {"A", "B", "rsh", "off"}) == Values{8192, 7936, 1, 0});
  CHECK(values(limit.load(), "module_add_1", kHexagon, {"A", "B", "rsh", "off"}) == Values{512, 512, 7, 0});
}

TEST_CASE("add: the 8-bit form truncates before it rounds, the wide form does not") {
  NarrowModel model;
  model.activations["module_add"] = range_of(8, 2, 0);
  model.activations["downCntx.bn2"] = range_of(8, 0x1p-13, 1);
  model.activations["module_add_1"] = range_of(8, 3, 0);
  model.activations["module_add_2"] = range_of(8, 2, 0);
  model.activations["downCntx3.act1"] = range_of(8, 0.9921875, 0);
  const Network network = model.load();
  CHECK(values(network, "module_add", kHexagon, {"A", "B", "rsh", "off"}) == Values{8192, 1, 6, 0});
  CHECK(values(network, "module_add_1", kHexagon, {"A", "B", "rsh", "off"}) == Values{5461, 5461, 6, 0});
  const auto run = [&](const std::string& layer, const Target& profile, int a, int b) {
    const Codes first = point({a, 0, 0, 0}), second = point({b, 0, 0, 0});
    return network.evaluate(layer, profile, {&first, &second}, 0, 0, 0);
  };
  CHECK(run("module_add", kHexagon, 1, 0) == 1);  // 1/2 - 2^-14 looks like a tie
  CHECK(run("module_add", kIdeal, 1, 0) == 0);
  CHECK(values(network, "module_add_2", kHexagon, {"A", "B", "rsh", "off"}) == Values{8128, 8192, 6, 0});
  CHECK(run("module_add_2", kHexagon, 1, 0) == 0);        // 31.75 of 64 parts count as 31
  CHECK(run("module_add_1", kHexagon, 255, 245) == 167);  // 166.67: 500 * 5461 >> 8 = 10666, + 32 >> 6 = 167
  CHECK(run("module_add_1", kHexagon, 255, 250) == 168);  // 168.33
  CHECK(run("module_add_1", kIdeal, 255, 250) == 168);
}

TEST_CASE("concat: the form is chosen per input") {
  NarrowModel model;
  const std::string name = "module_cat";
  model.activations[name] = range_of(8, 1, 3);
  model.activations["resBlock1.bn1"] = range_of(8, 0.5, 10);           // d32: gain 16384, off 128 * (3 - 5)
  model.activations["resBlock1.bn2"] = range_of(8, 1, 3);              // equal
  model.activations["resBlock1.bn3"] = range_of(8, 2, 4);              // ratio 2: wide
  model.activations["resBlock2.bn1"] = range_of(16, 0.5, 10);          // 16 bit: wide
  model.activations["resBlock2.bn2"] = range_of(8, 1023.0 / 1024, 0);  // gain 32736, off 0: copy
  model.activations["resBlock2.bn3"] = range_of(8, 1021.0 / 1024, 0);  // gain 32672
  const Network network = model.load();
  CHECK(network.parameters(name, kHexagon).form == "concat");
  CHECK(values(network, name, kHexagon, {"form.0", "gain.0", "off.0"}) == Values{1, 16384, -256});
  CHECK(values(network, name, kHexagon, {"form.1"}) == Values{0});
  CHECK(values(network, name, kHexagon, {"form.2", "M.2", "S.2"}) == Values{2, 1 << 30, 29});
  CHECK(values(network, name, kIdeal, {"form.1", "M.1", "S.1"}) == Values{2, 1 << 30, 30});
  CHECK(values(network, "module_cat_1", kHexagon, {"form.0", "form.1", "form.2"}) == Values{2, 0, 1});
  CHECK(values(network, "module_cat_1", kHexagon, {"gain.2", "off.2"}) == Values{32672, 0});
  const auto run = [&](const std::string& layer, const Target& profile, int c, int code) {
    const Codes input = point({code, code, code, code});
    return network.evaluate(layer, profile, {&input, &input, &input}, c, 0, 0);
  };
  CHECK(run(name, kHexagon, 0, 11) == 4);  // 3.5 goes up
  CHECK(run(name, kHexagon, 3, 9) == 3);   // 2.5
  CHECK(run(name, kHexagon, 3, 0) == 0);
  CHECK(run(name, kHexagon, 4, 77) == 77);
  CHECK(run(name, kIdeal, 7, 77) == 77);
  CHECK(run(name, kHexagon, 8, 5) == 5);
  CHECK(run(name, kHexagon, 11, 200) == 255);
  CHECK(run("module_cat_1", kHexagon, 0, 11) == 1);  // 0.5
  CHECK(run("module_cat_1", kHexagon, 4, 255) == 255);
  CHECK(run("module_cat_1", kIdeal, 4, 255) == 255);    // 254.75
  CHECK(run("module_cat_1", kHexagon, 8, 255) == 254);  // 254.25
}

TEST_CASE("concat: offsets are cut towards zero") {
  NarrowModel model;
  model.activations["resBlock1.bn1"] = range_of(8, 0.25 + 0x1p-10, 1);  // 128 * -(1/4 + 2^-10) = -32.125
  model.activations["resBlock1.bn2"] = range_of(8, 0x1p-8, 1);          // -0.5: off 0, but the gain is small
  const Network network = model.load();
  CHECK(values(network, "module_cat", kHexagon, {"gain.0", "off.0"}) == Values{8224, -32});
  CHECK(values(network, "module_cat", kHexagon, {"form.1", "gain.1", "off.1"}) == Values{1, 128, 0});
}

TEST_CASE("pixel_shuffle: order and re-quantisation") {
  NarrowModel model;
  model.activations["upBlock2.pixel_shuffle"] = range_of(8, 2, 5);
  model.activations["upBlock3.pixel_shuffle"] = range_of(16, 1, 0);
  const Network network = model.load();
  CHECK(network.parameters("upBlock1.pixel_shuffle", kHexagon).form == "copy");
  CHECK(network.parameters("upBlock1.pixel_shuffle", kHexagon).values.empty());
  CHECK(values(network, "upBlock1.pixel_shuffle", kIdeal, {"M", "S"}) == Values{1 << 30, 30});
  CHECK(values(network, "upBlock2.pixel_shuffle", kHexagon, {"sh", "R"}) == Values{0, 1 << 30});
  CHECK(network.parameters("upBlock3.pixel_shuffle", kHexagon).form == "wide");
  const Codes input = plane(4, 1, 2, {0, 1, 10, 11, 20, 21, 30, 31});
  const auto run = [&](const std::string& layer, const Target& profile, int y, int x) {
    return network.evaluate(layer, profile, {&input}, 0, y, x);
  };
  for (const Target& profile : {kHexagon, kIdeal, target_named("aimet")}) {
    CHECK(run("upBlock1.pixel_shuffle", profile, 0, 0) == 0);
    CHECK(run("upBlock1.pixel_shuffle", profile, 0, 1) == 10);
    CHECK(run("upBlock1.pixel_shuffle", profile, 1, 0) == 20);
    CHECK(run("upBlock1.pixel_shuffle", profile, 1, 3) == 31);
    CHECK(run("upBlock2.pixel_shuffle", profile, 0, 3) == 11);  // 5.5 + 5
    CHECK(run("upBlock2.pixel_shuffle", profile, 1, 2) == 16);  // 10.5 + 5: 21 sits in column 1
  }
  CHECK_THROWS_AS(run("upBlock1.pixel_shuffle", kIdeal, 2, 0), std::invalid_argument);
}

TEST_CASE("avg_pool: always nine, padding is the zero point") {
  NarrowModel model;
  model.activations["module_add_3"] = range_of(8, 1, 100);
  model.activations["resBlock1.pool"] = range_of(8, 1, 50);
  const Network network = model.load();
  CHECK(values(network, "resBlock1.pool", kHexagon, {"sh", "R"}) == Values{0, 238609294});
  CHECK(values(network, "resBlock1.pool", kIdeal, {"M", "S"}) == Values{1908874354, 34});
  Codes input{4, 4, 4, std::vector<int>(64, 100)};
  for (int i = 0; i < 16; ++i) input.data[static_cast<std::size_t>(16 + i)] = 100 + i;
  for (const Target& profile : {kHexagon, kIdeal, target_named("aimet")}) {
    const auto run = [&](int y, int x) { return network.evaluate("resBlock1.pool", profile, {&input}, 1, y, x); };
    CHECK(run(1, 1) == 60);  // 90 / 9
    CHECK(run(0, 0) == 51);  // (0 + 1 + 4 + 5) / 9 = 1.11
    CHECK(run(0, 1) == 53);  // (1 + 2 + 3 + 5 + 6 + 7) / 9 = 2.67
  }
}

TEST_CASE("softmax: table and exact fraction") {
  NarrowModel model;
  model.activations["module_softmax"] = {16, 0, 1};
  const Network network = model.load();
  const Parameters p = network.parameters("module_softmax", kHexagon);
  CHECK(p.form == "table");
  REQUIRE(p.values.at("t").size() == 256);
  CHECK(p.values.at("t")[0] == 1073741824);
  CHECK(p.values.at("t")[1] == 395007542);  // 395007542.1755
  CHECK(p.values.at("t")[2] == 145315154);  // 145315153.8740
  CHECK(p.values.at("t")[20] == 2);         // 2.21
  CHECK(p.values.at("t")[21] == 1);         // 0.81
  CHECK(p.values.at("t")[22] == 0);         // 0.2995
  const auto run = [&](std::vector<int> codes, int c) {
    const Codes input = point(std::move(codes));
    return network.evaluate("module_softmax", kIdeal, {&input}, c, 0, 0);
  };
  CHECK(run({9, 9, 9, 9}, 2) == 16384);  // 16383.75
  CHECK(run({255, 9, 9, 9}, 0) == 65535);
  CHECK(run({255, 9, 9, 9}, 1) == 0);
  CHECK(run({40, 41, 0, 0}, 1) == 47910);  // 65535 / (1 + 1/e) = 47909.92
}
