// The SalsaNext graph against figures counted from the published network.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <set>

#include "graph/salsanext.h"
#include "intsim/error.h"

using namespace intsim;

namespace {

std::vector<std::string> reads(const Graph& g, const std::string& name) {
  std::vector<std::string> result;
  for (const ValueId v : g.nodes[static_cast<std::size_t>(g.find(name))].inputs)
    result.push_back(v == 0 ? "input" : g.nodes[static_cast<std::size_t>(v - 1)].name);
  return result;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("186 modules by type") {
  const Graph g = salsanext_prepared();
  CHECK(g.nodes.size() == 186);
  std::map<std::string, int> count;
  for (const GraphNode& n : g.nodes) ++count[op_type(n.op)];
  CHECK(count == std::map<std::string, int>{{"Conv2d", 51},
                                            {"LeakyReLU", 50},
                                            {"BatchNorm2d", 42},
                                            {"AvgPool2d", 4},
                                            {"PixelShuffle", 4},
                                            {"Add", 8},
                                            {"Concat", 13},
                                            {"Softmax", 1},
                                            {"Dropout2d", 13}});
  const Graph run = salsanext();
  CHECK(run.nodes.size() == 172);
  CHECK(run.find("upBlock4.bn4") == -1);
  CHECK(run.find("resBlock2.dropout") == -1);
  CHECK_NOTHROW(check_graph(run, "test"));
}

TEST_CASE("parameters and multiply-accumulates") {
  const Graph g = salsanext_prepared();
  const std::vector<Extent> extents = infer_extents(g, {64, 2048});
  std::int64_t parameters = 0, macs = 0;
  std::map<std::string, std::int64_t> block;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const GraphNode& n = g.nodes[i];
    if (n.op == Op::batch_norm) parameters += 2 * n.out_channels;
    if (n.op != Op::conv2d) continue;
    parameters += std::int64_t{n.out_channels} * (n.reduction() + 1);
    const std::int64_t own =
        std::int64_t{n.out_channels} * n.reduction() * extents[i + 1].height * extents[i + 1].width;
    macs += own;
    block[n.name.substr(0, n.name.find('.'))] += own;
  }
  CHECK(parameters == 6'711'572);
  CHECK(macs == 62'297'997'312);
  CHECK(block["downCntx"] == 2'436'890'624);
  CHECK(block["resBlock1"] == 11'274'289'152);
  CHECK(block["resBlock5"] == 872'415'232);
  CHECK(block["upBlock1"] == 1'291'845'632);
  CHECK(block["upBlock4"] == 5'167'382'528);
  CHECK(block["logits"] == 83'886'080);
}

TEST_CASE("wiring that is easy to get wrong") {
  const Graph g = salsanext();
  CHECK(reads(g, "downCntx.conv1") == Names{"input"});
  CHECK(reads(g, "downCntx.conv2") == Names{"downCntx.act1"});  // the shortcut, not the block's input
  CHECK(reads(g, "downCntx2.conv2") == Names{"downCntx2.act1"});
  CHECK(reads(g, "module_add") == Names{"downCntx.act1", "downCntx.bn2"});
  CHECK(reads(g, "resBlock1.conv1") == Names{"module_add_2"});
  CHECK(reads(g, "resBlock1.conv2") == Names{"module_add_2"});  // the block's input
  CHECK(reads(g, "resBlock2.conv2") == Names{"resBlock1.pool"});
  CHECK(reads(g, "module_cat") == Names{"resBlock1.bn1", "resBlock1.bn2", "resBlock1.bn3"});
  CHECK(reads(g, "module_add_3") == Names{"resBlock1.act1", "resBlock1.bn4"});
  CHECK(reads(g, "resBlock2.pool") == Names{"module_add_4"});
  CHECK(reads(g, "upBlock1.pixel_shuffle") == Names{"module_add_7"});
  CHECK(reads(g, "module_cat_5") == Names{"upBlock1.pixel_shuffle", "module_add_6"});  // skips leave before the pool
  CHECK(reads(g, "module_cat_7") == Names{"upBlock2.pixel_shuffle", "module_add_5"});
  CHECK(reads(g, "module_cat_9") == Names{"upBlock3.pixel_shuffle", "module_add_4"});
  CHECK(reads(g, "module_cat_11") == Names{"upBlock4.pixel_shuffle", "module_add_3"});
  CHECK(reads(g, "module_cat_12") == Names{"upBlock4.bn1", "upBlock4.bn2", "upBlock4.bn3"});
  CHECK(reads(g, "logits") == Names{"upBlock4.act4"});
  CHECK(reads(g, "module_softmax") == Names{"logits"});
  const auto channels = [&](const char* name) { return g.nodes[static_cast<std::size_t>(g.find(name))].out_channels; };
  CHECK(channels("module_cat_5") == 320);
  CHECK(channels("module_cat_7") == 288);
  CHECK(channels("module_cat_9") == 160);
  CHECK(channels("module_cat_11") == 80);
  CHECK(channels("module_softmax") == 20);
}

TEST_CASE("windows that do not fit have no output") {
  const Window w{.kernel_h = 2, .kernel_w = 3, .stride_h = 2, .stride_w = 2};
  CHECK(w.out_height(1) == 0);
  CHECK(w.out_height(2) == 1);
  CHECK(w.out_height(5) == 2);
  CHECK(w.out_width(2) == 0);
  CHECK(w.out_width(5) == 2);
}

TEST_CASE("graphs that would overflow are refused") {
  Graph g;
  g.input_channels = 16384;
  GraphNode cat{.name = "cat", .op = Op::concat, .inputs = std::vector<ValueId>(262145, 0), .out_channels = 16384};
  g.nodes = {cat};
  CHECK_THROWS_AS(check_graph(g, "test"), InputError);
  Graph grow;
  grow.input_channels = 16384;
  GraphNode shuffle{.name = "s", .op = Op::pixel_shuffle, .inputs = {0}, .out_channels = 4};
  shuffle.factor = 64;
  grow.nodes = {shuffle};
  CHECK_NOTHROW(check_graph(grow, "test"));
  CHECK_THROWS_AS(infer_extents(grow, {2048, 2048}), InputError);
}

TEST_CASE("sizes are free in multiples of 16") {
  const Graph g = salsanext();
  CHECK(infer_extents(g, {16, 16}).back() == Extent{16, 16});
  CHECK(infer_extents(g, {48, 112}).back() == Extent{48, 112});
  CHECK_THROWS_AS(infer_extents(g, {64, 2040}), InputError);
  CHECK_THROWS_AS(infer_extents(g, {60, 2048}), InputError);
}

TEST_CASE("padding: more of it below and to the right; averages that could see nothing else are refused") {
  const Window w{.kernel_h = 5, .kernel_w = 3, .stride_h = 5, .pad_h = 1, .pad_w = 1, .extra_h = 1, .extra_w = 1};
  CHECK(w.out_height(12) == 3);  // starts -1, 4, 9: the last window reaches two rows below the image
  CHECK(w.out_width(4) == 5);
  Graph g{.input_channels = 2, .nodes = {}};
  g.nodes.push_back({.name = "pool", .op = Op::avg_pool, .inputs = {0}, .out_channels = 2, .window = w});
  CHECK_NOTHROW(check_graph(g, "test"));
  g.nodes[0].count_pads = false;
  CHECK_NOTHROW(check_graph(g, "test"));
  g.nodes[0].window.extra_w = 2;  // a window of three columns in padding alone
  CHECK_THROWS_AS(check_graph(g, "test"), InputError);
  g.nodes[0].window = {.kernel_h = 2, .kernel_w = 2, .dilation_h = 2};
  CHECK_THROWS_AS(check_graph(g, "test"), InputError);
  g.nodes[0].count_pads = true;
  CHECK_NOTHROW(check_graph(g, "test"));
}
