// Reports as text, JSON, Markdown and JUnit, their words, and regressions since an earlier report.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compare/report.h"
#include "compare/report/words.h"
#include "intsim/error.h"
#include "intsim/version.h"
#include "io/file.h"
#include "report_sample.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;
using nlohmann::ordered_json;

namespace {

const std::string kVerdict =
    "FAIL: 7 tensors, first divergent layer b.conv (3 of 40), first failing layer c.add (6 unexplained)";
const std::string kSides = "isolated; golden packs/golden (aimet-float32), actual intsim w8a8 (integer, ideal)";

// clang-format off
const std::string kTitles =
    "layer                    op              bits  mismatches        ppm  max LSB   mean LSB  inherited  explained  unexplained  bound LSB  SQNR dB      cosine\n";
const std::string kEqualRow =
    "a.conv                   conv2d             8           0          0        0          0          0          0            0     0.0125      inf           1\n";
const std::string kDifferingRows =
    "b.conv                   conv2d             8           3      75000        1     -0.025          0          3            0    0.00123    41.25     0.99975\n"
    "    first [2, 0, 4]: golden 17, actual 16\n"
    "    float error bound\n"
    "c.add                    add               16           8     250000        9      0.688          2          0            6          -       20         0.5\n"
    "    first [0, 1, 7]: golden 300, actual 309; accumulator 7253\n"
    "    accepted to 2 LSB: a reason\n"
    "    causes: tie rule 6 (-4 LSB), multiplier precision 0 (+26 LSB)\n"
    "    rule: AD-1 = AD-2 (ideal, tflite); AD-2 differs at 3, 5\n"
    "d.pool                   avg_pool           4           2     500000        1        0.5          0          0            2          -      3.5       0.875\n"
    "    first [0, 0, 1]: golden 0, actual 1\n"
    "    accepted to 1 LSB: half a step\n"
    "    rule: no known rule; nearest AP-2, 1 mismatch\n"
    "e.act                    leaky_relu         8           1     125000        1     -0.125          1          0            0          -       12        0.75\n"
    "    first [0, 0, 6]: golden 9, actual 8\n";
const std::string kSameRow =
    "f.same                   softmax            8           0  hash only\n";
const std::string kOtherRow =
    "g.other                  softmax            8     unequal  hash only\n";
// clang-format on

const std::string kLeftOut =
    "left out input: an isolated comparison starts from it\n"
    "left out x: y: only in the golden\n";

std::string text_of(const Comparison& c, bool all) {
  std::ostringstream out;
  print_comparison(out, c, all);
  return out.str();
}

Comparison with(std::vector<TensorComparison> tensors) {
  Comparison c = empty_comparison();
  c.tensors = std::move(tensors);
  return c;
}

/// What is worse in `c` than in a report whose tensors are the given JSON.
std::vector<std::string> worse(const Comparison& c, const std::string& tensors, const std::string& head = "") {
  const Folder folder;
  std::string text = head;
  if (text.empty())
    text = R"("schema": "intsim-comparison", "version": 1, "mode": "isolated",
      "golden": {"arithmetic": "aimet-float32", "config": "w8a8"}, "actual": {"target": "ideal"})";
  write_file(folder / "r.json", "{" + text + ", \"tensors\": [" + tensors + "]}");
  return regressions(c, read_baseline(folder / "r.json")).lines;
}

}  // namespace

