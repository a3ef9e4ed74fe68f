#include "render/colours.h"

#include <bit>

namespace intsim {
namespace {

constexpr float kNearest = 2.0f, kFarthest = 128.0f;
constexpr std::uint32_t kNearestExponent = std::bit_cast<std::uint32_t>(kNearest) >> 23;
constexpr int kDarkestRemission = 24;

std::uint8_t blend(std::uint8_t a, std::uint8_t b, std::uint32_t weight) {
  return static_cast<std::uint8_t>((a * (256 - weight) + b * weight + 128) / 256);
}

/// Greatest integer, at most 255, whose square is at most `value`.
int square_root(int value) {
  int root = 0;
  for (int bit = 128; bit > 0; bit /= 2)
    if ((root + bit) * (root + bit) <= value) root += bit;
  return root;
}

}  // namespace

const std::array<Rgb, kClasses> kClassColours = {
    {{0, 0, 0},      {100, 150, 245}, {100, 230, 245}, {30, 60, 150},   {80, 30, 180},   {0, 0, 255},  {255, 30, 30},
     {255, 40, 200}, {150, 30, 90},   {255, 0, 255},   {255, 150, 255}, {75, 0, 75},     {175, 0, 75}, {255, 200, 0},
     {255, 120, 50}, {0, 175, 0},     {135, 60, 0},    {150, 240, 80},  {255, 240, 150}, {255, 0, 0}}};

const std::array<Rgb, 7> kRangeColours = {
    {{255, 250, 190}, {254, 200, 100}, {248, 140, 60}, {220, 80, 90}, {160, 50, 130}, {95, 40, 130}, {45, 30, 90}}};

std::string hex_colour(Rgb colour) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "#";
  for (const int part : {colour.r, colour.g, colour.b}) {
    text += kDigits[part / 16];
    text += kDigits[part % 16];
  }
  return text;
}

Rgb range_colour(float metres) {
  if (!(metres > kNearest)) return kRangeColours.front();
  if (metres >= kFarthest) return kRangeColours.back();
  // The exponent of the float32 is the octave, the top of its mantissa the place within.
  const auto bits = std::bit_cast<std::uint32_t>(metres);
  const std::uint32_t octave = (bits >> 23) - kNearestExponent, weight = (bits >> 15) & 255u;
  const Rgb& a = kRangeColours.at(octave);
  const Rgb& b = kRangeColours.at(octave + 1);
  return {blend(a.r, b.r, weight), blend(a.g, b.g, weight), blend(a.b, b.b, weight)};
}

Rgb remission_colour(float remission) {
  int level = 0;
  if (remission >= 1.0f) {
    level = 255;
  } else if (remission > 0.0f) {
    level = square_root(static_cast<int>(remission * 65025.0f));
  }
  const auto grey = static_cast<std::uint8_t>(kDarkestRemission + level * (255 - kDarkestRemission) / 255);
  return {grey, grey, grey};
}

Verdict verdict(std::uint8_t truth, std::uint8_t predicted) {
  if (truth == 0) return Verdict::ignored;
  return truth == predicted ? Verdict::correct : Verdict::wrong;
}

Rgb verdict_colour(Verdict verdict) {
  switch (verdict) {
    case Verdict::correct:
      return {70, 80, 110};
    case Verdict::wrong:
      return {255, 40, 40};
    case Verdict::ignored:
      break;
  }
  return {35, 35, 35};
}

}  // namespace intsim
