// Named access to the integers of a case, and what its parameters amount to.
#pragma once

#include <bit>
#include <string_view>

#include "vectors/generator.h"

namespace intsim {

/// Reads and writes a case by column name.
template <class C>
class Fields {
 public:
  Fields(const VectorSet& set, C& c) : set_(set), case_(c) {}

  /// Index of a column, -1 where the operation has none of this name.
  int find(std::string_view name) const {
    const auto& columns = set_.columns();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (name == columns[i].name) return static_cast<int>(i);
    return -1;
  }
  /// Column of the n-th multiplier, its shift is the next one; -1 where there are fewer.
  int find_multiplier(int n) const {
    const auto& columns = set_.columns();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].role == Role::multiplier && n-- == 0) return static_cast<int>(i);
    return -1;
  }
  bool has(std::string_view name) const { return find(name) >= 0; }
  auto& operator[](std::string_view name) const { return case_.inputs[static_cast<std::size_t>(find(name))]; }
  std::int32_t i32(std::string_view name) const { return static_cast<std::int32_t>((*this)[name]); }
  float real(std::string_view name) const { return std::bit_cast<float>(static_cast<std::uint32_t>((*this)[name])); }
  auto& at(int column) const { return case_.inputs[static_cast<std::size_t>(column)]; }
  /// Entry i of list `list`.
  auto& item(std::size_t list, std::size_t i) const { return case_.inputs[set_.columns().size() + list * count() + i]; }
  std::size_t count() const { return static_cast<std::size_t>(case_.inputs[set_.columns().size() - 1]); }

 private:
  const VectorSet& set_;
  C& case_;
};

/// The accumulator that the multiplier meets, with its bias, where the operation has one; 0 otherwise.
std::int64_t accumulator_of(const VectorSet& set, const Case& c);

}  // namespace intsim
