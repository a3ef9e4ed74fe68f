// A SemanticKITTI tree: sequences/NN/velodyne/*.bin with sequences/NN/labels/*.label, paired by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace intsim {

/// One scan of the tree.
struct Frame {
  std::string sequence;               ///< "08"
  std::string name;                   ///< "000123"
  std::filesystem::path scan, label;  ///< label is empty where none exists and none was required
};

/// Sequences of a split: "train", "valid" or "test". Throws UsageError for another name.
std::vector<std::string> split_sequences(const std::string& split);

/// Frames of the sequences in path order, whatever the order of `sequences`; "8" is taken as "08". `dataset` is the
/// folder that contains `sequences`, or `sequences` itself. Pairs are matched by name; hidden and other files ignored.
/// Throws InputError naming the first missing folder or file: every .bin needs its .label when `labels_required`,
/// and every .label its .bin. Throws UsageError when `sequences` is empty or names one twice.
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
    std::int64_t scans = 0, labels = 0;  ///< files
    std::int64_t points = 0;             ///< in scans of valid size
    std::int64_t labelled_points = 0;    ///< entries of label files of valid size
  };
  std::vector<Sequence> sequences;
  std::vector<Finding> findings;
  bool healthy() const;  ///< no finding of level error
};

/// Checks every pair of the given sequences (all present ones when empty). Reads sizes always, contents of labels when
/// `deep`. Faults of the tree become findings: missing sequences, folders and partners, wrong sizes, ids outside the
/// map are errors; ids below 359 that the map lacks are warnings; a sequence without a folder of labels and foreign
/// files are notes. A full real sequence 08 has 4,071 scans and 499,079,562 points; other totals give a note. Throws
/// InputError when `dataset` holds no folder of sequences, UsageError when `sequences` names one twice.
DatasetReport inspect_dataset(const std::filesystem::path& dataset, const std::vector<std::string>& sequences,
                              bool deep);

}  // namespace intsim
