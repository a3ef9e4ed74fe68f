#include "hvx/exact_model.h"

#include <algorithm>
#include <stdexcept>

namespace intsim::test {
namespace {

__extension__ typedef __int128 Integer;

Integer power(int s) { return static_cast<Integer>(1) << s; }

/// Division rounded towards minus infinity.
Integer floor_divide(Integer v, Integer d) { return v / d - (v % d < 0 ? 1 : 0); }

Integer limit(Integer v, Integer low, Integer high) { return std::min(std::max(v, low), high); }

/// RQ-3.
std::uint16_t requantise_8(Integer a, std::int64_t r, int shift, std::int64_t zero, std::int64_t max) {
  const Integer shifted = a * power(shift);
  if (shifted >= power(31) || shifted <= -power(31)) throw std::logic_error("an 8-bit form leaves int32");
  const Integer scaled = limit(floor_divide(shifted * r + power(30), power(31)), -power(31), power(31) - 1);
  return static_cast<std::uint16_t>(limit(limit(scaled + zero, -32768, 32767), 0, max));
}

/// RQ-4. Shifts above 120 do not occur, products stay below 2^94.
std::uint16_t requantise(Integer a, std::int64_t m, int shift, std::int64_t zero, std::int64_t max) {
  return static_cast<std::uint16_t>(limit(zero + floor_divide(a * m + power(shift - 1), power(shift)), 0, max));
}

std::uint16_t requantise(HvxForm form, Integer a, std::int64_t m, int shift, std::int64_t zero, std::int64_t max) {
  return form == HvxForm::hvx8 ? requantise_8(a, m, shift, zero, max) : requantise(a, m, shift, zero, max);
}

std::int64_t wide_at(const std::vector<std::int32_t>& p, std::size_t i) {
  return (static_cast<std::int64_t>(p[i + 1]) << 32) | static_cast<std::uint32_t>(p[i]);
}

/// Access to the codes of one operand; outside the image lies the zero point.
struct Plane {
  const HvxValue& v;
  const std::vector<std::uint16_t>& q;
  std::int64_t operator()(int c, int y, int x) const {
    if (y < 0 || x < 0 || y >= v.height || x >= v.width) return v.zero;
    return q[(static_cast<std::size_t>(c) * static_cast<std::size_t>(v.height) + static_cast<std::size_t>(y)) *
                 static_cast<std::size_t>(v.width) +
             static_cast<std::size_t>(x)];
  }
};

/// CV-1, CV-2.
std::uint16_t convolution(const HvxCase& h, const Plane& x, int c, int row, int column) {
  const HvxNode& n = h.node();
  const auto& p = n.parameters;
  Integer sum = 0;
  std::size_t at = static_cast<std::size_t>(c) * static_cast<std::size_t>(x.v.channels * p[0] * p[1]);
  for (int i = 0; i < x.v.channels; ++i)
    for (int ky = 0; ky < p[0]; ++ky)
      for (int kx = 0; kx < p[1]; ++kx)
        sum += (x(i, row + ky * p[4] - p[2], column + kx * p[5] - p[3]) - x.v.zero) * h.weights[at++];
  const std::size_t k = 8 + 4 * static_cast<std::size_t>(c);
  return requantise(n.form, sum + wide_at(p, k), p[k + 2], p[k + 3], n.form == HvxForm::hvx8 ? 0 : n.y.zero, n.y.max);
}

/// BN-1, BN-2: the parameter is gamma times its factor.
std::uint16_t batch_norm(const HvxNode& n, std::int64_t d, int c) {
  const auto& p = n.parameters;
  const std::size_t k = 5 * static_cast<std::size_t>(c);
  const Integer a = static_cast<Integer>(d) * p[k] + wide_at(p, k + 1);
  return requantise(n.form, a, p[k + 3], p[k + 4], n.form == HvxForm::hvx8 ? 0 : n.y.zero, n.y.max);
}

/// AD-1, AD-2.
std::uint16_t sum_of(const HvxNode& n, std::int64_t qa, std::int64_t za, std::int64_t qb, std::int64_t zb) {
  const auto& p = n.parameters;
  if (n.form == HvxForm::hvx8) {
    const Integer top = limit(floor_divide(qa * p[0] + qb * p[1], 256) + p[3], -32768, 32767);
    return static_cast<std::uint16_t>(limit(floor_divide(top + power(p[2] - 1), power(p[2])), 0, n.y.max));
  }
  const Integer a = static_cast<Integer>(qa - za) * p[0] + static_cast<Integer>(qb - zb) * p[1];
  return static_cast<std::uint16_t>(limit(n.y.zero + floor_divide(a + power(p[2] - 1), power(p[2])), 0, n.y.max));
}

/// CC-1 to CC-3.
std::uint16_t operand_code(const HvxNode& n, std::size_t i, std::int64_t q, std::int64_t zero) {
  const std::int32_t* p = n.parameters.data() + 3 * i;
  if (p[0] == 0) return static_cast<std::uint16_t>(std::min<std::int64_t>(q, n.y.max));
  if (p[0] == 2) return requantise(q - zero, p[1], p[2], n.y.zero, n.y.max);
  const Integer top = limit(floor_divide(static_cast<Integer>(q) * p[1], 256) + p[2], -32768, 32767);
  return static_cast<std::uint16_t>(limit(floor_divide(top + 64, 128), 0, n.y.max));
}

std::uint16_t concatenation(const HvxCase& h, const std::vector<Plane>& x, int c, int row, int column) {
  std::size_t i = 0;
  while (c >= x[i].v.channels) c -= x[i++].v.channels;
  return operand_code(h.node(), i, x[i](c, row, column), x[i].v.zero);
}

/// AP-1, AP-2.
std::uint16_t average(const HvxNode& n, const Plane& x, int c, int row, int column) {
  const auto& p = n.parameters;
  Integer sum = 0;
  for (int ky = 0; ky < p[0]; ++ky)
    for (int kx = 0; kx < p[1]; ++kx) sum += x(c, row * p[2] + ky - p[4], column * p[3] + kx - p[5]) - x.v.zero;
  return requantise(n.form, sum, p[6], p[7], n.y.zero, n.y.max);
}

std::uint16_t first_maximum(const Plane& x, int row, int column) {
  int best = 0;
  for (int c = 1; c < x.v.channels; ++c)
    if (x(c, row, column) > x(best, row, column)) best = c;
  return static_cast<std::uint16_t>(best);
}

std::uint16_t output(const HvxCase& h, const std::vector<Plane>& x, int c, int row, int column) {
  const HvxNode& n = h.node();
  const auto& p = n.parameters;
  const auto d = [&] { return x[0](c, row, column) - x[0].v.zero; };
  switch (n.op) {
    case HvxOp::conv:
      return convolution(h, x[0], c, row, column);
    case HvxOp::leaky_relu:
      return d() < 0 ? requantise(n.form, d(), p[2], p[3], n.y.zero, n.y.max)
                     : requantise(n.form, d(), p[0], p[1], n.y.zero, n.y.max);
    case HvxOp::batch_norm:
      return batch_norm(n, d(), c);
    case HvxOp::add:
      return sum_of(n, x[0](c, row, column), x[0].v.zero, x[1](c, row, column), x[1].v.zero);
    case HvxOp::concat:
      return concatenation(h, x, c, row, column);
    case HvxOp::pixel_shuffle: {  // PS-1 to PS-3
      const std::int64_t q = x[0](4 * c + 2 * (row % 2) + column % 2, row / 2, column / 2);
      if (n.form == HvxForm::copy) return static_cast<std::uint16_t>(q);
      return requantise(n.form, q - x[0].v.zero, p[0], p[1], n.y.zero, n.y.max);
    }
    case HvxOp::avg_pool:
      return average(n, x[0], c, row, column);
    case HvxOp::argmax:
      return first_maximum(x[0], row, column);
  }
  throw std::logic_error("no such operation");
}

}  // namespace

std::vector<std::uint16_t> exact_outputs(const HvxCase& h) {
  std::vector<Plane> x;
  for (const int v : h.node().operands)
    x.push_back({h.request.inputs[static_cast<std::size_t>(v)], h.codes[static_cast<std::size_t>(v)]});
  const HvxValue& y = h.node().y;
  std::vector<std::uint16_t> out;
  for (int c = 0; c < y.channels; ++c)
    for (int row = 0; row < y.height; ++row)
      for (int column = 0; column < y.width; ++column) out.push_back(output(h, x, c, row, column));
  return out;
}

}  // namespace intsim::test
