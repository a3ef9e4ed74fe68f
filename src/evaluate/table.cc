#include "evaluate/table.h"

#include <algorithm>
#include <array>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/report.h"
#include "intsim/error.h"

namespace intsim {
namespace {

/// First cell is the heading or the row's name.
using Row = std::vector<std::string>;

/// Figures of the model card, quic/aimet-model-zoo 667e804, aimet_zoo_torch/salsanext/SalsaNext.md.
struct Published {
  const char* heading;
  double mean_iou, accuracy;
  std::array<double, kClasses> iou;
};
constexpr Published kPublished[] = {
    {"FP32 (card)", 0.558, 0.879, {0,    .862, .394, .420, .777, .420, .621, .683, .000, .943,
                                   .422, .800, .041, .800, .484, .803, .579, .642, .466, .445}},
    {"W8A8 (card)", 0.549, 0.874, {0,    .863, .372, .426, .780, .447, .600, .663, .000, .936,
                                   .395, .789, .035, .791, .444, .796, .562, .647, .457, .420}},
    {"W4A8 (card)", 0.551, 0.876, {0,    .863, .381, .437, .770, .428, .606, .670, .000, .937,
                                   .378, .788, .053, .798, .467, .800, .567, .646, .456, .428}}};

/// The config, with the target where another column has the config with another target.
std::string heading_among(std::span<const EvaluationResult> results, const EvaluationResult& own) {
  const bool several = std::any_of(results.begin(), results.end(), [&](const auto& other) {
    return other.config == own.config && other.target != own.target;
  });
  if (!several) return own.config;
  return own.config + " " + (own.target == "none" ? "predictions" : own.target);
}

std::vector<std::string> headings(std::span<const EvaluationResult> results) {
  std::vector<std::string> names, numbered;
  for (const EvaluationResult& r : results) {
    const std::string name = heading_among(results, r);
    const auto before = std::count(names.begin(), names.end(), name);
    names.push_back(name);
    numbered.push_back(name + (before == 0 ? "" : " (" + std::to_string(before + 1) + ")"));
  }
  return numbered;
}

std::vector<Row> build_rows(std::span<const EvaluationResult> results, bool published) {
  Row head = {""}, iou = {"mIoU"}, accuracy = {"Acc"};
  for (const std::string& name : headings(results)) head.push_back(name);
  for (const EvaluationResult& r : results) {
    iou.push_back(score_text(r.scores.mean_iou));
    accuracy.push_back(score_text(r.scores.accuracy));
  }
  std::vector<Row> classes;
  for (std::size_t c = 0; c < kClasses; ++c) {
    if (std::count(kIgnoredClasses.begin(), kIgnoredClasses.end(), static_cast<int>(c)) != 0) continue;
    Row row = {kClassNames[c]};
    for (const EvaluationResult& r : results) row.push_back(score_text(r.scores.iou[c]));
    for (const Published& p : kPublished)
      if (published) row.push_back(score_text(p.iou[c]));
    classes.push_back(std::move(row));
  }
  if (published) {
    for (const Published& p : kPublished) {
      head.push_back(p.heading);
      iou.push_back(score_text(p.mean_iou));
      accuracy.push_back(score_text(p.accuracy));
    }
  }
  std::vector<Row> rows = {head, iou, accuracy};
  rows.insert(rows.end(), classes.begin(), classes.end());
  return rows;
}

/// Columns that a terminal needs: bytes that do not continue a UTF-8 sequence.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

std::vector<std::size_t> column_widths(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

/// Names to the left, figures to the right.
std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - width_of(text), ' ');
  return left ? text + space : space + text;
}

void print_text(std::ostream& out, const std::vector<Row>& rows) {
  const auto widths = column_widths(rows);
  for (const Row& row : rows) {
    std::string text = padded(row[0], widths[0], true);
    for (std::size_t i = 1; i < row.size(); ++i) text += "  " + padded(row[i], widths[i], false);
    out << text + "\n";
  }
}

void print_markdown(std::ostream& out, std::vector<Row> rows) {
  for (std::string& cell : rows.front()) {
    for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
  }
  const auto widths = column_widths(rows);
  std::string rule = "|";
  for (std::size_t i = 0; i < widths.size(); ++i) rule += std::string(widths[i] + 1, '-') + (i == 0 ? "-|" : ":|");
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string text = "|";
    for (std::size_t i = 0; i < rows[r].size(); ++i) text += " " + padded(rows[r][i], widths[i], i == 0) + " |";
    out << text + "\n";
    if (r == 0) out << rule + "\n";
  }
}

std::string sequence_text(const EvaluationResult& r) {
  std::string text;
  for (const std::string& name : r.sequences) text += (text.empty() ? "" : " ") + name;
  return text;
}

/// One line per setting that differs, with the value of each result.
std::vector<std::string> warnings(std::span<const EvaluationResult> results) {
  using Value = std::function<std::string(const EvaluationResult&)>;
  const std::pair<const char*, Value> settings[] = {
      {"numbers of scans", [](const auto& r) { return std::to_string(r.scans); }},
      {"numbers of points", [](const auto& r) { return std::to_string(r.points); }},
      {"datasets", [](const auto& r) { return r.dataset; }},
      {"sequences", sequence_text},
      {"metric modes", [](const auto& r) { return std::string(mode_label(r.mode)); }},
      {"KNN settings", [](const auto& r) { return std::string(r.knn ? "on" : "off"); }},
      {"numerics revisions", [](const auto& r) { return std::to_string(r.numerics_revision); }},
  };
  std::vector<std::string> lines;
  for (const auto& setting : settings) {
    const Value& value = setting.second;
    const std::string first = value(results.front());
    if (std::all_of(results.begin(), results.end(), [&](const auto& r) { return value(r) == first; })) continue;
    std::string text = std::string("warning: different ") + setting.first + ", scores are not comparable: ";
    for (std::size_t i = 0; i < results.size(); ++i) text += (i == 0 ? "" : " | ") + value(results[i]);
    lines.push_back(std::move(text));
  }
  return lines;
}

}  // namespace

void print_table(std::ostream& out, std::span<const EvaluationResult> results, const TableOptions& options) {
  if (results.empty()) throw UsageError("a table needs at least one result file");
  const auto rows = build_rows(results, options.published);
  if (options.format == TableFormat::markdown) {
    print_markdown(out, rows);
  } else {
    print_text(out, rows);
  }
  const auto lines = warnings(results);
  if (!lines.empty()) out << "\n";
  for (const std::string& text : lines) out << text + "\n";
}

}  // namespace intsim
