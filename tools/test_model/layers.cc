#include "test_model/layers.h"

#include <set>

namespace intsim::test_model {
namespace {

class Builder {
 public:
  std::vector<Module> modules;

  std::string conv(const std::string& name, const std::string& x, int in, int out, int kernel) {
    return add_module({Kind::conv, name, {x}, in, out, kernel, kernel == 3 ? 1 : 0, 1});
  }
  /// 3×3 with padding 2 or 2×2 with padding 1: both keep the size.
  std::string dilated_conv(const std::string& name, const std::string& x, int in, int out, int kernel) {
    return add_module({Kind::conv, name, {x}, in, out, kernel, kernel == 3 ? 2 : 1, 2});
  }
  std::string act(const std::string& name, const std::string& x, int channels) {
    return add_module({Kind::leaky_relu, name, {x}, channels, channels});
  }
  std::string act_norm(const std::string& act_name, const std::string& norm_name, const std::string& x, int channels) {
    return add_module({Kind::batch_norm, norm_name, {act(act_name, x, channels)}, channels, channels});
  }
  std::string add(const std::string& a, const std::string& b, int channels) {
    return add_module({Kind::add, numbered("module_add", adds_++), {a, b}, channels, channels});
  }
  std::string concat(const std::vector<std::string>& inputs, int channels) {
    return add_module({Kind::concat, numbered("module_cat", concats_++), inputs, channels, channels});
  }
  std::string simple(Kind kind, const std::string& name, const std::string& x, int in, int out) {
    return add_module({kind, name, {x}, in, out});
  }

 private:
  std::string add_module(Module module) {
    modules.push_back(std::move(module));
    return modules.back().name;
  }
  static std::string numbered(const std::string& stem, int index) {
    return index == 0 ? stem : stem + "_" + std::to_string(index);
  }
  int adds_ = 0, concats_ = 0;
};

std::string context_block(Builder& b, const std::string& name, const std::string& x, int in) {
  const int out = 32;
  const auto shortcut = b.act(name + ".act1", b.conv(name + ".conv1", x, in, out, 1), out);
  const auto a1 = b.act_norm(name + ".act2", name + ".bn1", b.conv(name + ".conv2", shortcut, out, out, 3), out);
  const auto a2 = b.act_norm(name + ".act3", name + ".bn2", b.dilated_conv(name + ".conv3", a1, out, out, 3), out);
  return b.add(shortcut, a2, out);
}

/// Returns the tensor before pooling, which is the skip connection.
std::string res_block(Builder& b, const std::string& name, const std::string& x, int in, int out) {
  const auto shortcut = b.act(name + ".act1", b.conv(name + ".conv1", x, in, out, 1), out);
  const auto a1 = b.act_norm(name + ".act2", name + ".bn1", b.conv(name + ".conv2", x, in, out, 3), out);
  const auto a2 = b.act_norm(name + ".act3", name + ".bn2", b.dilated_conv(name + ".conv3", a1, out, out, 3), out);
  const auto a3 = b.act_norm(name + ".act4", name + ".bn3", b.dilated_conv(name + ".conv4", a2, out, out, 2), out);
  const auto joined = b.concat({a1, a2, a3}, 3 * out);
  const auto a = b.act_norm(name + ".act5", name + ".bn4", b.conv(name + ".conv5", joined, 3 * out, out, 1), out);
  return b.add(shortcut, a, out);
}

std::string up_block(Builder& b, const std::string& name, const std::string& x, int in, const std::string& skip,
                     int skip_channels, int out) {
  const auto shuffled = b.simple(Kind::pixel_shuffle, name + ".pixel_shuffle", x, in, in / 4);
  const int width = in / 4 + skip_channels;
  const auto both = b.concat({shuffled, skip}, width);
  const auto e1 = b.act_norm(name + ".act1", name + ".bn1", b.conv(name + ".conv1", both, width, out, 3), out);
  const auto e2 = b.act_norm(name + ".act2", name + ".bn2", b.dilated_conv(name + ".conv2", e1, out, out, 3), out);
  const auto e3 = b.act_norm(name + ".act3", name + ".bn3", b.dilated_conv(name + ".conv3", e2, out, out, 2), out);
  const auto joined = b.concat({e1, e2, e3}, 3 * out);
  return b.act_norm(name + ".act4", name + ".bn4", b.conv(name + ".conv4", joined, 3 * out, out, 1), out);
}

}  // namespace

std::vector<Module> salsanext_modules() {
  Builder b;
  auto x = context_block(b, "downCntx", kNetworkInput, 5);
  x = context_block(b, "downCntx2", x, 32);
  x = context_block(b, "downCntx3", x, 32);
  const auto pool = [&](const std::string& block, const std::string& skip, int channels) {
    return b.simple(Kind::avg_pool, block + ".pool", skip, channels, channels);
  };
  const auto skip1 = res_block(b, "resBlock1", x, 32, 64);
  const auto skip2 = res_block(b, "resBlock2", pool("resBlock1", skip1, 64), 64, 128);
  const auto skip3 = res_block(b, "resBlock3", pool("resBlock2", skip2, 128), 128, 256);
  const auto skip4 = res_block(b, "resBlock4", pool("resBlock3", skip3, 256), 256, 256);
  x = res_block(b, "resBlock5", pool("resBlock4", skip4, 256), 256, 256);
  x = up_block(b, "upBlock1", x, 256, skip4, 256, 128);
  x = up_block(b, "upBlock2", x, 128, skip3, 256, 128);
  x = up_block(b, "upBlock3", x, 128, skip2, 128, 64);
  x = up_block(b, "upBlock4", x, 64, skip1, 64, 32);
  b.simple(Kind::softmax, "module_softmax", b.conv("logits", x, 32, 20, 1), 20, 20);
  return b.modules;
}

bool has_output_quantiser(const Module& module) { return module.name != kFoldedNorm; }

int activation_bits(Config config, const std::string& name) {
  static const std::set<std::string> wide_w8a8 = {kNetworkInput, "resBlock1.pool", "module_softmax"};
  static const std::set<std::string> wide_w4a8 = {kNetworkInput,    "downCntx.conv1", "downCntx.act1",
                                                  "downCntx.conv2", "downCntx.act2",  "downCntx.conv3",
                                                  "downCntx2.act2", "downCntx3.act2", "module_softmax"};
  return (config == Config::w8a8 ? wide_w8a8 : wide_w4a8).contains(name) ? 16 : 8;
}

int weight_bits(Config config, const std::string& name) {
  static const std::set<std::string> eight = {"downCntx.conv1", "downCntx.conv2",  "downCntx.conv3",
                                              "downCntx.bn2",   "downCntx2.conv3", "downCntx3.conv3"};
  return config == Config::w8a8 || eight.contains(name) ? 8 : 4;
}

}  // namespace intsim::test_model