TEST_CASE("the verdict names the first divergent and the first failing layer") {
  CHECK(verdict_line(with({hashed_tensor("f", true)})) == "PASS: 1 tensors, all equal");
  CHECK(verdict_line(with({hashed_tensor("f", true), explained_tensor(), tolerated_tensor(), inherited_tensor()})) ==
        "PASS: 4 tensors, first divergent layer b.conv (3 of 40); every mismatch is explained, inherited or within its "
        "tolerance");
  CHECK(verdict_line(with({hashed_tensor("f", true), failed_tensor(), explained_tensor()})) ==
        "FAIL: 3 tensors, first divergent layer c.add (8 of 32)");
  CHECK(verdict_line(sample_comparison()) == kVerdict);
  CHECK(verdict_line(with({explained_tensor(), hashed_tensor("g", false)})) ==
        "FAIL: 2 tensors, first divergent layer b.conv (3 of 40), first failing layer g (hashes differ)");
  CHECK(verdict_line(with({hashed_tensor("g", false)})) == "FAIL: 1 tensors, first divergent layer g (unequal of 8)");
}

TEST_CASE("a status per tensor") {
  const std::vector<TensorComparison> tensors = sample_comparison().tensors;
  const std::vector<std::string> expected = {"equal",     "explained", "failed", "tolerated",
                                             "inherited", "equal",     "failed"};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(status_name(tensors[i]) == expected[i]);
  TensorComparison both = explained_tensor();
  both.mismatches = 5;
  both.inherited = 2;
  CHECK(std::string(status_name(both)) == "explained");
}

TEST_CASE("text lists what differs, or everything") {
  const Comparison c = sample_comparison();
  const std::string head = kVerdict + "\n" + kSides + "\n\n" + kTitles;
  CHECK(text_of(c, false) ==
        head + kDifferingRows + kOtherRow +
            "\n2 further tensors equal; 108 codes, 14 mismatches; 1 tensor known unequal by hash alone\n" + kLeftOut);
  CHECK(text_of(c, true) ==
        head + kEqualRow + kDifferingRows + kSameRow + kOtherRow +
            "\n0 further tensors equal; 108 codes, 14 mismatches; 1 tensor known unequal by hash alone\n" + kLeftOut);
  CHECK(text_of(with({hashed_tensor("f.same", true)}), false) ==
        "PASS: 1 tensors, all equal\n" + kSides + "\n\n1 further tensors equal; 8 codes, 0 mismatches\n");
  TensorComparison examined = made_tensor("a.conv", "conv2d", 8, 2, 2, 4);
  examined.mean_bound_lsb = 0.0125;
  examined.rule = RuleFinding{{"CV-1"}, {}, {}, 0, ""};
  CHECK(text_of(with({examined}), false) == "PASS: 1 tensors, all equal\n" + kSides + "\n\n" + kTitles + kEqualRow +
                                                "    rule: CV-1\n\n0 further tensors equal; 16 codes, 0 mismatches\n");
}

TEST_CASE("numbers keep their digits and have no exponent where they are large") {
  CHECK(number_text(0, 4) == "0");
  CHECK(number_text(1234.5, 4) == "1234");
  CHECK(number_text(9999.75, 4) == "10000");
  CHECK(number_text(123456.7, 4) == "123457");
  CHECK(number_text(-250000, 4) == "-250000");
  CHECK(number_text(0.000123456, 3) == "0.000123");
  CHECK(number_text(INFINITY, 4) == "inf");
  CHECK(number_text(-INFINITY, 4) == "-inf");
}

