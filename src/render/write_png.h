// Pictures as PNG files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "render/picture.h"

namespace intsim {

/// The picture as a PNG file in memory, 8 bits per channel, sRGB. Throws OutputError naming `where` when it has no
/// pixels or cannot be encoded.
std::vector<std::byte> encode_png(const Picture& picture, const std::string& where);

/// Writes the picture atomically as encode_png has it. Decoded pixels are those of the picture; the bytes of the file
/// depend on the releases of libpng and zlib. Throws OutputError when encoding or writing fails.
void write_png(const std::filesystem::path& path, const Picture& picture);

}  // namespace intsim
