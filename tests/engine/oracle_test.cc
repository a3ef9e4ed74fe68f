// The engine against the independent oracle: grids, weight codes, every lowered parameter, and sampled outputs of every
// operation under every profile, each layer fed with the engine's own tensors.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>

#include "import/model_file.h"
#include "oracle.h"
#include "support/oracle_target.h"
#include "support/support.h"

using namespace intsim;

namespace {

std::string g_config, g_profile;

std::unique_ptr<oracle::Network> oracle_network(const std::string& config) {
  const std::string folder = test::test_model_folder();
  return std::make_unique<oracle::Network>(folder + "/checkpoint.safetensors", folder + "/" + config + ".encodings");
}

void check_grid(const Grid& ours, const oracle::Grid& theirs, const std::string& name) {
  const bool equal = ours.bits == theirs.bits && ours.n == theirs.n && ours.scale == theirs.scale &&
                     ours.zero() == theirs.zero_point && ours.float_min == theirs.fmin &&
                     ours.float_max == theirs.fmax && ours.float_scale == theirs.fdelta &&
                     ours.float_offset == theirs.foffset;
  CHECK_MESSAGE(equal, name);
}

void check_network(const Model& model, const oracle::Network& network) {
  const std::vector<std::string> layers = network.layers();
  REQUIRE(layers.size() == 172);
  REQUIRE(model.graph.nodes.size() == layers.size());
  check_grid(model.input, network.grid("input"), "input");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const GraphNode& node = model.graph.nodes[i];
    CHECK(node.name == layers[i]);
    CHECK(network.op(layers[i]) == op_name(node.op));
    std::vector<std::string> inputs;
    for (const ValueId v : node.inputs)
      inputs.push_back(v == 0 ? "input" : model.graph.nodes[static_cast<std::size_t>(v - 1)].name);
    CHECK_MESSAGE(inputs == network.inputs(layers[i]), node.name);
    check_grid(model.data[i].output, network.grid(layers[i]), node.name);
    if (model.data[i].weights.empty()) continue;
    const std::vector<int> codes(model.data[i].weights.begin(), model.data[i].weights.end());
    CHECK_MESSAGE(codes == network.weight_codes(layers[i]), node.name);
  }
}

/// Form as the oracle words it.
std::string expected_form(const ProgramNode& node) {
  const std::string form = form_of(node);
  if (form == "float32") return form;
  if (node.op == Op::concat) return "concat";
  return node.op == Op::softmax ? "table" : form;
}

long check_parameters(const Program& program, const oracle::Network& network) {
  long compared = 0;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const std::string& name = program.graph_node(i).name;
    const oracle::Parameters theirs = network.parameters(name, test::oracle_target(program.profile));
    CHECK_MESSAGE(theirs.form == expected_form(program.nodes[i]), name);
    const auto ours = integer_parameters(program.nodes[i]);
    CHECK_MESSAGE(ours.size() == theirs.values.size(), name);
    for (const auto& entry : ours) {  // clang 14 captures no structured binding
      const auto& key = entry.first;
      const auto& values = entry.second;
      const auto it = theirs.values.find(key);
      REQUIRE_MESSAGE(it != theirs.values.end(), name << ' ' << key);
      REQUIRE_MESSAGE(it->second.size() == values.size(), name << ' ' << key);
      for (std::size_t k = 0; k < values.size(); ++k, ++compared)
        CHECK_MESSAGE(it->second[k] == values[k], name << ' ' << key << '[' << k << ']');
    }
  }
  return compared;
}

/// All tensors of one run, by name.
std::map<std::string, oracle::Codes> run_tensors(const Program& program, int width) {
  std::map<std::string, oracle::Codes> tensors;
  Engine engine(std::make_shared<const PreparedProgram>(program, KernelSet::simd), 0);
  const RangeImage image = test::scene_image(64, width, 3);
  engine.run(image.channels, {64, width}, [&](const std::string& name, const Grid&, const PlanarTensor& t) {
    tensors[name] = {t.channels, t.height, t.width, {t.codes.begin(), t.codes.end()}};
  });
  return tensors;
}

