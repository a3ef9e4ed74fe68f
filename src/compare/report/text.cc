#include <algorithm>
#include <iomanip>
#include <ostream>

#include "compare/report.h"
#include "compare/report/words.h"

namespace intsim {
namespace {

struct Column {
  const char* title;
  int width;
};

constexpr Column kColumns[] = {{"layer", 24},     {"op", 14},          {"bits", 5},       {"mismatches", 11},
                               {"ppm", 10},       {"max LSB", 8},      {"mean LSB", 10},  {"inherited", 10},
                               {"explained", 10}, {"unexplained", 12}, {"bound LSB", 10}, {"SQNR dB", 8},
                               {"cosine", 11}};

void print_row(std::ostream& out, const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto width = static_cast<std::size_t>(kColumns[i].width);
    std::string cell = cells[i];
    if (cell.size() < width) {
      const std::string blank(width - cell.size(), ' ');
      cell = i < 2 ? cell + blank : blank + cell;
    }
    line += (i == 0 ? "" : " ") + cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << "\n";
}

std::vector<std::string> cells_of(const TensorComparison& t) {
  std::vector<std::string> cells = {t.name, t.op, std::to_string(t.bits), mismatch_text(t)};
  if (t.by_hash) {
    cells.emplace_back("hash only");
    return cells;
  }
  const double mean = t.count == 0 ? 0 : static_cast<double>(t.sum_lsb) / static_cast<double>(t.count);
  for (const std::string& cell :
       {number_text(t.ppm(), 4), std::to_string(t.max_lsb), number_text(mean, 3), std::to_string(t.inherited),
        std::to_string(t.explained), std::to_string(t.unexplained),
        t.mean_bound_lsb < 0 ? std::string("-") : number_text(t.mean_bound_lsb, 3), number_text(t.sqnr_db, 4),
        number_text(t.cosine, 9)})
    cells.push_back(cell);
  return cells;
}

void print_remarks(std::ostream& out, const TensorComparison& t) {
  const auto line = [&](const char* what, const std::string& text) {
    if (!text.empty()) out << "    " << what << text << "\n";
  };
  line("first ", first_mismatch_text(t));
  line("", tolerance_text(t));
  line("", t.explanation);
  line("causes: ", causes_text(t));
  if (t.rule) line("rule: ", rule_text(*t.rule));
}

}  // namespace

void print_comparison(std::ostream& out, const Comparison& c, bool all) {
  out << verdict_line(c) << "\n" << sides_line(c) << "\n";
  std::int64_t codes = 0, mismatches = 0;
  std::size_t listed = 0, uncounted = 0;
  for (const TensorComparison& t : c.tensors) {
    if (t.mismatches < 0) {
      ++uncounted;
    } else {
      codes += t.count;
      mismatches += t.mismatches;
    }
    if (t.mismatches == 0 && !all && !t.rule) continue;
    if (listed++ == 0) {
      out << "\n";
      std::vector<std::string> titles;
      for (const Column& column : kColumns) titles.emplace_back(column.title);
      print_row(out, titles);
    }
    print_row(out, cells_of(t));
    print_remarks(out, t);
  }
  out << "\n"
      << c.tensors.size() - listed << " further tensors equal; " << codes << " codes, " << mismatches << " mismatches";
  if (uncounted > 0)
    out << "; " << uncounted << (uncounted == 1 ? " tensor" : " tensors") << " known unequal by hash alone";
  out << "\n";
  for (const std::string& skipped : c.skipped) out << "left out " << skipped << "\n";
}

}  // namespace intsim
