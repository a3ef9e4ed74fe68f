// Which quantisers a calibrated network has, and their bits.
#pragma once

#include <map>
#include <string>

#include "import/encodings.h"
#include "test_model/layers.h"

namespace intsim::calibrate {

/// The quantisers of SalsaNext. `activations` has test_model::kNetworkInput and the 172 outputs by module name,
/// `params` 92 entries "X.weight".
struct Plan {
  int default_activation_bits = 8, default_param_bits = 8;
  bool per_channel = false;        ///< one grid per output channel of a parameter
  bool unsigned_symmetric = true;  ///< as in AIMET's default_config*.json of 1.24, which the model cards use
  std::map<std::string, int> activations, params;
};

/// Bits of the model card: everything 8 bits per tensor (W8A8), weights 4 bits per channel (W4A8), and its exceptions.
Plan model_card_plan(test_model::Config config);

/// Replaces bits by those of a JSON object {"activations": {NAME: bits}, "params": {NAME: bits}} (docs/FORMATS.md).
/// Throws InputError naming `where` and the key for damage, unknown names and bit widths.
void apply_overrides(const std::string& json, const std::string& where, Plan& plan);

/// Number of activations and of parameters whose bits differ from the plan's defaults.
int exceptions(const Plan& plan);

}  // namespace intsim::calibrate
