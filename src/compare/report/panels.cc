#include "compare/report/panels.h"

#include <algorithm>
#include <span>

#include "render/colours.h"

namespace intsim {
namespace {

constexpr int kDim = 5;  // the background of changed points: a fifth of the golden's colour

std::size_t pixels_of(const ComparedPictures& p) {
  return p.height <= 0 || p.width <= 0 ? 0 : static_cast<std::size_t>(p.height) * static_cast<std::size_t>(p.width);
}

bool has_range(const ComparedPictures& p) { return pixels_of(p) > 0 && p.range.size() == pixels_of(p); }

bool is_point(const ComparedPictures& p, std::size_t pixel) { return !has_range(p) || p.range[pixel] != -1.0f; }

template <class Colour>
Picture drawn(const ComparedPictures& p, const Colour& colour) {
  Picture picture{p.height, p.width, {}};
  picture.rgb.reserve(3 * pixels_of(p));
  for (std::size_t i = 0; i < pixels_of(p); ++i) {
    const Rgb rgb = is_point(p, i) ? colour(i) : kEmptyColour;
    picture.rgb.insert(picture.rgb.end(), {rgb.r, rgb.g, rgb.b});
  }
  return picture;
}

Rgb dim(Rgb c) {
  const auto part = [](std::uint8_t v) { return static_cast<std::uint8_t>(v / kDim); };
  return {part(c.r), part(c.g), part(c.b)};
}

bool are_classes(const ComparedPictures& p, std::span<const std::uint8_t> labels) {
  return labels.size() == pixels_of(p) && std::all_of(labels.begin(), labels.end(), [](int c) { return c < kClasses; });
}

}  // namespace

bool has_labels(const ComparedPictures& p) {
  return pixels_of(p) > 0 && are_classes(p, p.golden_labels) && are_classes(p, p.actual_labels);
}

std::vector<PagePicture> page_pictures(const ComparedPictures& p) {
  std::vector<PagePicture> pictures;
  if (has_range(p)) pictures.push_back({"range", drawn(p, [&](std::size_t i) { return range_colour(p.range[i]); })});
  if (!has_labels(p)) return pictures;
  pictures.push_back({"golden", drawn(p, [&](std::size_t i) { return kClassColours[p.golden_labels[i]]; })});
  pictures.push_back({"actual", drawn(p, [&](std::size_t i) { return kClassColours[p.actual_labels[i]]; })});
  pictures.push_back({"flips", drawn(p, [&](std::size_t i) {
                        const Rgb actual = kClassColours[p.actual_labels[i]];
                        return p.golden_labels[i] == p.actual_labels[i] ? dim(actual) : actual;
                      })});
  return pictures;
}

LabelCounts count_labels(const ComparedPictures& p) {
  LabelCounts counts;
  std::array<std::array<std::int64_t, kClasses>, kClasses> changes{};
  for (std::size_t i = 0; i < pixels_of(p); ++i) {
    const std::uint8_t golden = p.golden_labels[i], actual = p.actual_labels[i];
    if (!is_point(p, i)) {
      counts.flipped_empty += golden != actual;
      continue;
    }
    ++counts.points;
    ++counts.golden[golden];
    ++counts.actual[actual];
    if (golden == actual) continue;
    ++counts.flipped;
    ++changes[golden][actual];
  }
  for (int from = 0; from < kClasses; ++from)
    for (int to = 0; to < kClasses; ++to) {
      const std::int64_t points = changes[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
      if (points > 0) counts.flips.push_back({from, to, points});
    }
  std::stable_sort(counts.flips.begin(), counts.flips.end(), [](Flip a, Flip b) { return a.points > b.points; });
  return counts;
}

}  // namespace intsim
