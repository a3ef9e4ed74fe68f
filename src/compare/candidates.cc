#include "compare/candidates.h"

#include <algorithm>

#include "graph/lower_ops.h"
#include "intsim/error.h"

namespace intsim {
namespace {

/// " by RQ-6" for a wide form that does not round with RQ-4.
std::string by(Rounding rounding) {
  constexpr const char* kNames[] = {"", " by RQ-5", " by RQ-6", " by RQ-7", " by RQ-8", " by RQ-9"};
  return kNames[static_cast<std::size_t>(rounding)];
}

/// "CV-2 by RQ-6": ids of the 8-bit, wide and float32 forms of an operation.
std::string plain_name(Form form, Rounding rounding, const char* hvx8, const char* wide, const char* float32) {
  if (form == Form::hvx8) return hvx8;
  if (form == Form::float32) return float32;
  return wide + by(rounding);
}

struct Name {
  const Profile& profile;

  std::string operator()(const ConvParams& p) const {
    if (p.form == Form::hmx) return "CV-4";
    if (p.form == Form::drop_low) return "CV-5";
    if (p.form == Form::hvx8 && profile.alternatives.float32_bias) return "CV-6";
    const bool wraps = p.form == Form::wide && !p.narrow && p.overflow == Overflow::wrap;
    return plain_name(p.form, p.rounding, "CV-1", "CV-2", "CV-3") + (wraps ? " (wrap)" : "");
  }
  std::string operator()(const LeakyReluParams& p) const {
    return plain_name(p.form, p.rounding, "LR-1", is_tflite(profile.leaky_relu) ? "LR-4" : "LR-2", "LR-3");
  }
  std::string operator()(const BatchNormParams& p) const {
    return p.form == Form::batchnorm_d32 ? "BN-4" : plain_name(p.form, p.rounding, "BN-1", "BN-2", "BN-3");
  }
  std::string operator()(const AddParams& p) const {
    if (p.form == Form::tflite) return "AD-4" + by(p.rounding);
    if (p.form != Form::wide) return p.form == Form::hvx8 ? "AD-1" : "AD-3";
    switch (p.rounding) {
      case Rounding::two_stage:
        return "AD-5";
      case Rounding::half_away:
        return "AD-6";
      case Rounding::nearest_even:
        return "AD-7";
      default:
        return "AD-2";
    }
  }
  std::string operator()(const std::vector<ConcatParams>& operands) const {
    std::string name;
    for (const ConcatParams& p : operands) {
      const std::string one = p.form == Form::copy   ? "CC-1"
                              : p.form == Form::flat ? "CC-5"
                                                     : plain_name(p.form, p.rounding, "CC-2", "CC-3", "CC-4");
      if (name.find(one) == std::string::npos || by(p.rounding).empty()) name += (name.empty() ? "" : ", ") + one;
    }
    return name;
  }
  std::string operator()(const RescaleParams& p) const {
    return p.form == Form::copy ? "PS-2 (copy)" : plain_name(p.form, p.rounding, "PS-2", "PS-3", "PS-4");
  }
  std::string operator()(const AvgPoolParams& p) const {
    if (p.form == Form::average) return "AP-4";
    return p.form == Form::reciprocal ? "AP-5" : plain_name(p.form, p.rounding, "AP-1", "AP-2", "AP-3");
  }
  std::string operator()(const SoftmaxParams& p) const { return p.form == Form::float32 ? "SM-2" : "SM-1"; }
};

/// The average pool that divides by the taps inside the image, whatever the module does with its padding.
Candidate over_taps_inside(const Model& model, std::size_t index, const Profile& profile, const std::string& name) {
  GraphNode node = model.graph.nodes[index];
  node.count_pads = true;
  const Window window = node.window;
  Candidate candidate{.name = "",
                      .profiles = {name + " without padding in the divisor"},
                      .params = AvgPoolParams{},
                      .valid_taps = true};
  for (int rows = 1; rows <= window.kernel_h; ++rows)
    for (int columns = 1; columns <= window.kernel_w; ++columns) {
      node.window.kernel_h = rows;
      node.window.kernel_w = columns;
      candidate.by_extent[static_cast<std::size_t>(rows)][static_cast<std::size_t>(columns)] =
          lower_avg_pool(node, model.grid(node.inputs[0]), model.data[index].output, profile);
    }
  const AvgPoolParams& whole =
      candidate.by_extent[static_cast<std::size_t>(window.kernel_h)][static_cast<std::size_t>(window.kernel_w)];
  candidate.params = whole;
  candidate.name = Name{profile}(whole) + " over the taps inside";
  return candidate;
}

bool same_integers(const NodeParams& a, const NodeParams& b) {
  return integer_parameters({Op::conv2d, a}) == integer_parameters({Op::conv2d, b});
}

bool same_rule(const Candidate& a, const Candidate& b) {
  if (a.name != b.name || a.valid_taps != b.valid_taps || !same_integers(a.params, b.params)) return false;
  for (std::size_t rows = 0; rows < a.by_extent.size(); ++rows)
    for (std::size_t columns = 0; columns < a.by_extent.size(); ++columns) {
      const AvgPoolParams &p = a.by_extent[rows][columns], &q = b.by_extent[rows][columns];
      if (p.form != q.form || !same_integers(p, q)) return false;
    }
  return true;
}

void insert(std::vector<Candidate>& all, Candidate candidate, bool built_in) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const Candidate& c) { return same_rule(c, candidate); });
  if (same == all.end()) {
    all.push_back(std::move(candidate));
  } else if (built_in) {
    same->profiles.push_back(candidate.profiles[0]);  // an alternative without effect here is not listed
  }
}

/// A window that over_taps_inside has parameters for wherever it lies.
bool has_taps_inside(const Window& w) {
  return w.kernel_h <= kPoolSide && w.kernel_w <= kPoolSide && w.dilation_h == 1 && w.dilation_w == 1 &&
         w.pad_h + w.extra_h < w.kernel_h && w.pad_w + w.extra_w < w.kernel_w;
}

struct KnownProfile {
  std::string name;
  Profile profile;
  bool built_in;  ///< none of the alternatives
};

/// The ten profiles, then the default one with each of its alternatives.
std::vector<KnownProfile> known_profiles() {
  std::vector<KnownProfile> known;
  for (const Profile& p : profiles()) known.push_back({p.name, p, true});
  for (const AlternativeField& field : alternative_fields()) {
    Profile p = profiles().front();
    p.alternatives.*field.flag = true;
    known.push_back({p.name + " with " + field.name + " " + field.other, p, false});
  }
  return known;
}

}  // namespace

std::vector<Candidate> candidates_of(const Model& model, std::size_t node) {
  std::vector<Candidate> all;
  const GraphNode& graph_node = model.graph.nodes[node];
  const bool pool = graph_node.op == Op::avg_pool && has_taps_inside(graph_node.window);
  for (const KnownProfile& known : known_profiles()) {
    const auto add = [&](auto&& make) {
      try {
        insert(all, make(), known.built_in);
      } catch (const InputError&) {
        // Its parameters leave their range on this layer.
      }
    };
    add([&] {
      Candidate candidate{.name = "", .profiles = {known.name}, .params = lower_node(model, node, known.profile)};
      candidate.name = std::visit(Name{known.profile}, candidate.params);
      return candidate;
    });
    if (pool) add([&] { return over_taps_inside(model, node, known.profile, known.name); });
  }
  return all;
}

}  // namespace intsim
