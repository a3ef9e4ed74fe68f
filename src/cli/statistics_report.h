// intsim run --stats: what each layer met, as a table and as JSON.
#pragma once

#include <string>
#include <vector>

#include "engine/statistics.h"

namespace intsim::cli {

/// One line per layer under a heading; "-" where a column does not apply.
void print_statistics(const Program& program, const std::vector<LayerStatistics>& layers);

/// docs/FORMATS.md, "Statistics"; `scan` is the file's name. Throws OutputError.
void write_statistics(const std::string& path, const Program& program, const std::vector<LayerStatistics>& layers,
                      const std::string& scan);

}  // namespace intsim::cli
