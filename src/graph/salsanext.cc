#include "graph/salsanext.h"

#include <utility>

namespace intsim {
namespace {

constexpr Window kPointwise{};
constexpr Window kThree{.kernel_h = 3, .kernel_w = 3, .pad_h = 1, .pad_w = 1};
constexpr Window kThreeDilated{.kernel_h = 3, .kernel_w = 3, .pad_h = 2, .pad_w = 2, .dilation_h = 2, .dilation_w = 2};
constexpr Window kTwoDilated{.kernel_h = 2, .kernel_w = 2, .pad_h = 1, .pad_w = 1, .dilation_h = 2, .dilation_w = 2};
constexpr Window kPool{.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};

/// Appends modules and numbers the functional ones in trace order, as torch.fx does.
class Builder {
 public:
  explicit Builder(int input_channels) { graph_.input_channels = input_channels; }

  Graph take() { return std::move(graph_); }

  ValueId conv(const std::string& name, ValueId x, int out, const Window& window) {
    GraphNode node{.name = name, .op = Op::conv2d, .inputs = {x}, .out_channels = out};
    node.in_channels = graph_.channels(x);
    node.window = window;
    return push(std::move(node));
  }
  ValueId same(Op op, const std::string& name, ValueId x) {
    return push({.name = name, .op = op, .inputs = {x}, .out_channels = graph_.channels(x)});
  }
  ValueId pool(const std::string& name, ValueId x) {
    GraphNode node{.name = name, .op = Op::avg_pool, .inputs = {x}, .out_channels = graph_.channels(x)};
    node.window = kPool;
    return push(std::move(node));
  }
  ValueId shuffle(const std::string& name, ValueId x) {
    GraphNode node{.name = name, .op = Op::pixel_shuffle, .inputs = {x}, .out_channels = graph_.channels(x) / 4};
    node.factor = 2;
    return push(std::move(node));
  }
  ValueId add(ValueId a, ValueId b) {
    return push(
        {.name = numbered("module_add", adds_++), .op = Op::add, .inputs = {a, b}, .out_channels = graph_.channels(a)});
  }
  ValueId cat(std::vector<ValueId> inputs) {
    int channels = 0;
    for (const ValueId v : inputs) channels += graph_.channels(v);
    return push({.name = numbered("module_cat", cats_++),
                 .op = Op::concat,
                 .inputs = std::move(inputs),
                 .out_channels = channels});
  }

  /// conv -> LeakyReLU
  ValueId conv_act(const std::string& block, const std::string& number, ValueId x, int out, const Window& window) {
    return same(Op::leaky_relu, block + ".act" + number, conv(block + ".conv" + number, x, out, window));
  }

 private:
  static std::string numbered(const std::string& base, int n) { return n == 0 ? base : base + "_" + std::to_string(n); }
  ValueId push(GraphNode node) {
    graph_.nodes.push_back(std::move(node));
    return static_cast<ValueId>(graph_.nodes.size());
  }

  Graph graph_;
  int adds_ = 0, cats_ = 0;
};

/// The second conv reads the shortcut, not the block's input.
ValueId context_block(Builder& b, const std::string& name, ValueId x, int out) {
  const ValueId shortcut = b.conv_act(name, "1", x, out, kPointwise);
  const ValueId a1 = b.same(Op::batch_norm, name + ".bn1", b.conv_act(name, "2", shortcut, out, kThree));
  const ValueId a2 = b.same(Op::batch_norm, name + ".bn2", b.conv_act(name, "3", a1, out, kThreeDilated));
  return b.add(shortcut, a2);
}

struct Down {
  ValueId out, skip;
};

/// Both first convs read the block's input; the skip leaves before dropout and pool.
Down down_block(Builder& b, const std::string& name, ValueId x, int out, bool dropout, bool pooling) {
  const ValueId shortcut = b.conv_act(name, "1", x, out, kPointwise);
  const ValueId a1 = b.same(Op::batch_norm, name + ".bn1", b.conv_act(name, "2", x, out, kThree));
  const ValueId a2 = b.same(Op::batch_norm, name + ".bn2", b.conv_act(name, "3", a1, out, kThreeDilated));
  const ValueId a3 = b.same(Op::batch_norm, name + ".bn3", b.conv_act(name, "4", a2, out, kTwoDilated));
  const ValueId a = b.same(Op::batch_norm, name + ".bn4", b.conv_act(name, "5", b.cat({a1, a2, a3}), out, kPointwise));
  const ValueId skip = b.add(shortcut, a);
  const ValueId kept = dropout ? b.same(Op::dropout, name + ".dropout", skip) : skip;
  return {pooling ? b.pool(name + ".pool", kept) : kept, skip};
}

ValueId up_block(Builder& b, const std::string& name, ValueId x, ValueId skip, int out, bool dropout) {
  const auto drop = [&](const char* suffix, ValueId v) { return dropout ? b.same(Op::dropout, name + suffix, v) : v; };
  const ValueId up = drop(".dropout1", b.shuffle(name + ".pixel_shuffle", x));
  const ValueId joined = drop(".dropout2", b.cat({up, skip}));
  const ValueId e1 = b.same(Op::batch_norm, name + ".bn1", b.conv_act(name, "1", joined, out, kThree));
  const ValueId e2 = b.same(Op::batch_norm, name + ".bn2", b.conv_act(name, "2", e1, out, kThreeDilated));
  const ValueId e3 = b.same(Op::batch_norm, name + ".bn3", b.conv_act(name, "3", e2, out, kTwoDilated));
  const ValueId e = b.same(Op::batch_norm, name + ".bn4", b.conv_act(name, "4", b.cat({e1, e2, e3}), out, kPointwise));
  return drop(".dropout3", e);
}

}  // namespace

Graph salsanext_prepared(int classes) {
  Builder b(5);
  ValueId x = context_block(b, "downCntx", 0, 32);
  x = context_block(b, "downCntx2", x, 32);
  x = context_block(b, "downCntx3", x, 32);
  const Down d1 = down_block(b, "resBlock1", x, 64, false, true);
  const Down d2 = down_block(b, "resBlock2", d1.out, 128, true, true);
  const Down d3 = down_block(b, "resBlock3", d2.out, 256, true, true);
  const Down d4 = down_block(b, "resBlock4", d3.out, 256, true, true);
  const Down d5 = down_block(b, "resBlock5", d4.out, 256, true, false);
  x = up_block(b, "upBlock1", d5.out, d4.skip, 128, true);
  x = up_block(b, "upBlock2", x, d3.skip, 128, true);
  x = up_block(b, "upBlock3", x, d2.skip, 64, true);
  x = up_block(b, "upBlock4", x, d1.skip, 32, false);
  x = b.conv(kLogits, x, classes, kPointwise);
  b.same(Op::softmax, "module_softmax", x);
  return b.take();
}

Graph salsanext(int classes) { return without_pass_through(salsanext_prepared(classes), {kFoldedBatchNorm}); }

}  // namespace intsim
