#include "cli/oracle_kernels.h"

#include <algorithm>
#include <thread>

#include "intsim/error.h"

namespace intsim::cli {
namespace {

constexpr const char* kHint = "use --kernels simd or --kernels ref";

oracle::Network read_network(const std::filesystem::path& model) {
  try {
    return oracle::Network::from_model_file(model.string());
  } catch (const std::exception& e) {
    throw InputError(model.string(), e.what(), kHint);
  }
}

}  // namespace

OracleKernels::OracleKernels(const std::filesystem::path& model, const Profile& profile, int threads)
    : model_(model),
      network_(read_network(model)),
      target_(oracle_target(profile)),
      threads_(threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))) {}

std::vector<std::uint8_t> OracleKernels::classes(const RangeImage& image,
                                                 const std::function<void(const PlanarTensor&)>& observer) const {
  oracle::FloatImage input{static_cast<int>(image.channels.size()) / (image.height * image.width),
                           image.height,
                           image.width,
                           {image.channels.begin(), image.channels.end()}};
  oracle::Observer inner;
  if (observer)
    inner = [&](const std::string&, const oracle::Codes& codes) {
      PlanarTensor t(codes.channels, codes.height, codes.width);
      std::transform(codes.data.begin(), codes.data.end(), t.codes.begin(),
                     [](int q) { return static_cast<std::uint16_t>(q); });
      observer(t);
    };
  try {
    const std::vector<int> classes = oracle::run_network(network_, target_, input, threads_, inner);
    return {classes.begin(), classes.end()};
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& e) {
    throw InputError(model_.string(), e.what(), kHint);
  }
}

}  // namespace intsim::cli
