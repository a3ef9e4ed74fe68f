// A step of the trainer against torch's AdamW on gradients that are computed here, worker by worker.
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "common.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "io/safetensors.h"
#include "support/torch_doctest.h"
#include "train/act_norm.h"
#include "train/loss.h"

namespace {

using namespace intsim;
using namespace intsim::test;
using namespace intsim::train;
using torch::Tensor;
using torch_tools::State;

State copy_of(const State& state) {
  State copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.detach().clone();
  return copy;
}

/// What one worker sees of a step: the gradients in its tensors, its running statistics, its loss.
struct Pass {
  State state;
  double cross_entropy = 0, lovasz = 0;
};

/// Crop `i` of worker `w` in step `s` is number (s·workers + w)·crops + i of the run; it alone chooses image and crop.
Pass worker_pass(const State& weights, const Plan& plan, const std::vector<LabelledImage>& images,
                 const Tensor& class_weights, std::int64_t step, int worker) {
  std::vector<Tensor> inputs, classes;
  for (int i = 0; i < plan.crops_per_worker; ++i) {
    const auto number = static_cast<std::uint64_t>((step * plan.workers + worker) * plan.crops_per_worker + i);
    const test_model::Random random(test_model::mix64(plan.seed) ^ number);
    const Crop crop = make_crop(images[random.bits(8) % images.size()], plan.crop_width, plan.augmentation, random);
    inputs.push_back(crop.input);
    classes.push_back(crop.classes);
  }
  Pass pass;
  pass.state = copy_of(weights);
  for (auto& [name, tensor] : pass.state)
    if (name.find("running") == std::string::npos) tensor.set_requires_grad(true);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);  // as a worker: the order of sums depends on it
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(true);
  const Tensor logits = torch_tools::Network(pass.state, "pass")
                            .forward(torch::stack(inputs).contiguous(torch::MemoryFormat::ChannelsLast),
                                     {true, plan.dropout, "logits", {}, act_norm});
  at::autocast::clear_cache();
  at::autocast::set_cpu_enabled(false);
  const Loss loss = segmentation_loss(logits, torch::stack(classes), class_weights);
  (plan.cross_entropy * loss.cross_entropy + plan.lovasz * loss.lovasz).backward();
  at::set_num_threads(threads);
  pass.cross_entropy = loss.cross_entropy.item<double>();
  pass.lovasz = loss.lovasz.item<double>();
  return pass;
}

/// The trainer's moments, which only its file shows.
Tensor moment(const Safetensors& file, const std::string& name, const Tensor& like) {
  const auto values = file.floats(name);
  return torch::from_blob(const_cast<float*>(values.data()), like.sizes(), torch::kFloat32).clone();
}

/// torch's AdamW with the trainer's settings; only convolution weights decay.
struct Reference {
  std::vector<std::string> names;
  std::map<std::string, Tensor> parameters;
  std::unique_ptr<torch::optim::AdamW> adam;

  Reference(const torch_tools::Network& network, const Plan& plan) : names(network.parameter_names()) {
    std::vector<Tensor> decaying, others;
    for (const auto& name : names) {
      parameters[name] = network.state().at(name).clone().set_requires_grad(true);
      (name.find("conv") != std::string::npos || name.find("logits") != std::string::npos) && name.ends_with(".weight")
          ? decaying.push_back(parameters[name])
          : others.push_back(parameters[name]);
    }
    const auto options = [&](double decay) {
      auto made = std::make_unique<torch::optim::AdamWOptions>(1.0);
      made->betas({0.9, 0.999}).eps(1e-8).weight_decay(decay);
      return made;
    };
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(decaying, options(plan.weight_decay));
    groups.emplace_back(others, options(0));
    adam = std::make_unique<torch::optim::AdamW>(groups, torch::optim::AdamWOptions(1.0));
  }

  void step(const State& weights, const std::map<std::string, Tensor>& gradients, double rate) {
    torch::NoGradGuard guard;
    for (const auto& name : names) {
      parameters[name].copy_(weights.at(name));
      parameters[name].mutable_grad() = gradients.at(name).clone();
    }
    for (auto& group : adam->param_groups()) static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
    adam->step();
  }
};

/// Gradients of a step as they enter AdamW, and their norm before clipping.
struct Gradients {
  std::map<std::string, Tensor> clipped;
  double norm = 0;
};

/// The mean over the workers, scaled down to a norm of 5 where it is greater.
Gradients mean_gradients(const std::vector<Pass>& passes, const std::vector<std::string>& names) {
  Gradients result;
  std::map<std::string, Tensor> sums;
  double squares = 0;
  for (const auto& name : names) {
    Tensor mean = torch::zeros_like(passes[0].state.at(name), torch::kFloat64);
    for (const Pass& pass : passes)
      mean += pass.state.at(name).grad().to(torch::kFloat64) / static_cast<double>(passes.size());
    squares += mean.square().sum().item<double>();
    sums[name] = mean;
  }
  result.norm = std::sqrt(squares);
  for (const auto& name : names)
    result.clipped[name] = (sums[name] * std::min(1.0, 5 / result.norm)).to(torch::kFloat32);
  return result;
}

