// Test vectors of one operation under one profile: what their integers mean, how they are drawn, and what a target must
// answer (docs/formats/vectors.md).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "numerics/ops.h"
#include "numerics/profile.h"

namespace intsim {

enum class VectorOp { requant, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool, conv2d };

/// All operations by name, in the order of the enumeration.
const std::array<const char*, 8>& vector_op_names();

/// Operation by name. Throws UsageError that suggests the nearest one.
VectorOp parse_vector_op(const std::string& name);

/// What a column holds, and with it its range.
enum class Role {
  accumulator,    ///< sum with its bias
  multiplier,     ///< M, R, F', m or sig
  shift,          ///< S, sh, k, T, exp, T of AD-2, rsh, r1, r2 or the shift of CV-5
  zero_x,         ///< zero point of an input
  zero_y,         ///< zero point of the output
  top_y,          ///< N of the output
  code,           ///< input code
  weight,         ///< weight or gamma code
  bias,           ///< B, BZ, O, off and the like
  factor,         ///< A, B, gain, mant, S' …
  bits,           ///< width of the codes
  flag,           ///< 0 or 1
  count,          ///< number of entries of each list that follows
  real,           ///< float32 as the integer of its bits
  positive_real,  ///< the same, above 0
};

/// One column: its name and the closed range of its values.
struct Column {
  std::string_view name;
  Role role;
  std::int64_t low, high;
};

/// Integers of one vector in the order of the columns; then the lists, each as long as the column `count` says.
struct Case {
  std::vector<std::int64_t> inputs;
};

/// Which formula an operation follows under a profile.
struct VectorRule {
  Form form = Form::wide;
  Rounding rounding = Rounding::single_up;
  Overflow overflow = Overflow::exact;
  bool short_input = false;  ///< codes of the input have 16 bits
};

/// Cases of one operation under one profile. Immutable and free of shared state: threads may use one set.
class VectorSet {
 public:
  /// Takes the form that the profile is named for: hvx8 where its rule is hvx8, 16-bit input where it is int16x8.
  VectorSet(VectorOp op, Profile profile);

  VectorOp op() const { return op_; }
  const Profile& profile() const { return profile_; }
  const VectorRule& rule() const { return rule_; }
  /// Columns before the lists.
  const std::vector<Column>& columns() const { return columns_; }
  /// Lists after the columns: "q", or "q" and "w"; none for most operations.
  const std::vector<Column>& lists() const { return lists_; }
  /// Names as printed: "acc M S zy ny", lists as "q[n]".
  std::string column_names() const;

  /// Case `index` of the sequence of `seed`, the same on every machine. The first 10^4 are edges and ties, the later
  /// ones mostly random; a case depends on seed and index alone. Reuses the storage of `out`.
  void generate(std::uint64_t seed, std::uint64_t index, Case& out) const;

  /// "" for a case within all ranges and preconditions, else the reason against it.
  std::string fault(const Case& c) const;

  /// Answer of the scalar definition. Precondition: fault(c) is empty.
  std::int32_t expected(const Case& c) const;

 private:
  VectorOp op_;
  Profile profile_;
  VectorRule rule_;
  std::vector<Column> columns_, lists_;
};

/// Number of cases of a level: 10^4, 10^6, 10^8 for 1, 2, 3. Throws UsageError for others.
std::uint64_t level_count(int level);

}  // namespace intsim
