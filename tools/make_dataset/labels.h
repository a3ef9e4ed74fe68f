// Raw SemanticKITTI ids that the world uses.
#pragma once

#include <cstdint>

namespace intsim::street {

inline constexpr std::uint16_t kUnlabelled = 0, kOutlier = 1, kCar = 10, kBicycle = 11, kBus = 13, kMotorcycle = 15,
                               kTruck = 18, kOtherVehicle = 20, kPerson = 30, kBicyclist = 31, kMotorcyclist = 32,
                               kRoad = 40, kParking = 44, kSidewalk = 48, kOtherGround = 49, kBuilding = 50,
                               kFence = 51, kOtherStructure = 52, kLaneMark = 60, kVegetation = 70, kTrunk = 71,
                               kTerrain = 72, kPole = 80, kSign = 81, kOtherObject = 99, kMovingCar = 252,
                               kMovingBicyclist = 253, kMovingPerson = 254, kMovingMotorcyclist = 255, kMovingBus = 257,
                               kMovingTruck = 258, kMovingOtherVehicle = 259;

/// The id of a thing of class `id` that moves.
constexpr std::uint16_t moving(std::uint16_t id) {
  switch (id) {
    case kCar:
      return kMovingCar;
    case kBus:
      return kMovingBus;
    case kTruck:
      return kMovingTruck;
    case kOtherVehicle:
      return kMovingOtherVehicle;
    case kPerson:
      return kMovingPerson;
    case kBicyclist:
      return kMovingBicyclist;
    case kMotorcyclist:
      return kMovingMotorcyclist;
    default:
      return id;
  }
}

}  // namespace intsim::street
