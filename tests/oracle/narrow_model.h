// A SalsaNext of a few channels whose numbers a test sets by hand.
#ifndef INTSIM_TESTS_ORACLE_NARROW_MODEL_H_
#define INTSIM_TESTS_ORACLE_NARROW_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "oracle.h"
#include "safetensors_reader.h"

namespace oracle {

struct Range {
  int bits;
  double min, max;
};

// Range whose grid is exactly that scale and zero point, for scales that are small integers over powers of two.
Range range_of(int bits, double scale, int zero_point);

class NarrowModel {
 public:
  // Every layer has 4 channels (the input 5, concats and shuffles what follows). All activations: 8 bit, scale 1, zero
  // point 0. Weights and biases 0 at scale 1; gamma scale 2^20 and codes 1, beta and mean 0, variance 2^40, so that
  // k = 2^-20 exactly and the layer is the identity.
  NarrowModel();

  std::map<std::string, Tensor> tensors;
  std::map<std::string, Range> activations;           // by layer, and "input"
  std::map<std::string, std::vector<Range>> weights;  // by layer

  // Writes both files to the temporary directory, loads them, removes them.
  Network load() const;
};

}  // namespace oracle

#endif  // INTSIM_TESTS_ORACLE_NARROW_MODEL_H_
