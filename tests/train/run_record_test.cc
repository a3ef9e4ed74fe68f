// The state file: continuing a run, and refusing another one.
#include "train/run_record.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common.h"
#include "intsim/error.h"
#include "io/file.h"
#include "support/torch_doctest.h"
#include "torch/checkpoint.h"

namespace {

using namespace intsim;
using namespace intsim::test;
using namespace intsim::train;
using torch::Tensor;

std::vector<LabelledImage> sphere_images() {
  const Scan scan = sphere();
  return {image_of(scan, project(scan))};
}

/// Two sequences of two and one scans.
std::vector<Frame> frames() { return {{"00", "000000", "", ""}, {"00", "000001", "", ""}, {"03", "000007", "", ""}}; }

/// Writes a state without tensors.
std::filesystem::path state_with(const TemporaryFolder& folder, const std::map<std::string, std::string>& metadata) {
  write_safetensors(folder.path / "s", metadata, {});
  return folder.path / "s";
}

TEST_CASE("a resumed run ends like an uninterrupted one, and the loss falls") {
  const auto images = sphere_images();
  const TemporaryFolder folder;
  const auto file = folder.path / "state.safetensors";
  Plan plan = small_plan();
  plan.crop_width = 64;
  const RunRecord record = plan_record(plan);
  Trainer whole(plan, images);
  std::vector<double> losses;
  for (int step = 0; step < 6; ++step) losses.push_back(whole.advance().cross_entropy);
  CHECK(losses[5] < losses[0]);
  {
    Trainer first(plan, images);
    for (int step = 0; step < 3; ++step) first.advance();
    first.save(file, record);
  }
  Trainer second(plan, images);
  second.resume(file, record);
  CHECK(second.step() == 3);
  CHECK(second.start() == "none");
  for (int step = 3; step < 6; ++step) CHECK(second.advance().cross_entropy == losses[static_cast<std::size_t>(step)]);
  for (const auto& [name, tensor] : whole.network().state()) CHECK(tensor.equal(second.network().state().at(name)));
  Plan other = plan;
  other.rate = 1e-3;
  Trainer third(other, images);
  CHECK_THROWS_WITH_AS(third.resume(file, plan_record(other)),
                       doctest::Contains("--rate: the run has 0.0015, asked for is 0.001"), UsageError);
}

TEST_CASE("what is dropped after a resumption follows from seed + step alone") {
  const std::vector<LabelledImage> images = {small_image(64, 1), small_image(64, 2)};
  const TemporaryFolder folder;
  Plan plan = small_plan();
  plan.dropout = 0.5;
  plan.workers = 1;  // two would draw from one generator in any order
  Trainer first(plan, images);
  first.advance();
  first.save(folder.path / "state", {});
  std::vector<double> losses;
  for (int round = 0; round < 2; ++round) {
    Trainer continued(plan, images);
    if (round == 1) torch::rand({1000});  // whatever was drawn before
    continued.resume(folder.path / "state", {});
    losses.push_back(continued.advance().cross_entropy);
  }
  CHECK(losses[0] == losses[1]);
  Trainer again(plan, images);
  again.resume(folder.path / "state", {});
  const torch::Tensor drawn = torch::rand({100});
  torch::manual_seed(plan.seed + 1);  // one step is done
  CHECK(drawn.equal(torch::rand({100})));
}

TEST_CASE("every field of a plan is in the record, with all its digits") {
  const Plan plan;
  std::vector<Plan> others(15, plan);
  others[0].steps += 1;
  others[1].warmup += 1;
  others[2].rate = std::nextafter(plan.rate, 1);
  others[3].weight_decay = std::nextafter(plan.weight_decay, 1);
  others[4].dropout = std::nextafter(plan.dropout, 1);
  others[5].cross_entropy = std::nextafter(plan.cross_entropy, 2);
  others[6].lovasz = std::nextafter(plan.lovasz, 2);
  others[7].crop_width = 128;
  others[8].crops_per_worker += 1;
  others[9].workers += 1;
  others[10].seed += 1;
  others[11].augmentation.flip = 0.25;
  others[12].augmentation.rotate = false;
  others[13].augmentation.drop = std::nextafter(plan.augmentation.drop, 1);
  others[14].augmentation.scale = 0.0;
  const RunRecord record = plan_record(plan);
  std::set<std::string> differing;
  for (const Plan& other : others) {
    const RunRecord changed = plan_record(other);
    REQUIRE(changed.size() == record.size());
    int differences = 0;
    for (std::size_t i = 0; i < record.size(); ++i)
      if (changed[i].value != record[i].value) differing.insert(record[i].key), ++differences;
    CHECK(differences == 1);
  }
  CHECK(differing.size() == 15);
  CHECK(record.size() == 15);
}

TEST_CASE("the record of the data tells names, stride and contents") {
  const RunRecord record = frames_record(frames(), 2);
  REQUIRE(record.size() == 3);
  CHECK(record[0].value == "2");
  CHECK(record[1].value == "00:2 03:1");
  auto renamed = frames(), moved = frames(), fewer = frames();
  renamed[1].name = "000002";
  moved[1].sequence = "03";
  fewer.pop_back();
  for (const auto& other : {renamed, moved, fewer}) CHECK(frames_record(other, 2)[2].value != record[2].value);
  CHECK(frames_record(frames(), 2)[2].value == record[2].value);
  const std::vector<LabelledImage> images = {small_image(32, 1), small_image(32, 2)};
  const std::string contents = contents_entry(images).value;
  CHECK(contents_entry({small_image(32, 1), small_image(32, 2)}).value == contents);
  CHECK(contents_entry({small_image(32, 2), small_image(32, 1)}).value != contents);
  auto changed = images;
  changed[1].planes.back() = std::nextafter(changed[1].planes.back(), 100.0F);
  CHECK(contents_entry(changed).value != contents);
  changed = images;
  changed[1].classes[0] = 9;
  CHECK(contents_entry(changed).value != contents);
  changed = images;
  changed[0].filled[0] = 0;
  CHECK(contents_entry(changed).value != contents);
}

TEST_CASE("all differences are named at once, with what the run has and what was asked for") {
  const TemporaryFolder folder;
  RunRecord record = plan_record(small_plan());
  for (const RunEntry& entry : frames_record(frames(), 1)) record.push_back(entry);
  const Safetensors file(state_with(folder, state_metadata(record, "none", 4)));
  CHECK_NOTHROW(require_same_run(file, record));
  CHECK_NOTHROW(require_same_run(file, plan_record(small_plan())));
  CHECK(saved_step(file, 6) == 4);
  Plan plan = small_plan();
  plan.seed = 7;
  RunRecord other = plan_record(plan);
  for (const RunEntry& entry : frames_record({frames()[0]}, 3)) other.push_back(entry);
  for (const char* part :
       {"--seed: the run has 1, asked for is 7\n", "--stride: the run has 1, asked for is 3\n",
        "training scans per sequence: the run has 00:2 03:1, asked for is 00:1\n", "or give another --output"})
    CHECK_THROWS_WITH_AS(require_same_run(file, other), doctest::Contains(part), UsageError);
}

TEST_CASE("states of other releases and damaged ones are input errors that name file and key") {
  const TemporaryFolder folder;
  const RunRecord record = plan_record(small_plan());
  const auto good = state_metadata(record, "none", 4);
  for (const auto& [key, value] : good) {
    auto without = good;
    without.erase(key);
    const Safetensors file(state_with(folder, without));
    const auto read = [&] {
      require_same_run(file, record);
      state_value(file, "start");
      saved_step(file, 6);
    };
    const std::string wanted = (folder.path / "s").string() + ": metadata '" + key + "' is missing";
    CHECK_THROWS_WITH_AS(read(), doctest::Contains(wanted.c_str()), InputError);
  }
  for (const char* key : {"format", "schema"}) {
    auto other = good;
    other[key] = "7";
    const Safetensors file(state_with(folder, other));
    CHECK_THROWS_WITH_AS(require_same_run(file, record), doctest::Contains(key), InputError);
  }
  for (const char* step : {"", "abc", "-1", "7", "4 ", " 4", "4.0", "99999999999999999999"}) {
    CAPTURE(step);
    auto other = good;
    other["step"] = step;
    const Safetensors file(state_with(folder, other));
    const std::string wanted = (folder.path / "s").string() + ": metadata 'step' is '" + step + "'";
    CHECK_THROWS_WITH_AS(saved_step(file, 6), doctest::Contains(wanted.c_str()), InputError);
  }
  // A tensor that is missing.
  const std::vector<LabelledImage> images = {small_image(32, 1)};
  Trainer trainer(small_plan(), images);
  CHECK_THROWS_WITH_AS(trainer.resume(state_with(folder, good), record), doctest::Contains("tensor '"), InputError);
}

TEST_CASE("a run that starts from weights has them and remembers which") {
  const std::vector<LabelledImage> images = {small_image(32, 1)};
  const TemporaryFolder folder;
  torch::manual_seed(11);
  const torch_tools::Network other;
  Trainer trainer(small_plan(), images);
  trainer.start_from(other.state(), "given");
  for (const auto& [name, tensor] : trainer.network().state()) CHECK(tensor.equal(other.state().at(name)));
  CHECK(trainer.start() == hash_state(other.state()));
  trainer.advance();
  CHECK_FALSE(trainer.network().state().at("logits.weight").equal(other.state().at("logits.weight")));
  trainer.save(folder.path / "state", {});
  Trainer second(small_plan(), images);
  second.resume(folder.path / "state", {});
  CHECK(second.start() == trainer.start());
  // One value, and one name, are enough for another hash.
  torch_tools::State changed = other.state();
  changed["logits.bias"] = changed["logits.bias"].clone();
  changed["logits.bias"][19] += 1e-3;
  CHECK(hash_state(changed) != trainer.start());
}

TEST_CASE("weights that no run can start from are refused by the tensor's name") {
  const std::vector<LabelledImage> images = {small_image(32, 1)};
  torch::manual_seed(12);
  const torch_tools::Network other;
  Trainer trainer(small_plan(), images);
  const Tensor own = trainer.network().state().at("downCntx.conv1.bias").clone();
  const auto refuses = [&](const torch_tools::State& state, const std::string& text) {
    CHECK_THROWS_WITH_AS(trainer.start_from(state, "FILE"), doctest::Contains(text.c_str()), InputError);
    CHECK(trainer.network().state().at("downCntx.conv1.bias").equal(own));  // nothing was taken
    CHECK(trainer.start() == "none");
  };
  refuses(other.folded().state(), "FILE: tensor 'upBlock4.bn4.bias' is missing; this batch norm is folded");
  for (const auto& name : {"resBlock3.conv2.weight", "upBlock1.bn2.running_var"}) {
    auto state = other.state();
    state.erase(name);
    refuses(state, std::string("FILE: tensor '") + name + "' is missing");
    state[name] = other.state().at(name).slice(0, 1);
    refuses(state, std::string("FILE: tensor '") + name + "' has another shape");
    state[name] = other.state().at(name).clone();
    state[name].view(-1)[3] = std::numeric_limits<float>::infinity();
    refuses(state, std::string("FILE: tensor '") + name + "' holds a value that is not finite");
  }
}

TEST_CASE("a checkpoint in bfloat16 reads back as the rounded values") {
  torch::manual_seed(1);
  const torch_tools::Network network;
  const TemporaryFolder folder;
  const auto file = folder.path / "checkpoint.safetensors";
  torch_tools::write_checkpoint(file, network.state(), torch_tools::Precision::bfloat16, {});
  const auto state = torch_tools::read_checkpoint(file);
  CHECK(state.size() == 270);
  for (const auto& [name, tensor] : network.state())
    CHECK(state.at(name).equal(tensor.to(torch::kBFloat16).to(torch::kFloat32)));
  CHECK(std::filesystem::file_size(file) < 14'000'000);
}

}  // namespace
