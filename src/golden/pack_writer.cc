#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "golden/manifest.h"
#include "golden/pack.h"
#include "intsim/error.h"
#include "io/hash.h"
#include "io/text.h"

namespace intsim {
namespace {

/// "007_downCntx.bn1": run order and torch name; characters that file systems refuse become '_'.
std::string stem(std::size_t index, const std::string& name) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%03zu_", index);
  std::string text = number.data() + name;
  std::replace_if(
      text.begin(), text.end(),
      [](char c) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !plain && c != '.' && c != '_' && c != '-' && c != '#';
      },
      '_');
  return text;
}

void write_npy(const std::filesystem::path& path, NpyType type, const PackTensor& t, std::span<const std::byte> data) {
  const std::int64_t shape[] = {t.channels, t.height, t.width};
  AtomicFile file(path);
  file.write(npy_header(type, shape));
  file.write(data);
  file.commit();
}

/// Texts of a command line as a reader of the manifest takes them.
PackInfo with_printable_texts(PackInfo info) {
  for (std::string* text : {&info.producer, &info.config, &info.target}) *text = printable(*text);
  for (auto& [key, text] : info.details) text = printable(text);
  return info;
}

}  // namespace

PackWriter::PackWriter(std::filesystem::path folder, PackInfo info)
    : folder_(std::move(folder)), info_(with_printable_texts(std::move(info))) {
  if (folder_.filename().empty()) folder_ = folder_.parent_path();
  if (folder_.empty()) throw UsageError("name a folder for the pack");
  std::error_code error;
  const std::filesystem::file_type found = std::filesystem::symlink_status(folder_, error).type();
  if (found == std::filesystem::file_type::none)
    throw OutputError(folder_.string(), "cannot be written: " + error.message(), "name another folder");
  if (found != std::filesystem::file_type::not_found)
    throw UsageError(folder_.string() + " exists; remove it or name another folder");
  if (folder_.has_parent_path()) make_directories(folder_.parent_path());
  temporary_ = make_temporary_folder(folder_);
}

PackWriter::~PackWriter() {
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
}

void PackWriter::add(PackTensor tensor, const PlanarTensor& codes, bool keep, std::span<const std::byte> values,
                     NpyType type) {
  if (has_unprintable(tensor.name))
    throw UsageError("tensor " + in_quotes(tensor.name) + ": a pack holds no name with control characters");
  tensor.channels = codes.channels;
  tensor.height = codes.height;
  tensor.width = codes.width;
  tensor.hash = hash_codes(codes, tensor.bits);
  tensor.file = tensor.values_file = "";
  const std::string name = stem(tensors_.size(), tensor.name);
  if (keep) {
    tensor.file = name + ".npy";
    if (tensor.bits > 8) {
      write_npy(temporary_ / tensor.file, NpyType::u16, tensor, std::as_bytes(std::span(codes.codes)));
    } else {
      const std::vector<std::uint8_t> bytes(codes.codes.begin(), codes.codes.end());
      write_npy(temporary_ / tensor.file, NpyType::u8, tensor, std::as_bytes(std::span(bytes)));
    }
  }
  if (!values.empty()) {
    if (values.size() != codes.codes.size() * npy_size(type))
      throw UsageError("tensor '" + tensor.name + "': the values are not one per code");
    tensor.values_file = name + ".values.npy";
    tensor.values_type = type;
    tensor.values_hash = hash_bytes(values);
    write_npy(temporary_ / tensor.values_file, type, tensor, values);
  }
  tensors_.push_back(std::move(tensor));
}

void PackWriter::commit() {
  if (tensors_.empty()) throw UsageError("a pack needs a tensor");
  write_file(temporary_ / kManifestName, manifest_text(info_, tensors_));
  std::error_code failed;
  std::filesystem::rename(temporary_, folder_, failed);
  if (failed) throw OutputError(folder_.string(), failed.message(), "remove the folder or name another one");
  temporary_.clear();
}

bool matches_any(const std::string& name, std::span<const std::string> globs) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

bool fits_any(const std::string& glob, std::span<const std::string> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return matches_any(name, std::span(&glob, 1)); });
}

void check_tensor_globs(std::span<const std::string> globs, std::span<const std::string> names) {
  for (const std::string& glob : globs)
    if (!fits_any(glob, names))
      throw UsageError("--tensors: " + in_quotes(glob) + " fits no tensor; `intsim inspect` lists their names");
}

}  // namespace intsim
