#include "intsim/dataset.h"

#include <algorithm>

#include "intsim/error.h"
#include "lidar/dataset_tree.h"

namespace intsim {
namespace {

namespace fs = std::filesystem;

/// Names of the label files; none where the folder does not exist and labels are not required.
std::vector<std::string> label_names(const fs::path& folder, bool required) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return list_folder(folder, ".label").names;
  if (!required) return {};
  throw InputError(folder.string(), "folder of labels is missing",
                   "sequences 11 to 21 have no public labels; for the others extract data_odometry_labels.zip here");
}

void append_frames(const fs::path& root, const std::string& sequence, bool labels_required,
                   std::vector<Frame>& frames) {
  const fs::path folder = root / sequence, scan_folder = folder / "velodyne", label_folder = folder / "labels";
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw InputError(folder.string(), "sequence is missing", "check the name and that the data set is complete");
  if (!fs::is_directory(scan_folder, error))
    throw InputError(scan_folder.string(), "folder of scans is missing", "extract data_odometry_velodyne.zip here");
  const std::vector<std::string> scans = list_folder(scan_folder, ".bin").names;
  if (scans.empty()) throw InputError(scan_folder.string(), "holds no .bin file", "copy the scans again");
  const std::vector<std::string> labels = label_names(label_folder, labels_required);

  const std::vector<std::string> without_label = missing_from(scans, labels);
  const std::vector<std::string> without_scan = missing_from(labels, scans);
  const bool label_first = labels_required && !without_label.empty() &&
                           (without_scan.empty() || without_label.front() < without_scan.front());
  if (label_first)
    throw InputError((label_folder / (without_label.front() + ".label")).string(),
                     "label of scan " + without_label.front() + ".bin is missing", "copy the labels again");
  if (!without_scan.empty())
    throw InputError((scan_folder / (without_scan.front() + ".bin")).string(),
                     "scan of label " + without_scan.front() + ".label is missing",
                     "copy the scans again, or remove the label");
  for (const std::string& name : scans) {
    const bool labelled = std::binary_search(labels.begin(), labels.end(), name);
    frames.push_back(
        {sequence, name, scan_folder / (name + ".bin"), labelled ? label_folder / (name + ".label") : fs::path()});
  }
}

}  // namespace

std::vector<std::string> split_sequences(const std::string& split) {
  if (split == "train") return {"00", "01", "02", "03", "04", "05", "06", "07", "09", "10"};
  if (split == "valid") return {"08"};
  if (split == "test") return {"11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"};
  throw UsageError("there is no split '" + split + "'; the splits are train, valid and test");
}

std::vector<Frame> list_frames(const fs::path& dataset, const std::vector<std::string>& sequences,
                               bool labels_required) {
  if (sequences.empty()) throw UsageError("no sequence is given; use names such as 08");
  const std::vector<std::string> names = normalised_sequences(sequences);
  const fs::path root = sequences_folder(dataset);
  std::vector<Frame> frames;
  for (const std::string& name : names) append_frames(root, name, labels_required, frames);
  return frames;
}

}  // namespace intsim
