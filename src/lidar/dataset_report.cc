#include <algorithm>
#include <cctype>
#include <map>

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "lidar/dataset_tree.h"

namespace intsim {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr std::size_t kNamed = 5;  ///< examples per finding; the others are counted
constexpr std::int64_t kScansOf08 = 4'071, kPointsOf08 = 499'079'562;

/// One finding for all files of a folder with the same fault.
class Fault {
 public:
  void add(const std::string& example) {
    if (count_++ < kNamed) examples_ += (examples_.empty() ? "" : ", ") + example;
  }
  void report(DatasetReport& report, Level level, const fs::path& where, const std::string& what) const {
    if (count_ == 0) return;
    const std::string more = count_ > kNamed ? " and " + std::to_string(count_ - kNamed) + " more" : "";
    report.findings.push_back({level, where.string(), std::to_string(count_) + " " + what + ": " + examples_ + more});
  }

 private:
  std::size_t count_ = 0;
  std::string examples_;
};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// Looks at one sequence.
class SequenceCheck {
 public:
  SequenceCheck(DatasetReport& report, const fs::path& folder, bool deep)
      : report_(report), scans_(folder / "velodyne"), labels_(folder / "labels"), deep_(deep), folder_(folder) {
    totals_.name = folder_.filename().string();
  }

  void run() {
    if (!is_folder(folder_)) return add(Level::error, folder_, "sequence is missing");
    if (!is_folder(scans_)) return add(Level::error, scans_, "folder of scans is missing");
    const std::vector<std::string> scan_names = names_in(scans_, ".bin");
    if (scan_names.empty()) add(Level::error, scans_, "holds no .bin file");
    std::vector<std::string> label_names;
    if (is_folder(labels_)) {
      label_names = names_in(labels_, ".label");
      check_pairs(scan_names, label_names);
    } else {
      add(Level::note, labels_, "no folder of labels: the sequence can be predicted, not evaluated");
    }
    for (const std::string& name : scan_names) check_scan(name);
    for (const std::string& name : label_names) check_label(name);
    report_files();
    check_known_totals();
    report_.sequences.push_back(totals_);
  }

 private:
  void add(Level level, const fs::path& where, const std::string& what) {
    report_.findings.push_back({level, where.string(), what});
  }

  std::vector<std::string> names_in(const fs::path& folder, const std::string& extension) {
    const FolderListing listing = list_folder(folder, extension);
    Fault foreign;
    for (const std::string& name : listing.foreign) foreign.add(name);
    foreign.report(report_, Level::note, folder, "foreign entries ignored");
    return listing.names;
  }

  void check_pairs(const std::vector<std::string>& scan_names, const std::vector<std::string>& label_names) {
    Fault no_label, no_scan;
    for (const std::string& name : missing_from(scan_names, label_names)) no_label.add(name);
    for (const std::string& name : missing_from(label_names, scan_names)) no_scan.add(name);
    no_label.report(report_, Level::error, labels_, "scans have no label");
    no_scan.report(report_, Level::error, scans_, "labels have no scan");
  }

  /// Size of a file; a file that cannot be opened is a fault.
  bool size_of(const fs::path& path, std::uint64_t& bytes) {
    try {
      bytes = intsim::file_size(path);
      return true;
    } catch (const InputError& error) {
      unreadable_.add(error.what());
      return false;
    }
  }

  void check_scan(const std::string& name) {
    ++totals_.scans;
    std::uint64_t bytes = 0;
    if (!size_of(scans_ / (name + ".bin"), bytes)) return;
    const std::string shown = name + ".bin (" + std::to_string(bytes) + " bytes)";
    if (bytes == 0 || bytes % sizeof(Point) != 0) return bad_scan_.add(shown);
    if (bytes / sizeof(Point) > kMaxPoints) return large_.add(shown);
    points_[name] = bytes / sizeof(Point);
    totals_.points += static_cast<std::int64_t>(bytes / sizeof(Point));
  }

