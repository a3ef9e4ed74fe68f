// intsim render: pictures of scans.
#include <algorithm>
#include <iostream>
#include <optional>

#include "cli/evaluation.h"
#include "cli/legend.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/suggest.h"
#include "render/picture.h"
#include "render/raster.h"
#include "render/write_png.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  ModelOptions model;
  std::string scan, labels, prediction;       // one scan
  std::string dataset, predictions;           // a tree
  std::vector<std::string> sequences, scans;  // of the tree
  std::int64_t limit = 0;
  std::string output, view = "image";
  std::vector<std::string> panels;
  int scale = 0;
  bool knn = false, quiet = false;

  bool network() const { return !model.config.empty() || !model.model.empty(); }
};

/// One picture to make; label and prediction are empty where there is no such file.
struct Job {
  fs::path scan, label, prediction, picture;
  std::vector<Panel> panels;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("scan,--scan", o.scan, "velodyne .bin file");
  app.add_option("--labels", o.labels, "its .label file");
  app.add_option("--prediction", o.prediction, "a .label file with predicted labels");
  app.add_option("-d,--dataset-path", o.dataset, "scans and labels of a folder that holds 'sequences' instead");
  const auto list = [&](const char* name, std::vector<std::string>& values, const char* text) {
    app.add_option(name, values, text)->delimiter(',')->allow_extra_args(false);
  };
  list("--sequences", o.sequences, "sequences: 00,01; may be repeated");
  list("--scans", o.scans, "scans of the sequences: 000010,000020; all without");
  app.add_option("--limit", o.limit, "only the first N scans")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  app.add_option("--predictions", o.predictions, "predictions are DIR/sequences/NN/predictions/*.label");
  app.add_option("-o,--output", o.output, "PICTURE.png; with -d a folder for NN_NAME.png")->required();
  list("--panels", o.panels,
       "range, remission, labels, prediction, errors: what they do not need is not read; all with data without");
  app.add_option("--view", o.view, "image: the range image; bev: from above, 102.4 m square, x forward is up")
      ->capture_default_str()
      ->check(CLI::IsMember({"image", "bev"}));
  app.add_option("--scale", o.scale, "pixels per row of the range image (2), per 0.1 m of bev (1)")
      ->check(CLI::Range(1, 16));
  add_model_options(app, o.model);
  app.add_flag("--knn", o.knn, "KNN post-processing of lidar-bonnetal for the network's prediction");
  add_engine_options(app, o.model);
  add_size_options(app, o.model);
  app.add_flag("-q,--quiet", o.quiet, "no list of pictures, no legend, no note about the model");
  app.footer(
      "With --config or --model the network makes the prediction. A pixel shows its nearest point, seen from above "
      "its\n"
      "highest one. The legend with the pixels of each class goes to standard output.\n"
      "\nExamples:\n"
      "  intsim render 000000.bin --labels 000000.label --config w8a8 -o 000000.png\n"
      "  intsim render 000000.bin --prediction out.label --panels range,prediction --view bev -o 000000.png\n"
      "  intsim render -d D --sequences 08 --scans 000010,000020 --predictions OUT -o PICTURES");
}

/// Options that only the network heeds.
void refuse_without_network(const CLI::App& app, const Options& o) {
  if (o.network()) return;
  for (const char* name : {"--knn", "--target", "--kernels", "--simd", "--threads"})
    if (app.count(name) > 0) throw UsageError(std::string(name) + " needs the network; add --config or --model");
}

