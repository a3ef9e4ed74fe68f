#include "hvx/support.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace intsim::test {
namespace {

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

std::uint32_t word(std::span<const std::byte> bytes, std::size_t i) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < 4; ++k) value |= static_cast<std::uint32_t>(bytes[4 * i + k]) << (8 * k);
  return value;
}

}  // namespace

std::string argument(int argc, char** argv, const std::string& name) {
  for (int i = 1; i < argc; ++i)
    if (const std::string text = argv[i]; text.starts_with("--" + name + "=")) return text.substr(name.size() + 3);
  return "";
}

bool can_run(const std::string& folder, const std::string& program) {
  if (!std::filesystem::exists(folder + "/" + program + ".elf"))
    std::printf("SKIPPED: %s.elf is not built: it needs clang-16 and lld-16\n", program.c_str());
  else if (!in_path("qemu-hexagon"))
    std::printf("SKIPPED: qemu-hexagon is not in PATH: it needs qemu-user\n");
  else
    return true;
  return false;
}

std::vector<std::uint16_t> run_case(HvxGuest& guest, const HvxCase& c, long long& scalar_outputs) {
  guest.send(serialise(c.request));
  for (std::size_t i = 0; i < c.codes.size(); ++i) guest.send(code_bytes(c.codes[i], c.request.inputs[i].bits));
  const HvxValue& y = c.node().y;
  const auto size = static_cast<std::size_t>(y.bytes_per_code());
  std::vector<std::byte> reply(16 + y.codes() * size + 16);
  guest.receive(reply);
  const std::span<const std::byte> bytes(reply), end = bytes.last(16);
  if (word(bytes, 0) != kHvxTensorMagic || word(bytes, 1) != c.codes.size() || word(bytes, 2) != y.codes() * size)
    throw std::runtime_error("the reply has another tensor");
  if (word(end, 0) != kHvxEndMagic || word(end, 1) != 1) throw std::runtime_error("the reply has no end");
  scalar_outputs += word(end, 2);
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < y.codes(); ++i) {
    const auto low = static_cast<unsigned>(bytes[16 + i * size]);
    out.push_back(static_cast<std::uint16_t>(low | (size == 2 ? static_cast<unsigned>(bytes[17 + i * size]) << 8 : 0)));
  }
  return out;
}

}  // namespace intsim::test
