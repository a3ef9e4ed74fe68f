#ifndef INTSIM_ORACLE_ENCODINGS_H_
#define INTSIM_ORACLE_ENCODINGS_H_

#include <map>
#include <string>
#include <vector>

#include "oracle.h"

namespace oracle {

// Grid of an AIMET encoding: range gate, strict symmetry, scale and zero point in double, then the float32 casts.
// bits 1..24 (float32 holds every code).
Grid make_grid(int bits, double min, double max);

// AIMET's StaticGrid quantiser: float32 clamp, divide, subtract the offset, round half away; then 0..n.
int quantise_float32(const Grid& grid, float x);

// float32 fdelta * (code + foffset).
float dequantise_float32(const Grid& grid, int code);

// Same scale, zero point and number of steps.
bool equal_grids(const Grid& a, const Grid& b);

struct Encodings {
  std::map<std::string, Grid> outputs;               // by layer; "input" is the network input
  std::map<std::string, std::vector<Grid>> weights;  // by layer; one grid, or one per channel
};

// Reads AIMET's torch-flavoured JSON. Throws std::runtime_error or the JSON library's exception.
Encodings read_encodings(const std::string& path);

}  // namespace oracle

#endif  // INTSIM_ORACLE_ENCODINGS_H_
