#include "vectors/stream.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <optional>
#include <string_view>

#include "intsim/error.h"
#include "intsim/version.h"
#include "io/hash.h"
#include "numerics/target_file.h"

namespace intsim {
namespace {

constexpr std::string_view kMagic = "# intsim-vectors 1";
constexpr std::string_view kEnd = "# end ";
constexpr std::string_view kArrow = " -> ";
constexpr std::size_t kChunk = 1 << 20, kShownDifferences = 10, kMaxLine = 1 << 18;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string header(const VectorSet& set, int level, std::uint64_t seed) {
  if (set.profile().name.find_first_of(" \t\r\n") != std::string::npos)
    throw UsageError("the name of profile '" + set.profile().name +
                     "' holds a space; choose another in the target file");
  return std::string(kMagic) + " op=" + vector_op_names()[static_cast<std::size_t>(set.op())] +
         " rule=" + set.profile().name + " level=" + std::to_string(level) + " seed=" + std::to_string(seed) +
         " count=" + std::to_string(level_count(level)) + " numerics=" + std::to_string(kNumericsRevision) + "\n# " +
         set.column_names() + "\n";
}

void write_all(std::string_view text, std::FILE* out) {
  if (std::fwrite(text.data(), 1, text.size(), out) != text.size())
    throw OutputError("standard output", "cannot be written", "free some space and run again");
}

void append_line(const Case& c, std::string& text) {
  char digits[24];
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (i > 0) text += ' ';
    const auto end = std::to_chars(digits, digits + sizeof digits, c.inputs[i]).ptr;
    text.append(digits, end);
  }
  text += '\n';
}

}  // namespace

void write_vectors(const VectorSet& set, int level, std::uint64_t seed, std::FILE* out) {
  Hasher hash;
  std::string text = header(set, level, seed);
  Case c;
  const std::uint64_t count = level_count(level);
  for (std::uint64_t i = 0; i < count; ++i) {
    set.generate(seed, i, c);
    append_line(c, text);
    if (text.size() < kChunk) continue;
    hash.update(bytes(text));
    write_all(text, out);
    text.clear();
  }
  hash.update(bytes(text));
  text += std::string(kEnd) + hash.hex() + "\n";
  write_all(text, out);
  if (std::fflush(out) != 0) throw OutputError("standard output", "cannot be written", "free some space and run again");
}

namespace {

/// Splits at single spaces.
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

template <class T>
std::optional<T> number(std::string_view word) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// Follows a stream line by line; every fault names the line.
class Verifier {
 public:
  Verifier(std::istream& in, std::string where, std::string target)
      : in_(in), where_(std::move(where)), target_(std::move(target)) {}

  VectorReport run() {
    read_header();
    while (report_.vectors < count_) check_vector();
    read_end();
    return report_;
  }

 private:
  [[noreturn]] void fail(const std::string& why, const std::string& hint) const {
    throw InputError(where_ + ", line " + std::to_string(line_), why, hint);
  }

  /// Next line without its end; `what` was expected.
  std::string_view next(const std::string& what) {
    ++line_;
    if (!read_line()) fail("the stream ends where " + what + " was expected", kPassOn);
    if (text_.ends_with('\r')) text_.remove_suffix(1);
    return text_;
  }

  /// False at the end of the stream. No more than kMaxLine characters are ever held.
  bool read_line() {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto read = static_cast<std::size_t>(in_.gcount());
    if (in_.bad()) fail("cannot be read", "check the source of the stream");
    if (in_.fail() && read + 1 == buffer_.size()) fail("is too long", kPassOn);
    const bool line_feed = !in_.eof() && read > 0;
    text_ = std::string_view(buffer_.data(), line_feed ? read - 1 : read);
    return !in_.fail();
  }

  void hash_line(std::string_view line) {
    hash_.update(bytes(line));
    hash_.update(bytes("\n"));
  }

  /// Value of "key=value" at its place in the header.
  std::string field(const std::vector<std::string_view>& list, std::size_t at, const std::string& key) const {
    if (at >= list.size() || !list[at].starts_with(key + "=")) fail("has no '" + key + "=' where it belongs", kMadeBy);
    return std::string(list[at].substr(key.size() + 1));
  }

  template <class T>
  T number_field(const std::vector<std::string_view>& list, std::size_t at, const std::string& key) const {
    const auto value = number<T>(field(list, at, key));
    if (!value) fail("'" + key + "=' is followed by no number", kMadeBy);
    return *value;
  }