TEST_CASE("JSON") {
  const std::string text = comparison_json(sample_comparison());
  CHECK(text == comparison_json(sample_comparison()));
  CHECK(text.substr(text.size() - 3) == "\n}\n");
  const ordered_json j = ordered_json::parse(text);
  const ordered_json tensors = j.at("tensors");
  ordered_json head = j;
  head.erase("tensors");
  CHECK(head.dump() == ordered_json::parse(R"({"schema": "intsim-comparison", "version": 1, "numerics_revision": )" +
                                           std::to_string(kNumericsRevision) + R"(, "passed": false, "verdict": ")" +
                                           kVerdict + R"(", "first_divergent": "b.conv", "first_failing": "c.add",
      "mode": "isolated",
      "golden": {"name": "packs/golden", "arithmetic": "aimet-float32", "target": "", "producer": "golden-dump 1",
                 "config": "w8a8"},
      "actual": {"name": "intsim w8a8", "arithmetic": "integer", "target": "ideal", "producer": "intsim",
                 "config": "w8a8"},
      "histogram_reach": 8,
      "skipped": [{"name": "input", "reason": "an isolated comparison starts from it"},
                  {"name": "x: y", "reason": "only in the golden"}]})")
                           .dump());
  REQUIRE(tensors.size() == 7);
  CHECK(tensors[0].dump() == ordered_json::parse(R"({"name": "a.conv", "op": "conv2d", "bits": 8, "shape": [2, 2, 4],
      "scale": 0.5, "zero_point": 3, "passed": true, "status": "equal", "by_hash": false, "count": 16, "mismatches": 0,
      "ppm": 0.0, "max_lsb": 0, "sum_lsb": 0, "mean_lsb": 0.0, "mean_abs_lsb": 0.0,
      "histogram": [0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0], "golden_saturated": 1, "actual_saturated": 1,
      "worst_channel": null, "worst_channel_mismatches": 0, "first": null, "sqnr_db": null, "cosine": 1.0,
      "inherited": 0, "explained": 0, "unexplained": 0, "mean_bound_lsb": 0.0125, "explanation": "",
      "tolerance": {"lsb": 0, "reason": ""}, "causes": [], "rule": null})")
                                 .dump());
  CHECK(tensors[2].dump() == ordered_json::parse(R"({"name": "c.add", "op": "add", "bits": 16, "shape": [1, 4, 8],
      "scale": 0.5, "zero_point": 3, "passed": false, "status": "failed", "by_hash": false, "count": 32,
      "mismatches": 8, "ppm": 250000.0, "max_lsb": 9, "sum_lsb": 22, "mean_lsb": 0.6875, "mean_abs_lsb": 0.6875,
      "histogram": [0, 0, 0, 0, 0, 0, 0, 0, 24, 4, 0, 3, 0, 0, 0, 0, 1], "golden_saturated": 0, "actual_saturated": 0,
      "worst_channel": 0, "worst_channel_mismatches": 8,
      "first": {"index": [0, 1, 7], "golden": 300, "actual": 309, "detail": "accumulator 7253"},
      "sqnr_db": 20.0, "cosine": 0.5, "inherited": 2, "explained": 0, "unexplained": 6, "mean_bound_lsb": null,
      "explanation": "", "tolerance": {"lsb": 2, "reason": "a reason"},
      "causes": [{"name": "float noise", "mismatches": 0, "lsb": 0}, {"name": "tie rule", "mismatches": 6, "lsb": -4},
                 {"name": "multiplier precision", "mismatches": 0, "lsb": 26}],
      "rule": {"rules": ["AD-1", "AD-2"], "profiles": ["ideal", "tflite"], "separators": ["AD-2 differs at 3, 5"],
               "best": "", "fewest_mismatches": 0}})")
                                 .dump());
  CHECK(tensors[6].dump() == ordered_json::parse(R"({"name": "g.other", "op": "softmax", "bits": 8, "shape": [2, 1, 4],
      "scale": 0.5, "zero_point": 3, "passed": false, "status": "failed", "by_hash": true, "count": 8,
      "mismatches": null, "ppm": null, "tolerance": {"lsb": 0, "reason": ""}, "causes": [], "rule": null})")
                                 .dump());
  CHECK(tensors[1].at("mean_lsb") == -0.025);
  CHECK(tensors[1].at("mean_abs_lsb") == 0.075);
  CHECK(tensors[5].at("mismatches") == 0);
  CHECK(tensors[5].at("ppm") == 0);
}

TEST_CASE("JSON of names that are no UTF-8") {
  TensorComparison t = hashed_tensor("a\xFF\x01\"</script>", true);
  CHECK(comparison_json(with({t})).find("\"a\xEF\xBF\xBD\\u0001\\\"</script>\"") != std::string::npos);
}

