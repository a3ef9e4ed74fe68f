#include "cli/legend.h"

#include <algorithm>
#include <iomanip>
#include <numeric>
#include <ostream>
#include <string>

#include "render/colours.h"

namespace intsim::cli {
namespace {

void print_classes(std::ostream& out, const CellCounts& counts, const LegendParts& parts) {
  const bool errors = parts.labels && parts.prediction;
  const auto row = [&](const std::string& name, const std::string& colour, auto labels, auto prediction, auto wrong) {
    out << std::left << std::setw(20) << name << std::setw(8) << colour << std::right;
    if (parts.labels) out << std::setw(12) << labels;
    if (parts.prediction) out << std::setw(12) << prediction;
    if (errors) out << std::setw(12) << wrong;
    out << "\n";
  };
  row("class", "colour", "labels", "prediction", "wrong");
  for (std::size_t c = 0; c < counts.labels.size(); ++c)
    row(std::to_string(c) + " " + kClassNames[c], hex_colour(kClassColours[c]), counts.labels[c], counts.prediction[c],
        counts.wrong[c]);
}

void print_errors(std::ostream& out, const CellCounts& counts) {
  const auto part = [&](Verdict verdict, const char* name, std::int64_t count) {
    out << " " << hex_colour(verdict_colour(verdict)) << " " << name << " " << count;
  };
  out << "errors     ";
  part(Verdict::correct, "correct", counts.correct);
  part(Verdict::wrong, "wrong", std::accumulate(counts.wrong.begin(), counts.wrong.end(), std::int64_t{0}));
  part(Verdict::ignored, "not labelled", counts.ignored);
  out << "\n";
}

}  // namespace

void print_legend(std::ostream& out, const CellCounts& counts, const LegendParts& parts) {
  const auto shown = [&](Panel panel) {
    return std::find(parts.panels.begin(), parts.panels.end(), panel) != parts.panels.end();
  };
  if (parts.labels || parts.prediction) {
    print_classes(out, counts, parts);
    out << "\n";
  }
  if (shown(Panel::range)) {
    out << "range      ";
    for (std::size_t i = 0; i < kRangeColours.size(); ++i)
      out << " " << hex_colour(kRangeColours[i]) << " " << (2 << i);
    out << " m\n";
  }
  if (shown(Panel::remission))
    out << "remission   " << hex_colour(remission_colour(0)) << " 0 " << hex_colour(remission_colour(0.25f)) << " 0.25 "
        << hex_colour(remission_colour(1)) << " 1\n";
  if (shown(Panel::errors)) print_errors(out, counts);
  out << "empty       " << hex_colour(kEmptyColour) << " " << counts.empty << "\n";
}

}  // namespace intsim::cli
