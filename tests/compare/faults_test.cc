// Faults planted in one layer: each changes at least one code, and the comparison names that layer first, by itself
// (isolated) and as the first divergent one of a whole run.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "compare/candidates.h"
#include "compare/report.h"
#include "import/model_file.h"
#include "network.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;

namespace {

struct Fixture {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const PreparedProgram> prepared;
  PlanarTensor input;
  Folder folder;

  explicit Fixture(std::shared_ptr<const Model> m, const char* profile = "hexagon-hvx") : model(std::move(m)) {
    prepared = std::make_shared<const PreparedProgram>(lower(model, find_profile(profile)), KernelSet::simd);
    input = input_codes(*model, project(ring(6000), {16, 32, 3.0, -25.0}));
    Engine engine(prepared, 2);
    write_pack(folder / "golden", engine, input);
  }

  int node(const std::string& name) const { return model->graph.find(name); }

  /// Writes a run with the fault, and demands that it changes the layer and is found there.
  void finds(const std::string& what, const std::string& layer, const NodeFault& fault) const {
    INFO(what << " in " << layer);
    Engine engine(prepared, 2);
    const std::filesystem::path pack = folder / what;
    write_pack(pack, engine, input, node(layer), fault);
    const Pack golden(folder / "golden"), actual(pack);
    const auto index = static_cast<std::size_t>(golden.find(layer));
    REQUIRE(golden.codes(index).codes != actual.codes(index).codes);
    const EngineSide side{prepared, "hexagon-hvx", {}, {}};
    for (const EngineSide* known : {static_cast<const EngineSide*>(nullptr), &side}) {
      const Comparison result = compare_packs(golden, actual, known, {}, [](const std::string&) {});
      CHECK_FALSE(result.passed());
      REQUIRE(result.first_divergent() >= 0);
      CHECK(result.tensors[static_cast<std::size_t>(result.first_divergent())].name == layer);
      CHECK(result.tensors[static_cast<std::size_t>(result.first_failing())].name == layer);
      if (known == nullptr) continue;
      // With the network known, all later differences are followed back to that layer.
      for (const TensorComparison& t : result.tensors) {
        if (t.name == layer) continue;
        CHECK(t.unexplained == 0);
        CHECK(t.inherited == t.mismatches);
      }
    }
    std::filesystem::remove_all(pack);
  }

  /// The engine's own evaluation of a layer whose model or parameters were changed.
  NodeFault changed(const std::string& layer, const std::function<void(NodeData&)>& change_data,
                    const std::function<void(NodeParams&)>& change_params = {}) const {
    auto copy = std::make_shared<Model>(*model);
    const auto i = static_cast<std::size_t>(node(layer));
    if (change_data) change_data(copy->data[i]);
    Program program = lower(copy, prepared->program().profile);
    if (change_params) change_params(program.nodes[i].params);
    auto engine =
        std::make_shared<Engine>(std::make_shared<const PreparedProgram>(std::move(program), KernelSet::reference), 2);
    return [engine, i](const std::vector<const PlanarTensor*>& operands) { return engine->run_node(i, operands); };
  }
};

std::shared_ptr<const Model> default_model() { return std::make_shared<const Model>(read_model(model_file("w8a8"))); }

/// All scales powers of two: exact ties are frequent.
std::shared_ptr<const Model> binary_model() {
  auto model = std::make_shared<Model>(read_model(model_file("w8a8")));
  const auto binary = [](const Grid& g) {
    const double scale = std::exp2(std::round(std::log2(g.scale)));
    return make_grid(g.bits, -scale * g.zero(), scale * ((1 << g.bits) - 1 - g.zero()), g.symmetric);
  };
  model->input = binary(model->input);
  for (NodeData& data : model->data) {
    data.output = binary(data.output);
    for (Grid& g : data.weight_grids) g = binary(g);
    for (float& b : data.bias) b = 0;
  }
  return model;
}

/// A convolution by its definition, where `pad` is the code outside the image and `shift` moves the window's columns.
PlanarTensor convolved(const Program& program, std::size_t i, const PlanarTensor& in, int pad, int shift) {
  const GraphNode& node = program.graph_node(i);
  const NodeData& data = program.model->data[i];
  const auto& p = std::get<ConvParams>(program.nodes[i].params);
  const Window& w = node.window;
  PlanarTensor out(node.out_channels, in.height, in.width);
  for (int c = 0; c < out.channels; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        std::int64_t sum = 0;
        for (int k = 0; k < node.in_channels; ++k)
          for (int t = 0; t < w.taps(); ++t) {
            const int row = y - w.pad_h + t / w.kernel_w * w.dilation_h;
            const int column = x - w.pad_w + t % w.kernel_w * w.dilation_w + shift;
            const bool inside = row >= 0 && column >= 0 && row < in.height && column < in.width;
            const int q = inside ? in.at(k, row, column) : pad;
            sum += std::int64_t{q - p.x.zero()} *
                   data.weights[static_cast<std::size_t>((c * node.in_channels + k) * w.taps() + t)];
          }
        out.row(c, y)[x] = static_cast<std::uint16_t>(conv_code(p, c, sum));
      }
  return out;
}

}  // namespace

