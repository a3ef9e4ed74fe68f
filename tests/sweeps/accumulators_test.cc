// Every int32 accumulator through the production convolution kernels of every SIMD target, against the scalar rules
// RQ-3 and RQ-4. A 1x1 convolution with weight 1 on the codes 0..255 and one bias per channel reaches each value once.
//
// accumulators_test quick|full: quick takes each 256th block of 2^18 values, full all 2^14.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "kernels/simd/fast_node.h"
#include "numerics/ops.h"

namespace intsim {
namespace {

constexpr int kCodes = 256, kChannels = 1024, kBlocks = 1 << 14;

struct Sweep {
  const char* name;
  Form form;
  Multiplier scale;
  std::int32_t zero;
  std::int32_t n;
};

// Scales with ties (powers of two) and without, outputs that saturate on both sides, a strict grid.
constexpr Sweep kSweeps[] = {
    {"RQ-3, R 2^8: ties", Form::hvx8, {1 << 8, 0}, 0, 255},
    {"RQ-3, R 0x5fead9", Form::hvx8, {0x5fead9, 0}, 0, 254},
    {"RQ-4, M 2^30, S 54: ties", Form::wide, {1 << 30, 54}, 128, 255},
    {"RQ-4, M 0x58448500, S 51", Form::wide, {0x58448500, 51}, 3, 254},
};

ConvParams parameters(const Sweep& sweep, std::int64_t first) {
  ConvParams p;
  p.form = sweep.form;
  p.x = make_grid(8, 0, 255, false);
  p.y = make_grid(8, 0, 255, false);
  p.y.n = sweep.n;
  p.y.offset = -sweep.zero;
  p.narrow = true;
  for (int c = 0; c < kChannels; ++c) {
    p.bias.push_back(first + std::int64_t{kCodes} * c);
    p.scale.push_back(sweep.scale);
    p.worst_sum.push_back(kCodes - 1);
  }
  return p;
}

GraphNode node() {
  GraphNode g;
  g.name = "sweep", g.op = Op::conv2d, g.out_channels = kChannels, g.in_channels = 1;
  return g;
}

NodeData weights() {
  NodeData data;
  data.weights.assign(kChannels, 1);
  return data;
}

BlockedTensor tensor(int channels) {
  const BlockedShape shape{.channels = channels, .height = 1, .width = kCodes, .planes = 1, .pad_h = 0, .pad_w = 0};
  return {shape, std::make_shared<WordBuffer>(shape.total_words())};
}

/// Counts outputs of one block that differ from the scalar rule, per SIMD target.
class Block {
 public:
  explicit Block(const std::vector<std::string>& targets) : targets_(targets) {
    for (int x = 0; x < kCodes; ++x) x_.row(0, 0, 0)[x] = static_cast<std::uint32_t>(x);
  }

  long compare(const Sweep& sweep, std::int64_t first) {
    const ConvParams p = parameters(sweep, first);
    for (int c = 0; c < kChannels; ++c)
      for (int x = 0; x < kCodes; ++x) {
        const auto code = static_cast<std::uint32_t>(conv_code(p, c, x));
        std::uint32_t& word = expected_[static_cast<std::size_t>(c / 4 * kCodes + x)];
        word = c % 4 == 0 ? code : word | code << (8 * (c % 4));
      }
    long different = 0;
    for (const std::string& target : targets_) {
      std::unique_ptr<FastNode> kernel;
      {
        const SimdScope scope(target);
        kernel = make_fast_conv(node_, data_, p);
      }
      if (kernel == nullptr) return kChannels * kCodes;
      const BlockedTensor* in[] = {&x_};
      const Slice out[] = {y_};
      kernel->run(in, out, {0, 1});
      for (int b = 0; b < kChannels / 4; ++b) {
        const std::uint32_t* wanted = expected_.data() + b * kCodes;
        if (std::memcmp(y_.row(0, b, 0), wanted, kCodes * sizeof(std::uint32_t)) == 0) continue;
        ++different;
        std::printf("DIFFERENT: %s, %s, accumulators from %lld\n", sweep.name, target.c_str(),
                    static_cast<long long>(p.bias[static_cast<std::size_t>(4 * b)]));
      }
    }
    return different;
  }

 private:
  const std::vector<std::string>& targets_;
  GraphNode node_ = node();
  NodeData data_ = weights();
  BlockedTensor x_ = tensor(1), y_ = tensor(kChannels);
  std::vector<std::uint32_t> expected_ = std::vector<std::uint32_t>(kChannels / 4 * kCodes);
};

/// Blocks of `step` in all threads; returns the number of differing rows.
long sweep_all(const Sweep& sweep, int step, const std::vector<std::string>& targets) {
  std::atomic<int> next{0};
  std::atomic<long> different{0};
  const auto work = [&] {
    Block block(targets);
    for (int i; (i = next.fetch_add(step)) < kBlocks;) {
      // Quick sweeps move through the residues, so that odd multiples of 2^22 and 2^23, the ties, are met; and they end
      // at the end of the range.
      const int moved = i + 16 * (i / step) % step;
      const int at = step == 1 ? i : i + step >= kBlocks ? kBlocks - 1 : moved;
      different += block.compare(sweep, std::int64_t{INT32_MIN} + std::int64_t{at} * kChannels * kCodes);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t < std::max(1u, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  return different;
}

}  // namespace
}  // namespace intsim

int main(int argc, char** argv) {
  using namespace intsim;
  const std::string level = argc > 1 ? argv[1] : "quick";
  if (level != "quick" && level != "full") return 2;
  const int step = level == "full" ? 1 : 256;
  const std::vector<std::string> targets = simd_targets();
  long different = 0;
  for (const Sweep& sweep : kSweeps) {
    const long found = sweep_all(sweep, step, targets);
    std::printf("%s: %lld accumulators on %zu SIMD targets, %ld rows different\n", sweep.name,
                static_cast<long long>(kBlocks / step) * kChannels * kCodes, targets.size(), found);
    std::fflush(stdout);
    different += found;
  }
  return different == 0 ? 0 : 1;
}
