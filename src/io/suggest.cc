#include "io/suggest.h"

#include <algorithm>
#include <numeric>

namespace intsim {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return edit_distance(name, a) < edit_distance(name, b);
  };
  const auto best = std::min_element(candidates.begin(), candidates.end(), nearer);
  return best == candidates.end() ? std::string() : *best;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const auto contains = [&](const std::string& c) { return name.size() > 2 && c.find(name) != std::string::npos; };
  const auto part = std::find_if(candidates.begin(), candidates.end(), contains);
  const std::string best = part != candidates.end() ? *part : nearest_name(name, candidates);
  const bool similar = part != candidates.end() ||
                       (!best.empty() && 3 * edit_distance(name, best) <= std::max(name.size(), best.size()));
  return similar ? "; did you mean '" + best + "'?" : "";
}

}  // namespace intsim
