// Texts of files in messages, and JSON that people and other programs write.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "io/text.h"

#include <doctest/doctest.h>

#include "intsim/error.h"
#include "io/strict_json.h"

using namespace intsim;

namespace {

std::string repeated(int count, const std::string& text) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

/// What the parser says of a text; empty where it takes it.
std::string refusal(const std::string& text) {
  try {
    parse_strict_json(text, "file.json", "correct it");
    return "";
  } catch (const InputError& e) {
    return e.what();
  }
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("printable text") {
  CHECK(printable("a\nb\x7f\xc2\x85\xff\xc3\xa4") == "a?b???\xc3\xa4");
  CHECK(printable_lines("a\x1b\nb") == "a?\nb");
  CHECK_FALSE(has_unprintable("plain \xc3\xa4 \xe2\x82\xac"));
  for (const char* text : {"\n", "a\x1b", "\x7f", "\xc2\x9b", "\xff", "a\xc3"}) CHECK(has_unprintable(text));
  CHECK(has_unprintable(std::string(1, '\0')));
}

TEST_CASE("texts in quotes are cut between characters") {
  CHECK(in_quotes("a\nb") == "'a?b'");
  CHECK(in_quotes("abc", 3) == "'abc'");
  CHECK(in_quotes("abcd", 3) == "'abc' (and 1 bytes more)");
  CHECK(in_quotes("a\xe2\x82\xac"
                  "b",
                  3) == "'a' (and 4 bytes more)");
  CHECK(shortened("abcdef", 2) == "ab (and 4 bytes more)");
  CHECK(in_quotes(std::string(9, '\x80'), 3) == "'' (and 9 bytes more)");
}

TEST_CASE("JSON is nested 64 levels at most") {
  CHECK(refusal(repeated(64, "[") + repeated(64, "]")).empty());
  CHECK(contains(refusal(repeated(65, "[") + repeated(65, "]")), "file.json: is nested deeper than 64 levels"));
  CHECK(refusal(repeated(64, "{\"a\":") + "1" + repeated(64, "}")).empty());
  CHECK(contains(refusal(repeated(64, "{\"a\":") + "[]" + repeated(64, "}")), "deeper than 64 levels at key 'a.a.a."));
  CHECK(contains(refusal(repeated(1000000, "[{\"a\":")), "deeper than 64 levels"));
}

TEST_CASE("what is said of JSON is short") {
  const std::string key(100000, 'k');
  for (const std::string& text :
       {"{\"" + key + "\": 1, \"" + key + "\": 2}", "{\"" + key + "\": [}", "{\"a\": \"" + key,
        "{\"" + key + "\": " + std::string(100000, '9') + "}", repeated(90, "{\"" + key + "\":")}) {
    CHECK(contains(refusal(text), "file.json: "));
    CHECK(refusal(text).size() < 500);
  }
  CHECK(json_text("text") == "'text'");
  CHECK(json_text(key).size() < 120);
  CHECK(json_text(-3) == "-3");
  CHECK(json_text(nullptr) == "null");
  CHECK(json_text(nlohmann::json::parse("[1, [2]]")) == "an array");
  CHECK(json_text(nlohmann::json::object()) == "an object");
}
