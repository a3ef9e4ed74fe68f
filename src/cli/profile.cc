#include "cli/profile.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "evaluate/progress.h"
#include "io/text.h"
#include "kernels/simd/peak.h"

namespace intsim::cli {
namespace {

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// What a step costs by its shapes.
struct Work {
  double macs = 0, bytes = 0;
};

Work work_of(const Program& program, const Step& step, const std::vector<Extent>& extents) {
  const Model& model = *program.model;
  const auto bytes = [&](ValueId v, int channels) {
    const Extent e = extents[static_cast<std::size_t>(v)];
    return static_cast<double>(channels) * e.height * e.width * model.grid(v).bytes();
  };
  Work work;
  for (const ValueId v : step.inputs) work.bytes += bytes(v, model.graph.channels(v));
  const GraphNode& node = model.graph.nodes[step.first];
  int channels = model.graph.nodes[step.last].out_channels;
  if (node.op == Op::concat && step.inputs.size() == 1) channels = model.graph.channels(step.inputs[0]);
  for (const Step::Output& output : step.outputs) work.bytes += bytes(output.value, channels);
  if (node.op == Op::conv2d) {
    const Extent e = extents[step.first + 1];
    work.macs = static_cast<double>(node.reduction()) * node.out_channels * e.height * e.width;
    work.bytes += static_cast<double>(node.reduction()) * node.out_channels;
  }
  return work;
}

void print_line(const std::string& name, const std::string& what, double seconds, const Work& work, double peak) {
  std::cout << std::left << std::setw(24) << name << std::setw(34) << what << std::right << std::setw(9)
            << fixed(seconds * 1e3, 3) << std::setw(9) << (work.macs > 0 ? fixed(work.macs / seconds * 1e-9, 1) : "-")
            << std::setw(8) << (work.macs > 0 ? fixed(100 * work.macs / seconds / peak, 1) : "-") << std::setw(9)
            << fixed(work.bytes * 1e-6, 2) << "\n";
}

/// Operations of a step: "Conv2d LeakyReLU BatchNorm2d > Concat".
std::string operations(const Program& program, const Step& step) {
  const Graph& graph = program.model->graph;
  std::string text = op_type(graph.nodes[step.first].op);
  std::size_t at = step.first;
  while (at != step.last) {  // each node of a chain is read by the next
    for (std::size_t j = at + 1; j <= step.last; ++j)
      if (graph.nodes[j].inputs[0] == static_cast<ValueId>(at + 1)) {
        text += std::string(" ") + op_type(graph.nodes[j].op);
        at = j;
        break;
      }
  }
  for (const Step::Output& output : step.outputs)
    if (output.value != static_cast<ValueId>(step.last + 1)) text += " > Concat";
  return text;
}

}  // namespace

void print_profile(Engine& engine, const RangeImage& image, int threads, int repeats) {
  const PreparedProgram& prepared = engine.prepared();
  const Program& program = prepared.program();
  const Extent extent{image.height, image.width};
  const std::vector<Step>& steps = prepared.plan().steps;
  std::vector<std::vector<double>> times(steps.size() + 2);
  std::vector<double> totals;
  engine.run(image.channels, extent);  // buffers
  for (int i = 0; i < repeats; ++i) {
    const double start = steady_seconds();
    engine.run_plan(image.channels, extent,
                    {[&](std::size_t part, double seconds) { times[part].push_back(seconds); }, {}});
    totals.push_back(steady_seconds() - start);
  }
  const double peak = [&] {
    const SimdScope scope(prepared.simd_target());
    return measure_peak(0.5) * threads;
  }();
  const std::vector<Extent> extents = infer_extents(program.model->graph, extent);
  std::cout << std::left << std::setw(24) << "step" << std::setw(34) << "operations" << std::right << std::setw(9)
            << "ms" << std::setw(9) << "GMAC/s" << std::setw(8) << "% peak" << std::setw(9) << "MB"
            << "\n";
  print_line("input", "Quantize", median(times[0]),
             {0, static_cast<double>(image.channels.size()) * (4.0 + program.model->input.bytes())}, peak);
  Work all;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const Work work = work_of(program, steps[s], extents);
    all.macs += work.macs, all.bytes += work.bytes;
    print_line(printable(program.graph_node(steps[s].first).name), operations(program, steps[s]), median(times[s + 1]),
               work, peak);
  }
  print_line("classes", "first maximum", median(times.back()), {}, peak);
  print_line("total", "median of " + std::to_string(repeats) + " runs", median(totals), all, peak);
  std::cout << "\n"
            << prepared.simd_target() << ", " << threads << (threads == 1 ? " thread" : " threads") << ": peak "
            << fixed(peak * 1e-9, 1) << " GMAC/s, floor " << fixed(all.macs / peak * 1e3, 1) << " ms; runs of "
            << fixed(*std::min_element(totals.begin(), totals.end()) * 1e3, 1) << " to "
            << fixed(*std::max_element(totals.begin(), totals.end()) * 1e3, 1) << " ms\n";
}

}  // namespace intsim::cli
