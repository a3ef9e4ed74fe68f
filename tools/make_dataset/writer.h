// A sequence of SemanticKITTI: folder sequences/NN with its scans, labels, calibration, poses and times.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "make_dataset/world.h"

namespace intsim::street {

/// The official splits: 08; 00–07, 09 and 10.
inline const std::vector<std::string> kValidSequences{"08"};
inline const std::vector<std::string> kTrainSequences{"00", "01", "02", "03", "04", "05", "06", "07", "09", "10"};

/// Number of scans of a sequence unless another is asked for, and the largest one.
inline constexpr int kDefaultScans = 120, kMaxScans = 1000;

/// Seed of a sequence's world. Sequence 08 (validation) and all others come from separate domains of seeds.
std::uint64_t sequence_seed(std::uint64_t seed, const std::string& sequence);

/// What one call writes.
struct SequenceJob {
  std::filesystem::path folder;  ///< receives sequences/NN
  std::string sequence;          ///< two digits
  std::uint64_t seed = 1;        ///< of the data set
  int scans = 0;                 ///< 1 … kMaxScans
  unsigned threads = 1;
  bool force = false;  ///< replaces the scans, labels and text files of a sequence that exists
};

/// Throws InputError when the sequence's folder holds a file, also in a folder below it, unless `force` is set; with it
/// removes what write_sequence would leave over: *.bin, *.label, calib.txt, poses.txt and times.txt.
void clear_sequence(const SequenceJob& job);

/// Writes a sequence; the bytes depend on seed, sequence and scans only. `progress` is called under a lock after each
/// scan. Throws OutputError when a write fails; errors of World, before anything is
/// made, and of for_each_part.
void write_sequence(const SequenceJob& job, const std::function<void(int done)>& progress);

/// calib.txt: P0 … P3 and Tr, which takes scanner coordinates (x forward, y left, z up) to the camera's (x right,
/// y down, z forward).
std::string calibration_text();
/// One line of 12 numbers per scan: the camera's 3×4 pose in the frame of the first one's.
std::string poses_text(const World& world);
/// Seconds since the first scan, one line each.
std::string times_text(int scans);

}  // namespace intsim::street
