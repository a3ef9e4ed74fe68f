// A SemanticKITTI tree: sequences/NN/velodyne/*.bin with sequences/NN/labels/*.label, paired by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace intsim {

/// One scan of the tree.
struct Frame {
  std::string sequence;              ///< "08"
  std::string name;                  ///< "000123"
  std::filesystem::path scan, label;  ///< label is empty where none exists and none was required
};

/// Sequences of a split: "train", "valid" or "test". Throws UsageError for another name.
std::vector<std::string> split_sequences(const std::string& split);

/// Frames of the sequences in path order. `dataset` is the folder that contains `sequences`, or `sequences` itself.
/// Throws InputError naming the first missing folder or file: every .bin needs its .label when `labels_required`,
/// and every .label its .bin.
std::vector<Frame> list_frames(const std::filesystem::path& dataset, const std::vector<std::string>& sequences,
                               bool labels_required);

/// One finding of `intsim doctor`.
struct Finding {
  enum class Level { note, warning, error } level;
  std::string where, what;
};

/// What a look at a tree found: counts, pairs, sizes, label ids, known totals.
struct DatasetReport {
  struct Sequence {
    std::string name;
    std::int64_t scans = 0, labels = 0, points = 0, labelled_points = 0;
  };
  std::vector<Sequence> sequences;
  std::vector<Finding> findings;
  bool healthy() const;  ///< no finding of level error
};

/// Checks every pair of the given sequences (all present ones when empty). Reads sizes always, contents of labels when
/// `deep`. A full real sequence 08 has 4,071 scans and 499,079,562 points; other totals give a note.
DatasetReport inspect_dataset(const std::filesystem::path& dataset, const std::vector<std::string>& sequences, bool deep);

}  // namespace intsim
