#ifndef INTSIM_TESTS_ORACLE_SAFETENSORS_READER_H_
#define INTSIM_TESTS_ORACLE_SAFETENSORS_READER_H_

#include <map>
#include <string>
#include <vector>

namespace oracle {

struct Tensor {
  std::vector<int> shape;
  std::vector<float> data;
};

// All F32 tensors of a safetensors file; tensors of other types are left out. Throws std::runtime_error.
std::map<std::string, Tensor> read_float_tensors(const std::string& path);

}  // namespace oracle

#endif  // INTSIM_TESTS_ORACLE_SAFETENSORS_READER_H_
