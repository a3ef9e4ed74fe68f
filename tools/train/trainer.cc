#include "train/trainer.h"

#include <ATen/autocast_mode.h>

#include <cmath>
#include <exception>
#include <thread>

#include "intsim/error.h"
#include "intsim/label_map.h"
#include "io/safetensors.h"
#include "train/act_norm.h"
#include "train/loss.h"

namespace intsim::train {
namespace {

using torch::Tensor;
using torch_tools::State;

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kAdamEps = 1e-8, kMaxNorm = 5;
constexpr int kMostLeftOut = 20;

/// Convolutions of this thread run in bfloat16 while it lives.
class Autocast {
 public:
  Autocast() {
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(true);
  }
  ~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
};

/// The same storage with gradients of its own.
State replica(const State& state) {
  State copy;
  for (const auto& [name, tensor] : state) {
    const bool statistic = name.find(".running_") != std::string::npos;
    copy[name] = statistic ? tensor.clone() : tensor.detach().set_requires_grad(true);
  }
  return copy;
}

SafetensorsTensor packed(const std::string& name, const Tensor& tensor) {
  const Tensor value = tensor.detach().contiguous();
  const auto* first = static_cast<const std::byte*>(value.data_ptr());
  return {name, "F32", value.sizes().vec(), {first, first + value.nbytes()}};
}

}  // namespace

State checked_start(const State& state, const State& like, const std::string& where) {
  State taken;
  for (const auto& [name, own] : like) {
    const auto it = state.find(name);
    if (it == state.end()) {
      const bool folded = name.starts_with(std::string(test_model::kFoldedNorm) + ".");
      throw InputError(where, "tensor '" + name + "' is missing",
                       folded ? "this batch norm is folded into 'logits'; start from the checkpoint before folding, "
                                "which has 270 tensors"
                              : "start from a checkpoint of this network");
    }
    if (it->second.sizes() != own.sizes())
      throw InputError(where, "tensor '" + name + "' has another shape", "start from a checkpoint of this network");
    if (!it->second.isfinite().all().item<bool>())
      throw InputError(where, "tensor '" + name + "' holds a value that is not finite", "start from other weights");
    taken[name] = it->second;
  }
  return taken;
}

struct Trainer::WorkerResult {
  State state;  ///< replica: gradients and running statistics
  double cross_entropy = 0, lovasz = 0;
  Tensor confusion;
  std::exception_ptr failure;
};

Trainer::Trainer(const Plan& plan, const std::vector<LabelledImage>& images)
    : plan_(plan), images_(images), network_((torch::manual_seed(plan.seed), torch_tools::Network())) {
  if (images.empty()) throw InputError("training scans", "there are none");
  check_plan(plan);
  class_weights_ = torch::tensor(class_weights(class_shares(images)), torch::kFloat64).to(torch::kFloat32);
  for (const auto& name : network_.parameter_names()) {
    first_moments_.push_back(torch::zeros_like(network_.state().at(name)));
    second_moments_.push_back(torch::zeros_like(network_.state().at(name)));
  }
}

void Trainer::start_from(const State& state, const std::string& where) {
  const State taken = checked_start(state, network_.state(), where);
  for (const auto& [name, own] : network_.state()) Tensor(own).copy_(taken.at(name));
  start_ = hash_state(taken);
}

void Trainer::work(int worker, WorkerResult& result) const try {
  at::set_num_threads(1);
  std::vector<Tensor> inputs, classes;
  for (int crop = 0; crop < plan_.crops_per_worker; ++crop) {
    const auto number = static_cast<std::uint64_t>((step_ * plan_.workers + worker) * plan_.crops_per_worker + crop);
    const test_model::Random random(test_model::mix64(plan_.seed) ^ number);
    const auto& image = images_[random.bits(8) % images_.size()];
    const Crop made = make_crop(image, plan_.crop_width, plan_.augmentation, random);
    inputs.push_back(made.input);
    classes.push_back(made.classes);
  }
  result.state = replica(network_.state());
  const torch_tools::Network network(result.state, "replica");
  const Tensor input = torch::stack(inputs).contiguous(torch::MemoryFormat::ChannelsLast);
  Tensor logits;
  {
    const Autocast autocast;
    logits = network.forward(input, {true, plan_.dropout, "logits", {}, act_norm});
  }
  const Loss loss = segmentation_loss(logits, torch::stack(classes), class_weights_);
  (plan_.cross_entropy * loss.cross_entropy + plan_.lovasz * loss.lovasz).backward();
  result.cross_entropy = loss.cross_entropy.item<double>();
  result.lovasz = loss.lovasz.item<double>();
  result.confusion = torch::bincount(loss.prediction * kClasses + loss.truth, {}, kClasses * kClasses);
} catch (...) {
  result.failure = std::current_exception();
}

/// Averages the workers' gradients, clips them and applies AdamW. Returns the gradient's norm; nothing changes when it
/// is not finite.
double Trainer::update(const std::vector<WorkerResult>& results) {
  const torch::NoGradGuard guard;
  const double workers = static_cast<double>(results.size());
  const auto names = network_.parameter_names();
  std::vector<Tensor> gradients;
  double squares = 0;
  for (const auto& name : names) {
    Tensor gradient = results[0].state.at(name).grad().to(torch::kFloat32).contiguous();
    for (std::size_t w = 1; w < results.size(); ++w) gradient = gradient + results[w].state.at(name).grad();
    gradients.push_back(gradient.div_(workers));
    squares += gradients.back().square().sum().item<double>();
  }
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return norm;
  for (auto& [name, tensor] : network_.state()) {
    if (name.find(".running_") == std::string::npos) continue;
    tensor.zero_();
    for (const auto& result : results) tensor.add_(result.state.at(name), 1 / workers);
  }
  const double clip = norm > kMaxNorm ? kMaxNorm / norm : 1;
  const double rate = rate_at(plan_, step_), count = static_cast<double>(step_ + 1);
  const double correction1 = 1 - std::pow(kBeta1, count), correction2 = 1 - std::pow(kBeta2, count);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Tensor parameter = network_.state().at(names[i]);
    const Tensor gradient = gradients[i] * clip;
    first_moments_[i].mul_(kBeta1).add_(gradient, 1 - kBeta1);
    second_moments_[i].mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    if (parameter.dim() == 4) parameter.mul_(1 - rate * plan_.weight_decay);
    const Tensor divisor = (second_moments_[i] / correction2).sqrt_().add_(kAdamEps);
    parameter.addcdiv_(first_moments_[i], divisor, -rate / correction1);
  }
  return norm;
}

