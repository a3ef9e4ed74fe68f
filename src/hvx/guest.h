// A program of tools/hvx running under qemu-hexagon, with a stream in and a stream out.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace intsim {

/// The program of that name, e.g. "network": in the folder INTSIM_HVX_PATH, beside the build of this executable, or in
/// its prefix's libexec/intsim. Throws InputError that lists the places and says what to install.
std::filesystem::path find_hvx_program(const char* name);

/// One running guest. It answers a request after it has read it whole, so send() before receive() never deadlocks.
class HvxGuest {
 public:
  /// Starts qemu-hexagon. Throws InputError when it is not in PATH or the program is missing.
  explicit HvxGuest(const std::filesystem::path& program);
  ~HvxGuest();
  HvxGuest(const HvxGuest&) = delete;
  HvxGuest& operator=(const HvxGuest&) = delete;

  /// Both throw Error (exit 4) that says how the guest ended when it is gone.
  void send(std::span<const std::byte> bytes);
  void receive(std::span<std::byte> bytes);

  /// Ends the guest's input and waits. Throws Error where it did not end with exit code 0 or sent more.
  void finish();

 private:
  [[noreturn]] void gone();
  /// Waits for the process; its status in words.
  std::string ending();

  std::filesystem::path program_;
  pid_t process_ = -1;
  int socket_ = -1;
};

}  // namespace intsim
