// Packs whose profile is hidden: for every layer the rules that are named are those which the oracle cannot tell apart
// on the pack's data, and an input said to separate two of them does so in the oracle.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "compare/candidates.h"
#include "compare/rules.h"
#include "compare/separators.h"
#include "import/model_file.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;

namespace {

const std::vector<std::string> kProfiles = {"hexagon-hvx", "ideal",         "hexagon-hmx",    "aimet",
                                            "tflite",      "tflite-single", "tflite-int16x8", "hvx-2stage",
                                            "half-away",   "onnxruntime"};

/// "tflite", or "hexagon-hvx with bn batchnorm_d32".
oracle::Target target_of(const std::string& name) {
  const std::size_t with = name.find(" with ");
  oracle::Target target = oracle::target_named(name.substr(0, with));
  if (with == std::string::npos) return target;
  const std::string rest = name.substr(with + 6), field = rest.substr(0, rest.find(' ')),
                    value = rest.substr(rest.find(' ') + 1);
  if (field == "bn") target.bn = value;
  if (field == "concat") target.concat_form = value;
  if (field == "avgpool") target.avgpool = value;
  if (field == "conv16") target.conv16 = value;
  if (field == "bias") target.bias = value;
  return target;
}

const std::vector<std::string> kAlternatives = {"hexagon-hvx with bn batchnorm_d32", "hexagon-hvx with concat flat",
                                                "hexagon-hvx with avgpool reciprocal-3641",
                                                "hexagon-hvx with conv16 drop-low", "hexagon-hvx with bias float32"};

bool same_parameters(const oracle::Network& network, const std::string& layer, const oracle::Target& a,
                     const oracle::Target& b) {
  const oracle::Parameters p = network.parameters(layer, a), q = network.parameters(layer, b);
  return p.form == q.form && p.values == q.values;
}

struct Operands {
  std::vector<oracle::Codes> codes;
  std::vector<const oracle::Codes*> pointers() const {
    std::vector<const oracle::Codes*> out;
    for (const oracle::Codes& c : codes) out.push_back(&c);
    return out;
  }
};

/// Names whose rule the oracle finds to give the golden on its operands; alternatives only where they change a rule.
std::set<std::string> expected_names(const oracle::Network& network, const std::string& layer, const Operands& operands,
                                     const oracle::Codes& golden) {
  std::set<std::string> names;
  const oracle::Target base = target_of("hexagon-hvx");
  std::vector<std::string> all = kProfiles;
  for (const std::string& name : kAlternatives)
    if (!same_parameters(network, layer, base, target_of(name))) all.push_back(name);
  for (const std::string& name : all)
    if (network.evaluate_all(layer, target_of(name), operands.pointers(), 2).data == golden.data) names.insert(name);
  return names;
}

/// One output of `layer` under two targets where its operands hold the separator's codes; nothing where the operation
/// reads a sum that no window was found for.
struct Confirmation {
  bool tried = false;
  int first = 0, second = 0;
};

Confirmation confirm_pixel(const oracle::Network& network, const std::string& layer, const Separator& s,
                           const oracle::Target& a, const oracle::Target& b, const std::vector<int>& channels) {
  Operands operands;
  const std::string op = network.op(layer);
  for (std::size_t i = 0; i < channels.size(); ++i)
    operands.codes.push_back({channels[i], 1, 1, std::vector<int>(static_cast<std::size_t>(channels[i]), 0)});
  int channel = s.channel, x = 0, y = 0;
  if (op == "softmax") {
    operands.codes[0].data.assign(s.codes.begin(), s.codes.end());
  } else if (op == "avg_pool") {
    // Output (1, 1) reads rows and columns 1 to 3; output 0 reads 0 and 1.
    const int side = 4;
    y = s.rows == 3 ? 1 : 0;
    x = s.columns == 3 ? 1 : 0;
    operands.codes[0] = {channels[0], side, side,
                         std::vector<int>(static_cast<std::size_t>(channels[0] * side * side), 0)};
    std::size_t k = 0;
    for (int i = 0; i < s.rows; ++i)
      for (int j = 0; j < s.columns; ++j)
        operands.codes[0].data[static_cast<std::size_t>((y + i) * side + x + j)] = s.codes[k++];
  } else {
    if (op == "concat")
      for (std::size_t i = 0; i < s.operand; ++i) channel += channels[i];
    operands.codes[s.operand].data[static_cast<std::size_t>(s.channel)] = s.codes[0];
    if (op == "add") operands.codes[1].data[static_cast<std::size_t>(s.channel)] = s.codes[1];
    if (op == "pixel_shuffle") channel = 0;
  }
  return {true, network.evaluate(layer, a, operands.pointers(), channel, y, x),
          network.evaluate(layer, b, operands.pointers(), channel, y, x)};
}

/// A window around the middle of a 5×5 image that sums to the separator's accumulator, by taking the largest weights
/// first; every layer of the network has a window within ±2.
Confirmation confirm_conv(const oracle::Network& network, const GraphNode& node, const Separator& s,
                          const oracle::Target& a, const oracle::Target& b) {
  const oracle::Grid grid = network.grid(network.inputs(node.name)[0]);
  const std::vector<int> weights = network.weight_codes(node.name);
  const int side = 5, middle = 2, taps = node.window.taps();
  const auto reduction = static_cast<std::size_t>(node.in_channels * taps);
  std::vector<std::size_t> order(reduction);
  for (std::size_t i = 0; i < reduction; ++i) order[i] = i;
  const auto weight = [&](std::size_t i) { return weights[static_cast<std::size_t>(s.channel) * reduction + i]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return std::abs(weight(i)) > std::abs(weight(j)); });
  oracle::Codes in{
      node.in_channels, side, side,
      std::vector<int>(static_cast<std::size_t>(node.in_channels * side * side), static_cast<int>(grid.zero_point))};
  long long rest = s.sum;
  for (const std::size_t i : order) {
    if (weight(i) == 0) break;
    const long long d = std::clamp<long long>(rest / weight(i), -grid.zero_point, grid.n - grid.zero_point);
    rest -= d * weight(i);
    const int tap = static_cast<int>(i) % taps, c = static_cast<int>(i) / taps;
    const int y = middle - node.window.pad_h + tap / node.window.kernel_w * node.window.dilation_h;
    const int x = middle - node.window.pad_w + tap % node.window.kernel_w * node.window.dilation_w;
    in.data[static_cast<std::size_t>((c * side + y) * side + x)] = static_cast<int>(grid.zero_point + d);
  }
  if (rest != 0) return {};
  const std::vector<const oracle::Codes*> operands = {&in};
  return {true, network.evaluate(node.name, a, operands, s.channel, middle, middle),
          network.evaluate(node.name, b, operands, s.channel, middle, middle)};
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "; ";
  return text;
}