void check_combinations(const Options& o) {
  const bool tree = !o.dataset.empty();
  if (tree == !o.scan.empty()) throw UsageError("give either a scan or a data set with --dataset-path");
  if (tree && (!o.labels.empty() || !o.prediction.empty()))
    throw UsageError("--labels and --prediction belong to one scan; a data set has its labels, and --predictions DIR");
  if (tree && o.sequences.empty()) throw UsageError("say which sequences with --sequences 08");
  if (!tree && (!o.sequences.empty() || !o.scans.empty() || o.limit > 0 || !o.predictions.empty()))
    throw UsageError("--sequences, --scans, --limit and --predictions belong to --dataset-path");
  if (o.network() && !(o.prediction.empty() && o.predictions.empty()))
    throw UsageError("the prediction is either read or made by the network; leave one of them out");
  // A scan named by mistake must not be overwritten.
  if (!tree && fs::path(o.output).extension() != ".png")
    throw UsageError("'" + o.output + "' is no name of a picture; let it end with .png");
}

bool any(std::span<const Panel> panels, bool (*test)(Panel)) { return std::any_of(panels.begin(), panels.end(), test); }

/// The panels that were asked for; throws where no data for them was given, and for a network that none would show.
std::vector<Panel> wanted_panels(const Options& o) {
  std::vector<Panel> panels;
  for (const std::string& name : o.panels) panels.push_back(panel_of_name(name));
  const bool tree = !o.dataset.empty();
  if (any(panels, needs_labels) && !tree && o.labels.empty())
    throw UsageError("panels labels and errors need --labels FILE");
  if (any(panels, needs_prediction) && !o.network() && o.prediction.empty() && o.predictions.empty())
    throw UsageError("panels prediction and errors need " +
                     std::string(tree ? "--predictions DIR" : "--prediction FILE") + ", --config or --model");
  if (o.network() && !panels.empty() && !any(panels, needs_prediction))
    throw UsageError(
        "--config and --model have no effect without a panel prediction or errors; add one of these to --panels or "
        "leave the network out");
  return panels;
}

std::vector<Panel> panels_with_data(bool labels, bool prediction) {
  std::vector<Panel> panels = {Panel::range, Panel::remission};
  if (labels) panels.push_back(Panel::labels);
  if (prediction) panels.push_back(Panel::prediction);
  if (labels && prediction) panels.push_back(Panel::errors);
  return panels;
}

/// The frames that were asked for.
std::vector<Frame> chosen_frames(const Options& o, bool labels_required) {
  std::vector<Frame> frames = list_frames(o.dataset, o.sequences, labels_required);
  std::vector<std::string> names;
  for (const Frame& frame : frames) names.push_back(frame.name);
  for (const std::string& name : o.scans)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw InputError(o.dataset, "no scan '" + name + "' in these sequences" + did_you_mean(name, names));
  if (!o.scans.empty())
    std::erase_if(frames, [&](const Frame& frame) {
      return std::find(o.scans.begin(), o.scans.end(), frame.name) == o.scans.end();
    });
  if (o.limit > 0 && static_cast<std::size_t>(o.limit) < frames.size())
    frames.resize(static_cast<std::size_t>(o.limit));
  return frames;
}

std::vector<Job> list_jobs(const Options& o) {
  const std::vector<Panel> wanted = wanted_panels(o);
  std::vector<Job> jobs;
  if (o.dataset.empty()) {
    jobs.push_back({o.scan, o.labels, o.prediction, o.output, wanted});
  } else {
    for (const Frame& frame : chosen_frames(o, any(wanted, needs_labels)))
      jobs.push_back({frame.scan, frame.label,
                      o.predictions.empty() ? fs::path() : prediction_file(o.predictions, frame),
                      fs::path(o.output) / (frame.sequence + "_" + frame.name + ".png"), wanted});
  }
  for (Job& job : jobs) {
    if (job.panels.empty()) job.panels = panels_with_data(!job.label.empty(), o.network() || !job.prediction.empty());
    // A file that no panel shows need not exist.
    if (!any(job.panels, needs_labels)) job.label.clear();
    if (!any(job.panels, needs_prediction)) job.prediction.clear();
  }
  return jobs;
}

/// Draws jobs and adds up what they show.
class Renderer {
 public:
  explicit Renderer(const Options& options) : o_(options), bird_(options.view == "bev") {
    const int scale = o_.scale > 0 ? o_.scale : bird_ ? 1 : 2;
    layout_ = {.scale_x = bird_ ? scale : 1, .scale_y = scale, .side_by_side = bird_};
  }

