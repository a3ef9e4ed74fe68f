// What a training run depends on, kept with its state so that it is continued with the same only.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "intsim/dataset.h"
#include "io/safetensors.h"
#include "torch/network.h"
#include "train/plan.h"

namespace intsim::train {

/// One thing that a run depends on.
struct RunEntry {
  std::string key;    ///< in the state's metadata
  std::string name;   ///< in messages: "--rate", "names of the training scans"
  std::string value;  ///< as text; numbers with all their digits
};
using RunRecord = std::vector<RunEntry>;

/// Every field of the plan.
RunRecord plan_record(const Plan& plan);

/// The stride, the number of scans per sequence ("00:120 01:120"), and the hash of the lines "sequence/name\n".
RunRecord frames_record(const std::vector<Frame>& frames, int stride);

/// Hash of all pixels and classes.
RunEntry contents_entry(const std::vector<LabelledImage>& images);

/// XXH3-128 over the tensors in ascending order of names: name, NUL, values.
std::string hash_state(const torch_tools::State& state);

/// Metadata of a state file with this record at this step.
std::map<std::string, std::string> state_metadata(const RunRecord& record, const std::string& start, std::int64_t step);

/// Value of a key in a state file. Throws InputError when `file` lacks it.
std::string state_value(const Safetensors& file, const std::string& key);

/// Throws InputError when `file` is no state of this release or lacks a key, and UsageError that names every entry of
/// `record` that the file has otherwise.
void require_same_run(const Safetensors& file, const RunRecord& record);

/// Steps done, 0 … `steps`. Throws InputError for another text.
std::int64_t saved_step(const Safetensors& file, std::int64_t steps);

}  // namespace intsim::train
