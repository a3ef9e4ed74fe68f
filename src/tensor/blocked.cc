#include "tensor/blocked.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace intsim {

WordBuffer::WordBuffer(std::size_t words) : size_(words) {
  // Rows of all channel blocks are read side by side: more small pages than a core translates at once.
  constexpr std::size_t kLine = 64, kHugePage = std::size_t{2} << 20;
  const std::size_t wanted = words * sizeof(std::uint32_t);
  const std::size_t alignment = wanted >= kHugePage ? kHugePage : kLine;
  const std::size_t bytes = (wanted + kLine - 1) / kLine * kLine;
  void* raw = nullptr;
  if (::posix_memalign(&raw, alignment, bytes) != 0) throw std::bad_alloc();
  data_.reset(static_cast<std::uint32_t*>(raw));
  if (alignment == kHugePage) ::madvise(raw, bytes, MADV_HUGEPAGE);  // a wish: refusal changes nothing
}

void WordBuffer::Free::operator()(std::uint32_t* p) const { std::free(p); }

void BlockedTensor::fill_border(std::int32_t zero) {
  const int ph = shape_.pad_h;
  const std::ptrdiff_t words = shape_.row_words(), tail = words - shape_.left() - shape_.width;
  for (int plane = 0; plane < shape_.planes; ++plane) {
    const std::uint32_t byte = (static_cast<std::uint32_t>(zero) >> (8 * plane)) & 0xFFu;
    const std::uint32_t word = byte * 0x01010101u;
    for (int block = 0; block < shape_.blocks(); ++block) {
      for (int y = -ph; y < shape_.height + ph; ++y) {
        std::uint32_t* start = row(plane, block, y) - shape_.left();
        if (y < 0 || y >= shape_.height) {
          std::fill_n(start, words, word);
        } else {
          std::fill_n(start, shape_.left(), word);
          std::fill_n(start + shape_.left() + shape_.width, tail, word);
        }
      }
    }
  }
}

PlanarTensor to_planar(const BlockedTensor& tensor) {
  const BlockedShape& s = tensor.shape();
  PlanarTensor out(s.channels, s.height, s.width);
  for (int c = 0; c < s.channels; ++c) {
    const int shift = 8 * (c % 4);
    for (int y = 0; y < s.height; ++y) {
      std::uint16_t* to = out.row(c, y);
      const std::uint32_t* low = tensor.row(0, c / 4, y);
      for (int x = 0; x < s.width; ++x) to[x] = static_cast<std::uint16_t>((low[x] >> shift) & 0xFFu);
      if (s.planes == 1) continue;
      const std::uint32_t* high = tensor.row(1, c / 4, y);
      for (int x = 0; x < s.width; ++x) to[x] = static_cast<std::uint16_t>(to[x] | (((high[x] >> shift) & 0xFFu) << 8));
    }
  }
  return out;
}

void from_planar(const PlanarTensor& source, std::int32_t zero, BlockedTensor& target) {
  const BlockedShape& s = target.shape();
  for (int plane = 0; plane < s.planes; ++plane) {
    for (int block = 0; block < s.blocks(); ++block) {
      for (int y = 0; y < s.height; ++y) {
        std::uint32_t* to = target.row(plane, block, y);
        for (int x = 0; x < s.width; ++x) {
          std::uint32_t word = 0;
          for (int k = 0; k < 4; ++k) {
            const int c = 4 * block + k;
            const auto code = static_cast<std::uint32_t>(c < s.channels ? source.at(c, y, x) : zero);
            word |= ((code >> (8 * plane)) & 0xFFu) << (8 * k);
          }
          to[x] = word;
        }
      }
    }
  }
  target.fill_border(zero);
}

}  // namespace intsim