  /// Throws UsageError where a picture would be too large.
  PictureSize size_of(const Job& job) const {
    const int height = bird_ ? kBirdCells : o_.model.projection.height;
    const int width = bird_ ? kBirdCells : o_.model.projection.width;
    return picture_size(height, width, job.panels.size(), layout_);
  }

  void load_network(std::span<const Job> jobs) {
    if (!o_.network() || jobs.empty()) return;
    const fs::path model = find_model(o_.model);
    simulator_.emplace(model, o_.model.simulator);
    announce_model(o_.model, model, *simulator_, o_.quiet);
  }

  void render(const Job& job) {
    const Scan scan = read_scan(job.scan);
    const std::vector<std::uint8_t> labels = classes_in(job.label, scan, truth_ids_);
    std::vector<std::uint8_t> prediction = classes_in(job.prediction, scan, predicted_ids_);
    const RangeImage image = project(scan, o_.model.projection);
    if (simulator_) prediction = predict({*simulator_, o_.model.projection, o_.knn, {}}, image);
    const Raster raster = bird_ ? bird_raster(scan, image) : image_raster(image);
    const Subject subject{scan, image, labels, prediction};
    write_png(job.picture, draw(subject, raster, job.panels, layout_));
    counts_.add(subject, raster);
    parts_.labels = parts_.labels || !labels.empty();
    parts_.prediction = parts_.prediction || !prediction.empty();
    panels_.insert(panels_.end(), job.panels.begin(), job.panels.end());
    if (!o_.quiet) announce(job);
  }

  void finish() {
    warn(truth_ids_, "ground truth");
    warn(predicted_ids_, "predicted");
    parts_.panels = panels_;
    if (!o_.quiet) std::cout << "\n";
    if (!o_.quiet) print_legend(std::cout, counts_, parts_);
  }

 private:
  /// Classes of the points in a .label file; none where there is no file.
  static std::vector<std::uint8_t> classes_in(const fs::path& file, const Scan& scan, UnknownIds& unknown) {
    if (file.empty()) return {};
    MappedLabels labels = read_classes(file, scan.points.size());
    unknown.add(labels, file);
    return std::move(labels.classes);
  }

  void announce(const Job& job) const {
    const PictureSize size = size_of(job);
    std::cout << job.picture.string() << ": " << size.width << " x " << size.height << ",";
    for (const Panel panel : job.panels) std::cout << " " << panel_name(panel);
    std::cout << std::endl;
  }

  const Options& o_;
  bool bird_;
  Layout layout_;
  std::optional<Simulator> simulator_;
  CellCounts counts_;
  UnknownIds truth_ids_, predicted_ids_;
  LegendParts parts_;
  std::vector<Panel> panels_;
};

}  // namespace

int run_render(const Arguments& arguments) {
  Options o;
  CLI::App app("Draws scans, labels, predictions and errors as PNG pictures.", "intsim render");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  refuse_without_network(app, o);
  check_combinations(o);
  const std::vector<Job> jobs = list_jobs(o);
  Renderer renderer(o);
  for (const Job& job : jobs) renderer.size_of(job);
  if (!o.dataset.empty()) make_directories(o.output);
  if (!jobs.empty()) AtomicFile probe(jobs.front().picture);  // the network must not run for an unwritable path
  renderer.load_network(jobs);
  const Interruption interruption;
  std::size_t done = 0;
  for (; done < jobs.size() && interruption.signal() == 0; ++done) renderer.render(jobs[done]);
  if (done < jobs.size()) {
    std::cerr << "intsim: interrupted by " << interruption.name() << " after " << done << " of " << jobs.size()
              << " pictures; those are complete\n";
    return interruption.exit_code();
  }
  renderer.finish();
  return 0;
}

}  // namespace intsim::cli
