#include "io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "intsim/error.h"

namespace intsim {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) { return std::strerror(error); }

/// Six characters for the name of a temporary file; two files get the same ones by chance only.
std::string unused_suffix() {
  static std::atomic<std::uint64_t> files{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::uint64_t bits = static_cast<std::uint64_t>(now) * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(::getpid());
  bits = (bits ^ bits >> 29) * 0xbf58476d1ce4e5b9u;
  bits = (bits >> 33) + files++;
  std::string suffix;
  for (int i = 0; i < 6; ++i, bits /= 36) suffix += "0123456789abcdefghijklmnopqrstuvwxyz"[bits % 36];
  return suffix;
}

/// Opens a regular file for reading and returns its size through `size`. A pipe is refused, not waited for.
int open_regular(const std::filesystem::path& path, std::uint64_t& size) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw InputError(path.string(), "cannot open: " + reason(errno), "check the path and its permissions");
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    throw InputError(path.string(), "is not a regular file", "give a file");
  }
  size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

std::filesystem::file_type type_of(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::none)
    throw InputError(path.string(), "cannot be looked at: " + error.message(), "check the path and its permissions");
  return type;
}

template <class Container>
Container read_whole(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::uint64_t size = 0;
  const Descriptor fd(open_regular(path, size));
  if (size > max_bytes)
    throw InputError(path.string(),
                     "has " + std::to_string(size) + " bytes, more than the limit of " + std::to_string(max_bytes),
                     "check that this is the right file");
  Container data;
  data.resize(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::read(fd.get(), reinterpret_cast<char*>(data.data()) + done, data.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw InputError(path.string(), "cannot read: " + reason(errno), "check the disk, or copy the file again");
    if (n == 0) throw InputError(path.string(), "became shorter while it was read", "try again when nothing writes it");
    done += static_cast<std::size_t>(n);
  }
  return data;
}

}  // namespace

std::uint64_t file_size(const std::filesystem::path& path) {
  std::uint64_t size = 0;
  const Descriptor fd(open_regular(path, size));
  return size;
}

std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_whole<std::vector<std::byte>>(path, max_bytes);
}

std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  std::uint64_t size = 0;
  const Descriptor fd(open_regular(path, size));
  size_ = static_cast<std::size_t>(size);
  if (size_ == 0) return;
  data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw InputError(path.string(), "cannot map into memory: " + reason(errno),
                     "copy it to a local disk, or free some memory");
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::forget() const {
  if (size_ > 0) madvise(data_, size_, MADV_DONTNEED);  // only advice: a failure costs memory, nothing else
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  // Renaming over a device or a pipe would remove it.
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw OutputError(path_.string(), "is no regular file", "give the name of a file");
  // The kernel applies the umask to the mode; mkstemp would make files that only their owner can read.
  std::string name;
  for (int attempt = 0; attempt < 100; ++attempt) {
    name = path_.string() + ".part-" + unused_suffix();
    descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0 || errno != EEXIST) break;
  }
  if (descriptor_ < 0)
    throw OutputError(path_.string(), "cannot create: " + reason(errno),
                      "check that the folder exists and is writable");
  temporary_ = name;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw OutputError(path_.string(), "cannot write: " + reason(errno), "free some space and run again");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::commit() {
  const bool synced = ::fsync(descriptor_) == 0 || errno == EINVAL || errno == EROFS;
  const int sync_error = errno;
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (!synced || !closed)
    throw OutputError(path_.string(), "cannot finish writing: " + reason(synced ? errno : sync_error),
                      "free some space and run again");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw OutputError(path_.string(), "cannot put in place: " + reason(errno),
                      "check that the name is free and its folder writable");
  temporary_.clear();
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::filesystem::path make_temporary_folder(const std::filesystem::path& beside) {
  std::string name;
  for (int attempt = 0; attempt < 100; ++attempt) {
    name = beside.string() + ".part-" + unused_suffix();
    if (::mkdir(name.c_str(), 0777) == 0) return name;
    if (errno != EEXIST) break;
  }
  throw OutputError(beside.string(), "cannot create: " + reason(errno),
                    "check that the folder above it exists and is writable");
}

bool folder_exists(const std::filesystem::path& path) { return type_of(path) == std::filesystem::file_type::directory; }

bool file_exists(const std::filesystem::path& path) { return type_of(path) == std::filesystem::file_type::regular; }

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw OutputError(path.string(), "cannot create folder: " + error.message(),
                      "check that no file has this name and that the folder above it is writable");
}

}  // namespace intsim