/// One step of the trainer from its present weights, against the reference.
void compare_step(Trainer& trainer, Reference& reference, const Plan& plan, const std::vector<LabelledImage>& images,
                  const Tensor& class_weights, bool clips) {
  const TemporaryFolder folder;
  const State before = copy_of(trainer.network().state());
  const std::int64_t step = trainer.step();
  std::vector<Pass> passes;
  for (int w = 0; w < plan.workers; ++w) passes.push_back(worker_pass(before, plan, images, class_weights, step, w));
  const Gradients gradients = mean_gradients(passes, reference.names);
  const double rate = rate_at(plan, step);
  reference.step(before, gradients.clipped, rate);
  const StepReport report = trainer.advance();
  trainer.save(folder.path / "state", {});
  const Safetensors file(folder.path / "state");

  CHECK((gradients.norm > 5) == clips);
  // The trainer sums squares in float32, at worst one after the other in 16 lanes: an estimate that is ample is 1e-5.
  CHECK(std::abs(report.gradient_norm - gradients.norm) <= 1e-5 * gradients.norm);
  double cross_entropy = 0, lovasz = 0;
  for (const Pass& pass : passes) cross_entropy += pass.cross_entropy, lovasz += pass.lovasz;
  CHECK(report.cross_entropy == doctest::Approx(cross_entropy / plan.workers).epsilon(1e-12));
  CHECK(report.lovasz == doctest::Approx(lovasz / plan.workers).epsilon(1e-12));
  CHECK(report.rate == rate);
  const double unit = std::ldexp(1.0, -24);
  for (const auto& name : reference.names) {
    CAPTURE(name);
    const Tensor& mine = trainer.network().state().at(name);
    const auto& state = static_cast<torch::optim::AdamWParamState&>(
        *reference.adam->state().at(c10::guts::to_string(reference.parameters[name].unsafeGetTensorImpl())));
    const Tensor first = state.exp_avg(), second = state.exp_avg_sq();
    // The clipping factor differs by the error of the norm, 1e-5; sums of moments cancel, so the scale is the largest.
    const double tolerance = clips ? 2e-5 : 8 * unit;
    CHECK(largest(moment(file, "first_moment." + name, mine) - first) <= tolerance * largest(first));
    CHECK(largest(moment(file, "second_moment." + name, mine) - second) <= 2 * tolerance * largest(second));
    // An update is rate·m/sqrt(v): the clipping factor is in both and all but cancels, except for eps = 1e-8 and where
    // m cancels. The weight itself is rounded three times.
    const double update = rate * (clips ? 1e-3 : 1e-4) + 3 * unit * largest(before.at(name));
    CHECK(largest(mine - reference.parameters[name].detach()) <= update);
  }
  for (const auto& [name, tensor] : trainer.network().state()) {
    if (name.find("running") == std::string::npos) continue;
    Tensor mean = torch::zeros_like(tensor);
    for (const Pass& pass : passes) mean += pass.state.at(name) / plan.workers;
    CHECK(tensor.equal(mean));  // halves are exact, and the one sum is rounded once
  }
}

TEST_CASE("steps are AdamW on the mean of the workers' gradients") {
  const std::vector<LabelledImage> images = {small_image(64, 1), small_image(64, 2), small_image(64, 3)};
  const Tensor class_weights =
      torch::tensor(train::class_weights(class_shares(images)), torch::kFloat64).to(torch::kFloat32);
  for (const int workers : {1, 2}) {
    for (const bool clips : {true, false}) {
      Plan plan = small_plan();
      plan.workers = workers;
      plan.weight_decay = 0.5;  // far above the tolerance
      if (!clips) plan.cross_entropy = plan.lovasz = 1.0 / 64;
      CAPTURE(workers);
      CAPTURE(clips);
      Trainer trainer(plan, images);
      Reference reference(trainer.network(), plan);
      for (int step = 0; step < 3; ++step) compare_step(trainer, reference, plan, images, class_weights, clips);
    }
  }
}

TEST_CASE("a gradient that is not finite changes nothing, and twenty in a row end the run") {
  const std::vector<LabelledImage> images = {small_image(32, 1)};
  Plan plan = small_plan();
  plan.steps = 100;
  plan.workers = 1;
  plan.lovasz = std::numeric_limits<double>::quiet_NaN();
  Trainer trainer(plan, images);
  const State before = copy_of(trainer.network().state());
  for (int step = 0; step < 19; ++step) CHECK_FALSE(std::isfinite(trainer.advance().gradient_norm));
  CHECK(trainer.step() == 19);
  CHECK_THROWS_WITH_AS(trainer.advance(), doctest::Contains("--rate"), InputError);
  for (const auto& [name, tensor] : trainer.network().state()) CHECK(tensor.equal(before.at(name)));
}

}  // namespace