StepReport Trainer::advance() {
  std::vector<WorkerResult> results(static_cast<std::size_t>(plan_.workers));
  {
    std::vector<std::jthread> threads;
    for (int w = 0; w < plan_.workers; ++w)
      threads.emplace_back([this, w, &results] { work(w, results[static_cast<std::size_t>(w)]); });
  }
  for (const auto& result : results)
    if (result.failure) std::rethrow_exception(result.failure);
  StepReport report;
  report.rate = rate_at(plan_, step_);
  report.confusion.assign(kClasses * kClasses, 0);
  for (const auto& result : results) {
    report.cross_entropy += result.cross_entropy / plan_.workers;
    report.lovasz += result.lovasz / plan_.workers;
    const auto* counts = result.confusion.data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < report.confusion.size(); ++i) report.confusion[i] += counts[i];
  }
  report.gradient_norm = update(results);
  left_out_ = std::isfinite(report.gradient_norm) ? 0 : left_out_ + 1;
  if (left_out_ == kMostLeftOut)
    throw InputError("step " + std::to_string(step_), "the gradient is not finite any more", "lower --rate");
  ++step_;
  return report;
}

void Trainer::save(const std::filesystem::path& path, const RunRecord& record) const {
  std::vector<SafetensorsTensor> tensors;
  for (const auto& [name, tensor] : network_.state()) tensors.push_back(packed(name, tensor));
  const auto names = network_.parameter_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    tensors.push_back(packed("first_moment." + names[i], first_moments_[i]));
    tensors.push_back(packed("second_moment." + names[i], second_moments_[i]));
  }
  write_safetensors(path, state_metadata(record, start_, step_), tensors);
}

void Trainer::resume(const std::filesystem::path& path, const RunRecord& record) {
  const Safetensors file(path);
  require_same_run(file, record);
  start_ = state_value(file, "start");
  step_ = saved_step(file, plan_.steps);
  const auto fill = [&](const std::string& name, Tensor tensor) {
    const auto values = file.floats(name, tensor.sizes().vec());
    tensor.copy_(torch::from_blob(const_cast<float*>(values.data()), tensor.sizes(), torch::kFloat32));
  };
  for (const auto& [name, tensor] : network_.state()) fill(name, tensor);
  const auto names = network_.parameter_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    fill("first_moment." + names[i], first_moments_[i]);
    fill("second_moment." + names[i], second_moments_[i]);
  }
  torch::manual_seed(plan_.seed + static_cast<std::uint64_t>(step_));
}

}  // namespace intsim::train
