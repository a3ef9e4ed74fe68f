// Target profiles: which rule each operation follows. A profile is one row of a table, nothing else.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "numerics/requantise.h"

namespace intsim {

/// How one operation is computed (docs/numerics/profiles.md).
enum class Rule {
  hvx8,           ///< hexagon_nn's 8-bit form where its precondition holds, else wide
  wide,           ///< one exact rounding, 64-bit accumulators
  float32,        ///< AIMET's float32 simulation
  hmx,            ///< CV-4 where its precondition holds, else wide; convolutions only
  tflite,         ///< TFLite with double rounding
  tflite_single,  ///< TFLite with single rounding
  int16x8,        ///< TFLite, 16-bit multipliers where the input has 16 bits
  two_stage,      ///< RQ-5
  half_away,      ///< RQ-7
  nearest_even,   ///< RQ-8
};

/// Name of a rule as printed, stored and read.
const char* rule_name(Rule rule);

/// Named alternatives of the rule hvx8; each false is the default.
struct Alternatives {
  bool batchnorm_d32 = false;    ///< bn: BN-4 for BN-1
  bool flat_concat = false;      ///< concat: CC-5 for CC-2
  bool reciprocal_pool = false;  ///< avgpool: AP-5 for AP-1
  bool drop_low = false;         ///< conv16: CV-5 for CV-2
  bool float32_bias = false;     ///< bias: CV-6 for the bias of CV-1
  bool operator==(const Alternatives&) const = default;
};

/// One row: a rule per operation.
struct Profile {
  std::string name;
  Rule conv2d, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool, softmax;
  Overflow overflow = Overflow::exact;
  Alternatives alternatives{};
  std::string summary;     ///< one line for `intsim targets`
  std::string source;      ///< where the arithmetic is published
  std::string confidence;  ///< how sure it is that a device computes this
  std::string checked_by;  ///< what it was compared with
};

/// A rule of a profile under the operation's name in ops.def.
struct ProfileOp {
  const char* name;
  Rule Profile::*rule;
};
const std::array<ProfileOp, 8>& profile_ops();

/// All rules in the order of the enumeration.
const std::array<Rule, 10>& all_rules();

/// hmx is for convolutions, and softmax follows wide or float32.
bool rule_covers(Rule rule, const ProfileOp& op);

/// A named alternative: its field, the default value and the other one.
struct AlternativeField {
  const char* name;
  const char* standard;
  const char* other;
  bool Alternatives::*flag;
  Rule Profile::*rule;  ///< of the operation that it acts on while that rule is hvx8
};
const std::array<AlternativeField, 5>& alternative_fields();

/// Overflow policies by name, in the order of the enumeration.
const std::array<std::pair<const char*, Overflow>, 4>& overflow_policies();

/// All built-in profiles; the first one is the default.
const std::vector<Profile>& profiles();

/// Profile by name. Throws UsageError that suggests the nearest name.
const Profile& find_profile(const std::string& name);

/// What a result records beside the name: overflow policy, every named alternative where an operation follows hvx8,
/// and for a profile that is not built in the rule of each operation.
std::map<std::string, std::string> recorded_options(const Profile& profile);

}  // namespace intsim