TEST_CASE("Markdown") {
  CHECK(
      comparison_markdown(sample_comparison()) ==
      "# " + kVerdict + "\n\n" + kSides + "\n\n" +
          R"(| layer | op | bits | mismatches | ppm | max LSB | mean LSB | inherited | explained | unexplained | bound LSB | SQNR dB | cosine | remarks |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|
| a.conv | conv2d | 8 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0.0125 | inf | 1 |  |
| b.conv | conv2d | 8 | 3 | 75000 | 1 | -0.025 | 0 | 3 | 0 | 0.00123 | 41.25 | 0.99975 | \[2, 0, 4\]: golden 17, actual 16; float error bound |
| c.add | add | 16 | 8 | 250000 | 9 | 0.688 | 2 | 0 | 6 |  | 20 | 0.5 | \[0, 1, 7\]: golden 300, actual 309; accumulator 7253; accepted to 2 LSB: a reason; tie rule 6 (-4 LSB), multiplier precision 0 (+26 LSB); AD-1 = AD-2 (ideal, tflite); AD-2 differs at 3, 5 |
| d.pool | avg\_pool | 4 | 2 | 500000 | 1 | 0.5 | 0 | 0 | 2 |  | 3.5 | 0.875 | \[0, 0, 1\]: golden 0, actual 1; accepted to 1 LSB: half a step; no known rule; nearest AP-2, 1 mismatch |
| e.act | leaky\_relu | 8 | 1 | 125000 | 1 | -0.125 | 1 | 0 | 0 |  | 12 | 0.75 | \[0, 0, 6\]: golden 9, actual 8 |
| f.same | softmax | 8 | 0 | hash only | | | | | | | | | |
| g.other | softmax | 8 | unequal | hash only | | | | | | | | | |

Left out: input: an isolated comparison starts from it

Left out: x: y: only in the golden
)");
  const std::string hostile = comparison_markdown(with({hashed_tensor("a|b`*_[c]\\<d>&\n# e", true)}));
  CHECK(hostile.find("\n| a\\|b\\`\\*\\_\\[c\\]\\\\&lt;d>&amp; # e | softmax |") != std::string::npos);
}

TEST_CASE("JUnit") {
  CHECK(comparison_junit(sample_comparison()) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="intsim compare" tests="9" failures="2" errors="0" skipped="2">
  <testcase classname="isolated" name="a.conv"/>
  <testcase classname="isolated" name="b.conv"/>
  <testcase classname="isolated" name="c.add">
    <failure message="6 unexplained of 8 mismatches, max 9 LSB">[0, 1, 7]: golden 300, actual 309; accumulator 7253</failure>
  </testcase>
  <testcase classname="isolated" name="d.pool"/>
  <testcase classname="isolated" name="e.act"/>
  <testcase classname="isolated" name="f.same"/>
  <testcase classname="isolated" name="g.other">
    <failure message="hashes differ"></failure>
  </testcase>
  <testcase classname="isolated" name="input">
    <skipped message="an isolated comparison starts from it"/>
  </testcase>
  <testcase classname="isolated" name="x: y">
    <skipped message="only in the golden"/>
  </testcase>
</testsuite>
)");
}

TEST_CASE("markup has no character of its own meaning, and none that XML forbids") {
  CHECK(markup_text("</a> & \"b\" 'c'\n\t") == "&lt;/a&gt; &amp; &quot;b&quot; 'c'\n\t");
  const std::string no = "\xEF\xBF\xBD";  // U+FFFD
  CHECK(markup_text(std::string("\0\x01\x1F\r", 4)) == no + no + no + no);
  CHECK(markup_text("\xFFz\xC3") == no + "z" + no);
  CHECK(markup_text("\xED\xA0\x80").find("\xED\xA0\x80") == std::string::npos);  // a surrogate
  CHECK(markup_text("\xEF\xBF\xBE\xEF\xBF\xBF") == no + no);
  CHECK(markup_text("\xC3\xA4\xF0\x9F\x9A\x97") == "\xC3\xA4\xF0\x9F\x9A\x97");
}

