// intsim targets: the profile table and what this machine dispatches to.
#include <iostream>

#include "cli/command_line.h"
#include "graph/graph.h"
#include "kernels/simd/fast_node.h"
#include "numerics/target_file.h"

namespace intsim::cli {
namespace {

void print_row(std::string name, const std::string& value) {
  name.resize(14, ' ');
  std::cout << "  " << name << value << "\n";
}

void print_profile(const Profile& p) {
  std::cout << p.name << (p.name == profiles().front().name ? " (default)" : "") << "\n  " << p.summary << "\n";
  for (const ProfileOp& op : profile_ops()) print_row(op_type(parse_op(op.name, op.name)), rule_name(p.*op.rule));
  std::string options;
  for (const auto& [name, value] : recorded_options(p))
    if (!name.starts_with("rule.")) options += (options.empty() ? "" : ", ") + name + " = " + value;
  print_row("options", options);
  print_row("source", p.source);
  print_row("confidence", p.confidence);
  print_row("checked by", p.checked_by);
  std::cout << "\n";
}

constexpr const char* kFooter =
    "Rules (docs/NUMERICS.md, docs/numerics/profiles.md):\n"
    "  hvx8          hexagon_nn's 8-bit form where its precondition holds, else wide\n"
    "  wide          one exact rounding, ties up\n"
    "  float32       AIMET's simulation\n"
    "  hmx           HMX output stage for 8-bit convolutions, else wide\n"
    "  tflite        TFLite with double rounding; tflite-single with single rounding\n"
    "  int16x8       TFLite with 16-bit multipliers where the input has 16 bits\n"
    "  two-stage     31-bit product rounded, then a rounding shift\n"
    "  half-away     one exact rounding, ties away from zero\n"
    "  nearest-even  float32 scale, ties to even\n"
    "A profile changes results, a SIMD target never does. A target file X.json mixes rules per operation:\n"
    "  {\"name\": \"mine\", \"base\": \"hexagon-hvx\", \"rules\": {\"conv2d\": \"hmx\"},\n"
    "   \"alternatives\": {\"bn\": \"batchnorm_d32\"}, \"overflow\": \"wrap\"}\n\n"
    "Examples:\n  intsim targets\n  intsim targets mine.json\n  intsim --config w8a8 -d D --target mine.json";

}  // namespace

int run_targets(const Arguments& arguments) {
  CLI::App app("Lists the target profiles with their rule per operation, and the SIMD targets of this machine.",
               "intsim targets");
  std::string target;
  app.add_option("target", target, "print only this profile, a name or a target file X.json");
  app.footer(kFooter);
  if (!parse(app, arguments)) return 0;
  if (!target.empty()) {
    print_profile(read_target(target));
    return 0;
  }
  for (const Profile& p : profiles()) print_profile(p);
  std::cout << "SIMD targets of this machine, best first:";
  for (const std::string& name : simd_targets()) std::cout << " " << name;
  std::cout << "\n";
  return 0;
}

}  // namespace intsim::cli
