// Whole tensors: convolutions row by row, functions of one code by table, everything else output by output.
#include "run.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace oracle {
namespace {

using Form = Plan::Form;

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

// work(i) for i = 0 .. count - 1; the first exception is thrown again.
template <class Work>
void parallel(int count, int threads, const Work& work) {
  std::atomic<int> next{0};
  std::exception_ptr failure;
  std::mutex failing;
  const auto loop = [&] {
    try {
      for (int i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(failing);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < threads; ++t) pool.emplace_back(loop);
  loop();
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

// One operand value per code, with a border that holds the value of the zero point.
struct Padded {
  int height, width;
  std::vector<std::int32_t> data;

  const std::int32_t* row(int c, int y) const {
    return data.data() + (product(c, height) + static_cast<std::size_t>(y)) * static_cast<std::size_t>(width);
  }
};

template <class Value>
Padded pad(const Layer& layer, const Codes& in, const Value& value) {
  const int border = layer.node.padding;
  Padded result{in.height + 2 * border, in.width + 2 * border, {}};
  const auto outside = static_cast<std::int32_t>(value(static_cast<int>(layer.in_grids[0].zero_point)));
  result.data.assign(product(in.channels, result.height) * static_cast<std::size_t>(result.width), outside);
  for (int c = 0; c < in.channels; ++c) {
    for (int y = 0; y < in.height; ++y) {
      const auto to =
          static_cast<std::size_t>(result.row(c, y + border) - result.data.data()) + static_cast<std::size_t>(border);
      for (int x = 0; x < in.width; ++x) {
        result.data[to + static_cast<std::size_t>(x)] = static_cast<std::int32_t>(value(code_at(in, c, y, x)));
      }
    }
  }
  return result;
}

// Sums of output channel c along row y.
template <class Sum>
void sum_row(const Layer& layer, const Padded& in, int c, int y, std::vector<Sum>& sums) {
  std::fill(sums.begin(), sums.end(), Sum{0});
  const int k = layer.node.kernel, channels = layer.in_channels[0];
  const int* weight = layer.codes.data() + product(c, channels) * product(k, k);
  const std::size_t width = sums.size();
  Sum* const out = sums.data();
  for (int channel = 0; channel < channels; ++channel) {
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < k; ++j) {
        const Sum w = *weight++;
        if (w == 0) continue;
        const std::int32_t* const from = in.row(channel, y + i * layer.node.dilation) + j * layer.node.dilation;
        for (std::size_t x = 0; x < width; ++x) out[x] += w * from[x];
      }
    }
  }
}

// Whether no partial sum of values up to `reach` leaves int32.
bool sums_fit_int32(const Layer& layer, long long reach) {
  const std::size_t each = layer.codes.size() / static_cast<std::size_t>(layer.channels);
  for (std::size_t c = 0; c < layer.codes.size(); c += each) {
    long long sum = 0;
    for (std::size_t i = 0; i < each; ++i) sum += std::abs(layer.codes[c + i]);
    if (sum * reach >= 1LL << 31) return false;
  }
  return true;
}

template <class Sum>
void conv_rows(const Layer& layer, const Plan& plan, const std::vector<Padded>& in, int threads, Codes& out) {
  parallel(out.height, threads, [&](int y) {
    std::vector<Sum> first(static_cast<std::size_t>(out.width)), second(first.size());
    for (int c = 0; c < out.channels; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      sum_row(layer, in[0], c, y, first);
      if (in.size() == 2) sum_row(layer, in[1], c, y, second);
      int* const to =
          out.data.data() + product(c, out.height) * static_cast<std::size_t>(out.width) + product(y, out.width);
      for (std::size_t x = 0; x < first.size(); ++x) {
        if (in.size() == 2) {
          to[x] = code_of_sums(layer, plan, first[x], second[x], channel);
        } else if (plan.form == Form::float32) {
          to[x] = float_code_of_sum(layer, plan, first[x], channel);
        } else {
          to[x] = code_of_sum(layer, plan, first[x], channel);
        }
      }
    }
  });
}

void run_conv(const Layer& layer, const Plan& plan, const Codes& in, int threads, Codes& out) {
  const Grid& grid = layer.in_grids[0];
  const long long z = grid.zero_point;
  std::vector<Padded> operands;
  if (plan.form == Form::drop_low) {
    operands.push_back(pad(layer, in, high_byte));
    operands.push_back(pad(layer, in, low_byte));
  } else {
    operands.push_back(pad(layer, in, [z](int q) { return q - z; }));
  }
  const long long reach = plan.form == Form::drop_low ? 255 : std::max(z, grid.n - z);
  if (sums_fit_int32(layer, reach)) {
    conv_rows<std::int32_t>(layer, plan, operands, threads, out);
  } else {
    conv_rows<std::int64_t>(layer, plan, operands, threads, out);
  }
}

// A function of one code, channel by channel; each code that can occur is evaluated once where that is less work.
void run_codes(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int threads, Codes& out) {
  parallel(out.channels, threads, [&](int c) {
    std::size_t operand = 0;
    int from = layer.node.op == Op::pixel_shuffle ? 4 * c : c;
    if (layer.node.op == Op::concat) {
      for (; from >= inputs[operand]->channels; ++operand) from -= inputs[operand]->channels;
    }
    const Codes& in = *inputs[operand];
    const auto compute = [&](int q) {
      return plan.form == Form::float32 ? float_code_of_code(layer, plan, operand, from, q)
                                        : code_of_code(layer, plan, operand, from, q);
    };
    std::vector<int> table(static_cast<std::size_t>(layer.in_grids[operand].n) + 1, -1);
    std::size_t to = product(c, out.height) * static_cast<std::size_t>(out.width);
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x, ++to) {
        const int q = layer.node.op == Op::pixel_shuffle ? code_at(in, from + 2 * (y % 2) + x % 2, y / 2, x / 2)
                                                         : code_at(in, from, y, x);
        int& y_code = table.at(static_cast<std::size_t>(q));
        if (y_code < 0) y_code = compute(q);
        out.data[to] = y_code;
      }
    }
  });
}

