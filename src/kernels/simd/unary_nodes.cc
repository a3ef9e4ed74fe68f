#include "kernels/simd/unary_nodes.h"

#include <algorithm>
#include <cstdlib>

#include "kernels/simd/fast_node.h"
#include "numerics/ops.h"

namespace intsim {
namespace {

std::size_t padded(std::size_t channels) { return (channels + 3) / 4 * 4; }

UnaryRow row_of(const BlockedTensor& x, int in_block, const Slice& y, int out_block, int r) {
  UnaryRow row;
  row.in_low = x.row(0, in_block, r);
  row.in_high = x.shape().planes == 2 ? x.row(1, in_block, r) : nullptr;
  row.out_low = y.low(out_block, r);
  row.out_high = y.high(out_block, r);
  row.width = x.shape().width;
  return row;
}

class FastUnary final : public FastNode {
 public:
  explicit FastUnary(UnaryJob job) : job_(std::move(job)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> y, RowRange rows) const override {
    for (int block = 0; block < x[0]->shape().blocks(); ++block)
      for (int r = rows.begin; r < rows.end; ++r) kernels_.row(job_, block, row_of(*x[0], block, y[0], block, r));
  }

 private:
  UnaryJob job_;
  UnaryKernels kernels_ = UnaryKernels::prepare();
};

class FastConcat final : public FastNode {
 public:
  explicit FastConcat(std::vector<UnaryJob> jobs) : jobs_(std::move(jobs)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> y, RowRange rows) const override {
    int first = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const int blocks = x[i]->shape().blocks();
      for (int block = 0; block < blocks; ++block)
        for (int r = rows.begin; r < rows.end; ++r)
          kernels_.row(jobs_[i], block, row_of(*x[i], block, y[0], first + block, r));
      first += blocks;
    }
  }

 private:
  std::vector<UnaryJob> jobs_;
  UnaryKernels kernels_ = UnaryKernels::prepare();
};

/// PS-1: channel c of the output is block c of the input.
class FastPixelShuffle final : public FastNode {
 public:
  explicit FastPixelShuffle(UnaryJob rescale) : rescale_(std::move(rescale)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> out, RowRange rows) const override {
    const Slice& y = out[0];
    const int width = x[0]->shape().width, planes = x[0]->shape().planes;
    const bool copy = rescale_.kind == UnaryJob::Kind::copy;
    std::vector<std::uint32_t> shuffled(copy ? 0 : static_cast<std::size_t>(planes * (2 * width + kSlack)));
    for (int block = 0; block < x[0]->shape().blocks() / 4; ++block)
      for (int r = rows.begin; r < rows.end; ++r) {
        UnaryRow row{nullptr, nullptr, y.low(block, r), y.high(block, r), 2 * width};
        for (int plane = 0; plane < planes; ++plane) {
          const std::uint32_t* in[4];
          for (int k = 0; k < 4; ++k) in[k] = x[0]->row(plane, 4 * block + k, r / 2);
          std::uint32_t* target =
              copy ? (plane == 0 ? row.out_low : row.out_high) : shuffled.data() + plane * (2 * width + kSlack);
          kernels_.shuffle(in, 2 * (r % 2), target, width);
          (plane == 0 ? row.in_low : row.in_high) = target;
        }
        if (!copy) kernels_.row(rescale_, block, row);
      }
  }

 private:
  static constexpr int kSlack = 64;  ///< vectors may read past the row
  UnaryJob rescale_;
  UnaryKernels kernels_ = UnaryKernels::prepare();
};

template <class F>
UnaryJob table_job(F f) {
  UnaryJob job;
  job.kind = UnaryJob::Kind::table;
  job.tables.push_back(CodeTable::of(f));
  return job;
}

/// Vector code for 16-bit inputs covers RQ-4 and the float32 simulation; tables cover every form of 8-bit inputs.
template <class P>
bool covered(const P& p) {
  return p.x.bytes() == 1 || p.rounding == Rounding::single_up;
}

/// 16-bit input: a multiplier per sign, or the float32 simulation.
UnaryJob sixteen_bit_job(Form form, const Grid& x, const Grid& y, Multiplier positive, Multiplier negative,
                         float slope) {
  UnaryJob job;
  job.kind = form == Form::float32 ? UnaryJob::Kind::float_slope : UnaryJob::Kind::wide;
  job.x_zero = x.zero();
  job.x_grid = float_grid(x);
  job.y_grid = float_grid(y);
  job.slope = slope;
  if (form == Form::float32) return job;
  job.positive = wide32_constants(positive, y.zero(), y.n);
  job.negative = wide32_constants(negative, y.zero(), y.n);
  return job;
}

/// A move of codes between grids; a copy only where both tensors have the same planes.
template <class P, class F>
UnaryJob move_job(const P& p, F f) {
  if (p.form == Form::copy && p.x.bytes() == p.y.bytes() && p.x.n <= p.y.n) return {};
  if (p.x.bytes() == 1) return table_job([&](std::int32_t q) { return f(p, std::min(q, p.x.n)); });
  return sixteen_bit_job(p.form, p.x, p.y, p.scale, p.scale, 1.0f);
}

}  // namespace

