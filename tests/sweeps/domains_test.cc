// Small domains in full: every code, every pair, every sum of an operation with random parameters, engine against
// oracle, under every profile. The parameters are derived twice, too.
//
// domains_test quick|full. Per profile: quick has 100 parameter sets of 256 codes, 24 of 65,536 pairs, 6 of 65,536
// codes; full has 1,000, 200 and 50.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "domain_case.h"

namespace intsim::test {
namespace {

struct Level {
  int codes, pairs, wide;
};
constexpr Level kQuick{100, 24, 6}, kFull{1000, 200, 50};

struct Domain {
  const char* name;
  Op op;
  std::vector<int> x_bits;
  int sets;
};

struct Count {
  std::atomic<long> parameters{0}, outputs{0}, different{0};
};

/// One parameter set under one profile.
void check_set(const Domain& domain, const Profile& profile, std::uint64_t seed, Count& count) {
  const DomainCase sample = make_domain_case(domain.op, domain.x_bits, seed);
  const DomainResult result = compare(sample, profile);
  count.parameters += result.parameters;
  count.outputs += result.outputs;
  if (result.different.empty()) return;
  if (++count.different <= 10)
    std::printf("DIFFERENT: %s, %s, set %llu: %s\n", domain.name, profile.name.c_str(),
                static_cast<unsigned long long>(seed), result.different.c_str());
}

long run(const Domain& domain, std::uint64_t first_seed) {
  Count count;
  const std::vector<Profile> list = domain_profiles();
  const int total = domain.sets * static_cast<int>(list.size());
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i; (i = next++) < total;)
      check_set(domain, list[static_cast<std::size_t>(i) % list.size()],
                first_seed + static_cast<std::uint64_t>(i) / list.size(), count);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t < std::max(1u, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  std::printf("%s: %d parameter sets x %zu profiles, %ld integers, %ld outputs, %ld sets different\n", domain.name,
              domain.sets, list.size(), count.parameters.load(), count.outputs.load(), count.different.load());
  std::fflush(stdout);
  if (count.outputs == 0) return 1;
  return count.different;
}

std::vector<Domain> domains(const Level& level) {
  return {{"LeakyReLU, 8-bit", Op::leaky_relu, {8}, level.codes},
          {"LeakyReLU, 16-bit", Op::leaky_relu, {16}, level.wide},
          {"PixelShuffle, 8-bit", Op::pixel_shuffle, {8}, level.codes},
          {"PixelShuffle, 16-bit", Op::pixel_shuffle, {16}, level.wide},
          {"Concat, 8-bit", Op::concat, {8}, level.codes},
          {"Concat, 16-bit", Op::concat, {16}, level.wide},
          {"BatchNorm2d, 8-bit", Op::batch_norm, {8}, level.codes},
          {"BatchNorm2d, 16-bit", Op::batch_norm, {16}, level.wide},
          {"Add, 8-bit", Op::add, {8, 8}, level.pairs},
          {"AvgPool2d, 8-bit", Op::avg_pool, {8}, level.codes}};
}

}  // namespace
}  // namespace intsim::test

int main(int argc, char** argv) {
  using namespace intsim::test;
  const std::string level = argc > 1 ? argv[1] : "quick";
  if (level != "quick" && level != "full") return 2;
  long different = check_int4_bytes();
  std::uint64_t seed = 1;
  for (const Domain& domain : domains(level == "full" ? kFull : kQuick)) different += run(domain, seed += 1'000'000);
  return different == 0 ? 0 : 1;
}
