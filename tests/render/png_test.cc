// Files against libpng's reader.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <png.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "intsim/error.h"
#include "io/file.h"
#include "render/write_png.h"

namespace {

namespace fs = std::filesystem;
using intsim::Picture;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "intsim-png-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

Picture read_png(const fs::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()) != 0);
  CHECK(image.format == PNG_FORMAT_RGB);  // of the file: no alpha, no palette, 8 bits, sRGB
  CHECK(image.flags == 0);
  Picture picture{static_cast<int>(image.height), static_cast<int>(image.width), {}};
  picture.rgb.resize(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr) != 0);
  return picture;
}

/// Every byte value, noise and plain areas.
Picture made(int height, int width) {
  Picture picture{height, width, {}};
  std::uint32_t state = 12345;
  for (int i = 0; i < 3 * height * width; ++i) {
    state = state * 1664525u + 1013904223u;
    picture.rgb.push_back(static_cast<std::uint8_t>(i % 1000 < 300   ? 7u
                                                    : i % 1000 < 556 ? static_cast<std::uint32_t>(i)
                                                                     : state >> 24));
  }
  return picture;
}

void check_refused(const fs::path& path, const Picture& picture, const char* text) {
  try {
    intsim::write_png(path, picture);
    FAIL("nothing was thrown");
  } catch (const intsim::OutputError& error) {
    CHECK(std::string(error.what()).find(text) != std::string::npos);
    CHECK(std::string(error.what()).find(path.string()) != std::string::npos);
    CHECK(error.code() == intsim::ExitCode::internal);
  }
}

TEST_CASE("what was written is read back") {
  const Folder folder;
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 2048}, {77, 3}, {64, 129}}) {
    const Picture picture = made(height, width);
    intsim::write_png(folder.path / "a.png", picture);
    const Picture back = read_png(folder.path / "a.png");
    CHECK(back.height == height);
    CHECK(back.width == width);
    CHECK(back.rgb == picture.rgb);
    const std::vector<std::byte> bytes = intsim::read_file(folder.path / "a.png", 1 << 20);
    CHECK(std::to_integer<int>(bytes.back()) == 0x82);  // the checksum of the last chunk; nothing follows
    CHECK(bytes.size() < picture.rgb.size() + 1000);
  }
  CHECK(files_in(folder.path) == 1);
}

TEST_CASE("a refused picture leaves nothing, and an older file as it was") {
  const Folder folder;
  const fs::path path = folder.path / "a.png";
  check_refused(path, {0, 0, {}}, "no picture");
  check_refused(path, {2, 2, std::vector<std::uint8_t>(11)}, "11 bytes for 2 x 2");
  check_refused(path, {2, -2, std::vector<std::uint8_t>(12)}, "no picture");
  const Picture too_wide{1, 1'000'001, std::vector<std::uint8_t>(3'000'003)};
  check_refused(path, too_wide, "cannot be encoded as PNG");
  CHECK(files_in(folder.path) == 0);
  const Picture picture = made(4, 4);
  intsim::write_png(path, picture);
  check_refused(path, too_wide, "cannot be encoded as PNG");
  CHECK(read_png(path).rgb == picture.rgb);
  check_refused(folder.path / "nowhere" / "a.png", picture, "cannot create");
  check_refused(folder.path, picture, "no regular file");
  CHECK(files_in(folder.path) == 1);
}

}  // namespace
