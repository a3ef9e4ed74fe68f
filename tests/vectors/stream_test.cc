// The stream to a device and back: right answers, wrong ones, and every way to damage it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <sstream>

#include "intsim/error.h"
#include "vectors/stream.h"

using namespace intsim;

namespace {

using Lines = std::vector<std::string>;

Lines generated(VectorOp op, const char* profile, std::uint64_t seed = 1) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  REQUIRE(file != nullptr);
  write_vectors(VectorSet(op, find_profile(profile)), 1, seed, file.get());
  std::rewind(file.get());
  Lines lines(1);
  for (int c = 0; (c = std::fgetc(file.get())) != EOF;) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += static_cast<char>(c);
  }
  CHECK(lines.back().empty());  // the last line ends with a newline
  lines.pop_back();
  return lines;
}

/// What a device that computes AP-4 on 8 and 16 bits makes of the lines: nothing of the engine.
Lines answered(Lines lines, const std::string& separator = " -> ") {
  for (std::string& line : lines) {
    if (line[0] == '#') continue;
    std::istringstream in(line);
    long bits = 0, top = 0, n = 0, sum = 0, q = 0;
    in >> bits >> top >> n;
    const long base = 1L << (bits - 1);
    while (in >> q) sum += q - base;
    const long mean = base + (sum < 0 ? -((-sum + n / 2) / n) : (sum + n / 2) / n);
    line += separator + std::to_string(mean > top ? top : mean);
  }
  return lines;
}

VectorReport verified(const Lines& lines, const std::string& end = "\n") {
  std::string text;
  for (const std::string& line : lines) text += line + end;
  std::istringstream in(text);
  return verify_vectors(in, "stream");
}

const Lines& pool_lines() {
  static const Lines lines = answered(generated(VectorOp::avg_pool, "tflite"));
  return lines;
}

/// The message with which a damaged stream is refused.
std::string refusal(const Lines& lines) {
  try {
    verified(lines);
  } catch (const InputError& e) {
    return e.what();
  }
  return "accepted";
}

bool starts(const std::string& text, const std::string& with) {
  const bool yes = text.rfind(with, 0) == 0;
  if (!yes) MESSAGE(text);
  return yes;
}

}  // namespace

TEST_CASE("a right device: all equal, with an arrow, an extra column, or line ends of Windows") {
  const Lines plain = generated(VectorOp::avg_pool, "tflite");
  CHECK(plain.size() == 10'003);
  CHECK(plain[0] == "# intsim-vectors 1 op=avg_pool rule=tflite level=1 seed=1 count=10000 numerics=1");
  CHECK(plain[1] == "# bits ny n q[n]");
  for (const VectorReport& r :
       {verified(pool_lines()), verified(answered(plain, " ")), verified(pool_lines(), "\r\n")}) {
    CHECK(r.vectors == 10'000);
    CHECK(r.different == 0);
    CHECK(r.op == "avg_pool");
    CHECK(r.rule == "tflite");
  }
  CHECK(generated(VectorOp::avg_pool, "tflite", 2) != plain);
  CHECK(generated(VectorOp::avg_pool, "tflite") == plain);
}

TEST_CASE("wrong answers are counted, the first ten shown") {
  Lines lines = pool_lines();
  for (std::size_t i = 100; i < 115; ++i) lines[i] += "7";
  const VectorReport r = verified(lines);
  CHECK(r.different == 15);
  REQUIRE(r.first.size() == 10);
  CHECK(r.first[0].line == 101);
  const std::string& line = pool_lines()[100];
  CHECK(r.first[0].inputs == line.substr(0, line.find(" -> ")));
  CHECK(std::to_string(r.first[0].expected) == line.substr(line.find(" -> ") + 4));
  CHECK(r.first[0].got == std::to_string(r.first[0].expected) + "7");
}

TEST_CASE("a damaged stream is refused with its line") {
  const auto damaged = [](auto change) {
    Lines lines = pool_lines();
    change(lines);
    return refusal(lines);
  };
  CHECK(starts(damaged([](Lines& l) { l.clear(); }), "stream, line 1: the stream ends"));
  CHECK(starts(damaged([](Lines& l) { l.erase(l.begin()); }), "stream, line 1: is no header"));
  CHECK(
      starts(damaged([](Lines& l) { l.resize(700); }), "stream, line 701: the stream ends where vector 699 of 10000"));
  CHECK(starts(damaged([](Lines& l) { l.pop_back(); }), "stream, line 10003: the stream ends where '# end'"));
  CHECK(starts(damaged([](Lines& l) { l.erase(l.begin() + 50); }), "stream, line 51: is not the vector"));
  CHECK(starts(damaged([](Lines& l) { l.insert(l.begin() + 50, l[50]); }), "stream, line 52: is not the vector"));
  CHECK(starts(damaged([](Lines& l) { l.push_back("bye"); }), "stream, line 10004: something follows"));
  CHECK(starts(damaged([](Lines& l) { std::swap(l[50], l[51]); }), "stream, line 51: is not the vector"));
  CHECK(starts(damaged([](Lines& l) { l[60] = l[61]; }), "stream, line 61: is not the vector"));
  CHECK(starts(damaged([](Lines& l) { l[0].replace(l[0].find("seed=1"), 6, "seed=2"); }),
               "stream, line 3: is not the vector"));
  CHECK(starts(damaged([](Lines& l) { l[0].replace(l[0].find("count=10000"), 11, "count=0"); }),
               "stream, line 1: 'count=' is not the number"));
  CHECK(starts(damaged([](Lines& l) { l[0].replace(l[0].find("level=1"), 7, "level=4"); }),
               "stream, line 1: 'count=' is not the number"));
  CHECK(starts(damaged([](Lines& l) { l.erase(l.end() - 2); }), "stream, line 10002: the stream ends after 9999"));
  CHECK(starts(damaged([](Lines& l) { l.insert(l.end() - 1, "8"); }), "stream, line 10003: is not '# end'"));
  CHECK(starts(damaged([](Lines& l) { l.back().back() ^= 1; }), "stream, line 10003: the hash does not fit"));
  CHECK(starts(damaged([](Lines& l) { l[9] = std::string(1 << 20, '1'); }), "stream, line 10: is too long"));
  CHECK(starts(damaged([](Lines& l) { l[0] += "0"; }), "stream, line 1: is of another revision"));
  CHECK(
      starts(damaged([](Lines& l) { l[0].replace(l[0].find("op=avg"), 6, "op=max"); }), "stream, line 1: unknown op"));
  CHECK(starts(damaged([](Lines& l) { l[1] += "?"; }), "stream, line 2: does not name the columns"));
  CHECK(starts(damaged([](Lines& l) { l[9].erase(l[9].find(" -> ")); }), "stream, line 10: the lists have"));
  CHECK(starts(damaged([](Lines& l) { l[9] = "8"; }), "stream, line 10: has no answer"));
  CHECK(starts(damaged([](Lines& l) { l[9] += "x"; }), "stream, line 10: the answer"));
  CHECK(starts(damaged([](Lines& l) { l[9] = "x" + l[9]; }), "stream, line 10: 'x"));
  CHECK(starts(damaged([](Lines& l) { l[9] = ""; }), "stream, line 10: has no answer"));
}

TEST_CASE("profiles with a space in their name make no header") {
  Profile p = find_profile("ideal");
  p.name = "my own";
  CHECK_THROWS_AS(write_vectors(VectorSet(VectorOp::add, p), 1, 1, stdout), UsageError);
}
