// Places in a tensor and in its codes.
#pragma once

#include <cstddef>
#include <string>

#include "tensor/planar.h"

namespace intsim {

/// Position of a code in a tensor.
struct Position {
  int channel, row, column;
  bool operator==(const Position&) const = default;
};

/// Of the code at `index` in channel, row, column order.
constexpr Position position_of(int height, int width, std::size_t index) {
  const auto columns = static_cast<std::size_t>(width), plane = static_cast<std::size_t>(height) * columns;
  return {static_cast<int>(index / plane), static_cast<int>(index % plane / columns),
          static_cast<int>(index % columns)};
}
inline Position position_of(const PlanarTensor& t, std::size_t index) { return position_of(t.height, t.width, index); }

/// The inverse of position_of.
inline std::size_t index_of(const PlanarTensor& t, Position p) {
  return static_cast<std::size_t>(t.row(p.channel, p.row) - t.codes.data()) + static_cast<std::size_t>(p.column);
}

/// "[channel, row, column]".
inline std::string position_text(Position p) {
  return "[" + std::to_string(p.channel) + ", " + std::to_string(p.row) + ", " + std::to_string(p.column) + "]";
}

}  // namespace intsim
