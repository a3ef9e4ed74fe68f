#ifndef INTSIM_ORACLE_GRAPH_H_
#define INTSIM_ORACLE_GRAPH_H_

#include <string>
#include <vector>

namespace oracle {

enum class Op { conv2d, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool, softmax };

const char* op_name(Op op);

struct Node {
  std::string name;
  Op op;
  std::vector<std::string> inputs;
  int kernel = 1, padding = 0, dilation = 1;  // conv2d only; stride is 1
};

// SalsaNext after dropouts are removed and upBlock4.bn4 is folded: 172 nodes in execution order.
std::vector<Node> salsanext();

}  // namespace oracle

#endif  // INTSIM_ORACLE_GRAPH_H_
