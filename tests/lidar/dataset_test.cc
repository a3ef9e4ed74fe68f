// Scan and label files, pairing by name, and the findings of a look at a tree.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "intsim/dataset.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "intsim/error.h"
#include "intsim/scan.h"

namespace {

namespace fs = std::filesystem;
using Level = intsim::Finding::Level;

/// A folder that goes away with the test.
class Tree {
 public:
  Tree() {
    std::string pattern = (fs::temp_directory_path() / "intsim-lidar-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  fs::path operator/(const std::string& path) const { return root_ / path; }
  const fs::path& root() const { return root_; }

  fs::path file(const std::string& path, const std::string& bytes) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << bytes;
    return root_ / path;
  }
  void scan(const std::string& sequence, const std::string& name, std::size_t points) const {
    file("sequences/" + sequence + "/velodyne/" + name + ".bin", std::string(points * 16, '\1'));
  }
  /// Labels of id 10 (car).
  void label(const std::string& sequence, const std::string& name, std::size_t points, char id = 10) const {
    std::string bytes;
    for (std::size_t i = 0; i < points; ++i) bytes += std::string{id, '\0', '\0', '\0'};
    file("sequences/" + sequence + "/labels/" + name + ".label", bytes);
  }

 private:
  fs::path root_;
};

template <class Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const intsim::InputError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Whether a finding of this level names both texts.
bool found(const intsim::DatasetReport& report, Level level, const std::string& where, const std::string& what) {
  return std::any_of(report.findings.begin(), report.findings.end(), [&](const intsim::Finding& f) {
    return f.level == level && contains(f.where, where) && contains(f.what, what);
  });
}

}  // namespace

TEST_CASE("scan files") {
  const Tree tree;
  // 1.0f, -2.0f, 0.5f, 0.25f in little endian.
  const std::string bytes("\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x80\x3e", 16);
  const intsim::Scan scan = intsim::read_scan(tree.file("a.bin", bytes + bytes));
  REQUIRE(scan.points.size() == 2);
  CHECK(scan.points[1].x == 1.0f);
  CHECK(scan.points[1].y == -2.0f);
  CHECK(scan.points[1].z == 0.5f);
  CHECK(scan.points[1].remission == 0.25f);

  intsim::write_scan(tree / "b.bin", scan);
  std::ifstream stream(tree / "b.bin", std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == bytes + bytes);

  CHECK(contains(message_of([&] { intsim::read_scan(tree / "absent.bin"); }), "absent.bin"));
  CHECK(contains(message_of([&] { intsim::read_scan(tree.root()); }), "regular file"));
  CHECK(contains(message_of([&] { intsim::read_scan(tree.file("e.bin", "")); }), "no point"));
  CHECK(contains(message_of([&] { intsim::read_scan(tree.file("t.bin", bytes + "abc")); }), "19 bytes"));
  const fs::path large = tree.file("large.bin", bytes);
  fs::resize_file(large, 16 * (intsim::kMaxPoints + 1));  // sparse
  CHECK(contains(message_of([&] { intsim::read_scan(large); }), "10000001 points"));
  CHECK_THROWS_AS(intsim::write_scan(tree / "c.bin", {}), intsim::UsageError);
  CHECK_THROWS_AS(intsim::write_scan(tree / "no/such/c.bin", scan), intsim::OutputError);
}

TEST_CASE("LM-1: label files") {
  const Tree tree;
  const fs::path path = tree.file("a.label", std::string("\x0a\x00\x07\x00\xfc\x00\x00\x80", 8));
  CHECK(intsim::read_labels(path, 2) == std::vector<std::uint32_t>{0x0007000a, 0x800000fc});
  CHECK(contains(message_of([&] { intsim::read_labels(path, 3); }), "2 labels for 3 points"));
  CHECK(contains(message_of([&] { intsim::read_labels(path, 1); }), "2 labels for 1 points"));
  CHECK(contains(message_of([&] { intsim::read_labels(tree.file("t.label", "abcdef"), 1); }), "multiple of 4"));
  CHECK(contains(message_of([&] { intsim::read_labels(tree / "absent.label", 1); }), "absent.label"));
  intsim::write_labels(tree / "b.label", std::vector<std::uint32_t>{0x0007000a, 0x800000fc});
  CHECK(intsim::read_labels(tree / "b.label", 2) == std::vector<std::uint32_t>{0x0007000a, 0x800000fc});
}

TEST_CASE("frames are paired by name and come in path order") {
  const Tree tree;
  for (const char* name : {"000002", "000000", "000010"}) {
    tree.scan("08", name, 3);
    tree.label("08", name, 3);
  }
  tree.scan("01", "000005", 2);
  tree.label("01", "000005", 2);
  tree.file("sequences/08/velodyne/._000000.bin", "x");
  tree.file("sequences/08/velodyne/readme.txt", "x");
  tree.file("sequences/08/labels/notes.txt", "x");
  fs::create_directories(tree / "sequences/08/velodyne/000099.bin");  // a folder is no scan

  for (const fs::path& root : {tree.root(), tree / "sequences", tree / "sequences/"}) {
    CAPTURE(root);
    const std::vector<intsim::Frame> frames = intsim::list_frames(root, {"8", "01"}, true);
    REQUIRE(frames.size() == 4);
    const char* names[4] = {"000005", "000000", "000002", "000010"};
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(frames[i].sequence == (i == 0 ? "01" : "08"));
      CHECK(frames[i].name == names[i]);
      CHECK(frames[i].scan.filename() == std::string(names[i]) + ".bin");
      CHECK(frames[i].label.filename() == std::string(names[i]) + ".label");
      CHECK(fs::exists(frames[i].scan));
      CHECK(fs::exists(frames[i].label));
    }
  }
}

