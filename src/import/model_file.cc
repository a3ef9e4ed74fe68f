#include "import/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "intsim/error.h"
#include "intsim/version.h"
#include "io/hash.h"
#include "io/safetensors.h"
#include "io/strict_json.h"

namespace intsim {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "intsim-model";
constexpr const char* kSchema = "1";
constexpr const char* kChecksum = "content_xxh128";
constexpr int kMany = 1 << 20;

ordered_json grid_json(const Grid& g) {
  return {{"bits", g.bits}, {"symmetric", g.symmetric}, {"min", g.min}, {"max", g.max}};
}

ordered_json window_json(const Window& w) {
  return {{"kernel", {w.kernel_h, w.kernel_w}},
          {"stride", {w.stride_h, w.stride_w}},
          {"padding", {w.pad_h, w.pad_w}},
          {"dilation", {w.dilation_h, w.dilation_w}}};
}

ordered_json node_json(const GraphNode& node, const NodeData& data) {
  ordered_json j = {
      {"name", node.name}, {"op", op_name(node.op)}, {"inputs", node.inputs}, {"channels", node.out_channels}};
  if (node.op == Op::conv2d) j["in_channels"] = node.in_channels, j["groups"] = node.groups;
  if (node.op == Op::conv2d || node.op == Op::avg_pool) j["window"] = window_json(node.window);
  if (node.op == Op::pixel_shuffle) j["factor"] = node.factor;
  if (!node.count_pads) j["count_include_pad"] = false;
  if (!data.weight_grids.empty()) {
    j["weight"] = {{"bits", data.weight_grids[0].bits}, {"symmetric", data.weight_grids[0].symmetric}};
  }
  j["output"] = grid_json(data.output);
  return j;
}

std::vector<std::int64_t> weight_shape(const GraphNode& node) {
  if (node.op == Op::batch_norm) return {node.out_channels};
  return {node.out_channels, node.in_channels / node.groups, node.window.kernel_h, node.window.kernel_w};
}

template <class T>
SafetensorsTensor tensor_of(const std::string& name, const char* dtype, std::vector<std::int64_t> shape,
                            const std::vector<T>& v) {
  return {name, dtype, std::move(shape), to_bytes(v)};
}

bool all_within(const std::vector<std::int16_t>& codes, int low, int high) {
  return std::all_of(codes.begin(), codes.end(), [=](std::int16_t w) { return w >= low && w <= high; });
}

void put_weights(const GraphNode& node, const NodeData& data, std::vector<SafetensorsTensor>& out) {
  const std::string name = node.name + ".weight";
  const auto count = static_cast<std::int64_t>(data.weights.size());
  if (data.weight_grids[0].bits == 4 && all_within(data.weights, -8, 7))
    out.push_back({name, "U8", {(count + 1) / 2}, pack_int4(data.weights)});
  else if (all_within(data.weights, -128, 127))
    out.push_back(
        tensor_of(name, "I8", weight_shape(node), std::vector<std::int8_t>(data.weights.begin(), data.weights.end())));
  else
    out.push_back(tensor_of(name, "I16", weight_shape(node), data.weights));
  std::vector<double> min, max;
  for (const Grid& g : data.weight_grids) min.push_back(g.min), max.push_back(g.max);
  const auto grids = static_cast<std::int64_t>(min.size());
  out.push_back(tensor_of(name + ".min", "F64", {grids}, min));
  out.push_back(tensor_of(name + ".max", "F64", {grids}, max));
}

/// What the checksum covers of one tensor.
struct Content {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

/// XXH3-128 over the metadata and, by name, over dtype, shape and bytes of every tensor.
std::string content_hash(const std::map<std::string, std::string>& metadata,
                         const std::map<std::string, Content>& tensors) {
  Hasher hasher;
  const auto add = [&](const std::string& text) { hasher.update(std::as_bytes(std::span(text))); };
  for (const auto& [key, value] : metadata)
    if (key != kChecksum) add(key + '\0' + value + '\0');
  for (const auto& [name, t] : tensors) {
    std::string head = name + '\0' + t.dtype + '\0';
    for (const std::int64_t d : t.shape) head += std::to_string(d) + ' ';
    add(head + '\0');
    hasher.update(t.data);
  }
  return hasher.hex();
}

/// JSON text; bytes that are no UTF-8 (file names may have them) become U+FFFD.
std::string text_of(const ordered_json& j) { return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

/// Integer within limits; nlohmann would convert silently.
int integer(const nlohmann::json& j, int low, int high) {
  if (!j.is_number_integer() || j < low || j > high)
    throw nlohmann::json::other_error::create(599, "number out of range: " + json_text(j), &j);
  return j.get<int>();
}

}  // namespace

std::vector<std::byte> pack_int4(const std::vector<std::int16_t>& codes) {
  std::vector<std::byte> bytes((codes.size() + 1) / 2);
  for (std::size_t i = 0; i < codes.size(); ++i)
    bytes[i / 2] |= static_cast<std::byte>((codes[i] & 15) << (i % 2 == 0 ? 0 : 4));
  return bytes;
}

std::vector<std::int16_t> unpack_int4(std::span<const std::byte> bytes, std::size_t count) {
  std::vector<std::int16_t> codes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const int nibble = (std::to_integer<int>(bytes[i / 2]) >> (i % 2 == 0 ? 0 : 4)) & 15;
    codes[i] = static_cast<std::int16_t>(nibble < 8 ? nibble : nibble - 16);
  }
  return codes;
}

void write_model(const std::filesystem::path& path, const Model& model) {
  ordered_json graph = {
      {"name", model.name}, {"input_channels", model.graph.input_channels}, {"input", grid_json(model.input)}};
  std::vector<SafetensorsTensor> tensors;
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const GraphNode& node = model.graph.nodes[i];
    const NodeData& data = model.data[i];
    graph["nodes"].push_back(node_json(node, data));
    if (data.weights.empty()) continue;
    put_weights(node, data, tensors);
    tensors.push_back(tensor_of(node.name + ".bias", "F32", {node.out_channels}, data.bias));
    if (node.op != Op::batch_norm) continue;
    tensors.push_back(tensor_of(node.name + ".running_mean", "F32", {node.out_channels}, data.mean));
    tensors.push_back(tensor_of(node.name + ".running_var", "F32", {node.out_channels}, data.variance));
  }
  std::map<std::string, std::string> metadata = {{"format", kFormat},
                                                 {"schema", kSchema},
                                                 {"numerics_revision", std::to_string(kNumericsRevision)},
                                                 {"producer", std::string("intsim ") + kVersion},
                                                 {"graph", text_of(graph)},
                                                 {"sources", text_of(ordered_json(model.sources))}};
  std::map<std::string, Content> contents;
  for (const SafetensorsTensor& t : tensors) contents.emplace(t.name, Content{t.dtype, t.shape, t.data});
  metadata[kChecksum] = content_hash(metadata, contents);
  write_safetensors(path, metadata, tensors);
}

