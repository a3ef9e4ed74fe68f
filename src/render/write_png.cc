#include "render/write_png.h"

#include <png.h>

#include "intsim/error.h"
#include "io/file.h"

namespace intsim {
namespace {

/// The library's own state is released on every way out.
struct PngImage {
  png_image image{};

  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
};

}  // namespace

std::vector<std::byte> encode_png(const Picture& picture, const std::string& where) {
  const auto expected = 3 * static_cast<std::size_t>(picture.width) *
                        static_cast<std::size_t>(picture.height);  // libpng trusts its caller
  if (picture.width <= 0 || picture.height <= 0 || picture.rgb.size() != expected)
    throw OutputError(where, "is no picture: " + std::to_string(picture.rgb.size()) + " bytes for " +
                                 std::to_string(picture.width) + " x " + std::to_string(picture.height));
  PngImage png;
  png.image.width = static_cast<png_uint_32>(picture.width);
  png.image.height = static_cast<png_uint_32>(picture.height);
  png.image.format = PNG_FORMAT_RGB;
  std::vector<std::byte> bytes(PNG_IMAGE_PNG_SIZE_MAX(png.image));
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&png.image, bytes.data(), &size, 0, picture.rgb.data(), 0, nullptr) == 0)
    throw OutputError(where, "cannot be encoded as PNG: " + std::string(png.image.message),
                      "use a smaller --scale or fewer --panels");
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Picture& picture) {
  write_file(path, encode_png(picture, path.string()));
}

}  // namespace intsim
