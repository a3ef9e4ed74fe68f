#include "torch/scans.h"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <atomic>
#include <cmath>
#include <cstring>

#include "intsim/error.h"

namespace intsim::torch_tools {
namespace {

using torch::Tensor;

constexpr std::int64_t kGrain = 4096;  ///< pixels per piece of work

}  // namespace

void set_up_torch(int threads) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  at::set_num_threads(threads);
}

Tensor network_input(const RangeImage& image) {
  const Tensor planes = torch::empty({1, 5, image.height, image.width}, torch::kFloat32);
  std::memcpy(planes.data_ptr<float>(), image.channels.data(), image.channels.size() * sizeof(float));
  return planes.contiguous(torch::MemoryFormat::ChannelsLast);
}

std::vector<std::uint8_t> first_maximum(const Tensor& values, const std::string& where) {
  const Tensor rows = values.contiguous(torch::MemoryFormat::ChannelsLast);
  const std::int64_t channels = rows.size(1), pixels = rows.numel() / channels;
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(pixels));
  std::atomic<bool> damaged = false;
  at::parallel_for(0, pixels, kGrain, [&, first = rows.data_ptr<float>()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      const float* x = first + pixel * channels;
      std::int64_t best = 0;
      bool nan = false;
      for (std::int64_t c = 0; c < channels; ++c) {
        nan |= std::isnan(x[c]);
        if (x[c] > x[best]) best = c;
      }
      if (nan) damaged = true;
      classes[static_cast<std::size_t>(pixel)] = static_cast<std::uint8_t>(best);
    }
  });
  if (damaged) throw InputError(where, "the network's output is not a number", "check the checkpoint");
  return classes;
}

std::vector<Frame> select_frames(std::vector<Frame> frames, std::int64_t every, std::int64_t limit) {
  std::vector<Frame> chosen;
  for (std::size_t i = 0; i < frames.size(); i += static_cast<std::size_t>(every)) {
    if (limit > 0 && chosen.size() == static_cast<std::size_t>(limit)) break;
    chosen.push_back(std::move(frames[i]));
  }
  return chosen;
}

}  // namespace intsim::torch_tools