struct Totals {
  int layers = 0, exact = 0, classes = 0, separators = 0, confirmed = 0, windows_missing = 0;
};

/// Candidates of the class other than variants that the oracle does not have.
std::vector<const Candidate*> members(const std::vector<Candidate>& all, const RuleFinding& finding) {
  std::vector<const Candidate*> found;
  for (const Candidate& c : all)
    if (!c.valid_taps && std::find(finding.rules.begin(), finding.rules.end(), c.name) != finding.rules.end())
      found.push_back(&c);
  return found;
}

void check_separators(const oracle::Network& network, const Model& model, std::size_t index, const RuleFinding& finding,
                      Totals& totals) {
  const GraphNode& node = model.graph.nodes[index];
  const std::vector<Candidate> all = candidates_of(model, index);
  const auto same = members(all, finding);
  CHECK(finding.separators.size() + 1 == finding.rules.size());
  ++totals.classes;
  std::vector<int> channels;
  for (const ValueId v : node.inputs) channels.push_back(model.graph.channels(v));
  for (std::size_t i = 1; i < same.size(); ++i) {
    const oracle::Target a = target_of(same[0]->profiles[0]), b = target_of(same[i]->profiles[0]);
    const Separator s = separate(model, index, *same[0], *same[i]);
    if (!s.found) continue;
    ++totals.separators;
    const Confirmation c = node.op == Op::conv2d ? confirm_conv(network, node, s, a, b)
                                                 : confirm_pixel(network, node.name, s, a, b, channels);
    if (!c.tried) {
      ++totals.windows_missing;
      continue;
    }
    INFO(separator_text(*same[0], *same[i], s));
    CHECK(c.first == s.first_code);
    CHECK(c.second == s.second_code);
    totals.confirmed += c.first != c.second ? 1 : 0;
  }
}

