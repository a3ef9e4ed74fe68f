// Colours of pictures. Integers and float32 comparisons only, so every compiler gives the same pixels.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "intsim/label_map.h"

namespace intsim {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

/// Pixels without a point.
inline constexpr Rgb kEmptyColour = {0, 0, 0};
/// Between two panels.
inline constexpr Rgb kSeparatorColour = {96, 96, 96};

/// "#6496f5".
std::string hex_colour(Rgb colour);

/// color_map of the semantic-kitti-api, by training class; class 0 is black.
extern const std::array<Rgb, kClasses> kClassColours;

/// Colours of range_colour at 2, 4, 8, 16, 32, 64 and 128 metres: light when near, dark when far.
extern const std::array<Rgb, 7> kRangeColours;

/// Colour of a range in metres: linear between powers of two, the end colours beyond 2 and 128 m (and for NaN).
Rgb range_colour(float metres);

/// Grey of a remission: 24 at 0 and below, 255 at 1 and above, the square root in between.
Rgb remission_colour(float remission);

/// What a predicted class is worth against the ground truth.
enum class Verdict : std::uint8_t {
  correct,
  wrong,    ///< another class, or none (0) where the ground truth has one
  ignored,  ///< the ground truth is class 0, which no metric counts
};

Verdict verdict(std::uint8_t truth, std::uint8_t predicted);
Rgb verdict_colour(Verdict verdict);

}  // namespace intsim
