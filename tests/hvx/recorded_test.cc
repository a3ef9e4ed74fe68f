// Recorded outputs of the HVX kernels against the scalar definition of src/numerics/ops.h; needs neither qemu nor a
// compiler for Hexagon. Argument: --vectors=FILE (docs/formats/hvx.md), written by hvx_kernel_test --record.
#include <cstdio>
#include <map>
#include <stdexcept>

#include "hvx/support.h"
#include "io/file.h"
#include "numerics/ops.h"

using namespace intsim;

namespace {

/// Words and codes of one record.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  std::span<const std::byte> take(std::size_t n) {
    if (n > bytes_.size()) throw std::runtime_error("a record is cut off");
    const auto part = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return part;
  }
  std::int32_t word() {
    std::uint32_t value = 0;
    int shift = 0;
    for (const std::byte b : take(4)) value |= static_cast<std::uint32_t>(b) << shift, shift += 8;
    return static_cast<std::int32_t>(value);
  }
  HvxValue value() {
    HvxValue v;
    for (int* field : {&v.channels, &v.height, &v.width, &v.bits}) *field = word();
    v.zero = word(), v.max = word();
    return v;
  }
  std::vector<std::uint16_t> codes(const HvxValue& v) {
    std::vector<std::uint16_t> out(v.codes());
    for (std::uint16_t& q : out)
      for (int k = 0; k < v.bytes_per_code(); ++k)
        q = static_cast<std::uint16_t>(q | static_cast<unsigned>(take(1)[0]) << (8 * k));
    return out;
  }

 private:
  std::span<const std::byte> bytes_;
};

std::int16_t weight(std::span<const std::byte> row, HvxWeights kind, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<int>(row[k]); };
  if (kind == HvxWeights::signed8) return static_cast<std::int8_t>(byte(i));
  if (kind == HvxWeights::signed16) return static_cast<std::int16_t>(byte(2 * i) | byte(2 * i + 1) << 8);
  const int nibble = byte(i / 2) >> (i % 2 == 0 ? 0 : 4) & 15;
  return static_cast<std::int16_t>(nibble < 8 ? nibble : nibble - 16);
}

test::HvxCase read_case(Reader& in) {
  test::HvxCase c;
  in.take(8);
  const int inputs = in.word();
  if (in.word() != 1) throw std::runtime_error("a record has several nodes");
  in.take(16);
  for (int i = 0; i < inputs; ++i) c.request.inputs.push_back(in.value());
  HvxNode n;
  n.op = static_cast<HvxOp>(in.word()), n.form = static_cast<HvxForm>(in.word());
  n.y = in.value();
  in.word();
  const int operands = in.word(), parameters = in.word(), weight_bytes = in.word();
  for (int i = 0; i < operands; ++i) n.operands.push_back(in.word());
  for (int i = 0; i < parameters; ++i) n.parameters.push_back(in.word());
  const auto weights = in.take(static_cast<std::size_t>(weight_bytes + 3) / 4 * 4);
  if (n.op == HvxOp::conv) {
    const auto kind = static_cast<HvxWeights>(n.parameters[6]);
    const auto row = static_cast<std::size_t>(weight_bytes / n.y.channels);
    const int reduction = c.request.inputs[0].channels * n.parameters[0] * n.parameters[1];
    for (int o = 0; o < n.y.channels; ++o)
      for (int i = 0; i < reduction; ++i)
        c.weights.push_back(
            weight(weights.subspan(static_cast<std::size_t>(o) * row, row), kind, static_cast<std::size_t>(i)));
  }
  c.request.nodes.push_back(std::move(n));
  for (const HvxValue& v : c.request.inputs) c.codes.push_back(in.codes(v));
  return c;
}

Grid grid(const HvxValue& v) {
  Grid g;
  g.bits = v.bits, g.n = v.max, g.offset = -v.zero;
  return g;
}

Form form_of(HvxForm form) {
  return form == HvxForm::copy ? Form::copy : form == HvxForm::hvx8 ? Form::hvx8 : Form::wide;
}

/// The scalar definition of one output code.
class Definition {
 public:
  explicit Definition(const test::HvxCase& c) : c_(c), n_(c.node()), p_(c.node().parameters) {}

  std::int32_t operator()(int c, int y, int x) const {
    switch (n_.op) {
      case HvxOp::conv:
        return convolution(c, y, x);
      case HvxOp::leaky_relu:
        return leaky_relu_code(
            {.form = form(), .x = in(), .y = out(), .positive = {p_[0], p_[1]}, .negative = {p_[2], p_[3]}},
            code(0, c, y, x));
      case HvxOp::batch_norm:
        return batch_norm(c, code(0, c, y, x));
      case HvxOp::add:
        return addition(code(0, c, y, x), code(1, c, y, x));
      case HvxOp::concat:
        return concatenation(c, y, x);
      case HvxOp::pixel_shuffle:
        return rescale_code({.form = form(), .x = in(), .y = out(), .scale = {p_[0], p_[1]}},
                            code(0, 4 * c + 2 * (y % 2) + x % 2, y / 2, x / 2));
      case HvxOp::avg_pool:
        return average(c, y, x);
      case HvxOp::argmax:
        return first_maximum(y, x);
    }
    throw std::runtime_error("a record has no known operation");
  }