TEST_CASE("faults in convolutions are found in their layer") {
  const Fixture f(default_model());
  const std::string conv = "resBlock1.conv3";
  const auto i = static_cast<std::size_t>(f.node(conv));
  f.finds("one weight", conv,
          f.changed(conv, [](NodeData& d) { d.weights[100] = static_cast<std::int16_t>(d.weights[100] + 9); }));
  f.finds("channels swapped", conv, f.changed(conv, [](NodeData& d) {
    const std::ptrdiff_t size = 64 * 9;
    std::swap_ranges(d.weights.begin(), d.weights.begin() + size, d.weights.begin() + size);
    std::swap(d.bias[0], d.bias[1]);
  }));
  f.finds("bias sign", conv, f.changed(conv, [](NodeData& d) { d.bias[3] = -d.bias[3] - 0.01f; }));
  f.finds("multiplier off by one", conv, f.changed(conv, {}, [](NodeParams& params) {
    for (Multiplier& m : std::get<ConvParams>(params).scale) ++m.value;
  }));
  f.finds("zero point off by one", conv, f.changed(conv, {}, [](NodeParams& params) {
    auto& p = std::get<ConvParams>(params);
    for (std::size_t c = 0; c < p.bias.size(); ++c) p.bias[c] += (std::int64_t{1} << 31) / p.scale[c].value;
  }));
  f.finds("padding with 0", conv,
          [&](const auto& operands) { return convolved(f.prepared->program(), i, *operands[0], 0, 0); });
  f.finds("window moved by a column", conv, [&](const auto& operands) {
    const auto zero = f.model->grid(f.model->graph.nodes[i].inputs[0]).zero();
    return convolved(f.prepared->program(), i, *operands[0], zero, 1);
  });
}

