// Random nodes on the HVX kernels against exact integers (exact_model.h). With --record=FILE the smallest case of each
// spec is written with its HVX outputs, for recorded_test.
#include <cstdio>
#include <map>

#include "hvx/random_case.h"
#include "hvx/support.h"
#include "io/file.h"

using namespace intsim;

namespace {

struct Count {
  long long codes = 0, different = 0, inner = 0;  ///< inner: neither 0 nor the largest code
};

void tally(Count& count, const test::HvxCase& c, const std::vector<std::uint16_t>& actual, const std::string& name) {
  const std::vector<std::uint16_t> expected = test::exact_outputs(c);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ++count.codes;
    count.inner += expected[i] > 0 && expected[i] < c.node().y.max;
    if (expected[i] != actual[i] && count.different++ == 0)
      std::printf("%s: code %zu of %dx%dx%d: expected %d, HVX %d\n", name.c_str(), i, c.node().y.channels,
                  c.node().y.height, c.node().y.width, expected[i], actual[i]);
  }
}

void append(std::vector<std::byte>& out, const std::vector<std::byte>& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Length in four bytes, then request, input codes and HVX outputs.
void record(std::vector<std::byte>& out, const test::HvxCase& c, const std::vector<std::uint16_t>& codes) {
  std::vector<std::byte> one = serialise(c.request);
  for (std::size_t i = 0; i < c.codes.size(); ++i) append(one, code_bytes(c.codes[i], c.request.inputs[i].bits));
  append(one, code_bytes(codes, c.node().y.bits));
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::byte>(one.size() >> (8 * i)));
  append(out, one);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = test::argument(argc, argv, "programs"), file = test::argument(argc, argv, "record");
  if (!test::can_run(folder, "network")) return test::kSkipped;
  HvxGuest guest(folder + "/network.elf");
  std::mt19937_64 rng(20240607);
  std::map<std::string, Count> counts;
  std::vector<std::byte> recorded;
  long long scalar_outputs = 0;
  for (const test::HvxSpec& spec : test::all_specs()) {
    test::HvxCase smallest;
    std::vector<std::uint16_t> smallest_codes;
    for (int repeat = 0; repeat < 8; ++repeat) {
      const test::HvxCase c = test::random_case(spec, rng);
      const std::vector<std::uint16_t> codes = test::run_case(guest, c, scalar_outputs);
      tally(counts[spec.name()], c, codes, spec.name());
      if (repeat > 0 && codes.size() >= smallest_codes.size()) continue;
      smallest = c, smallest_codes = codes;
    }
    record(recorded, smallest, smallest_codes);
  }
  guest.finish();
  long long codes = 0, different = 0, thin = 0;
  for (const auto& [name, count] : counts) {
    std::printf("%-28s %9lld codes, %8lld inside the grid, %lld differ\n", name.c_str(), count.codes, count.inner,
                count.different);
    codes += count.codes, different += count.different;
    if (count.codes < 1000 || count.inner < 100) ++thin, std::printf("too few codes to mean anything\n");
  }
  std::printf("%lld codes, %lld differ; %lld outputs on the scalar route\n", codes, different, scalar_outputs);
  if (scalar_outputs == 0) std::printf("the scalar route was never taken\n");
  if (!file.empty()) write_file(file, recorded);
  return different == 0 && thin == 0 && scalar_outputs > 0 ? 0 : 1;
}
