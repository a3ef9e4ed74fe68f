// AIMET encodings files, version 0.6.1, torch-named flavour (docs/FORMATS.md, "Encodings").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace intsim {

/// One quantiser as the file states it. Only bits, min and max take part in the arithmetic (rule QZ-1).
struct Encoding {
  int bits = 8;            ///< 4, 8 or 16
  bool symmetric = false;  ///< "is_symmetric"
  double min = 0, max = 0;
  double scale = 0;         ///< as written by the producer; informative
  std::int64_t offset = 0;  ///< as written by the producer; informative
};

/// All quantisers of a network, keyed by torch module name.
struct Encodings {
  struct Activation {
    std::map<int, Encoding> input, output;  ///< by tensor index
  };
  struct QuantizerArgs {
    int activation_bits = 8, param_bits = 8;
    bool symmetric = true, per_channel = false;
    std::string scheme = "post_training_tf";
  };

  std::string version = "0.6.1";
  QuantizerArgs args;
  std::vector<std::string> excluded_layers;
  std::map<std::string, Activation> activations;        ///< "downCntx.conv1" …
  std::map<std::string, std::vector<Encoding>> params;  ///< "downCntx.conv1.weight" …: length 1 or C_out
};

/// Reads the torch flavour of versions 0.5.0 and 0.6.1. Throws InputError naming file and key for damage, for bit
/// widths other than 4, 8 and 16, for non-finite ranges or min > max, and for the ONNX flavour (which it recognises).
Encodings read_encodings(const std::filesystem::path& path);

/// Writes the same flavour atomically; doubles are written so that they read back equal.
void write_encodings(const std::filesystem::path& path, const Encodings& encodings);

}  // namespace intsim
