// The rays of one turn and the nearest thing on each.
#pragma once

#include <cstdint>
#include <vector>

#include "make_dataset/object.h"

namespace intsim::street {

/// Where an object is in the sensor frame.
struct LocalFrame {
  Vec offset;
  Rotation axes;
};

struct RayHit {
  double distance = kMiss;
  const Object* object = nullptr;
  const LocalFrame* frame = nullptr;
  std::uint32_t primitive = 0;
  bool window = false;
};

/// One ray per shot, beam by beam. Objects are drawn into it one by one: each primitive is tried on the rays between
/// the angles that it spans.
class RayImage {
 public:
  /// `advance`: metres that the scanner moves in one turn. Points are given in the frame of the middle of the turn,
  /// which starts and ends straight behind: a ray at azimuth φ starts at x = −advance·φ/2π.
  RayImage(double advance, std::uint64_t key);

  std::size_t size() const { return rays_.size(); }
  Vec origin(std::size_t ray) const { return {rays_[ray].start, 0, height_[ray / columns_]}; }
  const Vec& direction(std::size_t ray) const { return rays_[ray].direction; }
  const RayHit& hit(std::size_t ray) const { return hits_[ray]; }
  /// Gain of the ray's laser, 0.9 to 1.1.
  double gain(std::size_t ray) const { return gain_[ray / columns_]; }

  /// The order of the objects never changes the result; near ones first is fastest. Both arguments are kept by address.
  void draw(const Object& object, const LocalFrame& frame);

 private:
  struct Ray {
    Vec direction;
    double start;
  };
  struct Window {
    int first_beam, last_beam;  // inclusive
    int first_column, columns;  // wraps around
    double nearest;
  };
  Window window(const Primitive& primitive, const LocalFrame& frame) const;
  void try_ray(std::size_t ray, const Object& object, std::uint32_t number, const LocalFrame& frame, double reach);

  std::size_t columns_;
  double advance_;
  std::vector<double> azimuth_;                  ///< of the columns, 0 … 2π
  std::vector<double> tangent_, height_, gain_;  ///< of the beams
  std::vector<Ray> rays_;
  std::vector<RayHit> hits_;
  std::uint64_t key_;
};

}  // namespace intsim::street
