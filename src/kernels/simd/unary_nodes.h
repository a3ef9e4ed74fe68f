// Row kernels behind the unary nodes.
#pragma once

#include <cstdint>

#include "kernels/simd/unary_job.h"

namespace intsim {

/// One row of one block of 4 channels; `*_high` is null for 8-bit tensors.
struct UnaryRow {
  const std::uint32_t* in_low = nullptr;
  const std::uint32_t* in_high = nullptr;
  std::uint32_t* out_low = nullptr;
  std::uint32_t* out_high = nullptr;
  int width = 0;
};

/// The row kernels of the SIMD target that was active when they were prepared.
class UnaryKernels {
 public:
  static UnaryKernels prepare();
  /// Applies the job to channels 4 * block … 4 * block + 3 of a row.
  void row(const UnaryJob& job, int block, const UnaryRow& r) const;
  /// Shuffles bytes `bytes`, `bytes + 1` of the rows in[0..3] into a row of 2 * width words.
  void shuffle(const std::uint32_t* const* in, int bytes, std::uint32_t* out, int width) const {
    shuffle_(in, bytes, out, width);
  }

 private:
  void (*row_)(const UnaryJob&, int, const UnaryRow&) = nullptr;
  void (*shuffle_)(const std::uint32_t* const*, int, std::uint32_t*, int) = nullptr;
};

}  // namespace intsim
