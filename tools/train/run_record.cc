#include "train/run_record.h"

#include <array>
#include <charconv>
#include <span>

#include "intsim/error.h"
#include "io/hash.h"

namespace intsim::train {
namespace {

constexpr const char* kFormat = "intsim-training-state";
constexpr const char* kSchema = "1";

/// A number with all its digits.
std::string exact(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// What is asked of the user in any case.
std::string advice(const std::filesystem::path& state) {
  return "continue with the options and data of the run in " + state.parent_path().string() +
         ", or give another --output";
}

}  // namespace

RunRecord plan_record(const Plan& plan) {
  const auto& a = plan.augmentation;
  RunRecord record = {{"steps", "", std::to_string(plan.steps)},
                      {"warmup", "", std::to_string(plan.warmup)},
                      {"rate", "", exact(plan.rate)},
                      {"weight-decay", "", exact(plan.weight_decay)},
                      {"dropout", "", exact(plan.dropout)},
                      {"cross-entropy", "", exact(plan.cross_entropy)},
                      {"lovasz", "", exact(plan.lovasz)},
                      {"crop", "", std::to_string(plan.crop_width)},
                      {"crops", "", std::to_string(plan.crops_per_worker)},
                      {"workers", "", std::to_string(plan.workers)},
                      {"seed", "", std::to_string(plan.seed)}};
  for (RunEntry& entry : record) entry.name = "--" + entry.key;
  record.push_back({"augmentation.flip", "probability of mirroring", exact(a.flip)});
  record.push_back({"augmentation.rotate", "turning of scans", a.rotate ? "on" : "off"});
  record.push_back({"augmentation.drop", "greatest share of emptied pixels", exact(a.drop)});
  record.push_back({"augmentation.scale", "greatest change of distances", exact(a.scale)});
  return record;
}

RunRecord frames_record(const std::vector<Frame>& frames, int stride) {
  std::map<std::string, std::size_t> counts;
  std::string names;
  for (const Frame& frame : frames) {
    ++counts[frame.sequence];
    names += frame.sequence + "/" + frame.name + "\n";
  }
  std::string scans;
  for (const auto& [sequence, count] : counts)
    scans += (scans.empty() ? "" : " ") + sequence + ":" + std::to_string(count);
  return {{"stride", "--stride", std::to_string(stride)},
          {"scans", "training scans per sequence", scans},
          {"scan_names_xxh128", "names of the training scans", hash_bytes(std::as_bytes(std::span(names)))}};
}

RunEntry contents_entry(const std::vector<LabelledImage>& images) {
  Hasher hasher;
  for (const LabelledImage& image : images) {
    const std::array<std::int32_t, 2> size = {image.height, image.width};
    hasher.update(std::as_bytes(std::span(size)));
    hasher.update(std::as_bytes(std::span(image.planes)));
    hasher.update(std::as_bytes(std::span(image.classes)));
    hasher.update(std::as_bytes(std::span(image.filled)));
  }
  return {"scan_contents_xxh128", "contents of the training scans", hasher.hex()};
}

std::string hash_state(const torch_tools::State& state) {
  Hasher hasher;
  for (const auto& [name, tensor] : state) {
    const torch::Tensor values = tensor.detach().contiguous();
    hasher.update(std::as_bytes(std::span(name.c_str(), name.size() + 1)));
    hasher.update({static_cast<const std::byte*>(values.data_ptr()), values.nbytes()});
  }
  return hasher.hex();
}

std::map<std::string, std::string> state_metadata(const RunRecord& record, const std::string& start,
                                                  std::int64_t step) {
  std::map<std::string, std::string> metadata = {
      {"format", kFormat}, {"schema", kSchema}, {"step", std::to_string(step)}, {"start", start}};
  for (const RunEntry& entry : record) metadata[entry.key] = entry.value;
  return metadata;
}

std::string state_value(const Safetensors& file, const std::string& key) {
  const auto it = file.metadata().find(key);
  if (it == file.metadata().end())
    throw InputError(file.path().string(), "metadata '" + key + "' is missing: no training state of this release",
                     "begin a new run in another --output, with --start-from for the weights of the old one");
  return it->second;
}

void require_same_run(const Safetensors& file, const RunRecord& record) {
  const std::string where = file.path().string();
  for (const auto& [key, value] : {std::pair{"format", kFormat}, {"schema", kSchema}})
    if (const std::string found = state_value(file, key); found != value)
      throw InputError(where, "metadata '" + std::string(key) + "' is '" + found + "', expected '" + value + "'",
                       "begin a new run in another --output");
  std::string differences;
  for (const RunEntry& entry : record)
    if (const std::string found = state_value(file, entry.key); found != entry.value)
      differences += "\n  " + entry.name + ": the run has " + found + ", asked for is " + entry.value;
  if (!differences.empty())
    throw UsageError(where + ": belongs to a run with other options or data; " + advice(file.path()) + differences);
}

std::int64_t saved_step(const Safetensors& file, std::int64_t steps) {
  const std::string text = state_value(file, "step");
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc() || end != text.data() + text.size() || step < 0 || step > steps)
    throw InputError(file.path().string(),
                     "metadata 'step' is '" + text + "', no whole number from 0 to " + std::to_string(steps),
                     "the file is damaged; begin a new run in another --output");
  return step;
}

}  // namespace intsim::train
