// The ground as a grid of heights, and where a ray meets it.
#pragma once

#include <cstdint>
#include <vector>

#include "make_dataset/route.h"

namespace intsim::street {

/// One cell of 0.2 m.
struct GroundCell {
  float height = 0;
  std::uint16_t label = 0xffff;  ///< 0xffff: beyond the world
  std::uint8_t albedo = 0;       ///< in 1/256
  std::uint8_t spare = 0;
};

/// Smooth random surface: bilinear between random values in [−1, 1] at multiples of `period`, eased.
double value_noise(std::uint64_t key, double x, double y, double period);

class Ground {
 public:
  static constexpr double kCell = 0.2;
  static constexpr double kReach = 84;  ///< metres to both sides of the route

  /// Most cells of a ground, 8 bytes each.
  static constexpr std::size_t kMaxCells = std::size_t{1} << 27;

  /// Throws UsageError where the route's bounding box needs more than kMaxCells; errors as for_each_part's.
  Ground(const Route& route, const Plan& plan, std::uint64_t key, unsigned threads);

  /// Base surface: hills and dips without kerbs.
  double base(double x, double y) const;
  /// Height of the surface, bilinear between cell centres.
  double height(double x, double y) const;
  const GroundCell& cell(double x, double y) const;
  /// Upward normal over about half a metre.
  Vec normal(double x, double y) const;
  /// Distance to the first meeting of a ray within `limit` metres; kMiss where there is none.
  double cast(const Vec& origin, const Vec& direction, double limit) const;

 private:
  static constexpr std::size_t kBlock = 16;  ///< cells of a coarse cell

  void fill_row(const Route& route, const Plan& plan, std::size_t row);
  void fill_blocks();
  double refine(const Vec& origin, const Vec& direction, double above, double below) const;

  std::uint64_t key_;
  double west_, south_;  ///< world corner
  std::size_t columns_, rows_, block_columns_, block_rows_;
  std::vector<GroundCell> cells_;
  std::vector<float> highest_;  ///< by block, neighbours included
  double top_ = -1e9;
};

}  // namespace intsim::street
