#include "io/hash.h"

#include <xxhash.h>

#include <cstdio>
#include <new>

#include "io/file.h"

namespace intsim {
namespace {

std::string to_hex(XXH128_hash_t digest) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(digest.high64),
                static_cast<unsigned long long>(digest.low64));
  return text;
}

}  // namespace

struct Hasher::State {
  XXH3_state_t* raw = XXH3_createState();
  ~State() { XXH3_freeState(raw); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->raw == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_->raw);
}
Hasher::~Hasher() = default;

void Hasher::update(std::span<const std::byte> bytes) { XXH3_128bits_update(state_->raw, bytes.data(), bytes.size()); }
std::string Hasher::hex() const { return to_hex(XXH3_128bits_digest(state_->raw)); }

std::string hash_bytes(std::span<const std::byte> bytes) { return to_hex(XXH3_128bits(bytes.data(), bytes.size())); }

std::string hash_file(const std::filesystem::path& path) { return hash_bytes(MappedFile(path).bytes()); }

}  // namespace intsim
