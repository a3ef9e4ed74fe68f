// Codes as the fast kernels hold them: planes of 4 channels, one 32-bit word per pixel with one byte per channel
// (channel 4b in the low byte), rows with a border of zero points so that no kernel handles edges. 16-bit tensors have
// a second plane with the high bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/planar.h"

namespace intsim {

/// Geometry of a blocked tensor. `pad_*` is the widest padding that any reader needs.
struct BlockedShape {
  int channels = 0, height = 0, width = 0;
  int planes = 1;  ///< bytes per code
  int pad_h = 0, pad_w = 0;

  int blocks() const { return (channels + 3) / 4; }
  int left() const { return pad_w == 0 ? 0 : (pad_w + 15) / 16 * 16; }
  std::ptrdiff_t row_words() const { return left() + (width + pad_w + 15) / 16 * 16; }
  std::ptrdiff_t block_words() const { return row_words() * (height + 2 * pad_h); }
  std::ptrdiff_t plane_words() const { return block_words() * blocks(); }
  /// Vectors may read up to 64 words past the last pixel.
  std::size_t total_words() const { return static_cast<std::size_t>(plane_words() * planes) + 64; }
};

/// 64-byte aligned words.
class WordBuffer {
 public:
  explicit WordBuffer(std::size_t words);
  std::uint32_t* data() { return data_.get(); }
  const std::uint32_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint32_t* p) const;
  };
  std::unique_ptr<std::uint32_t[], Free> data_;
  std::size_t size_;
};

/// A blocked tensor over a buffer that may be larger than needed.
class BlockedTensor {
 public:
  BlockedTensor() = default;
  BlockedTensor(const BlockedShape& shape, std::shared_ptr<WordBuffer> buffer)
      : shape_(shape), buffer_(std::move(buffer)) {}

  const BlockedShape& shape() const { return shape_; }

  /// First word of a row; y in -pad_h .. height + pad_h - 1, columns -pad_w … are to its left.
  std::uint32_t* row(int plane, int block, int y) { return buffer_->data() + offset(plane, block, y); }
  const std::uint32_t* row(int plane, int block, int y) const { return buffer_->data() + offset(plane, block, y); }

  /// Writes the zero point around every plane.
  void fill_border(std::int32_t zero);

 private:
  std::ptrdiff_t offset(int plane, int block, int y) const {
    return plane * shape_.plane_words() + block * shape_.block_words() + (y + shape_.pad_h) * shape_.row_words() +
           shape_.left();
  }

  BlockedShape shape_;
  std::shared_ptr<WordBuffer> buffer_;
};

/// Blocked -> planar and back; channels that fill up the last block hold `zero`.
PlanarTensor to_planar(const BlockedTensor& tensor);
void from_planar(const PlanarTensor& source, std::int32_t zero, BlockedTensor& target);

}  // namespace intsim
