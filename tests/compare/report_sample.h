// A comparison with every kind of tensor, for the tests of the reports.
#pragma once

#include <limits>
#include <string>

#include "compare/comparison.h"

namespace intsim::test {

inline TensorComparison made_tensor(const char* name, const char* op, int bits, int channels, int height, int width) {
  TensorComparison t;
  t.name = name;
  t.op = op;
  t.bits = bits;
  t.scale = 0.5;
  t.zero_point = 3;
  t.channels = channels;
  t.height = height;
  t.width = width;
  t.count = std::int64_t{channels} * height * width;
  t.histogram[8] = t.count;
  t.sqnr_db = std::numeric_limits<double>::infinity();
  return t;
}

/// 3 of 40 codes by one LSB, all explained.
inline TensorComparison explained_tensor() {
  TensorComparison t = made_tensor("b.conv", "conv2d", 8, 4, 2, 5);
  t.mismatches = t.explained = t.sum_abs_lsb = 3;
  t.max_lsb = 1;
  t.sum_lsb = -1;
  t.histogram[7] = 2;
  t.histogram[8] = 37;
  t.histogram[9] = 1;
  t.golden_saturated = 5;
  t.actual_saturated = 4;
  t.worst_channel = 2;
  t.worst_channel_mismatches = 2;
  t.first = FirstMismatch{2, 0, 4, 17, 16, ""};
  t.sqnr_db = 41.25;
  t.cosine = 0.99975;
  t.mean_bound_lsb = 0.00123456;
  t.explanation = "float error bound";
  return t;
}

/// 8 of 32 codes by 1, 3 and 9 LSB; 2 inherited, 6 unexplained, beyond its tolerance; with causes and a rule.
inline TensorComparison failed_tensor() {
  TensorComparison t = made_tensor("c.add", "add", 16, 1, 4, 8);
  t.mismatches = 8;
  t.max_lsb = 9;
  t.sum_lsb = t.sum_abs_lsb = 22;
  t.histogram[8] = 24;
  t.histogram[9] = 4;
  t.histogram[11] = 3;
  t.histogram[16] = 1;
  t.worst_channel = 0;
  t.worst_channel_mismatches = 8;
  t.first = FirstMismatch{0, 1, 7, 300, 309, "accumulator 7253"};
  t.sqnr_db = 20;
  t.cosine = 0.5;
  t.inherited = 2;
  t.unexplained = 6;
  t.tolerance = {2, "a reason"};
  t.causes = {{"float noise", 0, 0}, {"tie rule", 6, -4}, {"multiplier precision", 0, 26}};
  t.rule = RuleFinding{{"AD-1", "AD-2"}, {"ideal", "tflite"}, {"AD-2 differs at 3, 5"}, 0, ""};
  return t;
}

/// Half of its codes, by one LSB, which is accepted; no known rule.
inline TensorComparison tolerated_tensor() {
  TensorComparison t = made_tensor("d.pool", "avg_pool", 4, 1, 1, 4);
  t.mismatches = t.unexplained = t.sum_lsb = t.sum_abs_lsb = 2;
  t.max_lsb = 1;
  t.histogram[8] = t.histogram[9] = 2;
  t.worst_channel = 0;
  t.worst_channel_mismatches = 2;
  t.first = FirstMismatch{0, 0, 1, 0, 1, ""};
  t.sqnr_db = 3.5;
  t.cosine = 0.875;
  t.tolerance = {1, "half a step"};
  t.rule = RuleFinding{{}, {}, {}, 1, "AP-2"};
  return t;
}

/// One code, which an operand explains.
inline TensorComparison inherited_tensor() {
  TensorComparison t = made_tensor("e.act", "leaky_relu", 8, 1, 1, 8);
  t.mismatches = t.inherited = t.sum_abs_lsb = 1;
  t.max_lsb = 1;
  t.sum_lsb = -1;
  t.histogram[7] = 1;
  t.histogram[8] = 7;
  t.worst_channel = 0;
  t.worst_channel_mismatches = 1;
  t.first = FirstMismatch{0, 0, 6, 9, 8, ""};
  t.sqnr_db = 12;
  t.cosine = 0.75;
  return t;
}

inline TensorComparison hashed_tensor(const char* name, bool equal) {
  TensorComparison t = made_tensor(name, "softmax", 8, 2, 1, 4);
  t.by_hash = true;
  t.mismatches = equal ? 0 : -1;
  return t;
}

/// Sides and mode without tensors.
inline Comparison empty_comparison() {
  Comparison c;
  c.mode = "isolated";
  c.golden = {"packs/golden", "aimet-float32", "", "golden-dump 1", "w8a8"};
  c.actual = {"intsim w8a8", "integer", "ideal", "intsim", "w8a8"};
  return c;
}

inline Comparison sample_comparison() {
  Comparison c = empty_comparison();
  TensorComparison equal = made_tensor("a.conv", "conv2d", 8, 2, 2, 4);
  equal.golden_saturated = equal.actual_saturated = 1;
  equal.mean_bound_lsb = 0.0125;
  c.tensors = {equal,
               explained_tensor(),
               failed_tensor(),
               tolerated_tensor(),
               inherited_tensor(),
               hashed_tensor("f.same", true),
               hashed_tensor("g.other", false)};
  c.skipped = {"input: an isolated comparison starts from it", "x: y: only in the golden"};
  return c;
}

}  // namespace intsim::test