TEST_CASE("faults in the other operations are found in their layer") {
  const Fixture f(default_model());
  f.finds("slope 1/64", "resBlock1.act3", f.changed("resBlock1.act3", {}, [](NodeParams& params) {
    auto& p = std::get<LeakyReluParams>(params);
    p.negative.value = static_cast<std::int32_t>(p.negative.value * 100LL / 64);
  }));
  f.finds("one gamma", "resBlock1.bn2", f.changed("resBlock1.bn2", [](NodeData& d) {
    d.weights[5] = static_cast<std::int16_t>(d.weights[5] > 0 ? d.weights[5] - 3 : d.weights[5] + 3);
  }));
  f.finds("mean left out", "resBlock2.bn1",
          f.changed("resBlock2.bn1", [](NodeData& d) { std::fill(d.mean.begin(), d.mean.end(), 0.0f); }));
  const auto node_of = [&](const std::string& name) { return static_cast<std::size_t>(f.node(name)); };
  const auto engine = std::make_shared<Engine>(f.prepared, 2);
  f.finds("operands swapped", "module_add_4", [&, engine](const auto& x) {
    const std::vector<const PlanarTensor*> swapped = {x[1], x[0]};
    return engine->run_node(node_of("module_add_4"), swapped);
  });
  f.finds("parts swapped", "module_cat_2", [&, engine](const auto& x) {
    const std::vector<const PlanarTensor*> swapped = {x[1], x[0], x[2]};
    return engine->run_node(node_of("module_cat_2"), swapped);
  });
  f.finds("depth first", "upBlock2.pixel_shuffle", [&, engine](const auto& x) {
    // ONNX's mode DCR: out[c, 2h + i, 2w + j] = in[(2i + j)·C + c, h, w].
    PlanarTensor permuted = *x[0];
    const int groups = permuted.channels / 4;
    for (int c = 0; c < permuted.channels; ++c)
      for (int y = 0; y < permuted.height; ++y)
        std::copy_n(x[0]->row(c % 4 * groups + c / 4, y), permuted.width, permuted.row(c, y));
    const std::vector<const PlanarTensor*> operands = {&permuted};
    return engine->run_node(node_of("upBlock2.pixel_shuffle"), operands);
  });
  f.finds("divisor without padding", "resBlock2.pool", [&](const auto& x) {
    const std::size_t i = node_of("resBlock2.pool");
    const Grid &in = f.model->grid(f.model->graph.nodes[i].inputs[0]), &out = f.model->data[i].output;
    PlanarTensor y(x[0]->channels, x[0]->height / 2, x[0]->width / 2);
    for (int c = 0; c < y.channels; ++c)
      for (int r = 0; r < y.height; ++r)
        for (int col = 0; col < y.width; ++col) {
          double sum = 0, count = 0;
          for (int a = std::max(0, 2 * r - 1); a <= std::min(x[0]->height - 1, 2 * r + 1); ++a)
            for (int b = std::max(0, 2 * col - 1); b <= std::min(x[0]->width - 1, 2 * col + 1); ++b, ++count)
              sum += x[0]->at(c, a, b) - in.zero();
          const double code = std::floor(sum / count * in.scale / out.scale + out.zero() + 0.5);
          y.row(c, r)[col] = static_cast<std::uint16_t>(std::clamp(code, 0.0, static_cast<double>(out.n)));
        }
    return y;
  });
  f.finds("exponent of another scale", "module_softmax", f.changed("module_softmax", {}, [](NodeParams& params) {
    auto& p = std::get<SoftmaxParams>(params);
    for (std::size_t d = 1; d < p.table.size(); ++d) p.table[d] = static_cast<std::uint32_t>(p.table[d] * 0.999);
  }));
}

TEST_CASE("a flipped tie rule is found in its layer") {
  const Fixture f(binary_model(), "ideal");
  for (const std::string layer : {"resBlock1.conv3", "module_add_3"}) {
    const auto i = static_cast<std::size_t>(f.node(layer));
    auto engine = std::make_shared<Engine>(
        std::make_shared<const PreparedProgram>(lower(f.model, find_profile("half-away")), KernelSet::reference), 2);
    f.finds("ties away from zero", layer, [engine, i](const auto& operands) { return engine->run_node(i, operands); });
  }
}

TEST_CASE("an earlier difference does not excuse a later fault") {
  const Fixture f(default_model());
  const auto engine = std::make_shared<Engine>(f.prepared, 2);
  const std::map<int, NodeFault> faults = {{f.node("downCntx.conv1"),
                                            [&, engine](const auto& x) {
                                              PlanarTensor y = engine->run_node(0, x);
                                              for (std::uint16_t& q : y.codes) q = q < 255 ? q + 1 : q;
                                              return y;
                                            }},
                                           {f.node("resBlock1.bn4"), [&, engine](const auto& x) {
                                              PlanarTensor y = engine->run_node(
                                                  static_cast<std::size_t>(f.node("resBlock1.bn4")), x);
                                              for (std::uint16_t& q : y.codes) q = static_cast<std::uint16_t>(255 - q);
                                              return y;
                                            }}};
  Engine other(f.prepared, 2);
  write_pack(f.folder / "two", other, f.input, faults);
  const Pack golden(f.folder / "golden"), faulty(f.folder / "two");
  const EngineSide side{f.prepared, "hexagon-hvx", {}, {}};
  const auto quiet = [](const std::string&) {};
  for (const Comparison& result :
       {compare_packs(golden, faulty, &side, {}, quiet), compare_engine(faulty, side, {}, quiet)}) {
    CHECK_FALSE(result.passed());
    int failing = 0;
    for (const TensorComparison& t : result.tensors) {
      failing += t.passed() ? 0 : 1;
      if (t.name != "resBlock1.bn4") continue;
      CHECK(t.unexplained > t.count / 2);
    }
    CHECK(failing == 2);
  }
}
