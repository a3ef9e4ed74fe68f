// Vectors as lines of text, to a device and back (docs/formats/vectors.md).
#pragma once

#include <cstdint>
#include <cstdio>
#include <iosfwd>
#include <string>
#include <vector>

#include "vectors/generator.h"

namespace intsim {

/// Writes header, all cases of the level and the end line, in constant memory. Throws OutputError when a write fails,
/// UsageError when the profile's name holds a space.
void write_vectors(const VectorSet& set, int level, std::uint64_t seed, std::FILE* out);

/// One answer that differs.
struct VectorDifference {
  std::uint64_t line = 0;  ///< 1 is the header
  std::string inputs, got;
  std::int32_t expected = 0;
};

struct VectorReport {
  std::string op, rule;
  int level = 0;
  std::uint64_t vectors = 0, different = 0;
  std::vector<VectorDifference> first;  ///< at most 10
};

/// Reads a stream with answers and compares each with the definition. `target` replaces the profile of the header when
/// it is not empty (a target file, whose name must be the header's). Throws InputError with the line number when the
/// stream is malformed, ends early, or its lines are not the ones that were written.
VectorReport verify_vectors(std::istream& in, const std::string& where, const std::string& target = "");

}  // namespace intsim