TEST_CASE("sequences may have other names") {
  const Tree tree;
  tree.scan("street", "000000", 1);
  for (const fs::path& root : {tree.root(), tree / "sequences", tree / "sequences/"})
    CHECK(intsim::list_frames(root, {"street"}, false).size() == 1);
  CHECK(intsim::inspect_dataset(tree.root(), {}, false).sequences.size() == 1);
}

TEST_CASE("missing partners and folders") {
  const Tree tree;
  for (const char* name : {"000000", "000001", "000002"}) tree.scan("08", name, 1);
  tree.label("08", "000000", 1);
  tree.label("08", "000002", 1);
  const auto list = [&](const std::string& sequence, bool required) {
    return message_of([&] { intsim::list_frames(tree.root(), {sequence}, required); });
  };
  CHECK(contains(list("08", true), "labels/000001.label"));
  const std::vector<intsim::Frame> frames = intsim::list_frames(tree.root(), {"08"}, false);
  REQUIRE(frames.size() == 3);
  CHECK(frames[1].label.empty());
  CHECK(frames[2].label.filename() == "000002.label");

  tree.label("08", "000009", 1);
  CHECK(contains(list("08", false), "velodyne/000009.bin"));
  CHECK(contains(list("08", true), "labels/000001.label"));  // the first fault in name order
  fs::rename(tree / "sequences/08/labels/000009.label", tree / "sequences/08/labels/0000005.label");
  CHECK(contains(list("08", true), "velodyne/0000005.bin"));

  tree.scan("11", "000000", 1);
  CHECK(list("11", false).empty());
  CHECK(contains(list("11", true), "11/labels"));
  CHECK(contains(list("12", false), "sequences/12"));
  fs::create_directories(tree / "sequences/13");
  CHECK(contains(list("13", false), "13/velodyne"));
  fs::create_directories(tree / "sequences/13/velodyne");
  CHECK(contains(list("13", false), "no .bin"));
  CHECK(contains(message_of([&] { intsim::list_frames(tree / "absent", {"08"}, false); }), "absent"));
  CHECK(contains(message_of([&] { intsim::list_frames(tree / "sequences/08", {"08"}, false); }), "sequences"));
  CHECK_THROWS_AS(intsim::list_frames(tree.root(), {}, false), intsim::UsageError);
  CHECK_THROWS_AS(intsim::list_frames(tree.root(), {"8", "08"}, false), intsim::UsageError);
  for (const char* name : {"", "..", "08/velodyne"})
    CHECK_THROWS_AS(intsim::list_frames(tree.root(), {name}, false), intsim::UsageError);
}

TEST_CASE("a healthy tree") {
  const Tree tree;
  tree.scan("00", "000000", 7);
  tree.scan("00", "000001", 5);
  tree.label("00", "000000", 7);
  tree.label("00", "000001", 5);
  tree.scan("11", "000000", 4);
  const intsim::DatasetReport report = intsim::inspect_dataset(tree.root(), {}, true);
  CHECK(report.healthy());
  REQUIRE(report.sequences.size() == 2);
  CHECK(report.sequences[0].name == "00");
  CHECK(report.sequences[0].scans == 2);
  CHECK(report.sequences[0].labels == 2);
  CHECK(report.sequences[0].points == 12);
  CHECK(report.sequences[0].labelled_points == 12);
  CHECK(report.sequences[1].name == "11");
  CHECK(report.sequences[1].labels == 0);
  REQUIRE(report.findings.size() == 1);
  CHECK(found(report, Level::note, "11/labels", "no folder of labels"));
}

