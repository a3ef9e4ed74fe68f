// The page: what is embedded in it, and the pictures' pixels and counts.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <span>

#include "compare/pictures.h"
#include "compare/report.h"
#include "compare/report/embed.h"
#include "compare/report/panels.h"
#include "render/write_png.h"
#include "report_sample.h"

using namespace intsim;
using namespace intsim::test;
using nlohmann::json;

namespace {

std::string encoded(const std::string& text) { return base64(std::as_bytes(std::span(text))); }

/// 2 rows of 3 pixels; the last one has no point, and its class changes. Road 9, car 1, pole 18.
ComparedPictures sample_pictures() {
  ComparedPictures p;
  p.height = 2;
  p.width = 3;
  p.range = {2, 16, 4, 128, 8, -1};
  p.golden_labels = {9, 9, 1, 18, 9, 1};
  p.actual_labels = {9, 1, 1, 9, 1, 0};
  return p;
}

using Bytes = std::vector<std::uint8_t>;

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  REQUIRE(begin != text.npos);
  const std::size_t end = text.find(to, begin + from.size());
  REQUIRE(end != text.npos);
  return text.substr(begin + from.size(), end - begin - from.size());
}

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

json scan_of(const std::string& page) {
  return json::parse(between(page, "<script type=\"application/json\" id=\"scan\">", "</script>"));
}

}  // namespace

TEST_CASE("base64: the vectors of RFC 4648, and every digit") {
  CHECK(encoded("").empty());
  CHECK(encoded("f") == "Zg==");
  CHECK(encoded("fo") == "Zm8=");
  CHECK(encoded("foo") == "Zm9v");
  CHECK(encoded("foob") == "Zm9vYg==");
  CHECK(encoded("fooba") == "Zm9vYmE=");
  CHECK(encoded("foobar") == "Zm9vYmFy");
  CHECK(encoded("\xFF\xEF\xBE\xFB") ==
        "/+++"
        "+w==");
  CHECK(encoded(std::string("\0\x10\x83\x10\x51\x87\x20\x92\x8B\x30\xD3\x8F", 12)) == "ABCDEFGHIJKLMNOP");
  CHECK(encoded("\x41\x14\x93\x51\x55\x97\x61\x96\x9B\x71\xD7\x9F") == "QRSTUVWXYZabcdef");
  CHECK(encoded("\x82\x18\xA3\x92\x59\xA7\xA2\x9A\xAB\xB2\xDB\xAF") == "ghijklmnopqrstuv");
  CHECK(encoded("\xC3\x1C\xB3\xD3\x5D\xB7\xE3\x9E\xBB\xF3\xDF\xBF") == "wxyz0123456789+/");
}

TEST_CASE("JSON inside a script cannot end it") {
  CHECK(script_json(R"({"a": "</script><!--"})") == R"({"a": "\u003c/script>\u003c!--"})");
  CHECK(json::parse(script_json(R"(["<b>", 1])")) == json::parse(R"(["<b>", 1])"));
}

TEST_CASE("pictures: range, classes, and what changes") {
  const std::vector<PagePicture> pictures = page_pictures(sample_pictures());
  REQUIRE(pictures.size() == 4);
  const std::vector<std::string> ids = {"range", "golden", "actual", "flips"};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(pictures[i].id == ids[i]);
    CHECK(pictures[i].picture.height == 2);
    CHECK(pictures[i].picture.width == 3);
  }
  CHECK(pictures[0].picture.rgb == Bytes{255, 250, 190, 220, 80, 90, 254, 200, 100, 45, 30, 90, 248, 140, 60, 0, 0, 0});
  CHECK(pictures[1].picture.rgb == Bytes{255, 0, 255, 255, 0, 255, 100, 150, 245, 255, 240, 150, 255, 0, 255, 0, 0, 0});
  CHECK(pictures[2].picture.rgb ==
        Bytes{255, 0, 255, 100, 150, 245, 100, 150, 245, 255, 0, 255, 100, 150, 245, 0, 0, 0});
  // What stays is a fifth as bright.
  CHECK(pictures[3].picture.rgb == Bytes{51, 0, 51, 100, 150, 245, 20, 30, 49, 255, 0, 255, 100, 150, 245, 0, 0, 0});
}

TEST_CASE("pictures follow the data that is there") {
  ComparedPictures p = sample_pictures();
  p.range.clear();
  std::vector<PagePicture> pictures = page_pictures(p);
  REQUIRE(pictures.size() == 3);
  CHECK(pictures[0].id == "golden");
  CHECK(Bytes(pictures[0].picture.rgb.end() - 3, pictures[0].picture.rgb.end()) == Bytes{100, 150, 245});
  p = sample_pictures();
  p.actual_labels.clear();
  pictures = page_pictures(p);
  REQUIRE(pictures.size() == 1);
  CHECK(pictures[0].id == "range");
  CHECK_FALSE(has_labels(p));
  p = sample_pictures();
  p.golden_labels[0] = 20;  // no class
  CHECK(page_pictures(p).size() == 1);
  p = sample_pictures();
  p.width = 4;
  CHECK(page_pictures(p).empty());
  CHECK(page_pictures({}).empty());
  CHECK_FALSE(has_labels({}));
}

