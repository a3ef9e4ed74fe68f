#include "golden/raw_dump.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "intsim/error.h"

namespace intsim {
namespace {

constexpr const char* kHint = "give the layout and type of the dump with --layout and --dtype";

/// Type of the elements of a file; one byte holds no code of more than 8 bits.
RawType type_of(std::uint64_t bytes, const PackTensor& t, RawType wanted, const std::string& where) {
  constexpr std::uint64_t kSizes[] = {0, 1, 2, 4};
  const auto count = static_cast<std::uint64_t>(t.count());
  const bool wide = t.bits > 8;
  if (wide && wanted == RawType::u8)
    throw InputError(where, "codes of " + std::to_string(t.bits) + " bits are no u8", "leave out --dtype, or give u16");
  for (const RawType type : {RawType::u8, RawType::u16, RawType::f32}) {
    if ((type == RawType::u8 && wide) || (wanted != RawType::automatic && wanted != type)) continue;
    if (bytes == count * kSizes[static_cast<std::size_t>(type)]) return type;
  }
  const std::string size = wanted != RawType::automatic ? std::to_string(kSizes[static_cast<std::size_t>(wanted)])
                           : wide                       ? "2 or 4"
                                                        : "1, 2 or 4";
  throw InputError(where,
                   "has " + std::to_string(bytes) + " bytes; " + std::to_string(count) + " elements of " +
                       std::to_string(t.bits) + " bits have " + size + " bytes each",
                   kHint);
}

template <class T>
T element(std::span<const std::byte> bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// Code of a real value; −1 where it lies off the grid.
double code_of(float value, const PackTensor& t) {
  const double place = static_cast<double>(value) / t.scale + t.zero_point, code = std::floor(place + 0.5);
  return std::abs(place - code) <= kGridTolerance ? code : -1;
}

}  // namespace

PlanarTensor read_raw(const std::filesystem::path& path, const PackTensor& t, RawLayout layout, RawType wanted) {
  const std::string where = path.string() + " (tensor '" + t.name + "')";
  const MappedFile file(path);
  const RawType type = type_of(file.bytes().size(), t, wanted, where);
  PlanarTensor codes(t.channels, t.height, t.width);
  const int largest = (1 << t.bits) - 1;
  std::size_t out = 0;
  for (int c = 0; c < t.channels; ++c)
    for (int y = 0; y < t.height; ++y)
      for (int x = 0; x < t.width; ++x, ++out) {
        const auto pixel =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(t.width) + static_cast<std::size_t>(x);
        const std::size_t in = layout == RawLayout::nchw
                                   ? out
                                   : pixel * static_cast<std::size_t>(t.channels) + static_cast<std::size_t>(c);
        const double code = type == RawType::u8    ? element<std::uint8_t>(file.bytes(), in)
                            : type == RawType::u16 ? element<std::uint16_t>(file.bytes(), in)
                                                   : code_of(element<float>(file.bytes(), in), t);
        if (!(code >= 0 && code <= largest))
          throw InputError(where, "element " + std::to_string(in) + " is no code of this tensor",
                           type == RawType::f32 ? "floats must be finite values of the model's grid" : kHint);
        codes.codes[out] = static_cast<std::uint16_t>(code);
      }
  return codes;
}

bool has_raw(const std::filesystem::path& folder, const std::string& name) {
  return file_exists(folder / (name + ".raw")) || file_exists(folder / "Result_0" / (name + ".raw"));
}

std::filesystem::path find_raw(const std::filesystem::path& folder, const std::string& name,
                               const std::map<std::string, std::string>& aliases) {
  std::string plain = name;
  std::replace(plain.begin(), plain.end(), '.', '_');
  std::set<std::string> names = {name, plain};
  for (const auto& [foreign, torch] : aliases)
    if (torch == name) names.insert(foreign);
  std::filesystem::path found;
  for (const std::filesystem::path& place : {folder, folder / "Result_0"})
    for (const std::string& candidate : names) {
      const std::filesystem::path path = place / (candidate + ".raw");
      if (!file_exists(path)) continue;
      if (!found.empty())
        throw InputError(path.string(), "and " + found.string() + " are both tensor '" + name + "'",
                         "keep the file of one run");
      found = path;
    }
  return found;
}

}  // namespace intsim
