// Which quantisers there are, and overrides of their bits.
#include "calibrate/plan.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::calibrate;
using test_model::Config;

namespace {

/// What the error says, "" without one.
std::string refusal(const std::string& json) {
  Plan plan = model_card_plan(Config::w8a8);
  try {
    apply_overrides(json, "o.json", plan);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& json, const std::string& part) {
  const std::string text = refusal(json);
  INFO(text);
  const bool found = text.find(part) != std::string::npos && text.starts_with("o.json");
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("the model card's configurations") {
  const Plan w8a8 = model_card_plan(Config::w8a8), w4a8 = model_card_plan(Config::w4a8);
  for (const Plan& plan : {w8a8, w4a8}) {
    CHECK(plan.activations.size() == 173);
    CHECK(plan.params.size() == 92);
    CHECK(plan.unsigned_symmetric);
    CHECK_FALSE(plan.params.contains("upBlock4.bn4.weight"));
  }
  CHECK_FALSE(w8a8.per_channel);
  CHECK(w4a8.per_channel);
  CHECK(exceptions(w8a8) == 3);
  CHECK(exceptions(w4a8) == 9 + 6);
  CHECK(w8a8.activations.at("resBlock1.pool") == 16);
  CHECK(w4a8.activations.at("resBlock1.pool") == 8);
  CHECK(w4a8.params.at("downCntx.bn2.weight") == 8);
  CHECK(w4a8.params.at("logits.weight") == 4);
}

TEST_CASE("overrides change what they name and nothing else") {
  Plan plan = model_card_plan(Config::w4a8);
  const Plan before = plan;
  apply_overrides(R"({"activations": {"input": 8, "logits": 16}, "params": {"logits.weight": 8}})", "o.json", plan);
  CHECK(plan.activations.at("input") == 8);
  CHECK(plan.activations.at("logits") == 16);
  CHECK(plan.params.at("logits.weight") == 8);
  CHECK(exceptions(plan) == exceptions(before) + 1);
  apply_overrides("{}", "o.json", plan);
  CHECK(exceptions(plan) == exceptions(before) + 1);
}

TEST_CASE("damaged overrides") {
  says("[]", "is no JSON object");
  says("{", "damaged JSON");
  says(R"({"activations": 3})", "'activations': is no JSON object");
  says(R"({"activation": {}})", "did you mean 'activations'?");
  says(R"({"activations": {"resblock1.pool": 16}})", "did you mean 'resBlock1.pool'?");
  says(R"({"params": {"downCntx.conv1": 8}})", "did you mean 'downCntx.conv1.weight'?");
  says(R"({"params": {"upBlock4.bn4.weight": 8}})", "folded into logits");
  says(R"({"activations": {"upBlock4.bn4": 8}})", "folded into logits");
  says(R"({"activations": {"logits": 12}})", "12 is no bit width here");
  says(R"({"activations": {"logits": 8.0}})", "no bit width");
  says(R"({"activations": {"logits": "8"}})", "no bit width");
  says(R"({"activations": {"logits": 18446744073709551615}})", "no bit width");
  says(R"({"params": {"logits.weight": 16}})", "weights have 4 or 8 bits");
  says(R"({"params": {"logits.weight": 8, "logits.weight": 4}})", "occurs twice");
}