namespace {

/// Reads one file; every message names it.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path), where_(path.string()) {}

  Model run() {
    if (text("format") != kFormat) fail("is no intsim model", "create one with `intsim import`");
    if (text("schema") != kSchema)
      fail("has model schema " + text("schema") + ", this version reads " + kSchema,
           "import it again with this version");
    if (text("numerics_revision") != std::to_string(kNumericsRevision))
      fail("was written for numerics revision " + text("numerics_revision") + ", this version has " +
               std::to_string(kNumericsRevision),
           "import it again with this version");
    Model model;
    try {
      const auto graph = nlohmann::json::parse(text("graph"));
      model.name = graph.at("name").get<std::string>();
      model.graph.input_channels = integer(graph.at("input_channels"), 1, kMany);
      model.input = grid(graph.at("input"), "input");
      for (const auto& j : graph.at("nodes")) model.graph.nodes.push_back(node(j));
      check_graph(model.graph, where_);
      std::size_t i = 0;
      for (const auto& j : graph.at("nodes")) model.data.push_back(data(j, model.graph.nodes[i++]));
      model.sources = nlohmann::json::parse(text("sources")).get<std::map<std::string, std::string>>();
    } catch (const nlohmann::json::exception& e) {
      fail(std::string("damaged graph metadata: ") + e.what(), "import the model again");
    }
    std::map<std::string, Content> contents;
    for (const auto& [name, entry] : file_.tensors())
      contents.emplace(name, Content{entry.dtype, entry.shape, entry.data});
    if (text(kChecksum) != content_hash(file_.metadata(), contents))
      fail("content does not match its checksum", "the file is damaged; copy it or import it again");
    return model;
  }

 private:
  [[noreturn]] void fail(const std::string& why, const std::string& hint = "import the model again") const {
    throw InputError(where_, why, hint);
  }

  const std::string& text(const std::string& key) const {
    const auto it = file_.metadata().find(key);
    if (it == file_.metadata().end())
      fail("has no metadata '" + key + "', so it is no intsim model", "create one with `intsim import`");
    return it->second;
  }

  std::string at(const std::string& name) const { return where_ + ": quantiser of '" + name + "'"; }
  Grid grid(const nlohmann::json& j, const std::string& name) const {
    return checked_grid(integer(j.at("bits"), 0, kMany), j.at("min").get<double>(), j.at("max").get<double>(),
                        j.at("symmetric").get<bool>(), at(name));
  }