TEST_CASE("a name left out ends before the last colon") {
  CHECK(skipped_tensor("a: b: why").name == "a: b");
  CHECK(skipped_tensor("a: b: why").reason == "why");
  CHECK(skipped_tensor("a").name == "a");
  CHECK(skipped_tensor("a").reason.empty());
}

TEST_CASE("regressions since an earlier report") {
  const std::string passed = R"("passed": true, "by_hash": false, "unexplained": 0, "max_lsb": 0})";
  using Lines = std::vector<std::string>;
  const auto then = [](int unexplained, int max_lsb) {
    return R"({"name": "c.add", "passed": false, "by_hash": false, "unexplained": )" + std::to_string(unexplained) +
           ", \"max_lsb\": " + std::to_string(max_lsb) + "}";
  };
  const Comparison failing = with({failed_tensor()});  // 6 unexplained, at most 9 LSB
  CHECK(worse(failing, then(6, 9)).empty());
  CHECK(worse(failing, then(7, 10)).empty());
  CHECK(worse(failing, then(5, 9)) == Lines{"c.add: 6 unexplained mismatches, were 5"});
  CHECK(worse(failing, then(6, 8)) == Lines{"c.add: max 9 LSB, was 8"});
  CHECK(worse(failing, R"({"name": "c.add", )" + passed) == Lines{"c.add: fails, and did not"});
  CHECK(worse(failing, "") == Lines{"c.add: fails, and is not in the baseline"});
  CHECK(worse(failing, R"({"name": "c.add", "passed": false, "by_hash": true})").empty());
  CHECK(worse(with({explained_tensor()}), "").empty());
  CHECK(worse(with({explained_tensor()}), R"({"name": "b.conv", )" + passed).empty());
  CHECK(worse(with({hashed_tensor("g", false)}), R"({"name": "g", "passed": true, "by_hash": true})") ==
        Lines{"g: fails, and did not"});
  CHECK(worse(with({explained_tensor()}), then(6, 9)) == Lines{"c.add: is no longer compared"});
  const Folder folder;
  write_file(folder / "r.json", comparison_json(sample_comparison()));
  CHECK(regressions(sample_comparison(), read_baseline(folder / "r.json")).lines.empty());
}

TEST_CASE("a baseline must be a report of the same kind") {
  const Comparison c = with({failed_tensor()});
  const auto refused = [&](const std::string& old, const std::string& replacement, const std::string& needle) {
    std::string head = R"("schema": "intsim-comparison", "version": 1, "mode": "isolated", )"
                       R"("golden": {"arithmetic": "aimet-float32", "config": "w8a8"}, "actual": {"target": "ideal"})";
    const std::size_t at = head.find(old);
    REQUIRE(at != head.npos);
    head.replace(at, old.size(), replacement);
    try {
      worse(c, "", head);
      FAIL_CHECK("accepted: " << head);
    } catch (const InputError& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(needle) != std::string::npos);
    }
  };
  refused("\"version\": 1", "\"version\": 2", "no report of version 1");
  refused("intsim-comparison", "intsim-prediction-comparison", "no report of version 1");
  refused("\"isolated\"", "\"cumulative\"", "another mode: 'cumulative', now 'isolated'");
  refused("aimet-float32", "integer", "another golden arithmetic: 'integer', now 'aimet-float32'");
  refused("w8a8", "w4a8", "another configuration: 'w4a8', now 'w8a8'");
  refused("\"ideal\"", "\"tflite\"", "another target: 'tflite', now 'ideal'");
  refused("\"mode\"", "\"mood\"", "'mode' is missing");
  refused("\"isolated\"", "1", "'mode' is missing or of another type");
  CHECK_THROWS_AS(worse(c, R"({"name": "c.add", "passed": false, "by_hash": false, "max_lsb": 1})"), InputError);
}
