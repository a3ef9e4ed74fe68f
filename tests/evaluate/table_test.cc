#include "evaluate/table.h"

#include <doctest/doctest.h>

#include <array>
#include <sstream>
#include <vector>

#include "intsim/error.h"
#include "sample.h"

namespace {

std::vector<intsim::EvaluationResult> pair_of_results() {
  std::vector<intsim::EvaluationResult> results(2, sample_result());
  results[0].config = "FP32";
  results[0].confusion.set(1, 2, 0);  // then class 1 and class 2 are perfect: mIoU 18/19, Acc 1
  results[0].confusion.set(2, 2, 3);
  intsim::rescore(results[0]);
  return results;
}

std::string table(const std::vector<intsim::EvaluationResult>& results, const intsim::TableOptions& options = {}) {
  std::ostringstream out;
  intsim::print_table(out, results, options);
  return out.str();
}

std::string last_lines(const std::string& text, int count) {
  std::size_t at = text.size() - 1;
  while (count-- > 0) at = text.rfind('\n', at - 1);
  return text.substr(at + 1);
}

}  // namespace

TEST_CASE("text table") {
  CHECK(table(pair_of_results()) ==
        "                FP32   W8A8\n"
        "mIoU           0.947  0.904\n"
        "Acc            1.000  0.995\n"
        "car            1.000  0.500\n"
        "bicycle        1.000  0.667\n"
        "motorcycle     1.000  1.000\n"
        "truck          1.000  1.000\n"
        "other-vehicle  1.000  1.000\n"
        "person         1.000  1.000\n"
        "bicyclist      1.000  1.000\n"
        "motorcyclist   0.000  0.000\n"
        "road           1.000  1.000\n"
        "parking        1.000  1.000\n"
        "sidewalk       1.000  1.000\n"
        "other-ground   1.000  1.000\n"
        "building       1.000  1.000\n"
        "fence          1.000  1.000\n"
        "vegetation     1.000  1.000\n"
        "trunk          1.000  1.000\n"
        "terrain        1.000  1.000\n"
        "pole           1.000  1.000\n"
        "traffic-sign   1.000  1.000\n");
}

TEST_CASE("published columns hold the figures of the model card") {
  const std::string text = table({sample_result()}, {intsim::TableFormat::text, true});
  CHECK(text.substr(0, text.find("bicycle")) ==
        "                W8A8  FP32 (card)  W8A8 (card)  W4A8 (card)\n"
        "mIoU           0.904        0.558        0.549        0.551\n"
        "Acc            0.995        0.879        0.874        0.876\n"
        "car            0.500        0.862        0.863        0.863\n");
  CHECK(last_lines(text, 1) == "traffic-sign   1.000        0.445        0.420        0.428\n");
  // The means of the 19 printed figures, as counted from the card.
  std::istringstream lines(text);
  std::string line, name;
  double sum[3] = {}, own = 0;
  for (int i = 0; std::getline(lines, line); ++i) {
    if (i < 3) continue;
    std::istringstream cells(line);
    double figures[3] = {};
    cells >> name >> own >> figures[0] >> figures[1] >> figures[2];
    for (int k = 0; k < 3; ++k) sum[k] += figures[k];
  }
  CHECK(sum[0] / 19 == doctest::Approx(0.5580).epsilon(1e-4));
  CHECK(sum[1] / 19 == doctest::Approx(0.54858).epsilon(1e-5));
  CHECK(sum[2] / 19 == doctest::Approx(0.55121).epsilon(1e-5));
}

TEST_CASE("Markdown table") {
  auto results = pair_of_results();
  results[0].config = "a|b";
  const std::string text = table(results, {intsim::TableFormat::markdown, false});
  CHECK(text.substr(0, text.find("| bicycle ")) ==
        "|               |  a\\|b |  W8A8 |\n"
        "|---------------|------:|------:|\n"
        "| mIoU          | 0.947 | 0.904 |\n"
        "| Acc           | 1.000 | 0.995 |\n"
        "| car           | 1.000 | 0.500 |\n");
}

namespace {

/// Heads of the columns; each result is a config and a target.
std::string heads(const std::vector<std::array<const char*, 2>>& names) {
  std::vector<intsim::EvaluationResult> results(names.size(), sample_result());
  for (std::size_t i = 0; i < names.size(); ++i) {
    results[i].config = names[i][0];
    results[i].target = names[i][1];
  }
  const std::string text = table(results), line = text.substr(0, text.find('\n'));
  return line.substr(line.find_first_not_of(' '));
}

}  // namespace

TEST_CASE("a config that occurs again with the same target is numbered") {
  CHECK(heads({{"W8A8", "ideal"}, {"W8A8", "ideal"}, {"W8A8", "ideal"}}) == "W8A8  W8A8 (2)  W8A8 (3)");
}

TEST_CASE("columns of one config with several targets name the target") {
  CHECK(heads({{"FP32", "none"}, {"W8A8", "hexagon-hvx"}, {"W8A8", "ideal"}, {"W4A8", "ideal"}}) ==
        "FP32  W8A8 hexagon-hvx  W8A8 ideal   W4A8");
  CHECK(heads({{"W8A8", "aimet"}, {"W8A8", "none"}, {"W8A8", "aimet"}}) ==
        "W8A8 aimet  W8A8 predictions  W8A8 aimet (2)");
  // A config may have the name that another column is given.
  CHECK(heads({{"W8A8 ideal", "aimet"}, {"W8A8", "ideal"}, {"W8A8", "aimet"}}) ==
        "W8A8 ideal  W8A8 ideal (2)  W8A8 aimet");
}

TEST_CASE("results that cannot be compared are warned about") {
  auto results = pair_of_results();
  CHECK(table(results).find("warning") == std::string::npos);
  results[1].scans = 4;
  results[1].mode = intsim::MetricMode::official;
  CHECK(last_lines(table(results), 3) ==
        "\n"
        "warning: different numbers of scans, scores are not comparable: 3 | 4\n"
        "warning: different metric modes, scores are not comparable: model-card | official\n");
  results = pair_of_results();
  results.push_back(results[0]);
  results[2].dataset = "other";
  results[2].sequences = {"00", "01"};
  results[2].knn = true;
  results[2].points = 7;
  results[2].numerics_revision = 2;
  CHECK(last_lines(table(results), 6) ==
        "\n"
        "warning: different numbers of points, scores are not comparable: 185 | 185 | 7\n"
        "warning: different datasets, scores are not comparable: data/kitti | data/kitti | other\n"
        "warning: different sequences, scores are not comparable: 08 | 08 | 00 01\n"
        "warning: different KNN settings, scores are not comparable: off | off | on\n"
        "warning: different numerics revisions, scores are not comparable: 1 | 1 | 2\n");
}

TEST_CASE("no result, no table") { CHECK_THROWS_AS(table({}), intsim::UsageError); }
