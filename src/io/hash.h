// Content hashes: XXH3 with 128 bits, printed as 32 hex digits (as `xxh128sum` prints them).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace intsim {

/// Incremental XXH3-128.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void update(std::span<const std::byte> bytes);
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Hash of a byte sequence.
std::string hash_bytes(std::span<const std::byte> bytes);

/// Hash of a file's content. Throws InputError when it cannot be read.
std::string hash_file(const std::filesystem::path& path);

}  // namespace intsim
