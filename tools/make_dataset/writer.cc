#include "make_dataset/writer.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "intsim/error.h"
#include "io/file.h"
#include "make_dataset/scanner.h"
#include "make_dataset/workers.h"

namespace intsim::street {
namespace {

namespace fs = std::filesystem;

/// Camera axes and origin in the scanner's frame: right, down, forward; 0.27 m ahead and 0.08 m below.
constexpr Rotation kCamera{{0, -1, 0}, {0, 0, -1}, {1, 0, 0}};
constexpr Vec kCameraAt{0.27, 0, -0.08};

fs::path sequence_folder(const SequenceJob& job) { return job.folder / "sequences" / job.sequence; }

std::string row(const char* key, const double (&values)[12]) {
  std::string line = key;
  char text[32];
  for (const double value : values) {
    std::snprintf(text, sizeof text, "%s%.12e", line.empty() ? "" : " ", value);
    line += text;
  }
  return line + "\n";
}

std::string scan_name(int scan) {
  char name[16];
  std::snprintf(name, sizeof name, "%06d", scan);
  return name;
}

void remove_matching(const fs::path& folder, const std::string& extension) {
  if (!fs::is_directory(folder)) return;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == extension) fs::remove(entry.path());
}

/// Whether there is a file at or below the path; empty folders, as an interrupted run leaves them, do not count.
bool holds_files(const fs::path& path) {
  if (!fs::is_directory(path)) return fs::exists(path);
  const fs::recursive_directory_iterator entries(path);
  return std::any_of(begin(entries), end(entries), [](const fs::directory_entry& e) { return !e.is_directory(); });
}

}  // namespace

std::uint64_t sequence_seed(std::uint64_t seed, const std::string& sequence) {
  const bool valid = sequence == kValidSequences.front();
  return test_model::Random(seed, (valid ? "valid street " : "train street ") + sequence).bits(0);
}

void clear_sequence(const SequenceJob& job) {
  const fs::path folder = sequence_folder(job);
  try {
    if (!holds_files(folder)) return;
    if (!job.force)
      throw InputError(folder.string(), "exists already", "choose another folder, or --force to replace the sequence");
    remove_matching(folder / "velodyne", ".bin");
    remove_matching(folder / "labels", ".label");
    for (const char* name : {"calib.txt", "poses.txt", "times.txt"}) fs::remove(folder / name);
  } catch (const fs::filesystem_error& error) {
    throw OutputError(folder.string(), error.code().message(), "check the path and its permissions");
  }
}

void write_sequence(const SequenceJob& job, const std::function<void(int done)>& progress) {
  const fs::path folder = sequence_folder(job);
  const std::uint64_t seed = sequence_seed(job.seed, job.sequence);
  const World world(seed, job.scans, job.threads);  // before the folders: it may throw
  make_directories(folder / "velodyne");
  make_directories(folder / "labels");
  std::mutex mutex;
  int done = 0;
  for_each_part(job.threads, job.scans, [&](int scan) {
    const LabelledScan view = look_around(world, scan, seed);
    write_scan(folder / "velodyne" / (scan_name(scan) + ".bin"), view.scan);
    write_labels(folder / "labels" / (scan_name(scan) + ".label"), view.labels);
    const std::lock_guard lock(mutex);
    progress(++done);
  });
  write_file(folder / "calib.txt", calibration_text());
  write_file(folder / "poses.txt", poses_text(world));
  write_file(folder / "times.txt", times_text(job.scans));
}

std::string calibration_text() {
  std::string text;
  const double baselines[] = {0, -386.1448, 45.38225, -337.2877};
  for (int camera = 0; camera < 4; ++camera) {
    const char key[] = {'P', static_cast<char>('0' + camera), ':', '\0'};
    text += row(key, {718.856, 0, 607.1928, baselines[camera], 0, 718.856, 185.2157, 0, 0, 0, 1, 0});
  }
  const Vec shift = kCamera.to_local(kCameraAt) * -1;
  return text + row("Tr:", {kCamera.x.x, kCamera.x.y, kCamera.x.z, shift.x, kCamera.y.x, kCamera.y.y, kCamera.y.z,
                            shift.y, kCamera.z.x, kCamera.z.y, kCamera.z.z, shift.z});
}

std::string poses_text(const World& world) {
  std::string text;
  const auto camera_at = [&](int scan) {
    const Pose& pose = world.pose(scan);
    return pose.position + pose.axes.to_parent(kCameraAt);
  };
  const Rotation first = compose(world.pose(0).axes, kCamera);
  const Vec start = camera_at(0);
  for (int scan = 0; scan < world.scans(); ++scan) {
    const Rotation axes = compose(world.pose(scan).axes, kCamera);
    const Vec x = first.to_local(axes.x), y = first.to_local(axes.y), z = first.to_local(axes.z);
    const Vec at = first.to_local(camera_at(scan) - start);
    text += row("", {x.x, y.x, z.x, at.x, x.y, y.y, z.y, at.y, x.z, y.z, z.z, at.z});
  }
  return text;
}

std::string times_text(int scans) {
  std::string text;
  char line[32];
  for (int scan = 0; scan < scans; ++scan) {
    std::snprintf(line, sizeof line, "%.6e\n", scan * kScanInterval);
    text += line;
  }
  return text;
}

}  // namespace intsim::street
