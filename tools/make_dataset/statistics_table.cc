#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <ostream>

#include "make_dataset/statistics.h"

namespace intsim::street {
namespace {

using Sets = std::vector<Statistics>;
using Cell = std::function<std::string(const Statistics&)>;

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string percent(std::int64_t part, std::int64_t whole, int decimals = 1) {
  if (whole == 0) return "–";
  return fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), decimals);
}

/// 1234567 → 1,234,567
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

void heading(std::ostream& out, const std::string& title, const Sets& sets) {
  out << "\n| " << title;
  for (const Statistics& set : sets) out << " | " << set.name;
  out << " |\n|---";
  for (std::size_t i = 0; i < sets.size(); ++i) out << "|---:";
  out << "|\n";
}

void row(std::ostream& out, const std::string& title, const Sets& sets, const Cell& cell) {
  out << "| " << title;
  for (const Statistics& set : sets) out << " | " << cell(set);
  out << " |\n";
}

std::int64_t pixels(const Statistics& set) { return set.scans * 2048; }

void print_summary(std::ostream& out, const Sets& sets) {
  heading(out, "scans", sets);
  row(out, "number of scans", sets, [](const Statistics& s) { return grouped(s.scans); });
  row(out, "points per scan", sets, [](const Statistics& s) { return grouped(s.scans == 0 ? 0 : s.points / s.scans); });
  row(out, "fewest", sets, [](const Statistics& s) { return grouped(s.fewest); });
  row(out, "most", sets, [](const Statistics& s) { return grouped(s.most); });
  if (std::any_of(sets.begin(), sets.end(), [](const Statistics& s) { return s.skipped > 0; }))
    row(out, "points skipped: not finite or range 0", sets, [](const Statistics& s) { return grouped(s.skipped); });
  row(out, "farthest point, m", sets, [](const Statistics& s) { return fixed(s.farthest, 1); });
  row(out, "elevation from, °", sets, [](const Statistics& s) { return fixed(s.least_elevation, 1); });
  row(out, "elevation to, °", sets, [](const Statistics& s) { return fixed(s.greatest_elevation, 1); });
  row(out, "pixels filled, %", sets, [](const Statistics& s) {
    std::int64_t sum = 0;
    for (const std::int64_t count : s.occupied) sum += count;
    return percent(sum, pixels(s) * kImageRows);
  });
}

void print_ranges(std::ostream& out, const Sets& sets) {
  heading(out, "range, % of points", sets);
  for (std::size_t i = 0; i <= kRangeEnds.size(); ++i) {
    const std::string from = i == 0 ? "0" : fixed(kRangeEnds[i - 1], 0);
    const std::string title =
        i < kRangeEnds.size() ? from + "–" + fixed(kRangeEnds[i], 0) + " m" : "over " + from + " m";
    row(out, title, sets, [i](const Statistics& s) { return percent(s.ranges[i], s.points, 2); });
  }
}

void print_rows(std::ostream& out, const Sets& sets, bool all_rows) {
  heading(out, "empty pixels of image row, %", sets);
  const int group = all_rows ? 1 : 4;
  for (int first = 0; first < kImageRows; first += group) {
    const std::string title = std::to_string(first) + (group > 1 ? "–" + std::to_string(first + group - 1) : "");
    row(out, title, sets, [&](const Statistics& s) {
      std::int64_t sum = 0;
      for (int i = first; i < first + group; ++i) sum += s.occupied[static_cast<std::size_t>(i)];
      return percent(pixels(s) * group - sum, pixels(s) * group);
    });
  }
}

void print_remissions(std::ostream& out, const Sets& sets) {
  heading(out, "remission, % of points", sets);
  for (std::size_t i = 0; i < kRemissionEnds.size(); ++i) {
    const std::string title =
        i == 0 ? "0" : "over " + fixed(kRemissionEnds[i - 1], 1) + " to " + fixed(kRemissionEnds[i], 1);
    row(out, title, sets, [i](const Statistics& s) { return percent(s.remissions[i], s.points, 2); });
  }
}

void print_classes(std::ostream& out, const Sets& sets) {
  const auto table = [&](const std::string& title,
                         const std::function<std::string(const Statistics&, std::size_t)>& cell) {
    heading(out, title, sets);
    for (std::size_t i = 0; i < kClasses; ++i)
      row(out, kClassNames[i], sets, [&](const Statistics& s) { return cell(s, i); });
  };
  table("class, % of points",
        [](const Statistics& s, std::size_t i) { return percent(s.classes[i].points, s.points, 2); });
  table("class, points / scans", [](const Statistics& s, std::size_t i) {
    return grouped(s.classes[i].points) + " / " + grouped(s.classes[i].scans);
  });
  table("remission of class: 5 %, median, 95 %", [](const Statistics& s, std::size_t i) {
    const auto& own = s.classes[i];
    if (own.points == 0) return std::string("–");
    return fixed(own.remission_at(0.05), 2) + ", " + fixed(own.remission_at(0.5), 2) + ", " +
           fixed(own.remission_at(0.95), 2);
  });
}

}  // namespace

void print_statistics(std::ostream& out, const Sets& sets, bool all_rows) {
  print_summary(out, sets);
  print_ranges(out, sets);
  print_rows(out, sets, all_rows);
  print_remissions(out, sets);
  print_classes(out, sets);
}

}  // namespace intsim::street
