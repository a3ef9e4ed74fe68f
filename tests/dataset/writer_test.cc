// The files: form, the same bytes for every thread count, poses that fit the scans.
#include "make_dataset/writer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/hash.h"

using namespace intsim::street;
namespace fs = std::filesystem;

namespace {

/// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "intsim-dataset-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

SequenceJob job(const fs::path& folder, const std::string& sequence, int scans, unsigned threads) {
  SequenceJob result;
  result.folder = folder;
  result.sequence = sequence;
  result.scans = scans;
  result.threads = threads;
  return result;
}

void write(const SequenceJob& what) {
  write_sequence(what, [](int) {});
}

/// Hash by path below the folder.
std::map<std::string, std::string> hashes(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) out[fs::relative(entry.path(), folder).string()] = intsim::hash_file(entry.path());
  return out;
}

/// One hash over the names and hashes of a sequence's files, sorted by name.
std::string digest(const fs::path& sequence) {
  intsim::Hasher hasher;
  for (const auto& [name, hash] : hashes(sequence)) {
    const std::string line = name + " " + hash + "\n";
    hasher.update(std::as_bytes(std::span(line.data(), line.size())));
  }
  return hasher.hex();
}

std::vector<double> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<double> out;
  for (double value; in >> value;) out.push_back(value);
  return out;
}

std::vector<std::string> lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

using Matrix = std::vector<double>;  // 3×4, row by row

Vec moved_by(const Matrix& m, const Vec& v) {
  return {m[0] * v.x + m[1] * v.y + m[2] * v.z + m[3], m[4] * v.x + m[5] * v.y + m[6] * v.z + m[7],
          m[8] * v.x + m[9] * v.y + m[10] * v.z + m[11]};
}

/// Voxels of 0.4 m with a trunk or pole in the frame of the first camera (walls look alike along the way).
std::set<std::array<std::int64_t, 3>> voxels(const fs::path& sequence, const std::string& name, const Matrix& tr,
                                             const Matrix& pose) {
  const intsim::Scan scan = intsim::read_scan(sequence / "velodyne" / (name + ".bin"));
  const auto labels = intsim::read_labels(sequence / "labels" / (name + ".label"), scan.points.size());
  std::set<std::array<std::int64_t, 3>> out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint32_t label = labels[i] & 0xffff;
    const intsim::Point& p = scan.points[i];
    if ((label != 71 && label != 80) || std::hypot(p.x, p.y) > 30) continue;
    const Vec at = moved_by(pose, moved_by(tr, {p.x, p.y, p.z}));
    out.insert({std::llround(at.x / 0.4), std::llround(at.y / 0.4), std::llround(at.z / 0.4)});
  }
  return out;
}

double overlap(const std::set<std::array<std::int64_t, 3>>& a, const std::set<std::array<std::int64_t, 3>>& b) {
  std::size_t common = 0;
  for (const auto& voxel : a) common += b.count(voxel);
  return static_cast<double>(common) / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("the same bytes from one and three threads and from a second run") {
  const Folder one, three, again;
  write(job(one.path(), "04", 4, 1));
  write(job(three.path(), "04", 4, 3));
  write(job(again.path(), "04", 4, 1));
  const auto expected = hashes(one.path());
  CHECK(expected.size() == 11);
  CHECK(hashes(three.path()) == expected);
  CHECK(hashes(again.path()) == expected);
}

TEST_CASE("the bytes are those of the recorded data set") {
  std::size_t checked = 0;
  for (const std::string& line : lines(fs::path(SOURCE_ROOT) / "golden" / "dataset.txt")) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream in(line);
    std::string sequence, expected;
    SequenceJob what;
    in >> sequence >> what.scans >> what.seed >> expected;
    const Folder folder;
    what.folder = folder.path();
    what.sequence = sequence;
    what.threads = 2;
    write(what);
    CHECK_MESSAGE(digest(folder.path() / "sequences" / sequence) == expected, line);
    ++checked;
  }
  CHECK(checked == 3);
}

TEST_CASE("seed, sequence and number are what the bytes depend on") {
  const Folder a, b, c;
  SequenceJob other = job(b.path(), "04", 1, 1);
  other.seed = 2;
  write(job(a.path(), "04", 1, 1));
  write(other);
  write(job(c.path(), "05", 1, 1));
  const std::string name = "velodyne/000000.bin";
  const std::string first = hashes(a.path() / "sequences" / "04")[name];
  CHECK(first != hashes(b.path() / "sequences" / "04")[name]);
  CHECK(first != hashes(c.path() / "sequences" / "05")[name]);
}

