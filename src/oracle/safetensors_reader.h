#ifndef INTSIM_ORACLE_SAFETENSORS_READER_H_
#define INTSIM_ORACLE_SAFETENSORS_READER_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace oracle {

struct Tensor {
  std::vector<int> shape;
  std::vector<float> data;
};

// A tensor as it is stored, little endian.
struct RawTensor {
  std::string dtype;
  std::vector<int> shape;
  std::string bytes;

  std::size_t count() const;  // product of the extents
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, RawTensor> tensors;
};

// The whole file; dtypes F64, F32, I16, I8, U8 (others are left out). Throws std::runtime_error.
SafetensorsFile read_safetensors(const std::string& path);

// Values of an F64, F32, I16, I8 or U8 tensor, exactly.
std::vector<double> numbers_of(const RawTensor& tensor);

// All F32 tensors of a safetensors file; tensors of other types are left out. Throws std::runtime_error.
std::map<std::string, Tensor> read_float_tensors(const std::string& path);

}  // namespace oracle

#endif  // INTSIM_ORACLE_SAFETENSORS_READER_H_
