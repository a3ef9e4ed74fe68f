// Both ends of the network: AIMET's quantiser on the range image, first maximum over the logits codes.
#include <algorithm>
#include <cstring>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/ends.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/requantise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

/// Four float rows (null: channel absent, `zero` instead) into a row of words.
void QuantiseRowKernel(const float* const* in, const FloatGrid& grid, std::int32_t zero, std::uint32_t* low,
                       std::uint32_t* high, int width) {
  ForEachVector(static_cast<std::size_t>(width), LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    V32 q[4];
    for (int k = 0; k < 4; ++k) {
      HWY_ALIGN float lanes[HWY_MAX_BYTES / 4] = {};
      if (in[k] != nullptr) std::memcpy(lanes, in[k] + x, n * sizeof lanes[0]);
      q[k] = in[k] != nullptr ? Quantise(hn::Load(df, lanes), grid) : hn::Set(d32, zero);
    }
    StoreCodes(q, {low, high}, x, n);
  });
}

void FirstMaximumRowKernel(const std::uint32_t* low, const std::uint32_t* high, std::ptrdiff_t block_words,
                           int channels, std::uint8_t* out, int width) {
  ForEachVector(static_cast<std::size_t>(width), LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    V32 best = hn::Set(d32, -1), index = hn::Zero(d32);
    for (int c = 0; c < channels; ++c) {
      const std::ptrdiff_t at = c / 4 * block_words + static_cast<std::ptrdiff_t>(x);
      const V32 words = LoadWords(low + at);
      const V32 q = Code(words, high != nullptr ? LoadWords(high + at) : words, high != nullptr, c % 4);
      const auto greater = hn::Gt(q, best);
      best = hn::IfThenElse(greater, q, best);
      index = hn::IfThenElse(greater, hn::Set(d32, c), index);
    }
    HWY_ALIGN std::int32_t lanes[HWY_MAX_BYTES / 4];
    hn::Store(index, d32, lanes);
    for (std::size_t i = 0; i < n; ++i) out[x + i] = static_cast<std::uint8_t>(lanes[i]);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(QuantiseRowKernel);
HWY_EXPORT(FirstMaximumRowKernel);
}  // namespace

EndKernels EndKernels::prepare() {
  EndKernels ends;
  ends.quantise_ = INTSIM_KERNEL(QuantiseRowKernel);
  ends.maximum_ = INTSIM_KERNEL(FirstMaximumRowKernel);
  return ends;
}

void EndKernels::quantise_rows(std::span<const float> image, const Grid& grid, BlockedTensor& y, RowRange rows) const {
  const BlockedShape& s = y.shape();
  const std::size_t pixels = static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width);
  for (int block = 0; block < s.blocks(); ++block)
    for (int r = rows.begin; r < rows.end; ++r) {
      const float* in[4];
      for (int k = 0; k < 4; ++k) {
        const int c = 4 * block + k;
        in[k] = c < s.channels ? image.data() + static_cast<std::size_t>(c) * pixels +
                                     static_cast<std::size_t>(r) * static_cast<std::size_t>(s.width)
                               : nullptr;
      }
      quantise_(in, float_grid(grid), grid.zero(), y.row(0, block, r), s.planes == 2 ? y.row(1, block, r) : nullptr,
                s.width);
    }
}

void EndKernels::first_maximum_rows(const BlockedTensor& logits, std::span<std::uint8_t> classes, RowRange rows) const {
  const BlockedShape& s = logits.shape();
  for (int r = rows.begin; r < rows.end; ++r)
    maximum_(logits.row(0, 0, r), s.planes == 2 ? logits.row(1, 0, r) : nullptr, s.block_words(), s.channels,
             classes.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(s.width), s.width);
}

}  // namespace intsim
#endif