TEST_CASE("every fault of a tree becomes a finding") {
  const Tree tree;
  tree.scan("00", "000000", 7);
  tree.label("00", "000000", 6);  // count differs
  tree.scan("00", "000001", 5);   // no label
  tree.label("00", "000002", 5);  // no scan
  tree.file("sequences/00/velodyne/000003.bin", "12345");
  tree.label("00", "000003", 1);
  tree.scan("00", "000004", 0);
  tree.label("00", "000004", 0);
  tree.scan("00", "000005", 2);
  tree.file("sequences/00/labels/000005.label", "12345");
  tree.scan("00", "000006", 2);
  tree.label("00", "000006", 2, 77);  // unknown id
  tree.scan("00", "000007", 1);
  tree.file("sequences/00/labels/000007.label", std::string("\x90\x01\x00\x00", 4));  // id 400
  tree.file("sequences/00/velodyne/.DS_Store", "x");
  fs::create_symlink("nowhere", tree / "sequences/00/velodyne/000008.bin");
  tree.label("00", "000008", 1);
  tree.file("sequences/readme.txt", "x");

  const intsim::DatasetReport shallow = intsim::inspect_dataset(tree.root(), {"0"}, false);
  CHECK_FALSE(shallow.healthy());
  CHECK(found(shallow, Level::error, "00/labels", "000000 (6 labels, 7 points)"));
  CHECK(found(shallow, Level::error, "00/labels", "1 scans have no label: 000001"));
  CHECK(found(shallow, Level::error, "00/velodyne", "1 labels have no scan: 000002"));
  CHECK(found(shallow, Level::error, "00/velodyne", "000003.bin (5 bytes), 000004.bin (0 bytes)"));
  CHECK(found(shallow, Level::error, "00/labels", "000005.label (5 bytes)"));
  CHECK(found(shallow, Level::error, "00", "000008.bin"));
  CHECK(found(shallow, Level::note, "00/velodyne", ".DS_Store"));
  CHECK(shallow.findings.size() == 7);
  CHECK(shallow.sequences.at(0).scans == 8);
  CHECK(shallow.sequences.at(0).labels == 8);
  CHECK(shallow.sequences.at(0).points == 7 + 5 + 2 + 2 + 1);

  const intsim::DatasetReport deep = intsim::inspect_dataset(tree.root(), {}, true);
  CHECK(found(deep, Level::warning, "00/labels", "000006.label (2 points)"));
  CHECK(found(deep, Level::error, "00/labels", "label id 400 at point 0"));
  CHECK(found(deep, Level::note, "sequences", "readme.txt"));
  CHECK(deep.findings.size() == 10);
}

TEST_CASE("missing sequences, and a tree without any") {
  const Tree tree;
  fs::create_directories(tree / "sequences/03");
  const intsim::DatasetReport report = intsim::inspect_dataset(tree.root(), {"3", "04"}, false);
  CHECK(found(report, Level::error, "03/velodyne", "missing"));
  CHECK(found(report, Level::error, "sequences/04", "missing"));
  const Tree empty;
  fs::create_directories(empty / "sequences");
  CHECK(found(intsim::inspect_dataset(empty.root(), {}, false), Level::error, "sequences", "no sequence"));
  CHECK_THROWS_AS(intsim::inspect_dataset(empty / "absent", {}, false), intsim::InputError);
}

TEST_CASE("many equal faults make one finding") {
  const Tree tree;
  for (int i = 0; i < 8; ++i) tree.file("sequences/00/velodyne/00000" + std::to_string(i) + ".bin", "x");
  const intsim::DatasetReport report = intsim::inspect_dataset(tree.root(), {"00"}, false);
  CHECK(found(report, Level::error, "velodyne", "8 scans"));
  CHECK(found(report, Level::error, "velodyne", "000004.bin (1 bytes) and 3 more"));
}

TEST_CASE("sequence 08 that is not the complete one gives a note") {
  const Tree tree;
  tree.scan("08", "000000", 3);
  tree.label("08", "000000", 3);
  const intsim::DatasetReport report = intsim::inspect_dataset(tree.root(), {"08"}, false);
  CHECK(report.healthy());
  CHECK(found(report, Level::note, "08", "4071 scans with 499079562 points"));
  // The total is right when the files have it: empty blocks, no data on disk.
  const Tree full;
  const std::int64_t points = 499'079'562, scans = 4'071;
  for (std::int64_t i = 0; i < scans; ++i) {
    const std::string number = std::to_string(i);
    const fs::path path =
        full.file("sequences/08/velodyne/" + std::string(6 - number.size(), '0') + number + ".bin", "");
    fs::resize_file(path, static_cast<std::uintmax_t>(16 * (points / scans + (i < points % scans ? 1 : 0))));
  }
  const intsim::DatasetReport complete = intsim::inspect_dataset(full.root(), {"08"}, false);
  CHECK(complete.sequences.at(0).points == points);
  CHECK_FALSE(found(complete, Level::note, "08/velodyne", "complete sequence"));
}
