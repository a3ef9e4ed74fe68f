#include <algorithm>

#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"
#include "vectors/foreign.h"

namespace intsim {
namespace {

constexpr const char* kHint = "docs/formats/vectors.md lists the fields";
constexpr std::uint64_t kMaxBytes = 64 << 20;
constexpr std::int64_t kInt32 = std::int64_t{1} << 31;

/// The fields of one file; every fault names file and field.
class Fields {
 public:
  explicit Fields(const std::filesystem::path& path)
      : where_(path.string()), json_(parse_strict_json(read_text(path, kMaxBytes), where_, kHint)) {
    if (!json_.is_object()) throw InputError(where_, "is no JSON object", kHint);
  }

  [[noreturn]] void fail(const std::string& key, const std::string& why) const {
    throw InputError(where_ + ": '" + key + "'", why, kHint);
  }

  std::string text(const std::string& key) const {
    const nlohmann::json& v = at(key);
    if (!v.is_string()) fail(key, "is no string");
    return v.get<std::string>();
  }

  bool is_null(const std::string& key) const { return at(key).is_null(); }

  bool flag(const std::string& key) const {
    if (!at(key).is_boolean()) fail(key, "is neither true nor false");
    return at(key).get<bool>();
  }

  int integer(const std::string& key, std::int64_t low, std::int64_t high) const {
    return static_cast<int>(number(key, at(key), low, high));
  }

  /// Entries of an array, 1 … 65536.
  std::size_t count(const std::string& key) const {
    if (!at(key).is_array() || at(key).empty() || at(key).size() > 65536) fail(key, "is no array of 1 … 65536 values");
    return at(key).size();
  }

  /// `count` integers within low … high.
  std::vector<std::int64_t> integers(const std::string& key, std::size_t count, std::int64_t low,
                                     std::int64_t high) const {
    const nlohmann::json& v = at(key);
    if (!v.is_array()) fail(key, "is no array");
    if (v.size() != count) fail(key, "has " + std::to_string(v.size()) + " entries, expected " + std::to_string(count));
    std::vector<std::int64_t> out;
    out.reserve(count);
    for (const nlohmann::json& e : v) out.push_back(number(key, e, low, high));
    return out;
  }

  /// 8 or 16 of "int8" or "int16".
  int bits(const std::string& key) const {
    const std::string type = text(key);
    if (type != "int8" && type != "int16") fail(key, "is '" + type + "', not int8 or int16");
    return type == "int8" ? 8 : 16;
  }

  NhwcShape nhwc(const std::string& key) const {
    const auto v = integers(key, 4, 1, 16384);
    return {static_cast<int>(v[0]), static_cast<int>(v[1]), static_cast<int>(v[2]), static_cast<int>(v[3])};
  }

 private:
  const nlohmann::json& at(const std::string& key) const {
    const auto it = json_.find(key);
    if (it == json_.end()) fail(key, "is missing");
    return *it;
  }

  std::int64_t number(const std::string& key, const nlohmann::json& v, std::int64_t low, std::int64_t high) const {
    if (!v.is_number_integer() || (v.is_number_unsigned() && v.get<std::uint64_t>() > INT64_MAX))
      fail(key, "holds something that is no integer");
    const auto value = v.get<std::int64_t>();
    if (value < low || value > high)
      fail(key, std::to_string(value) + " is outside " + std::to_string(low) + " … " + std::to_string(high));
    return value;
  }

