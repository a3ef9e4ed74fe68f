// Shared by the files that derive the integers of a layer.
#ifndef INTSIM_ORACLE_DERIVE_H_
#define INTSIM_ORACLE_DERIVE_H_

#include <string>

#include "fixed_point.h"
#include "model.h"

namespace oracle {

void put(Plan& plan, const std::string& name, const cpp_int& value);
void put_mul(Plan& plan, const Mul& m, const std::string& suffix = "");
// The multiplier of a wide form under `rule`: M and S, F and k or m and T.
void put_wide(Plan& plan, Rule rule, const Ratio& f, const std::string& suffix = "");
void set_form(Plan& plan, Plan::Form form, const char* name);

// v in a machine word; throws std::domain_error when it does not fit 62 bits.
long long word(const cpp_int& v);

// The core that a rule name puts in the place of RQ-4. Throws std::invalid_argument for another name.
Rule core_rule(const std::string& name, bool wide_input);

cpp_int reach(const Grid& g);  // largest |q - z| of a code
// PA-4: (reach * gain + |bz|) * 2^sh < 2^31.
bool fits_int32(const Grid& in, const cpp_int& gain, const cpp_int& bz, int sh);
bool all_8_bit(const Layer& layer);
bool codes_fit_int8(const Layer& layer);
Ratio scale_of(const Grid& g);
Ratio zero_value(const Grid& g);  // z * s

void derive_conv2d(const Layer& layer, const Target& target, Plan& plan);
void derive_batch_norm(const Layer& layer, const Target& target, Plan& plan);
void derive_leaky_relu(const Layer& layer, const Target& target, Plan& plan);
void derive_add(const Layer& layer, const Target& target, Plan& plan);
void derive_concat_input(const Layer& layer, std::size_t i, const Target& target, Plan& plan);
void derive_pixel_shuffle(const Layer& layer, const Target& target, Plan& plan);
void derive_avg_pool(const Layer& layer, const Target& target, Plan& plan);

}  // namespace oracle

#endif  // INTSIM_ORACLE_DERIVE_H_
