#include "golden/pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "golden/manifest.h"
#include "intsim/error.h"
#include "io/hash.h"
#include "tensor/position.h"

namespace intsim {
namespace {

constexpr std::uint64_t kLargestManifest = 16 << 20;
constexpr const char* kOtherHash = "its content has another hash than the manifest states";
constexpr const char* kDamaged = "the file was changed or damaged; copy or dump it again";

constexpr std::size_t kChunk = 4 << 20;  ///< bytes of values that are looked at at once

/// Index of the first element that is no finite number; -1 where all are.
template <class T>
std::int64_t first_not_finite(std::span<const std::byte> data) {
  for (std::size_t i = 0; i < data.size() / sizeof(T); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    if (!std::isfinite(value)) return static_cast<std::int64_t>(i);
  }
  return -1;
}

/// What a pass over all values finds.
struct ValueCheck {
  std::int64_t not_finite = -1;  ///< index of the first NaN or infinity
  std::string hash;
};

ValueCheck check_values(const NpyFile& file) {
  ValueCheck check;
  Hasher hasher;
  const std::size_t size = npy_size(file.type());
  for (std::size_t at = 0; at < file.data().size(); at += kChunk) {
    const auto chunk = file.data().subspan(at, std::min(kChunk, file.data().size() - at));
    hasher.update(chunk);
    const std::int64_t bad =
        file.type() == NpyType::f64 ? first_not_finite<double>(chunk) : first_not_finite<float>(chunk);
    file.forget();
    if (bad < 0) continue;
    check.not_finite = static_cast<std::int64_t>(at / size) + bad;
    return check;
  }
  check.hash = hasher.hex();
  return check;
}

std::string position(const PackTensor& t, std::size_t index) {
  return position_text(position_of(t.height, t.width, index));
}

}  // namespace

Pack::Pack(const std::filesystem::path& folder) : folder_(folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw InputError(folder.string(), "is no folder", "name a golden pack, written by golden-dump or `intsim dump`");
  const std::filesystem::path manifest = folder / kManifestName;
  std::tie(info_, tensors_) = parse_manifest(read_text(manifest, kLargestManifest), manifest.string());
  for (const PackTensor& t : tensors_)
    for (const std::string& file : {t.file, t.values_file})
      if (!file.empty() && !std::filesystem::is_regular_file(folder / file, error))
        throw InputError(where(t, file), "is missing or no file", "copy the whole pack, or dump it again");
}

std::string Pack::where(const PackTensor& tensor, const std::string& file) const {
  return (folder_ / file).string() + " (tensor '" + tensor.name + "')";
}

int Pack::find(const std::string& name) const {
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (tensors_[i].name == name) return static_cast<int>(i);
  return -1;
}

PlanarTensor Pack::codes(std::size_t tensor) const {
  const PackTensor& t = tensors_.at(tensor);
  if (t.file.empty())
    throw InputError(where(t, kManifestName), "only the hash of this tensor is stored",
                     "dump it with --tensors '" + t.name + "'");
  PlanarTensor codes;
  {
    const std::int64_t shape[] = {t.channels, t.height, t.width};
    const NpyFile file(folder_ / t.file, t.bits > 8 ? NpyType::u16 : NpyType::u8, shape, where(t, t.file));
    codes = PlanarTensor(t.channels, t.height, t.width);
    const std::span<const std::byte> data = file.data();
    if (t.bits > 8) {
      std::memcpy(codes.codes.data(), data.data(), data.size());
    } else {
      for (std::size_t i = 0; i < data.size(); ++i) codes.codes[i] = std::to_integer<std::uint16_t>(data[i]);
    }
  }
  const int largest = (1 << t.bits) - 1;
  for (std::size_t i = 0; i < codes.codes.size(); ++i)
    if (codes.codes[i] > largest)
      throw InputError(
          where(t, t.file),
          "code " + std::to_string(codes.codes[i]) + " at " + position(t, i) + " is above " + std::to_string(largest),
          "the tensor has " + std::to_string(t.bits) + " bits; dump it again");
  if (hash_codes(codes, t.bits) != t.hash) throw InputError(where(t, t.file), kOtherHash, kDamaged);
  return codes;
}

NpyFile Pack::values(std::size_t tensor) const {
  const PackTensor& t = tensors_.at(tensor);
  const std::string place = where(t, t.values_file.empty() ? kManifestName : t.values_file);
  if (t.values_file.empty()) throw InputError(place, "no values of this tensor are stored", "dump them with --floats");
  const std::int64_t shape[] = {t.channels, t.height, t.width};
  NpyFile file(folder_ / t.values_file, t.values_type, shape, place);
  const ValueCheck check = check_values(file);
  if (check.not_finite >= 0)
    throw InputError(place,
                     "the value at " + position(t, static_cast<std::size_t>(check.not_finite)) + " is NaN or infinite",
                     "check the weights and the input of the dump");
  if (check.hash != t.values_hash) throw InputError(place, kOtherHash, kDamaged);
  return file;
}

}  // namespace intsim
