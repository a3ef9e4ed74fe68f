#include "make_dataset/scanner.h"

#include <algorithm>
#include <cmath>

#include "make_dataset/labels.h"
#include "make_dataset/ray_image.h"
#include "make_dataset/remission.h"

namespace intsim::street {
namespace {

/// What the carrying car hides: the azimuths between two angles, for the lasers below an elevation, in degrees. Read
/// off recorded scans, in which these sectors are the same in every scan.
struct Sector {
  double from, to, below;
};
constexpr Sector kHidden[] = {
    {160, 165, -16.2}, {199, 204, -16.2}, {281, 301, -16.6},  // thin parts behind and at the right
    {157, 204, -19.1}, {155, 210, -23.3}, {151, 214, -24.9},  // the roof behind
    {349, 371, -22.2}, {343, 377, -23.2}, {339, 380, -24.9},  // the roof ahead
    {130, 136, -21.6}, {230, 238, -21.6}, {26, 36, -24.3},    // parts of the frame
    {323, 332, -24.3},
};

bool hits_own_car(const Vec& direction) {
  if (direction.z > -0.27) return false;  // above all sectors: 15.7 degrees
  const double azimuth = angle_of(direction.y, direction.x) * 180 / kPi;
  const double flat = std::sqrt(direction.x * direction.x + direction.y * direction.y);
  const double elevation = angle_of(direction.z, flat) * 180 / kPi;
  for (const Sector& sector : kHidden)
    for (const double turn : {0.0, 360.0})
      if (elevation < sector.below && azimuth + turn > sector.from && azimuth + turn < sector.to) return true;
  return false;
}

class Looker {
 public:
  Looker(const World& world, int index, std::uint64_t seed)
      : world_(world),
        pose_(world.pose(index)),
        key_(mix64(seed ^ mix64(static_cast<std::uint64_t>(index) + 0x7363616eu))),
        rays_(pose_.speed * kTurnTime, key_) {}

  LabelledScan run(int index) {
    for (const Object& object : world_.objects()) consider(object);
    const std::vector<Object> movers = world_.moving_objects(index);
    for (const Object& object : movers) consider(object);
    std::sort(near_.begin(), near_.end(), [](const Near& a, const Near& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.order < b.order;
    });
    for (const Near& near : near_) rays_.draw(*near.object, near.local);
    for (std::size_t ray = 0; ray < rays_.size(); ++ray) finish(ray);
    return std::move(out_);
  }

 private:
  struct Near {
    const Object* object;
    LocalFrame local;
    double distance;
    std::size_t order;
  };

  void consider(const Object& object) {
    const Vec offset = pose_.axes.to_local(object.position - pose_.position);
    const double distance = std::sqrt(offset.x * offset.x + offset.y * offset.y) - object.radius;
    if (distance > kMaxRange) return;
    // Nothing stands where the scanner's own car is.
    if (object.model.thing && std::abs(offset.x) < 3.2 && std::abs(offset.y) < 1.1) return;
    const Rotation axes{pose_.axes.to_local(object.axes.x), pose_.axes.to_local(object.axes.y),
                        pose_.axes.to_local(object.axes.z)};
    near_.push_back({&object, {offset, axes}, std::max(distance, 0.0), near_.size()});
  }

  /// Far things are not labelled any more, each from its own distance on.
  bool beyond_labels(std::uint64_t key, double distance) const { return distance > 45 + 45 * unit_of(mix64(key + 5)); }

