// What the colours of `intsim render` mean, with the number of pixels of each.
#pragma once

#include <iosfwd>
#include <span>

#include "render/picture.h"

namespace intsim::cli {

/// What a legend tells of.
struct LegendParts {
  bool labels = false, prediction = false;  ///< columns of classes
  std::span<const Panel> panels;            ///< all panels of all pictures; an order or a repetition means nothing
};

/// Prints a table of classes where there are any, then a line per kind of panel.
void print_legend(std::ostream& out, const CellCounts& counts, const LegendParts& parts);

}  // namespace intsim::cli