std::unique_ptr<FastNode> make_fast_leaky_relu(const LeakyReluParams& p) {
  if (!covered(p)) return nullptr;
  if (p.x.bytes() == 1)
    return std::make_unique<FastUnary>(
        table_job([&](std::int32_t q) { return leaky_relu_code(p, std::min(q, p.x.n)); }));
  return std::make_unique<FastUnary>(sixteen_bit_job(p.form, p.x, p.y, p.positive, p.negative, 0.01f));
}

std::unique_ptr<FastNode> make_fast_batch_norm(const BatchNormParams& p) {
  if (!covered(p)) return nullptr;
  const std::size_t channels = p.form == Form::float32 ? p.float_scale.size() : p.gamma.size();
  UnaryJob job;
  job.x_zero = p.x.zero();
  job.x_grid = float_grid(p.x);
  job.y_grid = float_grid(p.y);
  job.kind = p.x.bytes() == 1          ? UnaryJob::Kind::table
             : p.form == Form::float32 ? UnaryJob::Kind::float_affine
                                       : UnaryJob::Kind::affine;
  for (std::size_t i = 0; i < padded(channels); ++i) {
    const std::size_t c = std::min(i, channels - 1);
    if (job.kind == UnaryJob::Kind::table) {
      job.tables.push_back(
          CodeTable::of([&](std::int32_t q) { return batch_norm_code(p, static_cast<int>(c), std::min(q, p.x.n)); }));
    } else if (job.kind == UnaryJob::Kind::float_affine) {
      job.float_scale.push_back(p.float_scale[c]);
      job.float_bias.push_back(p.float_bias[c]);
    } else {
      const auto constants = wide64_constants(p.scale[c], p.y.zero(), p.y.n, p.worst_sum[c] + std::abs(p.bias[c]));
      if (!constants) return nullptr;
      job.wide64.push_back(*constants);
      job.gamma.push_back(p.gamma[c]);
      job.bias.push_back(p.bias[c]);
    }
  }
  return std::make_unique<FastUnary>(std::move(job));
}

std::unique_ptr<FastNode> make_fast_concat(const std::vector<ConcatParams>& p, const std::vector<int>& channels) {
  std::vector<UnaryJob> jobs;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (channels[i] % 4 != 0 && i + 1 != p.size()) return nullptr;  // blocks would not line up
    if (!covered(p[i])) return nullptr;
    jobs.push_back(move_job(p[i], concat_code));
  }
  return std::make_unique<FastConcat>(std::move(jobs));
}

std::unique_ptr<FastNode> make_fast_concat_operand(const ConcatParams& p) {
  if (!covered(p)) return nullptr;
  return std::make_unique<FastUnary>(move_job(p, concat_code));
}

std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node) {
  if (node.factor != 2 || node.out_channels % 4 != 0 || p.x.bytes() != p.y.bytes() || !covered(p)) return nullptr;
  return std::make_unique<FastPixelShuffle>(move_job(p, rescale_code));
}

std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node,
                                                  const ConcatParams& into) {
  if (node.factor != 2 || node.out_channels % 4 != 0 || p.x.bytes() != 1) return nullptr;
  const UnaryJob own = move_job(p, rescale_code), then = move_job(into, concat_code);
  if (own.kind == UnaryJob::Kind::copy) return std::make_unique<FastPixelShuffle>(then);
  return std::make_unique<FastPixelShuffle>(table_job(
      [&](std::int32_t q) { return concat_code(into, std::min(rescale_code(p, std::min(q, p.x.n)), into.x.n)); }));
}

}  // namespace intsim
