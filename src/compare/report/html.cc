#include <map>
#include <nlohmann/json.hpp>

#include "compare/report.h"
#include "compare/report/assets.h"
#include "compare/report/embed.h"
#include "compare/report/panels.h"
#include "compare/report/words.h"
#include "intsim/error.h"
#include "render/colours.h"
#include "render/write_png.h"

namespace intsim {
namespace {

using nlohmann::ordered_json;

ordered_json labels_json(const ComparedPictures& pictures) {
  if (!has_labels(pictures)) return nullptr;
  const LabelCounts counts = count_labels(pictures);
  ordered_json j = {{"points", counts.points}, {"flipped", counts.flipped}, {"flipped_empty", counts.flipped_empty}};
  j["classes"] = ordered_json::array();
  for (std::size_t c = 0; c < kClasses; ++c)
    j["classes"].push_back({{"name", kClassNames[c]},
                            {"colour", hex_colour(kClassColours[c])},
                            {"golden", counts.golden[c]},
                            {"actual", counts.actual[c]}});
  j["flips"] = ordered_json::array();
  for (const Flip& flip : counts.flips)
    j["flips"].push_back({{"from", flip.from}, {"to", flip.to}, {"points", flip.points}});
  return j;
}

/// What the page needs beside the report: size and numbers of the pictures, and the colours of the range.
ordered_json scan_json(const ComparedPictures& pictures) {
  ordered_json j = {{"height", pictures.height}, {"width", pictures.width}, {"range_colours", ordered_json::array()}};
  for (const Rgb colour : kRangeColours) j["range_colours"].push_back(hex_colour(colour));
  j["labels"] = labels_json(pictures);
  return j;
}

std::string images(const ComparedPictures& pictures) {
  const std::map<std::string, std::pair<const char*, const char*>> captions = {
      {"range", {"Input range", "distance of the nearest point; black where there is none"}},
      {"golden", {"Golden labels", "class per point"}},
      {"actual", {"Actual labels", "class per point"}},
      {"flips", {"Changed labels", "points whose class changes, in the class of the actual run; all others dimmed"}}};
  std::string out;
  for (const PagePicture& page : page_pictures(pictures)) {
    const auto& [title, text] = captions.at(page.id);
    const std::string png = base64(encode_png(page.picture, "picture '" + page.id + "' of the page"));
    out += "<figure id=\"picture-" + page.id + "\"><figcaption><b>" + title + "</b> " + text +
           "</figcaption><div class=\"scan\" tabindex=\"0\"><img alt=\"" + title + ": " + text +
           "\" src=\"data:image/png;base64," + png + "\"></div></figure>\n";
  }
  return out;
}

/// The template with each {{name}} replaced; what is put in is not looked at again.
std::string filled(std::string_view page, const std::map<std::string, std::string>& values) {
  std::string out;
  for (std::size_t open; (open = page.find("{{")) != page.npos;) {
    const std::size_t close = page.find("}}", open);
    if (close == page.npos) throw Error(ExitCode::internal, "the page template has an open {{");
    out += page.substr(0, open);
    out += values.at(std::string(page.substr(open + 2, close - open - 2)));
    page.remove_prefix(close + 2);
  }
  return out += page;
}

}  // namespace

std::string comparison_html(const Comparison& c, const std::string& title) {
  return filled(kPageTemplate, {{"title", markup_text(title)},
                                {"verdict", markup_text(verdict_line(c))},
                                {"outcome", c.passed() ? "pass" : "fail"},
                                {"style", std::string(kPageStyle)},
                                {"script", std::string(kPageScript)},
                                {"pictures", images(c.pictures)},
                                {"report", script_json(comparison_json(c))},
                                {"scan", script_json(scan_json(c.pictures).dump())}});
}

}  // namespace intsim
