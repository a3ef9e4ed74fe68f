// intsim targets: the profile table and what this machine dispatches to.
#include <iostream>
#include <utility>

#include "cli/command_line.h"
#include "kernels/simd/fast_node.h"
#include "numerics/profile.h"

namespace intsim::cli {
namespace {

void print_profile(const Profile& p) {
  std::cout << p.name << (&p == &profiles().front() ? " (default)" : "") << "\n  " << p.summary << "\n";
  const std::pair<const char*, Rule> rules[] = {
      {"Conv2d", p.conv2d}, {"LeakyReLU", p.leaky_relu},       {"BatchNorm2d", p.batch_norm}, {"Add", p.add},
      {"Concat", p.concat}, {"PixelShuffle", p.pixel_shuffle}, {"AvgPool2d", p.avg_pool},     {"Softmax", p.softmax}};
  for (const auto& [op, rule] : rules) {
    std::string name = op;
    name.resize(14, ' ');
    std::cout << "  " << name << rule_name(rule) << "\n";
  }
  std::cout << "  source        " << p.source << "\n  checked by    " << p.checked_by << "\n\n";
}

}  // namespace

int run_targets(const Arguments& arguments) {
  CLI::App app("Lists the target profiles with their rule per operation, and the SIMD targets of this machine.",
               "intsim targets");
  app.footer(
      "Rules: hvx8 is hexagon_nn's 8-bit form where its precondition holds, else wide; wide is one exact rounding;\n"
      "float32 is AIMET's simulation. A profile changes results, a SIMD target never does.\n\n"
      "Examples:\n  intsim targets\n  intsim --config w8a8 -d D --target ideal --simd AVX2");
  if (!parse(app, arguments)) return 0;
  for (const Profile& p : profiles()) print_profile(p);
  std::cout << "SIMD targets of this machine, best first:";
  for (const std::string& name : simd_targets()) std::cout << " " << name;
  std::cout << "\n";
  return 0;
}

}  // namespace intsim::cli
