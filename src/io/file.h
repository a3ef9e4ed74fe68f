// Bounded file reading and atomic file writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace intsim {

/// Size of a regular file in bytes. Throws InputError when it is missing or no regular file.
std::uint64_t file_size(const std::filesystem::path& path);

/// Whole file as bytes. Throws InputError when missing, unreadable or larger than `max_bytes`.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Whole file as text, same errors as read_file.
std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Read-only memory map of a whole file (move-only). Throws InputError when it cannot be mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
  /// Gives the memory of pages read so far back; they are read again when needed.
  void forget() const;

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that appears under its name complete or not at all: written beside the target, synced, renamed by commit().
/// Its mode is 0666 less the umask. Without commit() the temporary is removed. Throws OutputError (exit 4) when a write
/// fails.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
};

/// Writes `bytes` to `path` atomically.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

/// Creates a directory and its parents. Throws OutputError.
void make_directories(const std::filesystem::path& path);

/// Creates an empty folder `beside`.part-XXXXXX whose name nothing had, not even a link. Throws OutputError.
std::filesystem::path make_temporary_folder(const std::filesystem::path& beside);

/// Whether `path` is a folder; false where nothing is. Throws InputError where that cannot be told (no permission, a
/// circle of links, a name too long).
bool folder_exists(const std::filesystem::path& path);
/// The same for a regular file.
bool file_exists(const std::filesystem::path& path);

}  // namespace intsim
