// intsim convert-dump: raw files of a device run as a golden pack.
#include <iostream>

#include "cli/command_line.h"
#include "cli/compare_options.h"
#include "cli/model_options.h"
#include "cli/model_pack.h"
#include "compare/run.h"
#include "golden/raw_dump.h"
#include "intsim/error.h"
#include "io/file.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string folder, output, aliases;
  std::string layout = "nhwc", type = "auto";
};

const std::map<std::string, RawLayout> kLayouts = {{"nhwc", RawLayout::nhwc}, {"nchw", RawLayout::nchw}};
const std::map<std::string, RawType> kTypes = {
    {"auto", RawType::automatic}, {"u8", RawType::u8}, {"u16", RawType::u16}, {"float32", RawType::f32}};

/// Takes the keys of `words` and nothing else.
template <class T>
CLI::Validator one_of(const std::map<std::string, T>& words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  return CLI::IsMember(names);
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("folder", o.folder, "folder with NAME.raw files, or with Result_0 that holds them")->required();
  app.add_option("--config,--model-config", o.model.config, "configuration: w8a8 or w4a8");
  app.add_option("--model", o.model.model, "model file; overrides the search for --config");
  app.add_option("-o,--output", o.output, "folder of the pack; must not exist")->required();
  app.add_option("--layout", o.layout, "order of a file's elements")->capture_default_str()->check(one_of(kLayouts));
  app.add_option("--dtype", o.type, "type of the elements; auto goes by the size")
      ->capture_default_str()
      ->check(one_of(kTypes));
  app.add_option("--alias", o.aliases, "JSON: {\"name of a file\": \"torch name\"}");
  add_size_options(app, o.model);
  app.footer(
      "Grids and shapes are the model's. NAME is the torch name, with '.' or '_', or an alias of it.\n\n"
      "Examples:\n"
      "  intsim convert-dump output/Result_0 --config w8a8 -o DEVICE\n"
      "  intsim convert-dump output --config w8a8 --layout nchw --dtype float32 --alias names.json -o DEVICE");
}

PackInfo pack_info(const Options& o, const Model& model) {
  PackInfo info = model_pack_info(model, "intsim convert-dump", {o.model.projection.height, o.model.projection.width});
  info.arithmetic = PackArithmetic::device;
  const std::filesystem::path folder = std::filesystem::path(o.folder).lexically_normal();
  info.details = {{"source", (folder.has_filename() ? folder : folder.parent_path()).filename().string()},
                  {"layout", o.layout},
                  {"dtype", o.type}};
  return info;
}

/// Aliases of --alias, each from a file of the folder to a tensor of the model.
std::map<std::string, std::string> aliases_of(const Options& o, const Model& model) {
  if (o.aliases.empty()) return {};
  std::map<std::string, std::string> aliases = read_aliases(o.aliases);
  for (const auto& [name, torch] : aliases) {
    const std::string where = o.aliases + ": " + in_quotes(name);
    if (torch != kPackInput && model.graph.find(torch) < 0)
      throw InputError(where, "stands for " + in_quotes(torch) + ", which the model does not have",
                       "`intsim inspect` lists the names");
    if (name != torch && !has_raw(o.folder, name))
      throw InputError(where, "is no file of " + o.folder, "correct the name, without its .raw, or leave it out");
  }
  return aliases;
}

}  // namespace

int run_convert_dump(const Arguments& arguments) {
  Options o;
  CLI::App app("Converts the raw tensors of a device run to a golden pack.", "intsim convert-dump");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  const Program program = load_program(o.model);
  const Model& model = *program.model;
  if (!folder_exists(o.folder)) throw InputError(o.folder, "is no folder", "name the folder that the device run wrote");
  const std::map<std::string, std::string> aliases = aliases_of(o, model);
  const std::vector<Extent> extents = infer_extents(model.graph, {o.model.projection.height, o.model.projection.width});
  const Interruption interruption;
  PackWriter writer(o.output, pack_info(o, model));
  std::vector<std::string> missing;
  for (std::size_t value = 0; value < extents.size(); ++value) {
    interruption.check();
    const PackTensor description = describe_value(model, static_cast<ValueId>(value), extents[value]);
    const std::filesystem::path path = find_raw(o.folder, description.name, aliases);
    if (path.empty()) {
      missing.push_back(description.name);
    } else {
      writer.add(description, read_raw(path, description, kLayouts.at(o.layout), kTypes.at(o.type)), true);
    }
  }
  if (missing.size() == extents.size())
    throw InputError(o.folder, "holds no tensor of the model",
                     "name its files after the torch modules, or use --alias");
  writer.commit();
  for (const std::string& name : missing) std::cerr << "no file for " << printable(name) << "\n";
  std::cout << extents.size() - missing.size() << " of " << extents.size() << " tensors converted: " << o.output
            << "\n";
  return 0;
}

}  // namespace intsim::cli
