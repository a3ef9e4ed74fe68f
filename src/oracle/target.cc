#include <stdexcept>

#include "oracle.h"

namespace oracle {
namespace {

Target uniform(const std::string& rule) {
  Target t;
  for (std::string* op : {&t.conv2d, &t.leaky_relu, &t.batch_norm, &t.add, &t.concat, &t.pixel_shuffle, &t.avg_pool}) {
    *op = rule;
  }
  return t;
}

Target wrapping(Target t) {
  t.overflow = "wrap";
  return t;
}

}  // namespace

Target target_named(const std::string& name) {
  if (name == "hexagon-hvx") return uniform("hvx8");
  if (name == "ideal") return uniform("wide");
  if (name == "tflite") return wrapping(uniform("tflite"));
  if (name == "tflite-single") return uniform("tflite-single");
  if (name == "tflite-int16x8") return uniform("int16x8");
  if (name == "hvx-2stage") return wrapping(uniform("two-stage"));
  if (name == "half-away") return uniform("half-away");
  if (name == "onnxruntime") return wrapping(uniform("nearest-even"));
  Target t = uniform("wide");
  if (name == "hexagon-hmx") {
    t.conv2d = "hmx";
    return t;
  }
  if (name != "aimet") throw std::invalid_argument("oracle: no target is named " + name);
  t = uniform("float32");
  t.softmax = "float32";
  return t;
}

}  // namespace oracle