/// Separators are checked at every kStride-th layer, another one in each pack.
constexpr std::size_t kStride = 4;

void check_pack(const std::filesystem::path& folder, const std::string& file, std::size_t number, Totals& totals) {
  const Pack pack(folder);
  CHECK(pack.info().target.empty());
  const auto model = std::make_shared<const Model>(read_model(file));
  const oracle::Network network = oracle::Network::from_model_file(file);
  const RuleFinder finder(model);
  for (std::size_t i = 0; i < model->graph.nodes.size(); ++i) {
    const GraphNode& node = model->graph.nodes[i];
    INFO(node.name);
    const PlanarTensor golden = pack.codes(static_cast<std::size_t>(pack.find(node.name)));
    const auto read = [&] {
      std::vector<PlanarTensor> tensors;
      for (const ValueId v : node.inputs)
        tensors.push_back(pack.codes(static_cast<std::size_t>(
            pack.find(v == 0 ? kPackInput : model->graph.nodes[static_cast<std::size_t>(v - 1)].name))));
      return tensors;
    };
    Operands operands;
    for (const PlanarTensor& t : read()) operands.codes.push_back(oracle_codes(t));
    const RuleFinding finding = finder.find({i, golden, golden, read, {}, nullptr});
    std::set<std::string> found(finding.profiles.begin(), finding.profiles.end());
    std::erase_if(found, [&](const std::string& name) {
      return name.find("without padding") != std::string::npos ||
             (name.find(" with ") != std::string::npos &&
              same_parameters(network, node.name, target_of("hexagon-hvx"), target_of(name)));
    });
    const std::set<std::string> expected = expected_names(network, node.name, operands, oracle_codes(golden));
    CHECK(joined(found) == joined(expected));
    ++totals.layers;
    totals.exact += found == expected ? 1 : 0;
    if (finding.rules.size() > 1 && i % kStride == number % kStride)
      check_separators(network, *model, i, finding, totals);
  }
}

}  // namespace

TEST_CASE("the rules named for a pack of a hidden profile are those that its data cannot tell apart") {
  const Folder folder;
  write_scan(folder / "ring.bin", ring(6000));
  int packs = 0;
  const std::string config = std::getenv("INTSIM_CONFIG");
  for (const std::string& profile : kProfiles) {
    INFO(config << " " << profile);
    const std::filesystem::path pack = folder / (config + "-" + std::to_string(packs));
    const Outcome made = run("INTSIM", {"dump", "--model", model_file(config), "--target", profile, "--hide-target",
                                        "--scan", (folder / "ring.bin").string(), "--height", "16", "--width", "32",
                                        "--tensors", "*", "-o", pack.string()});
    REQUIRE_MESSAGE(made.code == 0, made.text);
    Totals totals;
    check_pack(pack, model_file(config), static_cast<std::size_t>(packs), totals);
    CHECK(totals.layers == 172);
    CHECK(totals.confirmed > 0);
    MESSAGE(config << " " << profile << ": " << totals.exact << " of " << totals.layers << " layers, " << totals.classes
                   << " classes of several rules, " << totals.separators << " separating inputs, " << totals.confirmed
                   << " confirmed by the oracle, " << totals.windows_missing << " without a window");
    std::filesystem::remove_all(pack);
    ++packs;
  }
  CHECK(packs == 10);
}
