// intsim inspect: the layers of a model under a target.
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/explain.h"
#include "cli/layer_summary.h"
#include "cli/model_options.h"
#include "intsim/error.h"
#include "intsim/version.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  ModelOptions model;
  std::string file;  ///< the same as --model
  std::vector<std::string> explain;
  std::string scan;
  bool json = false;
};

std::string shape_text(const LayerSummary& s) {
  return std::to_string(s.channels) + "x" + std::to_string(s.extent.height) + "x" + std::to_string(s.extent.width);
}

std::string number_text(double value, int digits) {
  std::ostringstream text;
  text << std::setprecision(digits) << value;
  return text.str();
}

template <class T>
std::string span_text(const Span<T>& span) {
  std::ostringstream text;
  text << std::setprecision(6) << span.low;
  if (span.low != span.high) text << ".." << span.high;
  return text.str();
}

std::string headroom_text(const LayerSummary& s) {
  if (s.worst == 0) return "-";
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  const double narrow = headroom(s.worst_register, 32);
  if (narrow > 0) {
    text << narrow;
  } else {
    text << narrow << " (int64 " << headroom(s.worst_register, 64) << ")";
  }
  return text.str();
}

std::string parameter_text(const LayerSummary& s) {
  std::string text;
  for (const auto& [name, span] : s.parameters) text += (text.empty() ? "" : "  ") + name + " " + span_text(span);
  return text;
}

void print_row(const std::vector<std::string>& cells) {
  constexpr int widths[] = {32, 14, 13, 13, 7, 6, 7, 26, 14, 18, 12, 20, 52, 0};
  std::cout << std::left;
  for (std::size_t i = 0; i < cells.size(); ++i)
    std::cout << std::setw(widths[i]) << cells[i] + (i + 1 < cells.size() ? " " : "");
  std::cout << "\n";
}

void print_text(const Program& program, const std::vector<LayerSummary>& layers) {
  const Model& model = *program.model;
  std::cout << "model " << printable(model.name) << ", " << model.graph.nodes.size() << " modules, target "
            << program.profile.name << ", numerics revision " << kNumericsRevision << "\n";
  for (const auto& [key, value] : model.sources)
    std::cout << "  " << printable(key) << ": " << printable(value) << "\n";
  std::cout << "input: scale " << number_text(model.input.scale, 9) << ", zero point " << model.input.zero() << ", "
            << model.input.bits << " bits\n\n";
  print_row({"layer", "op", "output", "scale", "zero", "bits", "w bits", "w scale", "form", "wide because", "worst sum",
             "headroom", "overflow", "parameters"});
  for (const LayerSummary& s : layers)
    print_row({printable(s.name), s.op, shape_text(s), number_text(s.output.scale, 7), std::to_string(s.output.zero()),
               std::to_string(s.output.bits), s.weight_bits > 0 ? std::to_string(s.weight_bits) : "-",
               s.weight_bits > 0 ? span_text(s.weight_scale) : "-", s.form,
               s.wide_because.empty() ? "-" : s.wide_because, s.worst > 0 ? std::to_string(s.worst) : "-",
               headroom_text(s), s.overflow ? s.overflow->text() : "-", parameter_text(s)});
}

ordered_json overflow_json(const OverflowVerdict& verdict) {
  const AccumulatorBound& bound = verdict.bound;
  ordered_json j = {{"verdict", bound.exceeds_int32() ? "can exceed int32" : "int32 suffices"},
                    {"bound", static_cast<std::int64_t>(bound.value)},
                    {"left_shift", bound.left},
                    {"channel", bound.channel}};
  if (bound.exceeds_int32()) j["policy"] = verdict.policy;
  return j;
}

ordered_json layer_json(const LayerSummary& s) {
  ordered_json j = {{"name", s.name},
                    {"op", s.op},
                    {"inputs", s.inputs},
                    {"shape", {s.channels, s.extent.height, s.extent.width}},
                    {"output", {{"scale", s.output.scale}, {"zero_point", s.output.zero()}, {"bits", s.output.bits}}},
                    {"form", s.form}};
  if (s.weight_bits > 0)
    j["weight"] = {
        {"bits", s.weight_bits}, {"scales", s.weight_scales}, {"scale", {s.weight_scale.low, s.weight_scale.high}}};
  for (const auto& [name, span] : s.parameters) j["parameters"][name] = {span.low, span.high};
  if (!s.wide_because.empty()) j["wide_because"] = s.wide_because;
  if (s.overflow) j["overflow"] = overflow_json(*s.overflow);
  if (s.worst == 0) return j;
  j["worst_sum"] = s.worst;
  j["headroom"] = {{"int32", headroom(s.worst_register, 32)}, {"int64", headroom(s.worst_register, 64)}};
  return j;
}

void print_json(const Program& program, const std::vector<LayerSummary>& layers) {
  const Model& model = *program.model;
  ordered_json j = {
      {"schema", "intsim-inspect"},
      {"schema_version", 1},
      {"model", model.name},
      {"target", program.profile.name},
      {"numerics_revision", kNumericsRevision},
      {"sources", model.sources},
      {"input", {{"scale", model.input.scale}, {"zero_point", model.input.zero()}, {"bits", model.input.bits}}}};
  for (const LayerSummary& s : layers) j["layers"].push_back(layer_json(s));
  std::cout << j.dump(1, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

int list_layers(const Options& o) {
  const Program program = load_program(o.model);
  const std::vector<Extent> extents =
      infer_extents(program.model->graph, {o.model.projection.height, o.model.projection.width});
  std::vector<LayerSummary> layers;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) layers.push_back(summarise(program, i, extents[i + 1]));
  if (o.json) {
    print_json(program, layers);
  } else {
    print_text(program, layers);
  }
  return 0;
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("file", o.file, "model file; instead of --config");
  add_model_options(app, o.model);
  app.add_flag("--json", o.json, "print JSON");
  app.add_option("--explain", o.explain, "LAYER CHANNEL ROW COLUMN: one output step by step")->expected(4);
  app.add_option("--scan", o.scan, "velodyne .bin file, for --explain");
  add_engine_options(app, o.model);
  add_size_options(app, o.model);
  app.footer(
      "'worst sum' is the largest magnitude that the real weights, bias included, can sum to. 'headroom' counts the\n"
      "bits it leaves free in int32, after the left shift where the form is hvx8; below zero int64 is used. "
      "'overflow'\n"
      "says for convolutions whether int32 suffices, or the bound and what the target does beyond int32; 'wide "
      "because'\n"
      "names the precondition (docs/NUMERICS.md) that keeps the target's own form away.\n\n"
      "Examples:\n"
      "  intsim inspect models/w8a8.safetensors\n"
      "  intsim inspect --config w4a8 --target ideal --json\n"
      "  intsim inspect --config w8a8 --explain resBlock1.conv2 3 10 700 --scan 000000.bin");
}

}  // namespace

int run_inspect(const Arguments& arguments) {
  Options o;
  CLI::App app("Prints every layer of a model as a target runs it, or explains one output.", "intsim inspect");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  if (!o.file.empty()) {
    if (!o.model.model.empty() || !o.model.config.empty())
      throw UsageError("'" + o.file + "' and --config or --model name a model each; give one");
    o.model.model = o.file;
  }
  if (o.explain.empty() != o.scan.empty()) throw UsageError("--explain and --scan belong together");
  if (o.explain.empty()) return list_layers(o);
  if (o.json) throw UsageError("--explain prints text; leave out --json");
  return explain(o.model, {o.explain[0], o.explain[1], o.explain[2], o.explain[3]}, o.scan);
}

}  // namespace intsim::cli
