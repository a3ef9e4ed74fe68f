// Golden packs: every tensor of one run of the network in a folder, as hashes or in full (docs/formats/golden.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "golden/npy.h"
#include "tensor/planar.h"

namespace intsim {

/// Name of the network's input in a pack.
inline constexpr const char* kPackInput = "input";

/// What computed a pack's tensors.
enum class PackArithmetic {
  integer,        ///< an intsim profile, named in PackInfo::target
  aimet_float32,  ///< AIMET's StaticGrid simulation in LibTorch, float32
  aimet_float64,  ///< the same network with quantisers and operations in double
  device,         ///< a device or another runtime, converted
};

/// "integer", "aimet-float32", "aimet-float64" or "device".
const char* pack_arithmetic_name(PackArithmetic arithmetic);
/// The simulation in LibTorch, whose order of summation nobody defines.
constexpr bool is_float(PackArithmetic arithmetic) {
  return arithmetic == PackArithmetic::aimet_float32 || arithmetic == PackArithmetic::aimet_float64;
}

/// Head of a manifest. Empty strings are left out of the file.
struct PackInfo {
  int numerics_revision = 0;
  PackArithmetic arithmetic = PackArithmetic::integer;
  std::string producer;                        ///< program and release
  std::map<std::string, std::string> details;  ///< free: torch version, instruction set, threads, source file …
  std::string config;                          ///< "w8a8"
  std::string target;                          ///< profile; integer packs only, may be withheld
  /// XXH3-128 of what the model was made of; compared where both sides know them.
  std::string checkpoint_hash, encodings_hash;
  std::string input_hash;  ///< XXH3-128 of the float32 input image, C×H×W little endian
  int height = 0, width = 0;

  bool is_float() const { return intsim::is_float(arithmetic); }
};

/// One tensor: real value = scale * (code - zero_point).
struct PackTensor {
  std::string name;  ///< "input" or the torch module name
  std::string op;    ///< "input" or an identifier of ops.def
  int bits = 8;      ///< 4, 8 or 16; codes are 0 … 2^bits − 1
  double scale = 1;
  std::int32_t zero_point = 0;
  int channels = 0, height = 0, width = 0;
  std::string hash;         ///< canonical hash of the codes (tensor/planar.h)
  std::string file;         ///< codes, u8 up to 8 bits, else u16; empty in a hash-only entry
  std::string values_file;  ///< what the output's quantiser read, f32 or f64; may be empty
  NpyType values_type = NpyType::f32;
  std::string values_hash;  ///< XXH3-128 of the values' bytes, without the file's header

  std::int64_t count() const { return std::int64_t{channels} * height * width; }
};

/// A pack opened for reading. The manifest is checked when it is opened, every tensor when it is read.
class Pack {
 public:
  /// Throws InputError naming file, tensor and reason: unknown schema or version, another numerics revision, wrong
  /// types, ranges or shapes, two tensors of a name, a file outside the folder or missing.
  explicit Pack(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const PackInfo& info() const { return info_; }
  const std::vector<PackTensor>& tensors() const { return tensors_; }
  /// Index by name, -1 when absent.
  int find(const std::string& name) const;
  bool has_codes(std::size_t tensor) const { return !tensors_.at(tensor).file.empty(); }
  bool has_values(std::size_t tensor) const { return !tensors_.at(tensor).values_file.empty(); }

  /// The codes of a tensor, their range and hash checked. Throws InputError naming file and tensor.
  PlanarTensor codes(std::size_t tensor) const;

  /// What the quantiser of a tensor read, C×H×W, as f32 or f64 in a mapped file; hash and finiteness are checked,
  /// and no page is held. Throws InputError naming file and tensor, and the first NaN or infinity.
  NpyFile values(std::size_t tensor) const;

 private:
  std::string where(const PackTensor& tensor, const std::string& file) const;

  std::filesystem::path folder_;
  PackInfo info_;
  std::vector<PackTensor> tensors_;
};

/// Writes a pack: the folder appears under its name complete or not at all. What a reader would refuse in the texts of
/// `info` is written as '?'.
class PackWriter {
 public:
  /// Throws UsageError when `folder` exists, OutputError when it cannot be written.
  PackWriter(std::filesystem::path folder, PackInfo info);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  /// Adds a tensor in run order; its hash, file names and shape are set from `codes`. With `keep` the codes are stored,
  /// else their hash alone. `values` (bytes of `type`, one per code) are stored where given.
  void add(PackTensor tensor, const PlanarTensor& codes, bool keep, std::span<const std::byte> values = {},
           NpyType type = NpyType::f32);

  /// Writes the manifest and gives the folder its name. Throws UsageError when nothing was added.
  void commit();

 private:
  std::filesystem::path folder_, temporary_;
  PackInfo info_;
  std::vector<PackTensor> tensors_;
};

/// Whether `name` fits one of `globs`, where `*` stands for any characters and `?` for one.
bool matches_any(const std::string& name, std::span<const std::string> globs);
/// Whether `glob` fits one of `names`.
bool fits_any(const std::string& glob, std::span<const std::string> names);
/// Throws UsageError naming the first of the globs after --tensors that fits none of `names`.
void check_tensor_globs(std::span<const std::string> globs, std::span<const std::string> names);

}  // namespace intsim