 private:
  Form form() const { return form_of(n_.form); }
  Grid in() const { return grid(c_.request.inputs[0]); }
  Grid out() const { return grid(n_.y); }
  std::int64_t wide(std::size_t i) const { return (std::int64_t{p_[i + 1]} << 32) | static_cast<std::uint32_t>(p_[i]); }
  /// A code of an operand, the zero point outside.
  std::int32_t code(std::size_t operand, int c, int y, int x) const {
    const HvxValue& v = c_.request.inputs[operand];
    if (y < 0 || x < 0 || y >= v.height || x >= v.width) return v.zero;
    return c_.codes[operand][static_cast<std::size_t>((c * v.height + y) * v.width + x)];
  }
  std::int32_t convolution(int c, int y, int x) const {
    const int channels = c_.request.inputs[0].channels;
    std::int64_t sum = 0;
    auto at = static_cast<std::size_t>(c * channels * p_[0] * p_[1]);
    for (int i = 0; i < channels; ++i)
      for (int ky = 0; ky < p_[0]; ++ky)
        for (int kx = 0; kx < p_[1]; ++kx)
          sum += std::int64_t{c_.weights[at++]} *
                 (code(0, i, y + ky * p_[4] - p_[2], x + kx * p_[5] - p_[3]) - c_.request.inputs[0].zero);
    ConvParams p;
    p.form = form(), p.x = in(), p.y = out();
    const std::size_t k = 8 + 4 * static_cast<std::size_t>(c);
    p.bias = {wide(k)}, p.scale = {{p_[k + 2], p_[k + 3]}};
    return conv_code(p, 0, sum);
  }
  std::int32_t batch_norm(int c, std::int32_t q) const {
    BatchNormParams p;
    const std::size_t k = 5 * static_cast<std::size_t>(c);
    p.form = form(), p.x = in(), p.y = out();
    p.gamma = {p_[k]}, p.bias = {wide(k + 1)}, p.scale = {{p_[k + 3], p_[k + 4]}};
    return batch_norm_code(p, 0, q);
  }
  std::int32_t addition(std::int32_t qa, std::int32_t qb) const {
    AddParams p;
    p.form = form(), p.a = in(), p.b = grid(c_.request.inputs[1]), p.y = out();
    p.multiplier_a = p_[0], p.multiplier_b = p_[1], p.shift = p_[2], p.offset = p_[3];
    return add_code(p, qa, qb);
  }
  std::int32_t concatenation(int c, int y, int x) const {
    std::size_t i = 0;
    while (c >= c_.request.inputs[i].channels) c -= c_.request.inputs[i++].channels;
    const std::int32_t* p = p_.data() + 3 * i;
    const ConcatParams params{.form = form_of(static_cast<HvxForm>(p[0])),
                              .x = grid(c_.request.inputs[i]),
                              .y = out(),
                              .scale = {p[1], p[2]},
                              .gain = p[1],
                              .offset = p[2]};
    return concat_code(params, code(i, c, y, x));
  }
  std::int32_t average(int c, int y, int x) const {
    std::vector<std::int32_t> taps;
    for (int ky = 0; ky < p_[0]; ++ky)
      for (int kx = 0; kx < p_[1]; ++kx) taps.push_back(code(0, c, y * p_[2] + ky - p_[4], x * p_[3] + kx - p_[5]));
    return avg_pool_code({.form = form(), .x = in(), .y = out(), .taps = p_[0] * p_[1], .scale = {p_[6], p_[7]}}, taps);
  }
  std::int32_t first_maximum(int y, int x) const {
    int best = 0;
    for (int c = 1; c < c_.request.inputs[0].channels; ++c)
      if (code(0, c, y, x) > code(0, best, y, x)) best = c;
    return best;
  }

  const test::HvxCase& c_;
  const HvxNode& n_;
  const std::vector<std::int32_t>& p_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::byte> bytes = read_file(test::argument(argc, argv, "vectors"), 1 << 20);
  Reader file(bytes);
  std::map<int, long> codes;
  long records = 0, different = 0;
  for (; !file.done(); ++records) {
    const std::int32_t size = file.word();
    Reader in(file.take(static_cast<std::size_t>(size)));
    const test::HvxCase c = read_case(in);
    const HvxValue& y = c.node().y;
    const std::vector<std::uint16_t> hvx = in.codes(y);
    const Definition definition(c);
    for (std::size_t i = 0; i < hvx.size(); ++i) {
      const int at = static_cast<int>(i), pixels = y.height * y.width;
      const std::int32_t expected = definition(at / pixels, at % pixels / y.width, at % y.width);
      if (expected != hvx[i] && different++ < 5)
        std::printf("record %ld, operation %d, code %zu: scalar %d, HVX %d\n", records, static_cast<int>(c.node().op),
                    i, expected, hvx[i]);
    }
    codes[static_cast<int>(c.node().op)] += static_cast<long>(hvx.size());
  }
  long total = 0;
  for (const auto& [op, count] : codes) std::printf("operation %d: %ld codes\n", op, count), total += count;
  std::printf("%ld records, %ld codes, %ld differ\n", records, total, different);
  return different == 0 && codes.size() == 8 ? 0 : 1;
}
