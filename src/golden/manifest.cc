#include "golden/manifest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "intsim/error.h"
#include "intsim/version.h"
#include "io/strict_json.h"
#include "io/text.h"

namespace intsim {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kSchema = "intsim-golden-pack";
constexpr int kVersion1 = 1;
constexpr int kLargestExtent = 1 << 16;
constexpr std::int64_t kLargestTensor = std::int64_t{1} << 31;
constexpr const char* kHint = "write the pack again, or correct the manifest (docs/formats/golden.md)";
constexpr std::array kArithmetics = {"integer", "aimet-float32", "aimet-float64", "device"};

/// An object of the manifest with errors that name it.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail("is no object");
  }

  [[noreturn]] void fail(const std::string& why) const { throw InputError(where_, why, kHint); }

  bool has(const char* key) const { return object_.contains(key); }

  const json& at(const char* key) const {
    if (!has(key)) fail(std::string("'") + key + "' is missing");
    return object_.at(key);
  }

  std::string text(const char* key) const {
    const json& value = at(key);
    if (!value.is_string()) fail(std::string("'") + key + "' is no string");
    if (has_unprintable(value.get_ref<const std::string&>()))
      fail(std::string("'") + key + "' has a control character");
    return value.get<std::string>();
  }

  std::string optional_text(const char* key) const { return has(key) ? text(key) : std::string(); }

  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const {
    return integer(at(key), key, low, high);
  }

  std::int64_t integer(const json& value, const char* key, std::int64_t low, std::int64_t high) const {
    if (!value.is_number_integer() || value < low || value > high)
      fail(std::string("'") + key + "' is no whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return value.get<std::int64_t>();
  }

  double positive(const char* key) const {
    const json& value = at(key);
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() <= 0)
      fail(std::string("'") + key + "' is no finite number above 0");
    return value.get<double>();
  }

 private:
  const json& object_;
  std::string where_;
};

void put(ordered_json& j, const char* key, const std::string& text) {
  if (!text.empty()) j[key] = text;
}

ordered_json info_json(const PackInfo& info) {
  ordered_json j = {{"schema", kSchema}, {"version", kVersion1}, {"numerics_revision", info.numerics_revision}};
  j["arithmetic"] = pack_arithmetic_name(info.arithmetic);
  put(j, "producer", info.producer);
  j["details"] = info.details;
  put(j, "config", info.config);
  put(j, "target", info.target);
  put(j, "checkpoint_xxh128", info.checkpoint_hash);
  put(j, "encodings_xxh128", info.encodings_hash);
  put(j, "input_xxh128", info.input_hash);
  j["height"] = info.height;
  j["width"] = info.width;
  return j;
}

ordered_json tensor_json(const PackTensor& t) {
  ordered_json j = {{"name", t.name},
                    {"op", t.op},
                    {"bits", t.bits},
                    {"dtype", t.bits > 8 ? "uint16" : "uint8"},
                    {"shape", {t.channels, t.height, t.width}},
                    {"layout", "CHW"},
                    {"scale", t.scale},
                    {"zero_point", t.zero_point},
                    {"xxh128", t.hash}};
  put(j, "file", t.file);
  put(j, "values_file", t.values_file);
  if (!t.values_file.empty()) j["values_dtype"] = t.values_type == NpyType::f64 ? "float64" : "float32";
  put(j, "values_xxh128", t.values_hash);
  return j;
}

PackArithmetic arithmetic_of(const Reader& r) {
  const std::string name = r.text("arithmetic");
  const auto found = std::find(kArithmetics.begin(), kArithmetics.end(), name);
  if (found == kArithmetics.end())
    r.fail("'arithmetic' is " + in_quotes(name) + ", not integer, aimet-float32, aimet-float64 or device");
  return static_cast<PackArithmetic>(found - kArithmetics.begin());
}

PackInfo read_info(const json& j, const std::string& where) {
  const Reader r(j, where);
  if (!r.has("schema") || r.at("schema") != kSchema) r.fail("is no manifest of a golden pack");
  if (r.at("version") != kVersion1)
    r.fail("has version " + json_text(r.at("version")) + "; this release reads version 1");
  PackInfo info;
  info.numerics_revision = static_cast<int>(r.integer("numerics_revision", 0, std::numeric_limits<int>::max()));
  if (info.numerics_revision != kNumericsRevision)
    r.fail("follows numerics revision " + std::to_string(info.numerics_revision) + ", this release " +
           std::to_string(kNumericsRevision));
  info.arithmetic = arithmetic_of(r);
  info.producer = r.optional_text("producer");
  if (r.has("details")) {
    const Reader details(r.at("details"), where + ": 'details'");
    for (const auto& [key, value] : r.at("details").items()) {
      if (!value.is_string()) details.fail(in_quotes(key) + " is no string");
      info.details[key] = value.get<std::string>();
    }
  }
  info.config = r.optional_text("config");
  info.target = r.optional_text("target");
  info.checkpoint_hash = r.optional_text("checkpoint_xxh128");
  info.encodings_hash = r.optional_text("encodings_xxh128");
  info.input_hash = r.optional_text("input_xxh128");
  info.height = static_cast<int>(r.integer("height", 1, kLargestExtent));
  info.width = static_cast<int>(r.integer("width", 1, kLargestExtent));
  return info;
}

