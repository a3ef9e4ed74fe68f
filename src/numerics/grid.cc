#include "numerics/grid.h"

#include <algorithm>

#include "intsim/error.h"

namespace intsim {

Grid make_grid(int bits, double min, double max, bool symmetric) {
  Grid g;
  g.bits = bits;
  g.symmetric = symmetric;
  g.min = min;
  g.max = max;
  const double low = std::min(min, 0.0);
  const double high = std::max(std::max(max, 0.0), low + 1e-5);
  g.n = (1 << bits) - 1 - (low == -high ? 1 : 0);
  g.scale = (high - low) / g.n;
  g.offset = static_cast<std::int32_t>(std::round(low / g.scale));
  g.float_min = static_cast<float>(low);
  g.float_max = static_cast<float>(high);
  g.float_scale = static_cast<float>(g.scale);
  g.float_offset = static_cast<float>(g.offset);
  return g;
}

Grid checked_grid(int bits, double min, double max, bool symmetric, const std::string& where) {
  const char* hint = "check the encodings file and import it again";
  if (bits != 4 && bits != 8 && bits != 16)
    throw InputError(where, "has " + std::to_string(bits) + " bits; 4, 8 and 16 are known", hint);
  if (!std::isfinite(min) || !std::isfinite(max) || min > max) throw InputError(where, "has no valid range", hint);
  const Grid g = make_grid(bits, min, max, symmetric);
  if (!std::isfinite(g.float_scale) || !std::isfinite(g.float_min) || !std::isfinite(g.float_max))
    throw InputError(where, "has a range beyond float32", hint);
  return g;
}

}  // namespace intsim
