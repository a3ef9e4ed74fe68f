// From scans to the network's input and back to classes, for the LibTorch tools.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "intsim/dataset.h"
#include "intsim/range_image.h"

namespace intsim::torch_tools {

/// Number of torch's threads, 1 or more, and an allocator that keeps freed memory: without it every large tensor is
/// paid for with page faults.
void set_up_torch(int threads);

/// 1×5×H×W in the channels-last layout.
torch::Tensor network_input(const RangeImage& image);

/// Class of every pixel, row by row: the first channel with the largest value of a 1×C×H×W float32 tensor, C ≤ 255.
/// Throws InputError naming `where` for NaN.
std::vector<std::uint8_t> first_maximum(const torch::Tensor& values, const std::string& where);

/// Each `every`-th frame, beginning with the first, and of those the first `limit`; 0 takes all.
std::vector<Frame> select_frames(std::vector<Frame> frames, std::int64_t every, std::int64_t limit);

}  // namespace intsim::torch_tools
