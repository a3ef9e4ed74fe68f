// Addition of two tensors (rules AD-1 to AD-3).
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"
#include "numerics/ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/add.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/requantise-inl.h"

#ifndef INTSIM_ADD_JOB_
#define INTSIM_ADD_JOB_
namespace intsim {
/// One row of one block.
struct AddRow {
  const std::uint32_t* a_low;
  const std::uint32_t* a_high;
  const std::uint32_t* b_low;
  const std::uint32_t* b_high;
  std::uint32_t* out_low;
  std::uint32_t* out_high;
  int width;
};
struct AddJob {
  AddParams p;
  FloatGrid a, b, y;
  std::uint64_t addend = 0;     ///< AD-2: 2^(T-1) + 2^63
  std::int32_t correction = 0;  ///< AD-2: z_o - (2^63 >> T), modulo 2^32
};
}  // namespace intsim
#endif

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

HWY_INLINE V32 AddHvx8(V32 a, V32 b, const AddParams& p) {
  const V32 products = hn::Add(hn::Mul(a, hn::Set(d32, p.multiplier_a)), hn::Mul(b, hn::Set(d32, p.multiplier_b)));
  const V32 sum = Limit(hn::Add(hn::ShiftRight<8>(products), hn::Set(d32, p.offset)), -32768, 32767);
  const V32 rounded = hn::ShiftRightSame(hn::Add(sum, hn::Set(d32, 1 << (p.shift - 1))), p.shift);
  return Limit(rounded, 0, p.y.n);
}

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE V32 AddWide(V32 a, V32 b, const AddJob& job) {
  return hn::Set(d32, add_code(job.p, hn::GetLane(a), hn::GetLane(b)));
}
#else
HWY_INLINE V32 AddWide(V32 a, V32 b, const AddJob& job) {
  const V32 da = hn::Sub(a, hn::Set(d32, job.p.a.zero())), db = hn::Sub(b, hn::Set(d32, job.p.b.zero()));
  const VU64 addend = hn::Set(du64, job.addend);
  const V64 even = Plus(EvenProduct(da, job.p.multiplier_a), EvenProduct(db, job.p.multiplier_b));
  const V64 odd = Plus(OddProduct(da, job.p.multiplier_a), OddProduct(db, job.p.multiplier_b));
  const V32 sum = Join(hn::ShiftRightSame(hn::Add(hn::BitCast(du64, even), addend), job.p.shift),
                       hn::ShiftRightSame(hn::Add(hn::BitCast(du64, odd), addend), job.p.shift));
  return Limit(hn::Add(sum, hn::Set(d32, job.correction)), 0, job.p.y.n);
}
#endif

HWY_INLINE V32 AddOne(V32 a, V32 b, const AddJob& job) {
  if (job.p.form == Form::hvx8) return AddHvx8(a, b, job.p);
  if (job.p.form == Form::wide) return AddWide(a, b, job);
  return Quantise(hn::Add(Dequantise(a, job.a), Dequantise(b, job.b)), job.y);
}

void AddRowKernel(const AddJob& job, const AddRow& row) {
  ForEachVector(static_cast<std::size_t>(row.width), LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    const V32 al = LoadWords(row.a_low + x), bl = LoadWords(row.b_low + x);
    const V32 ah = row.a_high != nullptr ? LoadWords(row.a_high + x) : al;
    const V32 bh = row.b_high != nullptr ? LoadWords(row.b_high + x) : bl;
    V32 q[4];
    for (int k = 0; k < 4; ++k)
      q[k] = AddOne(Code(al, ah, row.a_high != nullptr, k), Code(bl, bh, row.b_high != nullptr, k), job);
    StoreCodes(q, {row.out_low, row.out_high}, x, n);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(AddRowKernel);

class FastAdd final : public FastNode {
 public:
  explicit FastAdd(AddJob job) : job_(std::move(job)), kernel_(INTSIM_KERNEL(AddRowKernel)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> out, RowRange rows) const override {
    const Slice y = out[0];
    const auto high = [](const BlockedTensor& t, int block, int r) {
      return t.shape().planes == 2 ? t.row(1, block, r) : nullptr;
    };
    for (int block = 0; block < x[0]->shape().blocks(); ++block)
      for (int r = rows.begin; r < rows.end; ++r) {
        const AddRow row{x[0]->row(0, block, r), high(*x[0], block, r), x[1]->row(0, block, r), high(*x[1], block, r),
                         y.low(block, r),        y.high(block, r),      y.shape().width};
        kernel_(job_, row);
      }
  }

 private:
  AddJob job_;
  void (*kernel_)(const AddJob&, const AddRow&);
};

}  // namespace

std::unique_ptr<FastNode> make_fast_add(const AddParams& p) {
  if (p.form == Form::tflite || p.rounding != Rounding::single_up) return nullptr;
  AddJob job{p, float_grid(p.a), float_grid(p.b), float_grid(p.y)};
  if (p.form == Form::wide) {
    if (p.shift < 18) return nullptr;  // the scaled sum could leave 32 bits
    if (p.shift > 62) {                // |sum| < 2^48 rounds to 0
      job.p.multiplier_a = job.p.multiplier_b = 0;
      job.p.shift = 1;
    }
    job.addend = (std::uint64_t{1} << (job.p.shift - 1)) + (std::uint64_t{1} << 63);
    if (p.shift > 62) job.addend = std::uint64_t{1} << 63;
    const auto bias = static_cast<std::uint32_t>((std::uint64_t{1} << 63) >> job.p.shift);
    job.correction = static_cast<std::int32_t>(static_cast<std::uint32_t>(p.y.zero()) - bias);
  }
  return std::make_unique<FastAdd>(std::move(job));
}

}  // namespace intsim
#endif
