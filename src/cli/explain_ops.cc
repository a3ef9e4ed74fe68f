// What the operations share, and the choice between them.
#include "cli/explain_ops.h"

#include <ostream>

namespace intsim::cli {

std::string list(const std::vector<std::int32_t>& values) {
  std::string result = "[";
  for (const std::int32_t v : values) result += (result.size() > 1 ? ", " : "") + number(v);
  return result + "]";
}

WindowCodes window_codes(const OutputSite& site, int channel, std::int32_t zero, bool keep_outside) {
  const Window& w = site.graph_node().window;
  const PlanarTensor& in = *site.inputs[0];
  WindowCodes result;
  for (int ky = 0; ky < w.kernel_h; ++ky) {
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int y = site.row * w.stride_h - w.pad_h + ky * w.dilation_h;
      const int x = site.column * w.stride_w - w.pad_w + kx * w.dilation_w;
      const bool inside = y >= 0 && y < in.height && x >= 0 && x < in.width;
      result.outside += inside ? 0 : 1;
      if (inside || keep_outside) result.codes.push_back(inside ? in.at(channel, y, x) : zero);
    }
  }
  return result;
}

std::int32_t centred(Steps& steps, const Grid& g, std::int32_t q) {
  steps.line("input code", number(q));
  steps.line("centred", number(q) + " - " + number(g.zero()) + " = " + number(q - g.zero()));
  return q - g.zero();
}

std::int32_t rescaled(Steps& steps, Form form, Rounding rounding, Int128 a, Multiplier m, const Grid& y) {
  return form == Form::hvx8 ? steps.requantise_hvx8(a, m, y.zero(), y.n)
                            : steps.requantise(a, m, rounding, y.zero(), y.n);
}

namespace {

struct Explainer {
  Steps& steps;
  const OutputSite& site;

  Explained operator()(const ConvParams& p) { return explain_conv(steps, site, p); }
  Explained operator()(const BatchNormParams& p) { return explain_batch_norm(steps, site, p); }
  Explained operator()(const LeakyReluParams& p) { return explain_leaky_relu(steps, site, p); }
  Explained operator()(const AddParams& p) { return explain_add(steps, site, p); }
  Explained operator()(const std::vector<ConcatParams>& p) { return explain_concat(steps, site, p); }
  Explained operator()(const RescaleParams& p) { return explain_pixel_shuffle(steps, site, p); }
  Explained operator()(const AvgPoolParams& p) { return explain_avg_pool(steps, site, p); }
  Explained operator()(const SoftmaxParams& p) { return explain_softmax(steps, site, p); }
};

}  // namespace

Explained explain_output(std::ostream& out, const OutputSite& site) {
  Steps steps(out);
  return std::visit(Explainer{steps, site}, site.program.nodes[site.node].params);
}

}  // namespace intsim::cli
