// Packs and scans that the tests of the comparison make.
#pragma once

#include <stdlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "golden/pack.h"
#include "intsim/scan.h"
#include "oracle/oracle.h"
#include "support/process.h"

namespace intsim::test {

/// A folder that is removed with the object.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "intsim-compare-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Walls at changing distances around the sensor, `count` points.
inline Scan ring(int count) {
  Scan scan;
  for (int i = 0; i < count; ++i) {
    const double yaw = 6.2831853 * i / count * 37, pitch = -0.4 + 0.44 * ((i * 13) % 64) / 64.0;
    const double depth = 6 + 5 * std::sin(yaw * 5) + 3 * std::cos(pitch * 40 + i % 7);
    scan.points.push_back({static_cast<float>(depth * std::cos(pitch) * std::cos(yaw)),
                           static_cast<float>(depth * std::cos(pitch) * std::sin(yaw)),
                           static_cast<float>(depth * std::sin(pitch)), static_cast<float>((i % 10) / 10.0)});
  }
  return scan;
}

/// build/models/CONFIG.safetensors (environment INTSIM_MODELS).
inline std::string model_file(const std::string& config) {
  return std::string(std::getenv("INTSIM_MODELS")) + "/" + config + ".safetensors";
}

/// A tensor as the oracle takes it.
inline oracle::Codes oracle_codes(const PlanarTensor& t) {
  return {t.channels, t.height, t.width, std::vector<int>(t.codes.begin(), t.codes.end())};
}

inline PlanarTensor planar(const oracle::Codes& t) {
  PlanarTensor out(t.channels, t.height, t.width);
  for (std::size_t i = 0; i < t.data.size(); ++i) out.codes[i] = static_cast<std::uint16_t>(t.data[i]);
  return out;
}

}  // namespace intsim::test
