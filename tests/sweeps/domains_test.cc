// Small domains in full: every code, every pair, every sum of an operation with random parameters, engine against
// oracle, under every profile. The parameters are derived twice, too.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "domain_case.h"
#include "support/oracle_target.h"

namespace intsim::test {
namespace {

// Parameter sets per profile: of 256 codes, of 65,536 pairs, of 65,536 codes.
constexpr int kCodeSets = 1000, kPairSets = 200, kWideSets = 50;

struct Domain {
  const char* name;
  Op op;
  std::vector<int> x_bits;
  int sets;
  std::vector<std::string> forms;  ///< each must occur in at least 10 sets
};

struct Count {
  std::atomic<long> parameters{0}, outputs{0}, different{0};
  std::mutex mutex;
  std::map<std::string, int> forms;
};

/// One parameter set under one profile.
void check_set(const Domain& domain, const Profile& profile, std::uint64_t seed, Count& count) {
  const DomainCase sample = make_domain_case(domain.op, domain.x_bits, seed);
  const DomainResult result = compare(sample, profile);
  count.parameters += result.parameters;
  count.outputs += result.outputs;
  {
    const std::lock_guard lock(count.mutex);
    ++count.forms[result.form];
  }
  if (result.different.empty()) return;
  if (++count.different <= 10)
    std::printf("DIFFERENT: %s, %s, set %llu: %s\n", domain.name, profile.name.c_str(),
                static_cast<unsigned long long>(seed), result.different.c_str());
}

long run(const Domain& domain, std::uint64_t first_seed) {
  Count count;
  const std::vector<Profile> list = profiles_and_alternatives();
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
  long missing = count.forms.count("");  // both sides may refuse alike, but none of these sets is out of range
  for (const auto& [form, sets] : count.forms)
    std::printf("  %s: %d sets\n", form.empty() ? "refused" : form.c_str(), sets);
  for (const std::string& form : domain.forms)
    if (count.forms[form] < 10) {
      std::printf("%s: form %s hardly occurs\n", domain.name, form.c_str());
      ++missing;
    }
  std::fflush(stdout);
  return count.different + missing;
}

std::vector<Domain> domains() {
  return {{"Conv2d, 8-bit", Op::conv2d, {8}, kCodeSets, {"hvx8", "wide", "float32", "hmx"}},
          {"Conv2d, 16-bit", Op::conv2d, {16}, kCodeSets, {"wide", "float32", "drop-low"}},
          {"LeakyReLU, 8-bit", Op::leaky_relu, {8}, kCodeSets, {"hvx8", "wide", "float32"}},
          {"LeakyReLU, 16-bit", Op::leaky_relu, {16}, kWideSets, {"wide", "float32"}},
          {"PixelShuffle, 8-bit", Op::pixel_shuffle, {8}, kCodeSets, {"copy", "hvx8", "wide", "float32"}},
          {"PixelShuffle, 16-bit", Op::pixel_shuffle, {16}, kWideSets, {"wide", "float32"}},
          {"Concat, 8-bit", Op::concat, {8}, kCodeSets, {"copy", "hvx8", "wide", "float32", "flat"}},
          {"Concat, 16-bit", Op::concat, {16}, kWideSets, {"wide", "float32"}},
          {"BatchNorm2d, 8-bit", Op::batch_norm, {8}, kCodeSets, {"hvx8", "wide", "float32", "batchnorm_d32"}},
          {"BatchNorm2d, 16-bit", Op::batch_norm, {16}, kWideSets, {"wide", "float32"}},
          {"Add, 8-bit", Op::add, {8, 8}, kPairSets, {"hvx8", "wide", "float32", "tflite"}},
          {"Add, 8- and 16-bit", Op::add, {8, 16}, kPairSets, {"wide", "float32", "tflite"}},
          {"AvgPool2d, 16-bit", Op::avg_pool, {16}, kWideSets, {"wide", "float32"}},
          {"AvgPool2d, 8-bit", Op::avg_pool, {8}, kCodeSets, {"hvx8", "wide", "float32", "average", "reciprocal"}}};
}

}  // namespace
}  // namespace intsim::test

int main() {
  using namespace intsim::test;
  long different = check_int4_bytes();
  std::uint64_t seed = 1;
  for (const Domain& domain : domains()) different += run(domain, seed += 1'000'000);
  return different == 0 ? 0 : 1;
}
