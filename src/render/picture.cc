#include "render/picture.h"

#include <algorithm>
#include <iterator>

#include "intsim/error.h"
#include "io/suggest.h"
#include "render/colours.h"

namespace intsim {
namespace {

constexpr std::array<const char*, 5> kPanelNames = {"range", "remission", "labels", "prediction", "errors"};
constexpr int kSeparator = 4;
constexpr int kMaxScale = 16;
constexpr std::int64_t kMaxSide = 1'000'000;  // libpng's own limit
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 27;

void check_classes(std::span<const std::uint8_t> classes, std::size_t points, const char* kind) {
  if (!classes.empty() && classes.size() != points)
    throw UsageError("a picture got " + std::string(kind) + " of " + std::to_string(classes.size()) +
                     " points for a scan of " + std::to_string(points));
}

void check(const Subject& subject) {
  check_classes(subject.labels, subject.scan.points.size(), "labels");
  check_classes(subject.prediction, subject.scan.points.size(), "a prediction");
}

Rgb colour_of(const Subject& s, Panel panel, std::size_t point) {
  switch (panel) {
    case Panel::range:
      return range_colour(s.image.depth[point]);
    case Panel::remission:
      return remission_colour(s.scan.points[point].remission);
    case Panel::labels:
      return kClassColours.at(s.labels[point]);
    case Panel::prediction:
      return kClassColours.at(s.prediction[point]);
    case Panel::errors:
      break;
  }
  return verdict_colour(verdict(s.labels[point], s.prediction[point]));
}

void set(Picture& picture, std::size_t pixel, Rgb colour) {
  picture.rgb[3 * pixel] = colour.r;
  picture.rgb[3 * pixel + 1] = colour.g;
  picture.rgb[3 * pixel + 2] = colour.b;
}

/// Top left pixel of a panel.
struct Place {
  std::size_t row, column;
};

void draw_panel(const Subject& subject, const Raster& raster, Panel panel, const Layout& layout, Place place,
                Picture& picture) {
  const auto scale_x = static_cast<std::size_t>(layout.scale_x), scale_y = static_cast<std::size_t>(layout.scale_y);
  const auto width = static_cast<std::size_t>(raster.width), stride = static_cast<std::size_t>(picture.width);
  for (std::size_t cell = 0; cell < raster.point.size(); ++cell) {
    const std::int32_t point = raster.point[cell];
    const Rgb colour = point < 0 ? kEmptyColour : colour_of(subject, panel, static_cast<std::size_t>(point));
    const std::size_t top = place.row + cell / width * scale_y, left = place.column + cell % width * scale_x;
    for (std::size_t y = 0; y < scale_y; ++y)
      for (std::size_t x = 0; x < scale_x; ++x) set(picture, (top + y) * stride + left + x, colour);
  }
}

}  // namespace

const char* panel_name(Panel panel) { return kPanelNames.at(static_cast<std::size_t>(panel)); }

Panel panel_of_name(const std::string& name) {
  const auto found = std::find(kPanelNames.begin(), kPanelNames.end(), name);
  if (found == kPanelNames.end())
    throw UsageError("there is no panel '" + name + "'" + did_you_mean(name, {kPanelNames.begin(), kPanelNames.end()}) +
                     "\npanels are range, remission, labels, prediction and errors");
  return static_cast<Panel>(std::distance(kPanelNames.begin(), found));
}

bool needs_labels(Panel panel) { return panel == Panel::labels || panel == Panel::errors; }

bool needs_prediction(Panel panel) { return panel == Panel::prediction || panel == Panel::errors; }

PictureSize picture_size(int height, int width, std::size_t panels, const Layout& layout) {
  for (const int scale : {layout.scale_x, layout.scale_y})
    if (scale < 1 || scale > kMaxScale)
      throw UsageError("scale " + std::to_string(scale) + " of a picture is not from 1 to " +
                       std::to_string(kMaxScale));
  if (panels == 0) throw UsageError("a picture needs a panel");
  // Neither side of a raster and no scale is so large that these products overflow with this many panels.
  const auto count = static_cast<std::int64_t>(std::min<std::size_t>(panels, kMaxSide));
  std::int64_t rows = std::int64_t{height} * layout.scale_y, columns = std::int64_t{width} * layout.scale_x;
  std::int64_t& along = layout.side_by_side ? columns : rows;
  along = along * count + kSeparator * (count - 1);
  if (rows > kMaxSide || columns > kMaxSide || rows * columns > kMaxPixels)
    throw UsageError("a picture of " + std::to_string(columns) + " x " + std::to_string(rows) +
                     " pixels is too large; use a smaller --scale or fewer --panels");
  return {static_cast<int>(rows), static_cast<int>(columns)};
}

Picture draw(const Subject& subject, const Raster& raster, std::span<const Panel> panels, const Layout& layout) {
  check(subject);
  for (const Panel panel : panels)
    if ((needs_labels(panel) && subject.labels.empty()) || (needs_prediction(panel) && subject.prediction.empty()))
      throw UsageError("panel '" + std::string(panel_name(panel)) + "' lacks its classes");
  const PictureSize size = picture_size(raster.height, raster.width, panels.size(), layout);
  Picture picture{size.height, size.width, {}};
  const auto pixels = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
  picture.rgb.resize(3 * pixels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) set(picture, pixel, kSeparatorColour);
  Place place{0, 0};
  for (const Panel panel : panels) {
    draw_panel(subject, raster, panel, layout, place, picture);
    std::size_t& along = layout.side_by_side ? place.column : place.row;
    along += kSeparator + static_cast<std::size_t>(layout.side_by_side ? raster.width * layout.scale_x
                                                                       : raster.height * layout.scale_y);
  }
  return picture;
}

void CellCounts::add(const Subject& subject, const Raster& raster) {
  check(subject);
  for (const std::int32_t cell : raster.point) {
    if (cell < 0) {
      ++empty;
      continue;
    }
    const auto point = static_cast<std::size_t>(cell);
    if (!subject.labels.empty()) ++labels.at(subject.labels[point]);
    if (!subject.prediction.empty()) ++prediction.at(subject.prediction[point]);
    if (subject.labels.empty() || subject.prediction.empty()) continue;
    switch (verdict(subject.labels[point], subject.prediction[point])) {
      case Verdict::correct:
        ++correct;
        break;
      case Verdict::wrong:
        ++wrong.at(subject.labels[point]);
        break;
      case Verdict::ignored:
        ++ignored;
        break;
    }
  }
}

}  // namespace intsim
