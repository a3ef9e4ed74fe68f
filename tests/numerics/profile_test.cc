// The profile table, and target files that mix its rules.
#include "numerics/profile.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "intsim/error.h"
#include "numerics/target_file.h"

using namespace intsim;

namespace {

Profile read(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / ("intsim_target_" + std::to_string(::getpid()) + ".json");
  std::ofstream(path) << text;
  struct Remove {
    const std::filesystem::path& path;
    ~Remove() { std::filesystem::remove(path); }
  } const remove{path};
  return read_target(path.string());
}

void refused(const std::string& text, const std::string& part) {
  try {
    read(text);
    FAIL_CHECK("accepted: " << text);
  } catch (const InputError& e) {
    CHECK_MESSAGE(std::string(e.what()).find(part) != std::string::npos, e.what());
  }
}

}  // namespace

TEST_CASE("ten profiles with distinct names, each row filled") {
  CHECK(profiles().size() == 10);
  CHECK(profiles().front().name == "hexagon-hvx");
  std::set<std::string> names;
  for (const Profile& p : profiles()) {
    names.insert(p.name);
    CHECK(read_target(p.name).conv2d == p.conv2d);
    for (const std::string& text : {p.summary, p.source, p.confidence, p.checked_by}) CHECK_FALSE(text.empty());
    for (const ProfileOp& op : profile_ops()) CHECK(rule_covers(p.*op.rule, op));
    CHECK(p.alternatives == Alternatives{});
  }
  CHECK(names.size() == 10);
  CHECK_THROWS_AS(read_target("hexagon-hvy"), UsageError);
}

TEST_CASE("a target file mixes rules, alternatives and the overflow policy") {
  const Profile p = read(R"({"name": "mine", "base": "tflite", "overflow": "saturate",
                             "rules": {"conv2d": "hmx", "add": "hvx8", "batch_norm": "hvx8"},
                             "alternatives": {"bn": "batchnorm_d32"}})");
  CHECK(p.name == "mine");
  CHECK(p.conv2d == Rule::hmx);
  CHECK(p.add == Rule::hvx8);
  CHECK(p.leaky_relu == Rule::tflite);
  CHECK(p.softmax == Rule::wide);
  CHECK(p.overflow == Overflow::saturate);
  CHECK(p.alternatives.batchnorm_d32);
  CHECK_FALSE(p.alternatives.flat_concat);
  const auto options = recorded_options(p);
  CHECK(options.at("overflow") == "saturate");
  CHECK(options.at("bn") == "batchnorm_d32");
  CHECK(options.at("rule.conv2d") == "hmx");
  // Those of Concat, AvgPool2d and Conv2d act on the rule hvx8 only.
  CHECK_FALSE(options.contains("concat"));
  CHECK(options.size() == 1 + 1 + 8);
  CHECK(recorded_options(profiles().front()).size() == 6);
  CHECK(recorded_options(find_profile("ideal")).size() == 1);
  CHECK(recorded_options(find_profile("tflite")).at("overflow") == "wrap");
}

TEST_CASE("every rule, alternative and policy can be named") {
  for (const ProfileOp& op : profile_ops())
    for (const Rule rule : all_rules()) {
      const std::string text =
          std::string(R"({"name": "x", "rules": {")") + op.name + "\": \"" + rule_name(rule) + "\"}}";
      if (rule_covers(rule, op))
        CHECK(read(text).*op.rule == rule);
      else
        refused(text, std::string("rules.") + op.name);
    }
  for (const AlternativeField& field : alternative_fields()) {
    const std::string text = std::string(R"({"name": "x", "alternatives": {")") + field.name + "\": \"";
    CHECK(read(text + field.other + "\"}}").alternatives.*field.flag);
    CHECK_FALSE(read(text + field.standard + "\"}}").alternatives.*field.flag);
  }
  for (const auto& [name, policy] : overflow_policies())
    CHECK(read(std::string(R"({"name": "x", "overflow": ")") + name + "\"}").overflow == policy);
}

TEST_CASE("bad target files are refused with the field") {
  refused("[1]", "is no object");
  refused("{", "");
  refused(R"({"base": "ideal"})", "'name': is missing");
  refused(R"({"name": "ideal"})", "is a built-in profile");
  refused(R"({"name": "none"})", "'none' stands for");
  refused(R"({"name": "a b"})", "letters");
  refused(R"({"name": "x", "bse": "ideal"})", "did you mean 'base'");
  refused(R"({"name": "x", "base": "idel"})", "did you mean 'ideal'");
  refused(R"({"name": "x", "rules": {"conv": "wide"}})", "'rules.conv': is unknown");
  refused(R"({"name": "x", "rules": {"conv2d": 3}})", "'rules.conv2d': is no text");
  refused(R"({"name": "x", "rules": []})", "'rules': is no object");
  refused(R"({"name": "x", "alternatives": {"bn": "depth"}})", "'alternatives.bn'");
  refused(R"({"name": "x", "base": "ideal", "alternatives": {"bn": "batchnorm_d32"}})",
          "has no effect: the rule of batch_norm is 'wide', not 'hvx8'");
  refused(R"({"name": "x", "rules": {"conv2d": "hmx"}, "alternatives": {"conv16": "exact"}})", "'alternatives.conv16'");
  refused(R"({"name": "x", "overflow": "rap"})", "did you mean 'wrap'");
  refused(R"({"name": "x", "name": "y"})", "name");
  CHECK_THROWS_AS(read_target("absent.json"), InputError);
}
