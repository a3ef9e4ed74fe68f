#include "engine/engine.h"

#include <algorithm>
#include <chrono>

#include "intsim/error.h"
#include "kernels/reference.h"

namespace intsim {

Engine::Engine(std::shared_ptr<const PreparedProgram> program, int threads)
    : program_(std::move(program)), pool_(threads) {}

std::size_t Engine::nodes_to_run(const Observer& observer) const {
  return observer ? program_->program().nodes.size() : static_cast<std::size_t>(program_->logits());
}

std::vector<std::uint8_t> Engine::run(std::span<const float> image, Extent extent, const Observer& observer) {
  const Graph& graph = program_->program().model->graph;
  if (extent.height < 1 || extent.width < 1 || extent.height > 8192 || extent.width > 65536)
    throw InputError("image", "height or width is out of range",
                     "use multiples of 16 up to 8192 rows and 65536 columns");
  const std::size_t expected = static_cast<std::size_t>(graph.input_channels) *
                               static_cast<std::size_t>(extent.height) * static_cast<std::size_t>(extent.width);
  if (image.size() != expected)
    throw InputError("image", "has " + std::to_string(image.size()) + " values, expected " + std::to_string(expected),
                     "give all channels of the range image");
  return program_->kernels() == KernelSet::reference ? run_reference_kernels(image, extent, observer)
                                                     : run_fast_kernels(image, extent, observer);
}

void Engine::run_scalar(std::size_t node, std::span<const PlanarTensor* const> x, PlanarTensor& y) {
  const Program& program = program_->program();
  pool_.parallel_for(reference_units(program, node, y), [&](int begin, int end) {
    run_reference(program, node, x, y, {begin, end});
  });
}

std::vector<std::uint8_t> Engine::run_reference_kernels(std::span<const float> image, Extent extent,
                                                        const Observer& observer) {
  const Model& model = *program_->program().model;
  const std::vector<Extent> extents = infer_extents(model.graph, extent);
  std::vector<PlanarTensor> values(model.graph.nodes.size() + 1);
  values[0] = quantise_image(image, model.graph.input_channels, extent.height, extent.width, model.input);
  if (observer) observer("input", model.input, values[0]);
  const std::size_t count = nodes_to_run(observer);
  for (std::size_t i = 0; i < count; ++i) {
    const GraphNode& node = model.graph.nodes[i];
    std::vector<const PlanarTensor*> x;
    for (const ValueId v : node.inputs) x.push_back(&values[static_cast<std::size_t>(v)]);
    PlanarTensor& y = values[i + 1] = PlanarTensor(node.out_channels, extents[i + 1].height, extents[i + 1].width);
    run_scalar(i, x, y);
    if (observer) observer(node.name, model.data[i].output, y);
    for (const ValueId v : node.inputs)
      if (program_->last_use(v) == i + 1 && v != program_->logits()) values[static_cast<std::size_t>(v)] = {};
  }
  return first_maximum(values[static_cast<std::size_t>(program_->logits())]);
}

/// Gives the memory of buffers back that no tensor is in.
void Engine::release_buffers() {
  std::erase_if(buffers_, [](const auto& buffer) { return buffer.use_count() == 1; });
}

BlockedTensor Engine::allocate(ValueId value, Extent extent) {
  const Model& model = *program_->program().model;
  const BlockedShape shape{.channels = model.graph.channels(value),
                           .height = extent.height,
                           .width = extent.width,
                           .planes = model.grid(value).bytes(),
                           .pad_h = program_->pad_h(value),
                           .pad_w = program_->pad_w(value)};
  const std::size_t words = shape.total_words();
  // Smallest free buffer that fits; a buffer is free when only the pool holds it.
  std::shared_ptr<WordBuffer>* best = nullptr;
  for (auto& b : buffers_)
    if (b.use_count() == 1 && b->size() >= words && (best == nullptr || b->size() < (*best)->size())) best = &b;
  if (best == nullptr) best = &buffers_.emplace_back(std::make_shared<WordBuffer>(words));
  return {shape, *best};
}

void Engine::run_fast(std::size_t node, std::span<const BlockedTensor* const> x, BlockedTensor& y) {
  const Model& model = *program_->program().model;
  const std::int32_t zero = model.data[node].output.zero();
  if (const FastNode* fast = program_->fast(node)) {
    const Slice all[] = {y};
    pool_.parallel_for(y.shape().height, [&](int begin, int end) { fast->run(x, all, {begin, end}); });
    y.fill_border(zero);
    return;
  }
  std::vector<PlanarTensor> planar;
  std::vector<const PlanarTensor*> operands;
  for (const BlockedTensor* t : x) planar.push_back(to_planar(*t));
  for (const PlanarTensor& t : planar) operands.push_back(&t);
  PlanarTensor result(y.shape().channels, y.shape().height, y.shape().width);
  run_scalar(node, operands, result);
  from_planar(result, zero, y);
}

BlockedTensor Engine::quantised(std::span<const float> image, Extent extent) {
  const Grid& grid = program_->program().model->input;
  BlockedTensor tensor = allocate(0, extent);
  pool_.parallel_for(extent.height, [&](int begin, int end) {
    program_->ends().quantise_rows(image, grid, tensor, {begin, end});
  });
  tensor.fill_border(grid.zero());
  return tensor;
}

std::vector<std::uint8_t> Engine::classes_of(const BlockedTensor& logits) {
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(logits.shape().height) *
                                    static_cast<std::size_t>(logits.shape().width));
  pool_.parallel_for(logits.shape().height, [&](int begin, int end) {
    program_->ends().first_maximum_rows(logits, classes, {begin, end});
  });
  return classes;
}

