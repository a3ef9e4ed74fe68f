#include "cli/model_pack.h"

#include "intsim/version.h"

namespace intsim::cli {

PackInfo model_pack_info(const Model& model, const std::string& program, Extent size) {
  const auto source = [&](const char* key) {
    const auto found = model.sources.find(key);
    return found == model.sources.end() ? std::string() : found->second;
  };
  PackInfo info;
  info.numerics_revision = kNumericsRevision;
  info.producer = program + " " + kVersion;
  info.config = model.name;
  info.checkpoint_hash = source("checkpoint_xxh128");
  info.encodings_hash = source("encodings_xxh128");
  info.height = size.height;
  info.width = size.width;
  return info;
}

}  // namespace intsim::cli
