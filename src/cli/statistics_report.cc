#include "cli/statistics_report.h"

#include <filesystem>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "intsim/version.h"
#include "io/file.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

using nlohmann::ordered_json;

std::string count_text(const std::optional<std::int64_t>& count) { return count ? std::to_string(*count) : "-"; }

void print_row(const std::vector<std::string>& cells) {
  constexpr int widths[] = {32, 14, 15, 20, 20, 11, 11, 11, 0};
  std::cout << std::left;
  for (std::size_t i = 0; i < cells.size(); ++i) std::cout << std::setw(widths[i]) << cells[i];
  std::cout << "\n";
}

const char* policy_name(const Program& program) {
  return overflow_policies()[static_cast<std::size_t>(program.profile.overflow)].first;
}

ordered_json layer_json(const Program& program, std::size_t i, const LayerStatistics& s) {
  const GraphNode& node = program.graph_node(i);
  ordered_json j = {
      {"name", node.name}, {"op", op_type(node.op)}, {"form", form_of(program.nodes[i])}, {"outputs", s.outputs}};
  if (s.accumulator) j["accumulator"] = {s.accumulator->low, s.accumulator->high};
  j["clamped"] = {{"below", s.below}, {"above", s.above}};
  if (s.ties) j["ties"] = *s.ties;
  if (s.beyond_int32) j["beyond_int32"] = *s.beyond_int32;
  return j;
}

}  // namespace

void print_statistics(const Program& program, const std::vector<LayerStatistics>& layers) {
  print_row({"layer", "op", "form", "accumulator min", "accumulator max", "below 0", "above N", "ties",
             std::string("beyond int32 (") + policy_name(program) + ")"});
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerStatistics& s = layers[i];
    const auto& range = s.accumulator;
    print_row({printable(program.graph_node(i).name), op_type(program.graph_node(i).op), form_of(program.nodes[i]),
               range ? std::to_string(range->low) : "-", range ? std::to_string(range->high) : "-",
               std::to_string(s.below), std::to_string(s.above), count_text(s.ties), count_text(s.beyond_int32)});
  }
}

void write_statistics(const std::string& path, const Program& program, const std::vector<LayerStatistics>& layers,
                      const std::string& scan) {
  ordered_json j = {{"schema", "intsim-statistics"},
                    {"schema_version", 1},
                    {"model", program.model->name},
                    {"target", program.profile.name},
                    {"overflow", policy_name(program)},
                    {"numerics_revision", kNumericsRevision},
                    {"scan", std::filesystem::path(scan).filename().string()}};
  for (std::size_t i = 0; i < layers.size(); ++i) j["layers"].push_back(layer_json(program, i, layers[i]));
  write_file(path, j.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace intsim::cli
