#include "numerics/profile.h"

#include <algorithm>

#include "intsim/error.h"
#include "io/suggest.h"

namespace intsim {

const char* rule_name(Rule rule) {
  switch (rule) {
    case Rule::hvx8:
      return "hvx8";
    case Rule::wide:
      return "wide";
    case Rule::float32:
      return "float32";
    case Rule::hmx:
      return "hmx";
    case Rule::tflite:
      return "tflite";
    case Rule::tflite_single:
      return "tflite-single";
    case Rule::int16x8:
      return "int16x8";
    case Rule::two_stage:
      return "two-stage";
    case Rule::half_away:
      return "half-away";
    case Rule::nearest_even:
      return "nearest-even";
  }
  return "";
}

const std::array<ProfileOp, 8>& profile_ops() {
  static const std::array<ProfileOp, 8> table = {{{"conv2d", &Profile::conv2d},
                                                  {"leaky_relu", &Profile::leaky_relu},
                                                  {"batch_norm", &Profile::batch_norm},
                                                  {"add", &Profile::add},
                                                  {"concat", &Profile::concat},
                                                  {"pixel_shuffle", &Profile::pixel_shuffle},
                                                  {"avg_pool", &Profile::avg_pool},
                                                  {"softmax", &Profile::softmax}}};
  return table;
}

const std::array<Rule, 10>& all_rules() {
  static const std::array<Rule, 10> rules = {Rule::hvx8,      Rule::wide,          Rule::float32, Rule::hmx,
                                             Rule::tflite,    Rule::tflite_single, Rule::int16x8, Rule::two_stage,
                                             Rule::half_away, Rule::nearest_even};
  return rules;
}

bool rule_covers(Rule rule, const ProfileOp& op) {
  if (op.rule == &Profile::softmax) return rule == Rule::wide || rule == Rule::float32;
  return rule != Rule::hmx || op.rule == &Profile::conv2d;
}

const std::array<AlternativeField, 5>& alternative_fields() {
  static const std::array<AlternativeField, 5> table = {
      {{"bn", "depthwise", "batchnorm_d32", &Alternatives::batchnorm_d32, &Profile::batch_norm},
       {"concat", "d32", "flat", &Alternatives::flat_concat, &Profile::concat},
       {"avgpool", "one-multiplier", "reciprocal-3641", &Alternatives::reciprocal_pool, &Profile::avg_pool},
       {"conv16", "exact", "drop-low", &Alternatives::drop_low, &Profile::conv2d},
       {"bias", "rational", "float32", &Alternatives::float32_bias, &Profile::conv2d}}};
  return table;
}

const std::array<std::pair<const char*, Overflow>, 4>& overflow_policies() {
  static const std::array<std::pair<const char*, Overflow>, 4> table = {{{"exact", Overflow::exact},
                                                                         {"wrap", Overflow::wrap},
                                                                         {"saturate", Overflow::saturate},
                                                                         {"error", Overflow::error}}};
  return table;
}

namespace {

/// A profile with one rule for all operations but softmax, which is SM-1.
Profile uniform(const char* name, Rule rule, Overflow overflow, const char* summary, const char* source,
                const char* confidence, const char* checked_by) {
  return {name,       rule,     rule, rule,    rule,   rule,       rule,      rule,
          Rule::wide, overflow, {},   summary, source, confidence, checked_by};
}

std::vector<Profile> built_in() {
  constexpr Overflow exact = Overflow::exact, wrap = Overflow::wrap;
  const char* oracle = "independent rational oracle";
  std::vector<Profile> table = {
      uniform("hexagon-hvx", Rule::hvx8, exact, "Hexagon HVX: hexagon_nn's 8-bit forms, exact wide forms elsewhere",
              "XiaoMi/nnlib df7ad3c1 (hexagon_nn)", "instructions: proven; choice of kernels: published for hexagon_nn",
              "independent rational oracle; HVX code under qemu, whole network"),
      uniform("ideal", Rule::wide, exact, "one exact rounding per operation, zero point outside",
              "docs/NUMERICS.md RQ-4", "a definition",
              "independent rational oracle; HVX code under qemu, node by node"),
      uniform("hexagon-hmx", Rule::wide, exact,
              "Hexagon HMX: 12-bit significand in 8-bit convolutions, ideal elsewhere",
              "quic/qemu 05eda406 target/hexagon/hmx/hmx_int_ops.c",
              "output stage: published; choice of its parameters: our assumption", oracle),
      uniform("aimet", Rule::float32, exact, "AIMET 1.25 StaticGrid simulation, float32 in the stated order",
              "quic/aimet 7933a236, LibTorch 1.13.1 CPU operators",
              "published; convolution sums exact instead of in "
              "library order",
              oracle),
      uniform("tflite", Rule::tflite, wrap, "TFLite, gemmlowp, CMSIS-NN: double rounding",
              "gemmlowp fixedpoint.h, TFLite reference kernels, CMSIS-NN",
              "Conv2d, Add, LeakyReLU, AvgPool2d: published; "
              "the rest: extension",
              "independent rational oracle; CMSIS-NN unit-test vectors"),
      uniform("tflite-single", Rule::tflite_single, exact, "TFLite with single rounding, TOSA, XNNPACK rndnu",
              "TFLite common.h (TFLITE_SINGLE_ROUNDING), TOSA reference model, XNNPACK",
              "Conv2d, Add, LeakyReLU, AvgPool2d: published; the rest: extension", oracle),
      uniform("tflite-int16x8", Rule::int16x8, exact, "TFLite 16x8: 16-bit multipliers where the input has 16 bits",
              "TFLite common.h MultiplyByQuantizedMultiplier(int64), CMSIS-NN arm_nn_requantize_s64",
              "16-bit Conv2d, Add, LeakyReLU, AvgPool2d: published; the rest: extension",
              "independent rational oracle; CMSIS-NN unit-test vectors"),
      uniform("hvx-2stage", Rule::two_stage, wrap, "HVX with a normalised multiplier and a second rounding shift",
              "HVX vmpye/vmpyo:rnd and vasr:rnd", "instructions: proven; use by a library: our assumption", oracle),
      uniform("half-away", Rule::half_away, exact, "one exact rounding, half away from zero",
              "QNNPACK and XNNPACK rndna", "Conv2d: published; the rest: extension", oracle),
      uniform("onnxruntime", Rule::nearest_even, wrap, "float32 scale, nearest even, in integers",
              "ONNX Runtime MLAS quantize.cpp, XNNPACK fp32", "Conv2d: published; the rest: extension", oracle),
  };
  for (Profile& p : table) {
    if (p.name == "hexagon-hmx") p.conv2d = Rule::hmx;
    if (p.name == "aimet") p.softmax = Rule::float32;
  }
  return table;
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> table = built_in();
  return table;
}

const Profile& find_profile(const std::string& name) {
  std::vector<std::string> names;
  for (const Profile& p : profiles()) {
    if (p.name == name) return p;
    names.push_back(p.name);
  }
  throw UsageError("unknown target '" + name + "'" + did_you_mean(name, names) +
                   " (`intsim targets` lists all; a file ends in .json)");
}

std::map<std::string, std::string> recorded_options(const Profile& profile) {
  std::map<std::string, std::string> options;
  for (const auto& [name, policy] : overflow_policies())
    if (policy == profile.overflow) options["overflow"] = name;
  const auto& ops = profile_ops();
  for (const AlternativeField& field : alternative_fields())
    if (profile.*field.rule == Rule::hvx8)
      options[field.name] = profile.alternatives.*field.flag ? field.other : field.standard;
  const auto& table = profiles();
  if (std::none_of(table.begin(), table.end(), [&](const Profile& p) { return p.name == profile.name; }))
    for (const ProfileOp& op : ops) options[std::string("rule.") + op.name] = rule_name(profile.*op.rule);
  return options;
}

}  // namespace intsim