  void check_label(const std::string& name) {
    ++totals_.labels;
    const fs::path path = labels_ / (name + ".label");
    std::uint64_t bytes = 0;
    if (!size_of(path, bytes)) return;
    if (bytes % sizeof(std::uint32_t) != 0)
      return bad_label_.add(name + ".label (" + std::to_string(bytes) + " bytes)");
    const std::uint64_t count = bytes / sizeof(std::uint32_t);
    if (count > kMaxPoints) return large_.add(name + ".label (" + std::to_string(bytes) + " bytes)");
    const auto scan = points_.find(name);
    if (scan != points_.end() && scan->second != count)
      mismatch_.add(name + " (" + std::to_string(count) + " labels, " + std::to_string(scan->second) + " points)");
    totals_.labelled_points += static_cast<std::int64_t>(count);
    if (deep_) check_ids(path, static_cast<std::size_t>(count));
  }

  void check_ids(const fs::path& path, std::size_t count) {
    try {
      const std::int64_t unknown = map_labels(read_labels(path, count), path.filename().string()).unknown_ids;
      if (unknown > 0) unknown_.add(path.filename().string() + " (" + std::to_string(unknown) + " points)");
    } catch (const InputError& error) {
      bad_id_.add(error.what());
    }
  }

  void report_files() {
    unreadable_.report(report_, Level::error, folder_, "files cannot be read");
    bad_scan_.report(report_, Level::error, scans_, "scans are empty or no multiple of 16 bytes");
    bad_label_.report(report_, Level::error, labels_, "label files are no multiple of 4 bytes");
    large_.report(report_, Level::error, folder_, "files hold more than " + std::to_string(kMaxPoints) + " points");
    mismatch_.report(report_, Level::error, labels_, "label files do not match their scan");
    bad_id_.report(report_, Level::error, labels_, "label files cannot be mapped");
    unknown_.report(report_, Level::warning, labels_, "label files hold ids outside the label map, read as unlabeled");
  }

  void check_known_totals() {
    if (totals_.name != "08" || (totals_.scans == kScansOf08 && totals_.points == kPointsOf08)) return;
    add(Level::note, scans_,
        std::to_string(totals_.scans) + " scans with " + std::to_string(totals_.points) +
            " points; the complete sequence 08 has " + std::to_string(kScansOf08) + " scans with " +
            std::to_string(kPointsOf08) + " points");
  }

  DatasetReport& report_;
  fs::path scans_, labels_;
  bool deep_;
  fs::path folder_;
  DatasetReport::Sequence totals_;
  std::map<std::string, std::uint64_t> points_;  ///< points per scan of valid size
  Fault unreadable_, bad_scan_, bad_label_, large_, mismatch_, bad_id_, unknown_;
};

/// Every folder that looks like a sequence; anything else gives a note.
std::vector<std::string> present_sequences(const fs::path& root, DatasetReport& report) {
  const FolderListing listing = list_folder(root, "");  // folders are never in `names`
  std::vector<std::string> sequences;
  Fault foreign;
  for (const std::string& name : listing.names) foreign.add(name);
  for (const std::string& name : listing.foreign) {
    const bool numbered =
        name.size() == 2 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (is_folder(root / name) && (numbered || is_folder(root / name / "velodyne")))
      sequences.push_back(name);
    else
      foreign.add(name);
  }
  foreign.report(report, Level::note, root, "foreign entries ignored");
  return sequences;
}

}  // namespace

bool DatasetReport::healthy() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.level == Level::error; });
}

DatasetReport inspect_dataset(const fs::path& dataset, const std::vector<std::string>& sequences, bool deep) {
  DatasetReport report;
  const fs::path root = sequences_folder(dataset);
  std::vector<std::string> names = normalised_sequences(sequences);
  if (names.empty()) names = present_sequences(root, report);
  if (names.empty()) report.findings.push_back({Level::error, root.string(), "holds no sequence"});
  for (const std::string& name : names) {
    try {
      SequenceCheck(report, root / name, deep).run();
    } catch (const InputError& error) {
      report.findings.push_back({Level::error, (root / name).string(), error.what()});
    }
  }
  return report;
}

}  // namespace intsim
