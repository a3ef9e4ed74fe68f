#include "encodings.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace oracle {
namespace {

Grid parse_grid(const nlohmann::json& entry, const std::string& where) {
  if (entry.contains("dtype") && entry.at("dtype") != "int") {
    throw std::runtime_error("oracle: " + where + " is not an integer encoding");
  }
  try {
    return make_grid(entry.at("bitwidth").get<int>(), entry.at("min").get<double>(), entry.at("max").get<double>());
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error("oracle: " + where + ": " + error.what());
  }
}

}  // namespace

Grid make_grid(int bits, double min, double max) {
  if (bits < 1 || bits > 24) throw std::invalid_argument("unsupported bit width");
  if (!std::isfinite(min) || !std::isfinite(max)) throw std::invalid_argument("the range is not finite");
  min = std::min(min, 0.0);
  max = std::max(max, 0.0);
  max = std::max(max, min + 1e-5);
  Grid grid;
  grid.bits = bits;
  grid.n = (1LL << bits) - 1;
  if (min == -max) --grid.n;
  grid.scale = (max - min) / static_cast<double>(grid.n);
  const double offset = std::round(min / grid.scale);
  grid.zero_point = -static_cast<long long>(offset);
  grid.fmin = static_cast<float>(min);
  grid.fmax = static_cast<float>(max);
  grid.fdelta = static_cast<float>(grid.scale);
  grid.foffset = static_cast<float>(offset);
  return grid;
}

int quantise_float32(const Grid& grid, float x) {
  const float clamped = std::fmax(std::fmin(x, grid.fmax), grid.fmin);
  const float steps = clamped / grid.fdelta;
  const float shifted = steps - grid.foffset;
  const float code = std::round(shifted);
  return static_cast<int>(std::min(std::max(code, 0.0f), static_cast<float>(grid.n)));
}

float dequantise_float32(const Grid& grid, int code) { return grid.fdelta * (static_cast<float>(code) + grid.foffset); }

bool equal_grids(const Grid& a, const Grid& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.n == b.n;
}

Encodings read_encodings(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("oracle: cannot read " + path);
  const nlohmann::json json = nlohmann::json::parse(file);
  Encodings result;
  for (const auto& [layer, sides] : json.at("activation_encodings").items()) {
    if (sides.contains("output")) result.outputs[layer] = parse_grid(sides.at("output").at("0"), layer + " output");
  }
  result.outputs["input"] =
      parse_grid(json.at("activation_encodings").at("downCntx.conv1").at("input").at("0"), "downCntx.conv1 input");
  const std::string suffix = ".weight";
  for (const auto& [name, slices] : json.at("param_encodings").items()) {
    if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
    std::vector<Grid>& grids = result.weights[name.substr(0, name.size() - suffix.size())];
    for (const auto& slice : slices) grids.push_back(parse_grid(slice, name));
  }
  return result;
}

}  // namespace oracle