  std::string where_;
  nlohmann::json json_;
};

std::int64_t top(int bits) { return (std::int64_t{1} << (bits - 1)) - 1; }

std::vector<std::int64_t> codes(const Fields& f, const std::string& key, std::size_t count, int bits) {
  return f.integers(key, count, -top(bits) - 1, top(bits));
}

std::vector<TfliteMultiplier> multipliers(const Fields& f, const std::string& key, const std::string& shifts,
                                          std::size_t count) {
  const auto m = f.integers(key, count, 0, kInt32 - 1), s = f.integers(shifts, count, -89, 30);
  std::vector<TfliteMultiplier> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back({static_cast<std::int32_t>(m[i]), static_cast<int>(s[i])});
  return out;
}

/// The padding below and to the right that gives the output's height and width.
void fit_output(const Fields& f, const std::string& key, ForeignCase& c) {
  Window& w = c.window;
  const auto extra = [&](int in, int out, int kernel, int dilation, int stride, int pad) {
    const int needed = (out - 1) * stride + dilation * (kernel - 1) + 1, have = in + 2 * pad;
    if (needed - have > 64 || needed + stride <= in + pad - 64) f.fail(key, "does not fit input, kernel and padding");
    return needed - have;
  };
  const int h = extra(c.input.height, c.output.height, w.kernel_h, w.dilation_h, w.stride_h, w.pad_h);
  const int x = extra(c.input.width, c.output.width, w.kernel_w, w.dilation_w, w.stride_w, w.pad_w);
  w.extra_h = std::max(h, 0);
  w.extra_w = std::max(x, 0);
  if (w.out_height(c.input.height) != c.output.height || w.out_width(c.input.width) != c.output.width)
    f.fail(key, "does not fit input, kernel and padding");
}

std::array<int, 2> pair(const Fields& f, const std::string& key, int low) {
  const auto v = f.integers(key, 2, low, 64);
  return {static_cast<int>(v[0]), static_cast<int>(v[1])};
}

void read_stride_and_padding(const Fields& f, Window& w) {
  const auto stride = pair(f, "stride_yx", 1), pad = pair(f, "pad_top_left", 0);
  w.stride_h = stride[0], w.stride_w = stride[1];
  w.pad_h = pad[0], w.pad_w = pad[1];
}

void read_conv(const Fields& f, ForeignCase& c) {
  c.output_bits = f.bits("output_dtype");
  c.input = f.nhwc("input_nhwc");
  c.output = f.nhwc("output_nhwc");
  if (c.output.batch != c.input.batch) f.fail("output_nhwc", "has another batch size than the input");
  c.groups = f.integer("groups", 1, 16384);
  const NhwcShape weight = f.nhwc("weight_ohwi");
  if (weight.batch != c.output.channels || weight.channels * c.groups != c.input.channels)
    f.fail("weight_ohwi", "does not fit the channels of input and output");
  if (weight.height > 64 || weight.width > 64) f.fail("weight_ohwi", "has a kernel side over 64");
  read_stride_and_padding(f, c.window);
  const auto dilation = pair(f, "dilation_yx", 1);
  c.window.kernel_h = weight.height, c.window.kernel_w = weight.width;
  c.window.dilation_h = dilation[0], c.window.dilation_w = dilation[1];
  fit_output(f, "output_nhwc", c);
  const std::string type = f.text("weight_dtype");
  if (type != "int8" && type != "int4") f.fail("weight_dtype", "is '" + type + "', not int8 or int4");
  c.weights = codes(f, "weight", weight.size(), type == "int8" ? 8 : 4);
  const auto outputs = static_cast<std::size_t>(c.output.channels);
  if (!f.is_null("bias_dtype")) {
    const std::string bias = f.text("bias_dtype");
    if (bias != "int32" && bias != "int64") f.fail("bias_dtype", "is '" + bias + "', not int32 or int64");
    c.long_bias = bias == "int64";
    if (c.long_bias && c.input_bits != 16) f.fail("bias_dtype", "is int64 with an 8-bit input");
    const std::int64_t limit = c.long_bias ? std::int64_t{1} << 47 : kInt32;
    c.bias = f.integers("bias", outputs, -limit, limit - 1);
  }
  c.scale = multipliers(f, "multiplier", "shift", outputs);
  c.offsets = {f.integer("input_offset", -top(c.input_bits), top(c.input_bits) + 1), 0,
               f.integer("output_offset", -top(c.output_bits) - 1, top(c.output_bits))};
}

void read_pool(const Fields& f, ForeignCase& c) {
  c.input = f.nhwc("input_nhwc");
  const auto out = f.integers("output_hw", 2, 1, 16384);
  c.output = {c.input.batch, static_cast<int>(out[0]), static_cast<int>(out[1]), c.input.channels};
  const auto kernel = pair(f, "kernel_yx", 1);
  c.window.kernel_h = kernel[0], c.window.kernel_w = kernel[1];
  read_stride_and_padding(f, c.window);
  fit_output(f, "output_hw", c);
  c.count_pads = f.flag("count_include_pad");
}

void read_add(const Fields& f, ForeignCase& c) {
  c.left_shift = f.integer("left_shift", 0, 30);
  const auto offsets = f.integers("offsets", 3, -top(c.input_bits) - 1, top(c.input_bits) + 1);
  std::copy(offsets.begin(), offsets.end(), c.offsets.begin());
  c.scale = multipliers(f, "multipliers", "shifts", 3);
  for (std::size_t i = 0; i < 2; ++i)
    if (!moved_operands_fit(c.left_shift, 31 - c.scale[i].shift))
      f.fail("shifts", "is too large for 'left_shift': a moved operand may exceed 62 bits");
}

}  // namespace

ForeignCase read_foreign_case(const std::filesystem::path& path) {
  const Fields f(path);
  ForeignCase c;
  c.name = f.text("name");
  c.input_bits = c.output_bits = f.bits("input_dtype");
  const std::string op = f.text("op");
  if (op == "conv2d") {
    read_conv(f, c);
  } else if (op == "avgpool") {
    c.op = Op::avg_pool;
    read_pool(f, c);
  } else if (op == "add") {
    c.op = Op::add;
    read_add(f, c);
  } else {
    f.fail("op", "is '" + op + "', not conv2d, avgpool or add");
  }
  const auto clamp = codes(f, "clamp", 2, c.output_bits);
  if (clamp[0] > clamp[1]) f.fail("clamp", "has its ends swapped");
  c.clamp_low = static_cast<std::int32_t>(clamp[0]), c.clamp_high = static_cast<std::int32_t>(clamp[1]);
  if (c.op == Op::add) {
    // One row of as many columns as there are values: the operation is elementwise.
    const std::size_t count = f.count("expected");
    c.input = c.output = {1, 1, static_cast<int>(count), 1};
    c.inputs[1] = codes(f, "input2", count, c.input_bits);
  }
  c.inputs[0] = codes(f, c.op == Op::add ? "input1" : "input", c.input.size(), c.input_bits);
  c.expected = codes(f, "expected", c.output.size(), c.output_bits);
  return c;
}

}  // namespace intsim