  GraphNode node(const nlohmann::json& j) const {
    GraphNode n;
    n.name = j.at("name").get<std::string>();
    n.op = parse_op(j.at("op").get<std::string>(), where_);
    for (const auto& v : j.at("inputs")) n.inputs.push_back(integer(v, 0, kMany));
    n.out_channels = integer(j.at("channels"), 1, kMany);
    if (n.op == Op::dropout) fail("node '" + n.name + "' is a dropout");
    if (n.op == Op::conv2d)
      n.in_channels = integer(j.at("in_channels"), 1, kMany), n.groups = integer(j.at("groups"), 1, kMany);
    if (n.op == Op::pixel_shuffle) n.factor = integer(j.at("factor"), 1, kMany);
    if (n.op == Op::avg_pool && j.contains("count_include_pad")) n.count_pads = j.at("count_include_pad").get<bool>();
    if (n.op == Op::conv2d || n.op == Op::avg_pool) {
      const auto& w = j.at("window");
      const auto pair = [&](const char* key, int& h, int& v) {
        h = integer(w.at(key).at(0), 0, kMany), v = integer(w.at(key).at(1), 0, kMany);
      };
      pair("kernel", n.window.kernel_h, n.window.kernel_w);
      pair("stride", n.window.stride_h, n.window.stride_w);
      pair("padding", n.window.pad_h, n.window.pad_w);
      pair("dilation", n.window.dilation_h, n.window.dilation_w);
    }
    return n;
  }

  NodeData data(const nlohmann::json& j, const GraphNode& n) const {
    NodeData d;
    d.output = grid(j.at("output"), n.name);
    if (n.op != Op::conv2d && n.op != Op::batch_norm) return d;
    const std::string name = n.name + ".weight";
    read_grids(j.at("weight"), n, d);
    d.weights = codes(name, weight_shape(n), d.weight_grids[0].bits);
    const std::size_t per_channel = d.weights.size() / static_cast<std::size_t>(n.out_channels);
    for (std::size_t i = 0; i < d.weights.size(); ++i) {
      const Grid& g = d.weight_grid(static_cast<int>(i / per_channel));
      if (d.weights[i] < g.offset || d.weights[i] > g.n + g.offset)
        fail("tensor '" + name + "' has a code outside its grid");
    }
    d.bias = finite(n.name + ".bias", n.out_channels);
    if (n.op == Op::conv2d) return d;
    d.mean = finite(n.name + ".running_mean", n.out_channels);
    d.variance = finite(n.name + ".running_var", n.out_channels);
    if (std::any_of(d.variance.begin(), d.variance.end(), [](float v) { return v < 0; }))
      fail("'" + n.name + ".running_var' is negative");
    return d;
  }

  void read_grids(const nlohmann::json& j, const GraphNode& n, NodeData& d) const {
    const std::string name = n.name + ".weight";
    const std::vector<double> min = file_.doubles(name + ".min"), max = file_.doubles(name + ".max");
    if (min.size() != max.size() || (min.size() != 1 && min.size() != static_cast<std::size_t>(n.out_channels)))
      fail("tensor '" + name + ".min' or '.max' has the wrong length");
    const int bits = integer(j.at("bits"), 0, kMany);
    if (bits > 8) fail("weights of '" + n.name + "' have more than 8 bits");
    for (std::size_t c = 0; c < min.size(); ++c)
      d.weight_grids.push_back(checked_grid(bits, min[c], max[c], j.at("symmetric").get<bool>(), at(name)));
  }

  std::vector<float> finite(const std::string& name, int count) const {
    std::vector<float> values = file_.floats(name, {count});
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      fail("tensor '" + name + "' has a value that is not finite");
    return values;
  }

  std::vector<std::int16_t> codes(const std::string& name, const std::vector<std::int64_t>& shape, int bits) const {
    const SafetensorsEntry& entry = file_.at(name);
    const auto count = static_cast<std::size_t>(element_count(shape, where_));
    if (bits == 4 && entry.dtype == "U8") {
      if (entry.data.size() != (count + 1) / 2) fail("tensor '" + name + "' has the wrong size");
      return unpack_int4(entry.data, count);
    }
    if (entry.shape != shape) fail("tensor '" + name + "' has the wrong shape");
    std::vector<std::int16_t> result(count);
    if (entry.dtype == "I16") {
      std::memcpy(result.data(), entry.data.data(), entry.data.size());
    } else if (entry.dtype == "I8") {
      std::transform(entry.data.begin(), entry.data.end(), result.begin(),
                     [](std::byte b) { return static_cast<std::int16_t>(static_cast<std::int8_t>(b)); });
    } else {
      fail("tensor '" + name + "' has dtype " + entry.dtype);
    }
    return result;
  }

  Safetensors file_;
  std::string where_;
};

}  // namespace

Model read_model(const std::filesystem::path& path) { return Reader(path).run(); }

}  // namespace intsim