  void read_header() {
    const std::string_view line = next("the header");
    if (!line.starts_with(std::string(kMagic) + " ")) fail("is no header of test vectors", kMadeBy);
    hash_line(line);
    const auto list = words(line);
    report_.op = field(list, 3, "op"), report_.rule = field(list, 4, "rule");
    report_.level = number_field<int>(list, 5, "level");
    seed_ = number_field<std::uint64_t>(list, 6, "seed");
    count_ = number_field<std::uint64_t>(list, 7, "count");
    if (report_.level < 1 || report_.level > 3 || count_ != level_count(report_.level))
      fail("'count=' is not the number of vectors of the level", kMadeBy);
    if (number_field<int>(list, 8, "numerics") != kNumericsRevision || list.size() != 9)
      fail("is of another revision of the numerics", "generate the vectors with this release");
    set_.emplace(header_op(), header_profile());
    const std::string_view columns = next("the column names");
    if (columns != "# " + set_->column_names()) fail("does not name the columns of this operation and rule", kMadeBy);
    hash_line(columns);
  }

  VectorOp header_op() const {
    try {
      return parse_vector_op(report_.op);
    } catch (const UsageError& e) {
      fail(e.what(), kMadeBy);
    }
  }

  Profile header_profile() const {
    if (!target_.empty()) {
      Profile p = read_target(target_);
      if (p.name != report_.rule)
        throw UsageError("--rule " + target_ + " is profile '" + p.name + "', the vectors are for '" + report_.rule +
                         "'");
      return p;
    }
    try {
      return find_profile(report_.rule);
    } catch (const UsageError& e) {
      fail(e.what(), "give a target file with --rule");
    }
  }

  void check_vector() {
    const std::string_view line =
        next("vector " + std::to_string(report_.vectors + 1) + " of " + std::to_string(count_));
    if (line.starts_with(kEnd))
      fail("the stream ends after " + std::to_string(report_.vectors) + " of " + std::to_string(count_) + " vectors",
           kPassOn);
    const std::size_t arrow = line.find(kArrow);
    const bool extra_column = arrow == std::string_view::npos;
    const std::size_t cut = extra_column ? line.rfind(' ') : arrow;
    if (cut == std::string_view::npos) fail("has no answer", kAnswer);
    const std::string_view inputs = line.substr(0, cut);
    const std::string_view answer = line.substr(cut + (extra_column ? 1 : kArrow.size()));
    parse_inputs(inputs, extra_column);
    const auto got = number<std::int64_t>(answer);
    if (!got) fail("the answer '" + std::string(answer.substr(0, 40)) + "' is no integer", kAnswer);
    set_->generate(seed_, report_.vectors, written_);
    if (case_.inputs != written_.inputs) fail("is not the vector that was written here", kEcho);
    hash_line(inputs);
    ++report_.vectors;
    const std::int32_t expected = set_->expected(case_);
    if (*got == expected) return;
    if (report_.different++ < kShownDifferences)
      report_.first.push_back({line_, std::string(inputs), std::string(answer), expected});
  }

  void parse_inputs(std::string_view inputs, bool extra_column) {
    case_.inputs.clear();
    for (const char *at = inputs.data(), *end = at + inputs.size();; ++at) {
      std::int64_t value = 0;
      const auto [stop, error] = std::from_chars(at, end, value);
      if (error != std::errc() || (stop != end && *stop != ' '))
        fail("'" + std::string(at, std::min<std::ptrdiff_t>(end - at, 40)) + "' does not start with an integer",
             kAnswer);
      case_.inputs.push_back(value);
      if (at = stop; at == end) break;
    }
    const std::string fault = set_->fault(case_);
    if (fault.empty()) return;
    const bool missing = extra_column && case_.inputs.size() < set_->columns().size();
    fail(missing ? "has no answer, or numbers are missing" : fault, kAnswer);
  }

  void read_end() {
    const std::string_view line = next("'# end' with the hash");
    if (!line.starts_with(kEnd)) fail("is not '# end' after the last vector", "the device must add no lines");
    if (line.substr(kEnd.size()) != hash_.hex())
      fail("the hash does not fit: inputs or their order were altered on the way", kEcho);
    ++line_;
    if (read_line()) fail("something follows the end", "the device must add no lines");
  }

  static constexpr const char* kPassOn = "the device must pass on every line";
  static constexpr const char* kEcho = "the device must echo each line as it is";
  static constexpr const char* kMadeBy = "use the output of `intsim vectors generate`";
  static constexpr const char* kAnswer = "a device echoes each line and appends ' -> ' and its answer";

  std::istream& in_;
  std::string where_, target_;
  std::vector<char> buffer_ = std::vector<char>(kMaxLine);
  std::string_view text_;  ///< the line in buffer_
  std::uint64_t line_ = 0, seed_ = 0, count_ = 0;
  std::optional<VectorSet> set_;
  Case case_, written_;
  Hasher hash_;
  VectorReport report_;
};

}  // namespace

VectorReport verify_vectors(std::istream& in, const std::string& where, const std::string& target) {
  return Verifier(in, where, target).run();
}

}  // namespace intsim
