// Where the HVX programs are, and the way out where they cannot run.
#pragma once

#include <string>
#include <vector>

#include "hvx/exact_model.h"
#include "hvx/guest.h"

namespace intsim::test {

constexpr int kSkipped = 77;  ///< exit code that Meson counts as skipped

/// Value of an argument such as --programs=FOLDER, "" where it is absent.
std::string argument(int argc, char** argv, const std::string& name);

/// True where the program is built and qemu-hexagon is in PATH; prints why not otherwise.
bool can_run(const std::string& folder, const std::string& program);

/// Sends a case and returns the codes of its node. `scalar_outputs` grows by the reply's count.
std::vector<std::uint16_t> run_case(HvxGuest& guest, const HvxCase& c, long long& scalar_outputs);

}  // namespace intsim::test