/// A file of the pack's own folder.
std::string file_name(const Reader& r, const char* key) {
  const std::string name = r.optional_text(key);
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos || name == "." || name == "..")
    r.fail(std::string("'") + key + "' leaves the folder of the pack");
  return name;
}

std::string hash(const Reader& r, const char* key) {
  const std::string digits = r.text(key);
  if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    r.fail(std::string("'") + key + "' is no 32 hexadecimal digits");
  return digits;
}

void read_types(const Reader& r, PackTensor& t) {
  const std::string dtype = r.text("dtype"), expected = t.bits > 8 ? "uint16" : "uint8";
  if (dtype != expected)
    r.fail("'dtype' is " + in_quotes(dtype) + "; " + std::to_string(t.bits) + " bits are " + expected);
  if (r.text("layout") != "CHW")
    r.fail("'layout' is " + in_quotes(r.text("layout")) + "; a pack holds CHW (`intsim convert-dump` reads others)");
  t.file = file_name(r, "file");
  t.values_file = file_name(r, "values_file");
  if (t.values_file.empty()) return;
  const std::string values = r.text("values_dtype");
  if (values != "float32" && values != "float64")
    r.fail("'values_dtype' is " + in_quotes(values) + ", not float32 or float64");
  t.values_type = values == "float64" ? NpyType::f64 : NpyType::f32;
  t.values_hash = hash(r, "values_xxh128");
}

PackTensor read_tensor(const json& j, const std::string& file, std::size_t index) {
  const std::string position = file + ": tensor " + std::to_string(index);
  PackTensor t;
  t.name = Reader(j, position).text("name");
  const Reader r(j, position + " (" + in_quotes(t.name) + ")");
  t.op = r.text("op");
  t.bits = static_cast<int>(r.integer("bits", 4, 16));
  if (t.bits != 4 && t.bits != 8 && t.bits != 16) r.fail("'bits' is " + std::to_string(t.bits) + ", not 4, 8 or 16");
  t.scale = r.positive("scale");
  t.zero_point = static_cast<std::int32_t>(r.integer("zero_point", 0, (1 << t.bits) - 1));
  const json& shape = r.at("shape");
  if (!shape.is_array() || shape.size() != 3) r.fail("'shape' is no list of channels, height and width");
  int* const extents[] = {&t.channels, &t.height, &t.width};
  for (std::size_t i = 0; i < 3; ++i) *extents[i] = static_cast<int>(r.integer(shape[i], "shape", 1, kLargestExtent));
  if (t.count() > kLargestTensor) r.fail("has more than 2^31 codes");
  t.hash = hash(r, "xxh128");
  read_types(r, t);
  return t;
}

}  // namespace

const char* pack_arithmetic_name(PackArithmetic arithmetic) {
  return kArithmetics[static_cast<std::size_t>(arithmetic)];
}

std::string manifest_text(const PackInfo& info, const std::vector<PackTensor>& tensors) {
  // One tensor a line, so that a manifest can be read and diffed.
  std::string text = info_json(info).dump(2, ' ', false, ordered_json::error_handler_t::replace);
  text.resize(text.size() - 2);
  text += ",\n  \"tensors\": [";
  for (std::size_t i = 0; i < tensors.size(); ++i)
    text += std::string(i == 0 ? "" : ",") + "\n    " + tensor_json(tensors[i]).dump();
  return text + "\n  ]\n}\n";
}

std::pair<PackInfo, std::vector<PackTensor>> parse_manifest(const std::string& text, const std::string& where) {
  const json j = parse_strict_json(text, where, kHint);
  PackInfo info = read_info(j, where);
  const Reader r(j, where);
  const json& list = r.at("tensors");
  if (!list.is_array() || list.empty()) r.fail("'tensors' is no list of tensors");
  std::vector<PackTensor> tensors;
  std::set<std::string> names, files;
  for (const json& entry : list) {
    tensors.push_back(read_tensor(entry, where, tensors.size()));
    const PackTensor& t = tensors.back();
    if (t.name == kPackInput && (t.height != info.height || t.width != info.width))
      r.fail("tensor 'input' is of another size than 'height' and 'width'");
    if (!names.insert(t.name).second) r.fail("tensor " + in_quotes(t.name) + " is listed twice");
    for (const std::string& file : {t.file, t.values_file})
      if (!file.empty() && !files.insert(file).second)
        r.fail("tensor " + in_quotes(t.name) + " shares the file " + in_quotes(file));
  }
  return {std::move(info), std::move(tensors)};
}

}  // namespace intsim