std::vector<std::uint8_t> Engine::run_fast_kernels(std::span<const float> image, Extent extent,
                                                   const Observer& observer) {
  if (!observer) return run_plan(image, extent, {});
  const Model& model = *program_->program().model;
  const std::vector<Extent> extents = infer_extents(model.graph, extent);
  std::vector<BlockedTensor> values(model.graph.nodes.size() + 1);
  values[0] = quantised(image, extent);
  observer("input", model.input, to_planar(values[0]));
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const GraphNode& node = model.graph.nodes[i];
    std::vector<const BlockedTensor*> x;
    for (const ValueId v : node.inputs) x.push_back(&values[static_cast<std::size_t>(v)]);
    BlockedTensor& y = values[i + 1] = allocate(static_cast<ValueId>(i + 1), extents[i + 1]);
    run_fast(i, x, y);
    observer(node.name, model.data[i].output, to_planar(y));
    for (const ValueId v : node.inputs)
      if (program_->last_use(v) == i + 1 && v != program_->logits()) values[static_cast<std::size_t>(v)] = {};
  }
  return classes_of(values[static_cast<std::size_t>(program_->logits())]);
}

std::vector<std::uint8_t> Engine::run_plan(std::span<const float> image, Extent extent, const PlanEvents& events) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  const auto lap = [&](std::size_t part) {
    if (!events.time) return;
    const Clock::time_point now = Clock::now();
    events.time(part, std::chrono::duration<double>(now - last).count());
    last = now;
  };
  const Model& model = *program_->program().model;
  const Plan& plan = program_->plan();
  const std::vector<Extent> extents = infer_extents(model.graph, extent);
  std::vector<BlockedTensor> values(model.graph.nodes.size() + 1);
  values[0] = quantised(image, extent);
  lap(0);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const Step& step = plan.steps[s];
    std::vector<const BlockedTensor*> x;
    for (const ValueId v : step.inputs) x.push_back(&values[static_cast<std::size_t>(v)]);
    std::vector<Slice> y;
    for (const Step::Output& output : step.outputs) {
      BlockedTensor& tensor = values[static_cast<std::size_t>(output.value)];
      if (tensor.shape().channels == 0) {  // the first to write it
        tensor = allocate(output.value, extents[static_cast<std::size_t>(output.value)]);
        tensor.fill_border(model.grid(output.value).zero());
      }
      y.emplace_back(tensor, output.first_block);
    }
    if (step.fast != nullptr)
      pool_.parallel_for(y[0].shape().height, [&](int begin, int end) { step.fast->run(x, y, {begin, end}); });
    else
      run_fast(step.first, x, *y[0].tensor);
    for (const Step::Output& output : step.outputs) {
      const auto v = static_cast<std::size_t>(output.value);
      if (events.tensor && plan.last_write[v] == s)
        events.tensor(model.graph.nodes[v - 1].name, model.grid(output.value), to_planar(values[v]));
    }
    for (const ValueId v : step.inputs)
      if (plan.last_use[static_cast<std::size_t>(v)] == s) values[static_cast<std::size_t>(v)] = {};
    lap(s + 1);
  }
  std::vector<std::uint8_t> classes = classes_of(values[static_cast<std::size_t>(program_->logits())]);
  lap(plan.steps.size() + 1);
  return classes;
}

BlockedTensor Engine::laid_out(ValueId value, const PlanarTensor& codes) {
  BlockedTensor tensor = allocate(value, {codes.height, codes.width});
  from_planar(codes, program_->program().model->grid(value).zero(), tensor);
  return tensor;
}

PlanarTensor Engine::run_laid_out(std::size_t node, std::vector<BlockedTensor> inputs) {
  const GraphNode& g = program_->program().model->graph.nodes[node];
  std::vector<const BlockedTensor*> x;
  for (const BlockedTensor& t : inputs) x.push_back(&t);
  BlockedTensor out =
      allocate(static_cast<ValueId>(node + 1), output_extent(g, {inputs[0].shape().height, inputs[0].shape().width}));
  run_fast(node, x, out);
  inputs.clear();
  release_buffers();
  return to_planar(out);
}

PlanarTensor Engine::run_node(std::size_t node, std::span<const PlanarTensor* const> operands) {
  const GraphNode& g = program_->program().model->graph.nodes[node];
  if (program_->fast(node) == nullptr) {
    const Extent e = output_extent(g, {operands[0]->height, operands[0]->width});
    PlanarTensor y(g.out_channels, e.height, e.width);
    run_scalar(node, operands, y);
    return y;
  }
  release_buffers();
  std::vector<BlockedTensor> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) inputs.push_back(laid_out(g.inputs[i], *operands[i]));
  return run_laid_out(node, std::move(inputs));
}

PlanarTensor Engine::run_node(std::size_t node, const std::function<PlanarTensor(std::size_t)>& operand) {
  const GraphNode& g = program_->program().model->graph.nodes[node];
  if (program_->fast(node) == nullptr) {
    std::vector<PlanarTensor> operands;
    std::vector<const PlanarTensor*> pointers;
    for (std::size_t i = 0; i < g.inputs.size(); ++i) operands.push_back(operand(i));
    for (const PlanarTensor& t : operands) pointers.push_back(&t);
    return run_node(node, pointers);
  }
  release_buffers();
  std::vector<BlockedTensor> inputs;
  for (std::size_t i = 0; i < g.inputs.size(); ++i) inputs.push_back(laid_out(g.inputs[i], operand(i)));
  return run_laid_out(node, std::move(inputs));
}

}  // namespace intsim
