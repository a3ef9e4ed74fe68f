#include "evaluate/prediction_comparison.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "intsim/error.h"

namespace intsim {
namespace {

constexpr int kIgnored[] = {0};

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// "+0.001" with `digits` digits.
std::string signed_text(double value, int digits) { return (value < 0 ? "" : "+") + fixed(value, digits); }

}  // namespace

PredictionComparison::PredictionComparison() : pairs_(kClasses), truth_a_(kClasses), truth_b_(kClasses) {}

void PredictionComparison::add(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                               std::span<const std::uint8_t> truth) {
  if (scans_ > 0 && scored_ != !truth.empty()) throw UsageError("either all scans have labels to score with, or none");
  pairs_.add(a, b);
  scored_ = !truth.empty();
  if (scored_) {
    truth_a_.add(a, truth);
    truth_b_.add(b, truth);
  }
  ++scans_;
}

std::int64_t PredictionComparison::flipped() const {
  std::int64_t same = 0;
  for (int c = 0; c < kClasses; ++c) same += pairs_.at(c, c);
  return points() - same;
}

double PredictionComparison::flipped_ppm() const {
  return points() == 0 ? 0 : 1e6 * static_cast<double>(flipped()) / static_cast<double>(points());
}

std::int64_t PredictionComparison::in_a(int c) const {
  std::int64_t sum = 0;
  for (int other = 0; other < kClasses; ++other) sum += pairs_.at(c, other);
  return sum;
}

std::int64_t PredictionComparison::in_b(int c) const {
  std::int64_t sum = 0;
  for (int other = 0; other < kClasses; ++other) sum += pairs_.at(other, c);
  return sum;
}

std::int64_t PredictionComparison::scored_points() const {
  std::int64_t points = truth_a_.total();
  for (int c = 0; c < kClasses; ++c) points -= truth_a_.at(c, kIgnored[0]);
  return points;
}

double PredictionComparison::agreement(int c) const {
  const std::int64_t either = in_a(c) + in_b(c) - in_both(c);
  return either == 0 ? 1 : static_cast<double>(in_both(c)) / static_cast<double>(either);
}

Scores PredictionComparison::scores_a() const { return score(truth_a_, kIgnored, MetricMode::model_card); }
Scores PredictionComparison::scores_b() const { return score(truth_b_, kIgnored, MetricMode::model_card); }
double PredictionComparison::miou_delta() const { return scores_b().mean_iou - scores_a().mean_iou; }

void print_predictions(std::ostream& out, const PredictionComparison& c, const PredictionNames& names) {
  out << c.flipped() << " of " << c.points() << " points flipped (" << fixed(c.flipped_ppm(), 1) << " ppm) in "
      << c.scans() << " scans\nA " << names.a << "\nB " << names.b << "\n";
  if (c.scored()) {
    const Scores a = c.scores_a(), b = c.scores_b();
    out << "mIoU " << fixed(a.mean_iou, 5) << " -> " << fixed(b.mean_iou, 5) << " (" << signed_text(c.miou_delta(), 5)
        << "), Acc " << fixed(a.accuracy, 5) << " -> " << fixed(b.accuracy, 5) << " ("
        << signed_text(b.accuracy - a.accuracy, 5) << ")\n";
  }
  out << "\n"
      << std::left << std::setw(15) << "class" << std::right << std::setw(12) << "in A" << std::setw(12) << "in B"
      << std::setw(12) << "in both" << std::setw(11) << "agreement";
  if (c.scored()) out << std::setw(9) << "IoU A" << std::setw(9) << "IoU B" << std::setw(10) << "delta";
  out << "\n";
  const Scores a = c.scores_a(), b = c.scores_b();
  for (int k = 0; k < kClasses; ++k) {
    const auto i = static_cast<std::size_t>(k);
    out << std::left << std::setw(15) << kClassNames[i] << std::right << std::setw(12) << c.in_a(k) << std::setw(12)
        << c.in_b(k) << std::setw(12) << c.in_both(k) << std::setw(11) << fixed(c.agreement(k), 5);
    if (c.scored() && k > 0)
      out << std::setw(9) << fixed(a.iou[i], 4) << std::setw(9) << fixed(b.iou[i], 4) << std::setw(10)
          << signed_text(b.iou[i] - a.iou[i], 4);
    out << "\n";
  }
}

std::string predictions_json(const PredictionComparison& c, const PredictionNames& names) {
  using nlohmann::ordered_json;
  ordered_json j = {{"schema", "intsim-prediction-comparison"},
                    {"version", 1},
                    {"a", names.a},
                    {"b", names.b},
                    {"scans", c.scans()},
                    {"points", c.points()},
                    {"flipped", c.flipped()},
                    {"flipped_ppm", c.flipped_ppm()}};
  const Scores a = c.scores_a(), b = c.scores_b();
  j["scores"] = nullptr;
  if (c.scored())
    j["scores"] = {{"miou_a", a.mean_iou},
                   {"miou_b", b.mean_iou},
                   {"miou_delta", c.miou_delta()},
                   {"accuracy_a", a.accuracy},
                   {"accuracy_b", b.accuracy}};
  j["classes"] = ordered_json::array();
  for (int k = 0; k < kClasses; ++k) {
    const auto i = static_cast<std::size_t>(k);
    ordered_json entry = {{"class", k},        {"name", kClassNames[i]},  {"in_a", c.in_a(k)},
                          {"in_b", c.in_b(k)}, {"in_both", c.in_both(k)}, {"agreement", c.agreement(k)}};
    if (c.scored() && k > 0) {
      entry["iou_a"] = a.iou[i];
      entry["iou_b"] = b.iou[i];
    }
    j["classes"].push_back(entry);
  }
  return j.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace intsim
