// intsim dump: one run of the engine as a golden pack.
#include <iostream>

#include "cli/command_line.h"
#include "cli/crop.h"
#include "cli/model_options.h"
#include "cli/model_pack.h"
#include "compare/run.h"
#include "golden/pack.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/hash.h"

namespace intsim::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string scan, input, output;
  std::vector<std::string> tensors;
  int crop = 0;
  bool hide_target = false;
};

void add_options(CLI::App& app, Options& o) {
  add_model_options(app, o.model);
  auto* scan = app.add_option("--scan", o.scan, "velodyne .bin file");
  app.add_option("--input", o.input, "golden pack whose input codes are run")->excludes(scan);
  app.add_option("-o,--output", o.output, "folder of the pack; must not exist")->required();
  app.add_option("--tensors", o.tensors, "names or globs of tensors to store in full; without it hashes alone");
  app.add_option("--crop", o.crop, "only that many columns in the middle of the range image, a multiple of 16")
      ->check(CLI::Range(16, 8192));
  app.add_flag("--hide-target", o.hide_target, "leave the profile's name out of the pack");
  add_engine_options(app, o.model);
  add_size_options(app, o.model);
  app.footer(
      "Examples:\n"
      "  intsim dump --config w8a8 --scan 000000.bin -o PACK\n"
      "  intsim dump --config w8a8 --target aimet --scan 000000.bin --tensors '*' --crop 128 -o PACK");
}

/// The image to run and its size.
struct Image {
  std::vector<float> values;
  Extent extent;
  std::string hash;  ///< of the scan's image, also where its codes are run
};

Image read_image(const Options& o, const Model& model) {
  if (!o.input.empty()) {
    const Pack pack(o.input);
    const int index = pack.find(kPackInput);
    if (index < 0) throw InputError(o.input, "has no tensor 'input'", "name a pack of the whole network");
    const auto i = static_cast<std::size_t>(index);
    const PackTensor& t = pack.tensors()[i];
    check_same_tensor(t, o.input, describe_value(model, 0, {t.height, t.width}), "the model");
    return {image_of_codes(model.input, pack.codes(i)), {t.height, t.width}, pack.info().input_hash};
  }
  const RangeImage image = project(read_scan(o.scan), o.model.projection);
  Image result{crop_columns(image, o.crop), {image.height, o.crop == 0 ? image.width : o.crop}, ""};
  result.hash = hash_bytes(std::as_bytes(std::span(result.values)));
  return result;
}

PackInfo pack_info(const Options& o, const Program& program, const Image& image) {
  PackInfo info = model_pack_info(*program.model, "intsim", image.extent);
  if (!o.hide_target) info.target = program.profile.name;
  info.input_hash = image.hash;
  return info;
}

std::vector<std::string> tensor_names(const Model& model) {
  std::vector<std::string> names = {kPackInput};
  for (const GraphNode& node : model.graph.nodes) names.push_back(node.name);
  return names;
}

void check_options(const CLI::App& app, const Options& o) {
  if (o.input.empty()) {
    if (o.scan.empty()) throw UsageError("name a scan with --scan, or a pack with --input");
    return;
  }
  for (const char* name : {"--crop", "--height", "--width"})
    if (app.count(name) > 0) throw UsageError(std::string(name) + " is for --scan; a pack has its size");
}

}  // namespace

int run_dump(const Arguments& arguments) {
  Options o;
  CLI::App app("Runs one scan and writes every tensor to a golden pack, as a hash or in full.", "intsim dump");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  check_options(app, o);
  const auto prepared = prepare_program(o.model);
  const Model& model = *prepared->program().model;
  check_tensor_globs(o.tensors, tensor_names(model));
  const Image image = read_image(o, model);
  const Interruption interruption;
  PackWriter writer(o.output, pack_info(o, prepared->program(), image));
  Engine engine(prepared, o.model.simulator.threads);
  ValueId value = 0;
  std::size_t stored = 0;
  engine.run(image.values, image.extent, [&](const std::string& name, const Grid&, const PlanarTensor& codes) {
    interruption.check();
    const bool keep = matches_any(name, o.tensors);
    writer.add(describe_value(model, value++, {codes.height, codes.width}), codes, keep);
    stored += keep ? 1 : 0;
  });
  writer.commit();
  std::cout << value << " tensors, " << stored << " stored in full: " << o.output << "\n";
  return 0;
}

}  // namespace intsim::cli