/// Samples one layer; a quarter of the samples lie on the image's edges.
long check_layer(const oracle::Network& network, const std::string& name, const oracle::Target& profile,
                 const std::map<std::string, oracle::Codes>& tensors, long samples, std::mt19937& rng) {
  const oracle::Codes& y = tensors.at(name);
  std::vector<const oracle::Codes*> x;
  for (const std::string& input : network.inputs(name)) x.push_back(&tensors.at(input));
  const auto pick = [&](int size, bool edge) {
    return edge ? (rng() % 2 == 0 ? 0 : size - 1) : static_cast<int>(rng() % static_cast<unsigned>(size));
  };
  long wrong = 0;
  for (long s = 0; s < samples; ++s) {
    const int c = pick(y.channels, false), row = pick(y.height, s % 8 == 0), column = pick(y.width, s % 8 == 4);
    const int expected = network.evaluate(name, profile, x, c, row, column);
    const int actual = y.data[static_cast<std::size_t>((c * y.height + row) * y.width + column)];
    if (expected != actual && wrong++ == 0)
      FAIL_CHECK(name << " [" << c << ", " << row << ", " << column << "]: oracle " << expected << ", engine "
                      << actual);
  }
  return samples;
}

long samples_per_operation() {
  const char* text = std::getenv("INTSIM_ORACLE_SAMPLES");
  return text == nullptr ? 1'000'000 : std::atol(text);
}

/// At least samples_per_operation() outputs of each operation.
void check_outputs(const Program& program, const oracle::Network& network, const std::string& config) {
  const auto tensors = run_tensors(program, 256);
  std::map<std::string, std::vector<std::string>> by_op;
  for (const std::string& name : network.layers()) by_op[network.op(name)].push_back(name);
  std::mt19937 rng(99);
  for (const auto& [op, names] : by_op) {
    const long each = (samples_per_operation() + static_cast<long>(names.size()) - 1) / static_cast<long>(names.size());
    long total = 0;
    for (const std::string& name : names)
      total += check_layer(network, name, test::oracle_target(program.profile), tensors, each, rng);
    CHECK(total > 0);
    std::printf("%s %s %s: %ld outputs of %zu layers\n", config.c_str(), program.profile.name.c_str(), op.c_str(),
                total, names.size());
    std::fflush(stdout);
  }
}

Profile chosen_profile(const std::string& name) {
  const std::vector<Profile> list = test::profiles_and_alternatives();
  const auto chosen = std::find_if(list.begin(), list.end(), [&](const Profile& p) { return p.name == name; });
  REQUIRE(chosen != list.end());
  return *chosen;
}

void check_config(const std::string& config, const std::string& profile) {
  const auto model = test::test_model(config);
  const auto network = oracle_network(config);
  check_network(*model, *network);
  const Profile chosen = chosen_profile(profile);
  if (profile != "alternatives") CHECK(test::oracle_target(chosen) == oracle::target_named(profile));
  const Program program = lower(model, chosen);
  const long parameters = check_parameters(program, *network);
  std::printf("%s %s: %ld integer parameters compared\n", config.c_str(), profile.c_str(), parameters);
  CHECK((parameters > 0) == (profile != "aimet"));
  check_outputs(program, *network, config);
}

}  // namespace

TEST_CASE("parameters and outputs") { check_config(g_config, g_profile); }

TEST_CASE("the oracle reads the model file alike") {
  const auto model = test::test_model(g_config);
  const auto path = std::filesystem::temp_directory_path() /
                    ("intsim_oracle_" + g_config + '_' + g_profile + '_' + std::to_string(getpid()) + ".safetensors");
  write_model(path, *model);
  const oracle::Network from_file = oracle::Network::from_model_file(path.string());
  std::filesystem::remove(path);
  check_network(*model, from_file);
  const auto from_checkpoint = oracle_network(g_config);
  const oracle::Target target = test::oracle_target(chosen_profile(g_profile));
  for (const std::string& name : from_file.layers()) {
    const oracle::Parameters ours = from_file.parameters(name, target);
    const oracle::Parameters theirs = from_checkpoint->parameters(name, target);
    const bool equal = ours.form == theirs.form && ours.values == theirs.values;
    CHECK_MESSAGE(equal, name);
  }
}

TEST_CASE("the input quantiser") {
  const auto model = test::test_model(g_config);
  const auto network = oracle_network(g_config);
  std::mt19937 rng(5);
  for (int i = 0; i < 200'000; ++i) {
    const float x = static_cast<float>((static_cast<double>(rng()) / 4294967296.0 - 0.5) * 30.0);
    REQUIRE(quantise(model->input, x) == network->quantise("input", x));
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CONFIG PROFILE\n", argv[0]);
    return 2;
  }
  g_config = argv[1], g_profile = argv[2];
  return doctest::Context(argc - 2, argv + 2).run();
}