TEST_CASE("range of an input: metres, none where all channels hold the zero point") {
  PlanarTensor input(5, 1, 3);
  PackTensor description;
  description.scale = 0.5;
  description.zero_point = 7;
  std::fill(input.codes.begin(), input.codes.end(), std::uint16_t{7});
  input.row(4, 0)[1] = 8;   // a point at the mean range
  input.row(0, 0)[2] = 17;  // 5 deviations of 12.32 m beyond the mean of 12.12 m
  ComparedPictures pictures;
  set_range(input, description, pictures);
  CHECK(pictures.height == 1);
  CHECK(pictures.width == 3);
  REQUIRE(pictures.range.size() == 3);
  CHECK(pictures.range[0] == -1.0f);
  CHECK(pictures.range[1] == 12.12f);
  CHECK(pictures.range[2] == doctest::Approx(73.72).epsilon(1e-6));  // one rounding to float32
  ComparedPictures other;
  set_range(PlanarTensor(4, 1, 3), description, other);
  CHECK(other.width == 3);
  CHECK(other.range.empty());
}

TEST_CASE("labels are counted where there are points") {
  LabelCounts counts = count_labels(sample_pictures());
  CHECK(counts.points == 5);
  CHECK(counts.flipped == 3);
  CHECK(counts.flipped_empty == 1);
  std::array<std::int64_t, 20> golden{}, actual{};
  golden[9] = 3;
  golden[1] = golden[18] = 1;
  actual[9] = 2;
  actual[1] = 3;
  CHECK(counts.golden == golden);
  CHECK(counts.actual == actual);
  REQUIRE(counts.flips.size() == 2);
  CHECK(counts.flips[0].from == 9);
  CHECK(counts.flips[0].to == 1);
  CHECK(counts.flips[0].points == 2);
  CHECK(counts.flips[1].from == 18);
  CHECK(counts.flips[1].to == 9);
  ComparedPictures p = sample_pictures();
  p.range.clear();
  counts = count_labels(p);
  CHECK(counts.points == 6);
  CHECK(counts.flipped == 4);
  CHECK(counts.flipped_empty == 0);
}

TEST_CASE("the page holds the report and the pictures, and refers to nothing") {
  Comparison c = sample_comparison();
  c.pictures = sample_pictures();
  const std::string page = comparison_html(c, "one \"<title>\"");
  CHECK(page == comparison_html(c, "one \"<title>\""));
  CHECK(json::parse(between(page, "<script type=\"application/json\" id=\"report\">", "</script>")) ==
        json::parse(comparison_json(c)));
  CHECK(between(page, "<title>", "</title>") == "one &quot;&lt;title&gt;&quot;");
  CHECK(between(page, "<h1>", "</h1>") == "one &quot;&lt;title&gt;&quot;");
  CHECK(between(page, "id=\"verdict\" role=\"status\">", "</p>") ==
        "FAIL: 7 tensors, first divergent layer b.conv (3 of 40), first failing layer c.add (6 unexplained)");
  CHECK(page.find("<header class=\"banner fail\">") != page.npos);
  for (const PagePicture& picture : page_pictures(c.pictures)) {
    const std::string figure = between(page, "<figure id=\"picture-" + picture.id + "\">", "</figure>");
    CHECK(between(figure, "src=\"data:image/png;base64,", "\"") == base64(encode_png(picture.picture, "test")));
  }
  CHECK(page.find("{{") == page.npos);
  CHECK(times(page, "<script") == 3);
  CHECK(times(page, "</script") == 3);
  const std::regex reference(
      "(src|href|action|srcset|poster)\\s*=\\s*\"(?!data:)|url\\(|@import|https?://(?!www\\.w3\\.org/2000/svg)");
  CHECK_FALSE(std::regex_search(page, reference));
}

TEST_CASE("numbers beside the pictures") {
  Comparison c = sample_comparison();
  c.pictures = sample_pictures();
  const json scan = scan_of(comparison_html(c, "t"));
  CHECK(scan.at("height") == 2);
  CHECK(scan.at("width") == 3);
  CHECK(scan.at("range_colours") == json{"#fffabe", "#fec864", "#f88c3c", "#dc505a", "#a03282", "#5f2882", "#2d1e5a"});
  const json& labels = scan.at("labels");
  CHECK(labels.at("points") == 5);
  CHECK(labels.at("flipped") == 3);
  CHECK(labels.at("flipped_empty") == 1);
  REQUIRE(labels.at("classes").size() == 20);
  CHECK(labels.at("classes")[9] == json{{"name", "road"}, {"colour", "#ff00ff"}, {"golden", 3}, {"actual", 2}});
  CHECK(labels.at("flips")[0] == json{{"from", 9}, {"to", 1}, {"points", 2}});
  c.pictures = {};
  CHECK(scan_of(comparison_html(c, "t")).at("labels").is_null());
  CHECK(times(comparison_html(c, "t"), "<img") == 0);
}

TEST_CASE("hostile names stay text") {
  Comparison c = empty_comparison();
  c.tensors = {hashed_tensor("</script><script>alert(1)</script><!--{{scan}}\"'&", false)};
  c.skipped = {"</script><b>: why"};
  c.golden.name = "</title><b>";
  const std::string page = comparison_html(c, c.golden.name);
  CHECK(times(page, "<script") == 3);
  CHECK(times(page, "</script") == 3);
  CHECK(times(page, "<!--") == 0);
  CHECK(times(page, "<b>") == 0);
  CHECK(between(page, "<title>", "</title>") == "&lt;/title&gt;&lt;b&gt;");
  CHECK(between(page, "id=\"verdict\" role=\"status\">", "</p>") ==
        "FAIL: 1 tensors, first divergent layer "
        "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!--{{scan}}&quot;'&amp; (unequal of 8)");
  c.tensors = {hashed_tensor("a", true)};
  CHECK(comparison_html(c, "t").find("<header class=\"banner pass\">") != std::string::npos);
}
