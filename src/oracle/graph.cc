#include "graph.h"

namespace oracle {
namespace {

class Builder {
 public:
  std::vector<Node> nodes;

  std::string put(const std::string& name, Op op, std::vector<std::string> inputs) {
    nodes.push_back({name, op, std::move(inputs)});
    return name;
  }

  std::string conv(const std::string& name, const std::string& x, int kernel, int padding, int dilation) {
    nodes.push_back({name, Op::conv2d, {x}, kernel, padding, dilation});
    return name;
  }

  // conv<i> and act<i> of a block.
  std::string conv_act(const std::string& block, int i, const std::string& x, int kernel, int padding, int dilation) {
    const std::string number = std::to_string(i);
    conv(block + ".conv" + number, x, kernel, padding, dilation);
    return put(block + ".act" + number, Op::leaky_relu, {nodes.back().name});
  }

  std::string bn(const std::string& block, int i, const std::string& x) {
    return put(block + ".bn" + std::to_string(i), Op::batch_norm, {x});
  }

  std::string add(const std::string& a, const std::string& b) {
    return put(numbered("module_add", adds_++), Op::add, {a, b});
  }

  std::string cat(std::vector<std::string> inputs) {
    return put(numbered("module_cat", cats_++), Op::concat, std::move(inputs));
  }

  std::string context_block(const std::string& name, const std::string& x) {
    const std::string shortcut = conv_act(name, 1, x, 1, 0, 1);
    const std::string a1 = bn(name, 1, conv_act(name, 2, shortcut, 3, 1, 1));
    const std::string a2 = bn(name, 2, conv_act(name, 3, a1, 3, 2, 2));
    return add(shortcut, a2);
  }

  // Returns the sum before pooling: the skip connection.
  std::string res_block(const std::string& name, const std::string& x) {
    const std::string shortcut = conv_act(name, 1, x, 1, 0, 1);
    const std::string a1 = bn(name, 1, conv_act(name, 2, x, 3, 1, 1));
    const std::string a2 = bn(name, 2, conv_act(name, 3, a1, 3, 2, 2));
    const std::string a3 = bn(name, 3, conv_act(name, 4, a2, 2, 1, 2));
    const std::string joined = cat({a1, a2, a3});
    return add(shortcut, bn(name, 4, conv_act(name, 5, joined, 1, 0, 1)));
  }

  std::string pool(const std::string& name, const std::string& x) { return put(name + ".pool", Op::avg_pool, {x}); }

  // Returns act4 of the block.
  std::string up_block(const std::string& name, const std::string& x, const std::string& skip) {
    const std::string shuffled = put(name + ".pixel_shuffle", Op::pixel_shuffle, {x});
    const std::string joined = cat({shuffled, skip});
    const std::string e1 = bn(name, 1, conv_act(name, 1, joined, 3, 1, 1));
    const std::string e2 = bn(name, 2, conv_act(name, 2, e1, 3, 2, 2));
    const std::string e3 = bn(name, 3, conv_act(name, 3, e2, 2, 1, 2));
    return conv_act(name, 4, cat({e1, e2, e3}), 1, 0, 1);
  }

 private:
  static std::string numbered(const std::string& stem, int i) { return i == 0 ? stem : stem + "_" + std::to_string(i); }

  int adds_ = 0, cats_ = 0;
};

}  // namespace

const char* op_name(Op op) {
  switch (op) {
    case Op::conv2d:
      return "conv2d";
    case Op::leaky_relu:
      return "leaky_relu";
    case Op::batch_norm:
      return "batch_norm";
    case Op::add:
      return "add";
    case Op::concat:
      return "concat";
    case Op::pixel_shuffle:
      return "pixel_shuffle";
    case Op::avg_pool:
      return "avg_pool";
    case Op::softmax:
      return "softmax";
  }
  return "";
}

std::vector<Node> salsanext() {
  Builder b;
  std::string x = "input";
  for (const char* name : {"downCntx", "downCntx2", "downCntx3"}) x = b.context_block(name, x);
  std::vector<std::string> skips;
  for (int i = 1; i <= 4; ++i) {
    const std::string name = "resBlock" + std::to_string(i);
    skips.push_back(b.res_block(name, x));
    x = b.pool(name, skips.back());
  }
  x = b.res_block("resBlock5", x);
  for (int i = 1; i <= 4; ++i) {
    const std::string name = "upBlock" + std::to_string(i);
    x = b.up_block(name, x, skips[static_cast<std::size_t>(4 - i)]);
    if (i < 4) x = b.bn(name, 4, x);
  }
  x = b.conv("logits", x, 1, 0, 1);
  b.put("module_softmax", Op::softmax, {x});
  return b.nodes;
}

}  // namespace oracle
