#include "evaluate/report.h"

#include <doctest/doctest.h>

#include <locale>
#include <sstream>

#include "sample.h"

namespace {

constexpr const char* kHead =
    "intsim              0.1.0, numerics revision 1\n"
    "config              W8A8\n"
    "model               models/salsanext.pth (xxh128 00112233445566778899aabbccddeeff)\n"
    "target              hexagon-hvx, bn = batchnorm_d32\n"
    "kernels             simd (AVX2), 2 threads\n"
    "dataset             data/kitti, sequences 08\n"
    "metric              model-card, KNN off\n"
    "scans               3\n"
    "points              185\n"
    "not projected       1\n"
    "unknown labels      2\n"
    "tie pixels          4\n"
    "border points       5\n"
    "seconds per scan    0.250\n"
    "\n";

constexpr const char* kScores =
    "Acc avg 0.995\n"
    "IoU avg 0.904\n"
    "IoU class 1 [car] = 0.500\n"
    "IoU class 2 [bicycle] = 0.667\n"
    "IoU class 3 [motorcycle] = 1.000\n"
    "IoU class 4 [truck] = 1.000\n"
    "IoU class 5 [other-vehicle] = 1.000\n"
    "IoU class 6 [person] = 1.000\n"
    "IoU class 7 [bicyclist] = 1.000\n"
    "IoU class 8 [motorcyclist] = 0.000\n"
    "IoU class 9 [road] = 1.000\n"
    "IoU class 10 [parking] = 1.000\n"
    "IoU class 11 [sidewalk] = 1.000\n"
    "IoU class 12 [other-ground] = 1.000\n"
    "IoU class 13 [building] = 1.000\n"
    "IoU class 14 [fence] = 1.000\n"
    "IoU class 15 [vegetation] = 1.000\n"
    "IoU class 16 [trunk] = 1.000\n"
    "IoU class 17 [terrain] = 1.000\n"
    "IoU class 18 [pole] = 1.000\n"
    "IoU class 19 [traffic-sign] = 1.000\n";

}  // namespace

TEST_CASE("the report ends with the lines of the model card") {
  std::ostringstream out;
  intsim::print_report(out, sample_result());
  CHECK(out.str() == std::string(kHead) + kScores);
}

TEST_CASE("official mode changes the class that lost a point to class 0") {
  auto r = sample_result();
  r.mode = intsim::MetricMode::official;
  r.kernels = "ref";
  r.simd_target.clear();
  r.threads = 1;
  r.knn = true;
  intsim::rescore(r);
  std::ostringstream out;
  intsim::print_report(out, r);
  CHECK(out.str().find("metric              official, KNN on\n") != std::string::npos);
  CHECK(out.str().find("kernels             ref, 1 thread\n") != std::string::npos);
  CHECK(out.str().find("\nAcc avg 0.995\nIoU avg 0.895\nIoU class 1 [car] = 0.333\n") != std::string::npos);
}

TEST_CASE("three decimals from the exact binary value") {
  CHECK(intsim::score_text(0.0) == "0.000");
  CHECK(intsim::score_text(0.5579) == "0.558");
  CHECK(intsim::score_text(0.0625) == "0.062");  // a tie in binary: the even digit
  CHECK(intsim::score_text(0.1875) == "0.188");
  CHECK(intsim::score_text(0.9996) == "1.000");
}

TEST_CASE("a stream with grouping and decimal comma changes nothing") {
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  std::ostringstream out;
  out.imbue(std::locale(out.getloc(), new Commas));
  intsim::print_report(out, sample_result());
  CHECK(out.str() == std::string(kHead) + kScores);
}
