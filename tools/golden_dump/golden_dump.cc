// golden-dump: the fake-quantised network of AIMET 1.25 in LibTorch, as a golden pack.
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <iostream>

#include "cli/command_line.h"
#include "cli/crop.h"
#include "cli/model_folders.h"
#include "golden/pack.h"
#include "golden_dump/onednn_isa.h"
#include "golden_dump/simulation.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "intsim/version.h"
#include "io/hash.h"
#include "test_model/layers.h"
#include "torch/checkpoint.h"
#include "torch/command.h"
#include "torch/scans.h"

namespace {

using namespace intsim;
namespace fs = std::filesystem;

struct Options {
  std::string config, checkpoint, encodings, scan, output;
  std::vector<std::string> tensors;
  torch_tools::ScanOptions run;
  int crop = 0;
  bool float64 = false, floats = false;
};

void add_options(CLI::App& app, Options& o) {
  using torch_tools::named;
  app.add_option("--config", o.config, "configuration: salsanext.safetensors and CONFIG.encodings of the model folders")
      ->check(named("a configuration"));
  app.add_option("--checkpoint", o.checkpoint, "float checkpoint; overrides --config")->check(named("a file"));
  app.add_option("--encodings", o.encodings, "encodings file; overrides --config")->check(named("a file"));
  app.add_option("--scan", o.scan, "velodyne .bin file")->required()->check(named("a file"));
  app.add_option("-o,--output", o.output, "folder of the pack; must not exist")->required()->check(named("a folder"));
  app.add_option("--tensors", o.tensors, "names or globs of tensors to store in full; without it hashes alone");
  app.add_flag("--floats", o.floats, "store what the quantisers of these tensors read, too");
  app.add_flag("--float64", o.float64, "compute and quantise in double");
  app.add_option("--crop", o.crop, "only that many columns in the middle of the range image, a multiple of 16")
      ->check(CLI::Range(16, 8192));
  torch_tools::add_network_options(app, o.run);
  app.footer(
      "Examples:\n"
      "  golden-dump --config w8a8 --scan 000000.bin --tensors '*' -o PACK\n"
      "  golden-dump --config w4a8 --scan 000000.bin --tensors '*' --floats --crop 128 -o PACK");
}

std::string find_in_models(const std::string& name) {
  const cli::ModelFile file = cli::find_model_file({name});
  if (file.path.empty())
    throw InputError(name, "not found; looked at" + file.looked,
                     "\nset INTSIM_MODEL_PATH, or use --checkpoint and --encodings");
  return file.path.string();
}

void find_files(Options& o) {
  if (o.config.empty() && (o.checkpoint.empty() || o.encodings.empty()))
    throw UsageError("name a configuration with --config, or both --checkpoint and --encodings");
  if (o.floats && o.tensors.empty()) throw UsageError("--floats stores values of the tensors that --tensors names");
  if (o.checkpoint.empty()) o.checkpoint = find_in_models("salsanext.safetensors");
  if (o.encodings.empty()) o.encodings = find_in_models(o.config + ".encodings");
}

/// The input and every tensor that has a quantiser.
std::vector<std::string> tensor_names() {
  std::vector<std::string> names = {kPackInput};
  for (const test_model::Module& module : test_model::salsanext_modules())
    if (test_model::has_output_quantiser(module)) names.push_back(module.name);
  return names;
}

/// "AVX512" of torch's own description of itself: what its own kernels use.
std::string cpu_capability() {
  const std::string text = at::show_config(), key = "CPU capability usage: ";
  const std::size_t start = text.find(key);
  if (start == std::string::npos) return "unknown";
  const std::size_t from = start + key.size();
  return text.substr(from, text.find('\n', from) - from);
}

PackInfo pack_info(const Options& o, const std::vector<float>& image, int height, int width) {
  PackInfo info;
  info.numerics_revision = kNumericsRevision;
  info.arithmetic = o.float64 ? PackArithmetic::aimet_float64 : PackArithmetic::aimet_float32;
  info.producer = std::string("golden-dump ") + kVersion;
  info.config = o.config;
  info.details = {{"torch", TORCH_VERSION},
                  {"isa", cpu_capability()},
                  {"onednn_isa", golden_dump::onednn_isa()},
                  {"threads", std::to_string(at::get_num_threads())},
                  {"scan", fs::path(o.scan).filename().string()}};
  info.checkpoint_hash = hash_file(o.checkpoint);
  info.encodings_hash = hash_file(o.encodings);
  info.input_hash = hash_bytes(std::as_bytes(std::span(image)));
  info.height = height;
  info.width = width;
  return info;
}

/// Runs the network and writes every tensor as it arises; returns how many were stored in full.
template <class T>
int dump(const Options& o, const torch::Tensor& image, const cli::Interruption& interruption, PackWriter& writer) {
  const torch_tools::Network network(torch_tools::read_checkpoint(o.checkpoint), o.checkpoint);
  const golden_dump::Simulation<T> simulation(network, read_encodings(o.encodings), o.encodings);
  int stored = 0;
  simulation.run(image, [&](const golden_dump::Simulated& tensor) {
    interruption.check();
    const PackTensor& d = tensor.description;
    PlanarTensor codes(d.channels, d.height, d.width);
    codes.codes = tensor.codes;
    const bool keep = matches_any(d.name, o.tensors);
    std::span<const std::byte> values;
    if (keep && o.floats)
      values = std::as_bytes(std::span(tensor.before.data_ptr<T>(), static_cast<std::size_t>(tensor.before.numel())));
    writer.add(d, codes, keep, values, std::is_same_v<T, double> ? NpyType::f64 : NpyType::f32);
    stored += keep ? 1 : 0;
  });
  if (simulation.clamped() > 0)
    std::cerr << "golden-dump: warning: " << simulation.clamped()
              << " codes lay outside their grid, where AIMET leaves them; the pack holds the nearest code\n";
  return stored;
}

int run(const std::vector<std::string>& words) {
  Options o;
  CLI::App app("Runs one scan through the network as AIMET 1.25 simulates it, in LibTorch, and writes a golden pack.",
               "golden-dump");
  add_options(app, o);
  if (!cli::parse(app, words)) return 0;
  find_files(o);
  check_tensor_globs(o.tensors, tensor_names());
  const RangeImage image = project(read_scan(o.scan), o.run.projection);
  std::vector<float> channels = cli::crop_columns(image, o.crop);
  const int width = o.crop == 0 ? image.width : o.crop;
  torch_tools::set_up_torch(o.run.threads);
  const cli::Interruption interruption;
  PackWriter writer(o.output, pack_info(o, channels, image.height, width));
  const torch::Tensor input = torch::from_blob(channels.data(), {1, 5, image.height, width}, torch::kFloat32);
  const int stored =
      o.float64 ? dump<double>(o, input, interruption, writer) : dump<float>(o, input, interruption, writer);
  writer.commit();
  std::cout << tensor_names().size() << " tensors, " << stored << " stored in full: " << o.output << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return torch_tools::run_program("golden-dump", argc, argv, run); }
