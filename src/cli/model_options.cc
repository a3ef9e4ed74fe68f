#include "cli/model_options.h"

#include <algorithm>
#include <thread>

#include "cli/model_folders.h"
#include "engine/load.h"
#include "intsim/error.h"
#include "numerics/target_file.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxThreads = 256;

/// A positive multiple of 16 up to the largest size that project() takes.
std::string check_size(const std::string& text) {
  int size = 0;
  const bool number = CLI::detail::lexical_cast(text, size);
  const bool fits = number && size >= 16 && size <= 8192 && size % 16 == 0;
  return fits ? "" : "'" + text + "' is no multiple of 16 from 16 to 8192";
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

fs::path search_model(const std::string& config) {
  if (config.empty() || config.find('/') != std::string::npos)
    throw UsageError("'" + config + "' is no name of a configuration; give a model file with --model");
  const ModelFile file = find_model_file({config + ".safetensors", lower_case(config) + ".safetensors"});
  if (!file.path.empty()) return file.path;
  throw Error(ExitCode::input,
              "model '" + config + "': not found; looked at" + file.looked +
                  "\nmake one with `intsim import --checkpoint X.safetensors --encodings Y.encodings -o models/" +
                  config + ".safetensors`, set INTSIM_MODEL_PATH, or give a file with --model");
}

}  // namespace

void add_model_options(CLI::App& app, ModelOptions& options) {
  app.add_option("--config,--model-config", options.config, "configuration: w8a8 or w4a8 (salsanext_w8a8 is w8a8)");
  app.add_option("--model", options.model, "model file; overrides the search for --config");
  app.add_option("--target", options.simulator.target, "target profile (`intsim targets`) or a target file, X.json")
      ->capture_default_str();
}

void add_engine_options(CLI::App& app, ModelOptions& options, bool with_oracle) {
  const std::string oracle = with_oracle ? ", or oracle for the independent oracle" : "";
  app.add_option("--kernels", options.simulator.kernels, "simd, or ref for the scalar definition" + oracle)
      ->capture_default_str()
      ->check(CLI::IsMember(with_oracle ? std::vector<std::string>{"simd", "ref", "oracle"}
                                        : std::vector<std::string>{"simd", "ref"}));
  app.add_option("--simd", options.simulator.simd, "SIMD target such as AVX2; the best one without");
  app.add_option("--threads", options.simulator.threads, "network threads; 0 takes all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxThreads));
}

void add_size_options(CLI::App& app, ModelOptions& options) {
  app.add_option("--height", options.projection.height, "rows of the range image")
      ->capture_default_str()
      ->check(check_size);
  app.add_option("--width", options.projection.width, "columns of the range image")
      ->capture_default_str()
      ->check(check_size);
}

bool wants_oracle(const ModelOptions& options) { return options.simulator.kernels == "oracle"; }

SimulatorOptions engine_options(const ModelOptions& options) {
  SimulatorOptions engine = options.simulator;
  if (wants_oracle(options)) engine.kernels = "ref";
  return engine;
}

std::string short_config(const std::string& config) {
  constexpr std::string_view prefix = "salsanext_";
  return config.starts_with(prefix) ? config.substr(prefix.size()) : config;
}

fs::path find_model(const ModelOptions& options) {
  read_target(options.simulator.target);
  check_simd_target(options.simulator.simd);
  if (!options.model.empty()) return options.model;
  if (options.config.empty()) throw UsageError("no model is given; use --config w8a8, --config w4a8 or --model FILE");
  return search_model(short_config(options.config));
}

std::string heading(std::string name) {
  if (name.empty()) name = "model";
  std::size_t length = std::min<std::size_t>(name.size(), 64);
  while (length < name.size() && length > 0 && (static_cast<unsigned char>(name[length]) & 0xc0u) == 0x80u) --length;
  name.resize(length);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return name;
}

int thread_count(const ModelOptions& options) {
  const int threads = options.simulator.threads;
  return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

Program load_program(const ModelOptions& options) {
  return intsim::load_program(find_model(options), options.simulator.target);
}

std::shared_ptr<const PreparedProgram> prepare_program(const ModelOptions& options) {
  return load_prepared(find_model(options), engine_options(options));
}

}  // namespace intsim::cli
