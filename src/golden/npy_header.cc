#include "golden/npy_header.h"

#include <charconv>
#include <cstring>

#include "golden/npy.h"
#include "intsim/error.h"
#include "io/text.h"

namespace intsim {
namespace {

constexpr std::size_t kLargestHeader = 4096;
constexpr const char* kHint = "write the array with numpy.save";

/// Goes over a Python literal; what does not fit fails with the place where it does not.
class Scanner {
 public:
  Scanner(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  [[noreturn]] void fail(const std::string& why) const {
    throw InputError(where_, "byte " + std::to_string(at_) + " of its header: " + why, kHint);
  }

  /// Takes `word` and the spaces before it; false where something else stands there.
  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void expect(std::string_view word) {
    if (!take(word)) fail("expected " + std::string(word));
  }

  bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }

  std::string string() {
    const char quote = take("'") ? '\'' : '"';
    if (quote == '"' && !take("\"")) fail("expected a text in quotes");
    const std::size_t end = text_.find(quote, at_);
    if (end == text_.npos) fail("the text does not end");
    const std::string_view content = text_.substr(at_, end - at_);
    if (content.find('\\') != content.npos) fail("the text has a backslash");
    at_ = end + 1;
    return std::string(content);
  }

  bool boolean() {
    if (take("True")) return true;
    expect("False");
    return false;
  }

  /// "()", "(5,)", "(5, 16, 32)".
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> numbers;
    expect("(");
    while (!take(")")) {
      numbers.push_back(number());
      if (take(",")) continue;
      if (numbers.size() == 1) fail("expected a comma");  // "(5)" is no tuple
      expect(")");
      break;
    }
    return numbers;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  std::int64_t number() {
    skip_spaces();
    std::int64_t value = -1;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) fail("expected a whole number below 2^63");
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const std::string& where_;
};

NpyHeader read_dictionary(std::string_view text, const std::string& where) {
  NpyHeader header;
  Scanner scanner(text, where);
  bool descriptor = false, order = false, shape = false;
  const auto once = [&](bool& seen, const std::string& key) {
    if (seen) scanner.fail("key " + in_quotes(key) + " occurs twice");
    seen = true;
  };
  scanner.expect("{");
  while (!scanner.take("}")) {
    const std::string key = scanner.string();
    scanner.expect(":");
    if (key == "descr") {
      once(descriptor, key);
      header.descriptor = scanner.string();
    } else if (key == "fortran_order") {
      once(order, key);
      header.fortran_order = scanner.boolean();
    } else if (key == "shape") {
      once(shape, key);
      header.shape = scanner.tuple();
    } else {
      scanner.fail("unknown key " + in_quotes(key));
    }
    if (scanner.take(",")) continue;
    scanner.expect("}");
    break;
  }
  if (!scanner.at_end()) scanner.fail("expected its end");
  if (!descriptor || !order || !shape)
    throw InputError(where, "its header lacks 'descr', 'fortran_order' or 'shape'", kHint);
  return header;
}

}  // namespace

NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& where) {
  if (bytes.size() < kNpyMagic.size() + 4 || std::memcmp(bytes.data(), kNpyMagic.data(), kNpyMagic.size()) != 0)
    throw InputError(where, "is no .npy file", kHint);
  const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[kNpyMagic.size() + i]); };
  const std::size_t major = byte(0);
  if (major != 1 && major != 2)
    throw InputError(where, "has .npy version " + std::to_string(major) + ", not 1 or 2", kHint);
  const std::size_t start = kNpyMagic.size() + (major == 1 ? 4 : 6);
  if (bytes.size() < start) throw InputError(where, "ends within its header", "write it again");
  std::size_t length = byte(2) | byte(3) << 8;
  if (major == 2) length |= byte(4) << 16 | byte(5) << 24;
  if (length > kLargestHeader)
    throw InputError(
        where, "has a header of " + std::to_string(length) + " bytes, more than " + std::to_string(kLargestHeader),
        kHint);
  if (bytes.size() - start < length) throw InputError(where, "ends within its header", "write it again");
  NpyHeader header = read_dictionary({reinterpret_cast<const char*>(bytes.data()) + start, length}, where);
  header.size = start + length;
  return header;
}

std::string npy_shape_text(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace intsim
