// One function per operation: prints the steps of its rule and returns where they lead.
#pragma once

#include <string>
#include <vector>

#include "cli/explain.h"
#include "cli/explain_steps.h"

namespace intsim::cli {

inline std::string number(std::int64_t value) { return std::to_string(value); }

/// "[1, 2, 3]".
std::string list(const std::vector<std::int32_t>& values);

/// Code of an operand at the site.
inline std::int32_t code_at(const OutputSite& site, std::size_t operand) {
  return site.inputs[operand]->at(site.channel, site.row, site.column);
}

/// Codes under a window at the site, row by row.
struct WindowCodes {
  std::vector<std::int32_t> codes;
  int outside = 0;  ///< taps outside the image
};
/// Taps outside hold the zero point, or are left out where `keep_outside` is false.
WindowCodes window_codes(const OutputSite& site, int channel, std::int32_t zero, bool keep_outside = true);

/// q - z, printed.
std::int32_t centred(Steps& steps, const Grid& g, std::int32_t q);

/// RQ-3 for the 8-bit form, else the requantisation of `rounding`.
std::int32_t rescaled(Steps& steps, Form form, Rounding rounding, Int128 a, Multiplier m, const Grid& y);

Explained explain_conv(Steps& steps, const OutputSite& site, const ConvParams& p);
Explained explain_batch_norm(Steps& steps, const OutputSite& site, const BatchNormParams& p);
Explained explain_leaky_relu(Steps& steps, const OutputSite& site, const LeakyReluParams& p);
Explained explain_add(Steps& steps, const OutputSite& site, const AddParams& p);
Explained explain_concat(Steps& steps, const OutputSite& site, const std::vector<ConcatParams>& operands);
Explained explain_pixel_shuffle(Steps& steps, const OutputSite& site, const RescaleParams& p);
Explained explain_avg_pool(Steps& steps, const OutputSite& site, const AvgPoolParams& p);
Explained explain_softmax(Steps& steps, const OutputSite& site, const SoftmaxParams& p);

}  // namespace intsim::cli
