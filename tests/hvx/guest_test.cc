// Requests that the HVX program must refuse, and what the caller is told.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "hvx/random_case.h"
#include "hvx/support.h"
#include "intsim/error.h"

using namespace intsim;

namespace {

std::string g_folder;

/// A 3x3 convolution that is in order.
test::HvxCase good_case() {
  std::mt19937_64 rng(3);
  return test::random_case({.op = HvxOp::conv, .variant = 1}, rng);
}

/// Message of the error that a request and its codes lead to; "" where the program takes them.
std::string message(const HvxRequest& request, std::size_t missing = 0) {
  HvxGuest guest(g_folder + "/network.elf");
  std::vector<std::byte> bytes = serialise(request);
  for (const HvxValue& v : request.inputs)
    bytes.resize(bytes.size() + v.codes() * static_cast<std::size_t>(v.bytes_per_code()));
  bytes.resize(bytes.size() - missing);
  try {
    guest.send(bytes);
    if (missing > 0) guest.finish();
    std::vector<std::byte> reply(32 + request.nodes[0].y.codes());
    guest.receive(reply);
    guest.finish();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::internal);
    return error.what();
  }
  return "";
}

void refused(const char* what, void (*damage)(HvxRequest&)) {
  HvxRequest request = good_case().request;
  damage(request);
  CHECK_MESSAGE(message(request).find("malformed") != std::string::npos, what);
}

}  // namespace

TEST_CASE("a request in order is answered") { CHECK(message(good_case().request) == ""); }

TEST_CASE("requests that do not fit together are refused") {
  refused("operation", [](HvxRequest& r) { r.nodes[0].op = static_cast<HvxOp>(9); });
  refused("form", [](HvxRequest& r) { r.nodes[0].form = static_cast<HvxForm>(3); });
  refused("operand after the node", [](HvxRequest& r) { r.nodes[0].operands = {1}; });
  refused("negative operand", [](HvxRequest& r) { r.nodes[0].operands = {-1}; });
  refused("two operands", [](HvxRequest& r) { r.nodes[0].operands = {0, 0}; });
  refused("no operand", [](HvxRequest& r) { r.nodes[0].operands = {}; });
  refused("parameters", [](HvxRequest& r) { r.nodes[0].parameters.push_back(0); });
  refused("weights", [](HvxRequest& r) { r.nodes[0].weights.push_back(0); });
  refused("output width", [](HvxRequest& r) { ++r.nodes[0].y.width; });
  refused("input channels", [](HvxRequest& r) { ++r.inputs[0].channels; });
  refused("bits", [](HvxRequest& r) { r.inputs[0].bits = 12; });
  refused("largest code", [](HvxRequest& r) { r.inputs[0].max = 256; });
  refused("zero point", [](HvxRequest& r) { r.inputs[0].zero = -1; });
  refused("8-bit form of 16-bit codes", [](HvxRequest& r) { r.inputs[0].bits = 16; });
  refused("kernel", [](HvxRequest& r) { r.nodes[0].parameters[0] = 0; });
  refused("dilation", [](HvxRequest& r) { r.nodes[0].parameters[5] = 65; });
  refused("kind of weights", [](HvxRequest& r) { r.nodes[0].parameters[6] = 3; });
}

TEST_CASE("an input that ends early is named") {
  const HvxRequest request = good_case().request;
  for (const std::size_t missing : {std::size_t{1}, serialise(request).size() / 2})
    CHECK(message(request, missing).find("ended inside a request") != std::string::npos);
}

int main(int argc, char** argv) {
  g_folder = test::argument(argc, argv, "programs");
  if (!test::can_run(g_folder, "network")) return test::kSkipped;
  return doctest::Context(argc, argv).run();
}
