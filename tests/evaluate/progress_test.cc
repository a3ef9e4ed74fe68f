#include "evaluate/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "intsim/error.h"

namespace {

struct Run {
  std::ostringstream out;
  double now = 100;
  intsim::ProgressOptions options(bool terminal, bool quiet = false) {
    return {terminal, quiet, [this] { return now; }};
  }
};

}  // namespace

TEST_CASE("without a terminal: one line per 10 %") {
  Run run;
  {
    intsim::Progress progress(run.out, 20, run.options(false));
    for (int i = 0; i < 3; ++i) {
      run.now += 2;
      progress.advance();
    }
    CHECK(run.out.str() == "2/20 scans, 10 %, 0.50 scans/s, 0:00:36 left\n");
    run.out.str("");
    run.now += 2;
    progress.advance(5);  // passes 20, 30 and 40 %: one line
    CHECK(run.out.str() == "8/20 scans, 40 %, 1.00 scans/s, 0:00:12 left\n");
    run.out.str("");
    progress.advance(100);
    CHECK(run.out.str() == "20/20 scans, 100 %, 2.50 scans/s\n");
    run.out.str("");
  }
  CHECK(run.out.str().empty());
}

TEST_CASE("a whole run without a terminal prints ten lines") {
  Run run;
  intsim::Progress progress(run.out, 4071, run.options(false));
  for (int i = 0; i < 4071; ++i) progress.advance();
  const std::string text = run.out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 10);
  CHECK(text.substr(0, text.find('\n')) == "408/4071 scans, 10 %");
  CHECK(text.substr(text.rfind('\n', text.size() - 2)) == "\n4071/4071 scans, 100 %\n");
}

TEST_CASE("on a terminal: one refreshed line") {
  Run run;
  {
    intsim::Progress progress(run.out, 10, run.options(true));
    run.now += 3700;
    progress.advance();
    CHECK(run.out.str() == "\r1/10 scans, 10 %, 0.00 scans/s, 9:15:00 left\x1b[K");
    run.out.str("");
    run.now += 0.06;
    progress.advance();
    CHECK(run.out.str().empty());  // too soon for another refresh
    run.now += 0.06;
    progress.advance(7);
    CHECK(run.out.str() == "\r9/10 scans, 90 %, 0.00 scans/s, 0:06:52 left\x1b[K");
    run.out.str("");
    progress.advance();  // the last one is always shown
    CHECK(run.out.str() == "\r10/10 scans, 100 %, 0.00 scans/s\x1b[K");
    run.out.str("");
    progress.finish();
    CHECK(run.out.str() == "\n");
    run.out.str("");
  }
  CHECK(run.out.str().empty());  // the line was ended once
}

TEST_CASE("an abandoned line is ended") {
  Run run;
  {
    intsim::Progress progress(run.out, 10, run.options(true));
    progress.advance();
  }
  CHECK(run.out.str() == "\r1/10 scans, 10 %\x1b[K\n");
}

TEST_CASE("quiet prints nothing") {
  for (const bool terminal : {false, true}) {
    Run run;
    {
      intsim::Progress progress(run.out, 3, run.options(terminal, true));
      progress.advance(3);
    }
    CHECK(run.out.str().empty());
  }
}

TEST_CASE("nothing is printed before the first scan") {
  Run run;
  { intsim::Progress progress(run.out, 3, run.options(true)); }
  CHECK(run.out.str().empty());
}

TEST_CASE("wrong numbers are refused") {
  Run run;
  CHECK_THROWS_AS(intsim::Progress(run.out, 0, run.options(false)), intsim::UsageError);
  intsim::Progress progress(run.out, 3, run.options(false));
  CHECK_THROWS_AS(progress.advance(-1), intsim::UsageError);
}