void run_points(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int threads,
                Codes& out) {
  parallel(product(out.channels, out.height) > 0 ? out.channels * out.height : 0, threads, [&](int i) {
    const int c = i / out.height, y = i % out.height;
    int* const to = out.data.data() + product(i, out.width);
    for (int x = 0; x < out.width; ++x) {
      to[x] = plan.form == Form::float32 ? evaluate_float(layer, plan, inputs, c, y, x)
                                         : evaluate_integer(layer, plan, inputs, c, y, x);
    }
  });
}

}  // namespace

Codes run_layer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int threads) {
  const Extent extent = output_extent(layer, *inputs[0]);
  Codes out{layer.channels, extent.height, extent.width, {}};
  out.data.resize(product(out.channels, out.height) * static_cast<std::size_t>(out.width));
  switch (layer.node.op) {
    case Op::conv2d:
      run_conv(layer, plan, *inputs[0], threads, out);
      break;
    case Op::batch_norm:
    case Op::leaky_relu:
    case Op::concat:
    case Op::pixel_shuffle:
      run_codes(layer, plan, inputs, threads, out);
      break;
    default:
      run_points(layer, plan, inputs, threads, out);
  }
  return out;
}

namespace {

// LB-1.
std::vector<int> first_largest(const Codes& logits) {
  std::vector<int> labels(product(logits.height, logits.width));
  for (int y = 0; y < logits.height; ++y) {
    for (int x = 0; x < logits.width; ++x) {
      int best = 0;
      for (int c = 1; c < logits.channels; ++c) {
        if (code_at(logits, c, y, x) > code_at(logits, best, y, x)) best = c;
      }
      labels[product(y, logits.width) + static_cast<std::size_t>(x)] = best;
    }
  }
  return labels;
}

Codes quantised(const Network& network, const FloatImage& image) {
  Codes codes{image.channels, image.height, image.width, {}};
  if (image.channels != 5 || image.height < 16 || image.width < 16 || image.height % 16 != 0 || image.width % 16 != 0 ||
      image.data.size() != product(5, image.height) * static_cast<std::size_t>(image.width)) {
    throw std::invalid_argument("oracle: the image must have 5 planes of multiples of 16 rows and columns");
  }
  codes.data.reserve(image.data.size());
  for (const float v : image.data) codes.data.push_back(network.quantise("input", v));
  return codes;
}

}  // namespace

std::vector<int> run_network(const Network& network, const Target& target, const FloatImage& image, int threads,
                             const Observer& observer) {
  std::map<std::string, Codes> tensors;
  std::map<std::string, int> readers;  // still to come
  const std::vector<std::string> layers = network.layers();
  for (const std::string& layer : layers) {
    for (const std::string& input : network.inputs(layer)) ++readers[input];
  }
  tensors["input"] = quantised(network, image);
  if (observer) observer("input", tensors["input"]);
  std::vector<int> labels;
  for (const std::string& layer : layers) {
    const std::vector<std::string> names = network.inputs(layer);
    const bool last = network.op(layer) == "softmax";
    if (last) labels = first_largest(tensors.at(names[0]));
    if (last && !observer) break;
    std::vector<const Codes*> inputs;
    for (const std::string& name : names) inputs.push_back(&tensors.at(name));
    tensors[layer] = network.evaluate_all(layer, target, inputs, std::max(threads, 1));
    if (observer) observer(layer, tensors[layer]);
    for (const std::string& name : names) {
      if (--readers[name] == 0) tensors.erase(name);
    }
  }
  return labels;
}

}  // namespace oracle