  void finish(std::size_t ray) {
    const std::uint64_t bits = mix64(key_ + 0x9e3779b97f4a7c15u * (ray + 1));
    const Vec origin = rays_.origin(ray), direction = rays_.direction(ray);
    if (hits_own_car(direction)) {
      if (bits % 191 == 0) emit(origin, direction, 1.0 + 0.9 * unit_of(mix64(bits)), 0, kUnlabelled);
      return;
    }
    if (unit_of(mix64(bits + 1)) < 0.003) return;  // shots that fail for no visible reason
    const RayHit& hit = rays_.hit(ray);
    const Vec world_origin = pose_.position + pose_.axes.to_parent(origin), way = pose_.axes.to_parent(direction);
    const double down = world_.ground().cast(world_origin, way, std::min(hit.distance, kMaxRange));
    Surface surface{Material::ground, 0, 0, std::min(down, hit.distance), 0.5, rays_.gain(ray)};
    if (surface.distance >= kMaxRange) return;
    std::uint32_t label = 0;
    const Vec at = world_origin + way * surface.distance;
    if (down < hit.distance) {
      const GroundCell& cell = world_.ground().cell(at.x, at.y);
      if (cell.label == 0xffff) return;
      label = cell.label;
      surface.albedo = (cell.albedo + 0.5) / 256;
      surface.facing = std::abs(dot(world_.ground().normal(at.x, at.y), way));
      // Where labels of the ground end is uneven, in one of 256 patterns by scan.
      const double patch = value_noise(key_ & 0xff, at.x, at.y, 11);
      if (surface.distance > 58 + 14 * patch) label = kUnlabelled;
    } else {
      label = object_surface(hit, origin + direction * hit.distance, direction, bits, surface);
    }
    const Echo answer = echo(surface, mix64(bits + 2));
    if (!answer.seen) return;
    double distance = surface.distance + answer.spread * bell(bits + 3) + 0.008 * bell(bits + 4);
    if (mix64(bits + 5) % 17000 == 0) {  // a stray return on the way
      distance *= 0.15 + 0.8 * unit_of(mix64(bits + 6));
      label = kOutlier;
    }
    if (distance < kMaxRange) emit(origin, direction, std::max(distance, 0.9), answer.remission, label);
  }

  std::uint32_t object_surface(const RayHit& hit, const Vec& at, const Vec& direction, std::uint64_t bits,
                               Surface& surface) const {
    const Object& object = *hit.object;
    const Primitive& primitive = object.model.primitives[hit.primitive];
    const LocalFrame& frame = *hit.frame;
    surface.material = hit.window ? Material::window : primitive.material;
    surface.albedo = hit.window ? 0.12 : primitive.albedo;
    if (primitive.pattern == Pattern::porous) {
      surface.facing = 0.25 + 0.75 * unit_of(mix64(bits + 7));
    } else {
      const Vec local = frame.axes.to_local(at - frame.offset);
      surface.facing = std::abs(dot(normal_at(primitive, object.model.planes, local), frame.axes.to_local(direction)));
      const double place = local.x + 0.6 * local.z + 0.4 * local.y, rise = local.z - 0.5 * local.x + 0.7 * local.y;
      surface.patch = std::clamp(0.5 + 0.75 * value_noise(object.key, place, rise, 0.45), 0.0, 1.0);
      // A plate is made to send the light back from wherever it comes.
      if (surface.material == Material::retro) surface.facing = std::sqrt(surface.facing);
    }
    if (beyond_labels(object.key, hit.distance)) return kUnlabelled;
    return primitive.label | object.instance << 16;
  }

  static double bell(std::uint64_t bits) { return test_model::Random(bits).bell(0); }

  void emit(const Vec& origin, const Vec& direction, double distance, double remission, std::uint32_t label) {
    const Vec at = origin + direction * distance;
    out_.scan.points.push_back(
        {static_cast<float>(at.x), static_cast<float>(at.y), static_cast<float>(at.z), static_cast<float>(remission)});
    out_.labels.push_back(label);
  }

  const World& world_;
  const Pose& pose_;
  std::uint64_t key_;
  RayImage rays_;
  std::vector<Near> near_;
  LabelledScan out_;
};

}  // namespace

LabelledScan look_around(const World& world, int index, std::uint64_t seed) {
  return Looker(world, index, seed).run(index);
}

}  // namespace intsim::street
