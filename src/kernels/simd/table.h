// A function of one 8-bit code as a table, built from the scalar rules and so exact by construction.
#pragma once

#include <cstdint>

namespace intsim {

struct CodeTable {
  std::int32_t codes[256];
  std::uint8_t low[256], high[256];  ///< bytes of `codes`

  template <class F>
  static CodeTable of(F f) {
    CodeTable t;
    for (std::int32_t q = 0; q < 256; ++q) {
      t.codes[q] = f(q);
      t.low[q] = static_cast<std::uint8_t>(t.codes[q] & 0xFF);
      t.high[q] = static_cast<std::uint8_t>(t.codes[q] >> 8);
    }
    return t;
  }
};

}  // namespace intsim
