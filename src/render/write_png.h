// Pictures as PNG files.
#pragma once

#include <filesystem>

#include "render/picture.h"

namespace intsim {

/// Writes the picture atomically as PNG, 8 bits per channel, sRGB. Decoded pixels are those of the picture; the bytes
/// of the file depend on the releases of libpng and zlib. Throws OutputError when encoding or writing fails.
void write_png(const std::filesystem::path& path, const Picture& picture);

}  // namespace intsim