TEST_CASE("the files have the form of SemanticKITTI") {
  const Folder folder;
  write(job(folder.path(), "08", 3, 2));
  const fs::path sequence = folder.path() / "sequences" / "08";
  const auto frames = intsim::list_frames(folder.path(), {"08"}, true);
  REQUIRE(frames.size() == 3);
  for (const auto& frame : frames) {
    CHECK(fs::file_size(frame.scan) == 4 * fs::file_size(frame.label));
    const intsim::Scan scan = intsim::read_scan(frame.scan);
    for (const intsim::Point& p : scan.points) {
      const float depth = std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z), steps = p.remission * 100;
      if (!(depth > 0.5f && depth < 81.0f)) FAIL("depth ", depth);
      if (!(p.remission >= 0 && p.remission <= 0.99f) || std::abs(steps - std::round(steps)) > 1e-4f)
        FAIL("remission ", p.remission);
    }
  }
  const auto report = intsim::inspect_dataset(folder.path(), {}, true);
  CHECK(report.healthy());
  for (const auto& finding : report.findings) CHECK(finding.level != intsim::Finding::Level::warning);

  const auto calibration = lines(sequence / "calib.txt");
  REQUIRE(calibration.size() == 5);
  const std::string keys[] = {"P0:", "P1:", "P2:", "P3:", "Tr:"};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(calibration[i].substr(0, 3) == keys[i]);
    CHECK(numbers(calibration[i].substr(3)).size() == 12);
  }
  const Matrix tr = numbers(calibration[4].substr(3));
  const Vec zero = moved_by(tr, {0, 0, 0}), ahead = moved_by(tr, {10, 0, 0}), left = moved_by(tr, {0, 10, 0}),
            up = moved_by(tr, {0, 0, 10});
  CHECK(ahead.z - zero.z == doctest::Approx(10));  // the camera looks along its z, x to the right, y down
  CHECK(left.x - zero.x == doctest::Approx(-10));
  CHECK(up.y - zero.y == doctest::Approx(-10));

  const auto poses = lines(sequence / "poses.txt"), times = lines(sequence / "times.txt");
  CHECK(poses.size() == 3);
  const Matrix identity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, first = numbers(poses[0]);
  REQUIRE(first.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) CHECK(std::abs(first[i] - identity[i]) < 1e-9);
  REQUIRE(times.size() == 3);
  for (std::size_t i = 1; i < 3; ++i) CHECK(std::stod(times[i]) > std::stod(times[i - 1]));
}

TEST_CASE("poses are rotations, and the camera looks where it goes") {
  const World world(sequence_seed(1, "08"), 60, 2);
  std::istringstream in(poses_text(world));
  std::vector<Matrix> poses;
  for (std::string line; std::getline(in, line);) poses.push_back(numbers(line));
  REQUIRE(poses.size() == 60);
  double turned = 0;
  for (std::size_t i = 0; i < poses.size(); ++i) {
    const Matrix& m = poses[i];
    const Vec x{m[0], m[4], m[8]}, y{m[1], m[5], m[9]}, z{m[2], m[6], m[10]};  // the camera's axes
    for (const Vec& axis : {x, y, z}) CHECK(norm(axis) == doctest::Approx(1));
    CHECK(norm(cross(x, y) - z) < 1e-9);
    turned = std::max(turned, std::abs(std::atan2(z.x, z.z)));
    if (i == 0) continue;
    const Matrix& before = poses[i - 1];
    const Vec step{m[3] - before[3], m[7] - before[7], m[11] - before[11]};
    CHECK(dot(unit(step), z) > 0.97);
  }
  CHECK(turned > 0.3);  // there is a bend
}

TEST_CASE("poses and calibration bring scans of the same poles and trunks together") {
  const Folder folder;
  write(job(folder.path(), "08", 4, 2));
  const fs::path sequence = folder.path() / "sequences" / "08";
  const Matrix tr = numbers(lines(sequence / "calib.txt")[4].substr(3));
  const auto poses = lines(sequence / "poses.txt");
  const auto first = voxels(sequence, "000000", tr, numbers(poses[0]));
  REQUIRE(first.size() > 200);
  const auto third = voxels(sequence, "000002", tr, numbers(poses[2]));
  const auto unmoved = voxels(sequence, "000002", tr, numbers(poses[0]));
  CHECK(overlap(third, first) > 0.4);
  CHECK(overlap(unmoved, first) < 0.1);
}

TEST_CASE("a sequence that exists is kept unless it is to be replaced") {
  const Folder folder;
  SequenceJob what = job(folder.path(), "08", 2, 1);
  clear_sequence(what);
  write(what);
  const auto before = hashes(folder.path());
  CHECK_THROWS_AS(clear_sequence(what), intsim::InputError);
  CHECK(hashes(folder.path()) == before);
  // Empty folders are no sequence; a single file somewhere in them is one.
  const SequenceJob begun = job(folder.path(), "09", 1, 1);
  const fs::path scans = folder.path() / "sequences" / "09" / "velodyne";
  fs::create_directories(scans);
  clear_sequence(begun);
  intsim::write_file(scans / "000000.bin", std::string_view("x"));
  CHECK_THROWS_AS(clear_sequence(begun), intsim::InputError);
  fs::remove_all(folder.path() / "sequences" / "09");
  intsim::write_file(folder.path() / "sequences" / "08" / "notes.md", std::string_view("mine"));
  what.force = true;
  what.scans = 1;
  clear_sequence(what);
  CHECK(hashes(folder.path()).size() == 1);  // only the foreign file is left
  write(what);
  CHECK(hashes(folder.path()).size() == 6);
}
