// Release version and numerics revision of the library.
#pragma once

namespace intsim {

/// Release version, semantic versioning.
inline constexpr const char* kVersion = "0.1.0";

/// Revision of the arithmetic in docs/NUMERICS.md. Any change that can alter one output bit raises it.
inline constexpr int kNumericsRevision = 1;

}  // namespace intsim
