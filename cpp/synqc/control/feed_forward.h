#pragma once

#include <cstdint>
#include <span>

#include "synqc/base/numbers.h"

/// In-shot feed-forward: the second drive that takes each conditioned state closest to the target.
namespace synqc {

/// Direction on the Bloch sphere, <sigma_x>, <sigma_y>, <sigma_z>.
struct BlochVector {
    Real x = 0;
    Real y = 0;
    Real z = 1;
};

/// M equally spaced corrections covering (-pi, pi]: angle(k) = -pi + 2 pi (k + 1) / M, what a generator of finite
/// amplitude resolution can play.
struct AngleGrid {
    Index count = 256;  // M >= 2
    Real angle(Index k) const { return -pi + two_pi * static_cast<Real>(k + 1) / static_cast<Real>(count); }
};

/// Believed states of a block of shots, `lanes` apart, as hermitian_coordinates of `levels` levels; only the 0-1 block
/// is read.
struct BelievedStates {
    std::span<const Real> coordinates;  // (levels^2, lanes)
    Index levels = 2;
    Index lanes = 0;
    Index shots = 0;
};

/// Correction delta (rad, in (-pi, pi]) for which the rotation by theta2 + delta about the equatorial axis at phi2
/// brings each believed state closest to `target`. The component along the axis cannot be changed; within the plane
/// across it the best rotation is unique unless the state or the target has no component there, when delta = 0.
void best_second_angle(const BelievedStates& beliefs, const BlochVector& target, Real phi2, Real theta2,
                       std::span<Real> delta);

/// The same, rounded to the grid: position of the nearest angle. About 2 ns a shot on an AVX-512 core.
void best_second_angle_index(const BelievedStates& beliefs, const BlochVector& target, Real phi2, Real theta2,
                             const AngleGrid& grid, std::span<std::int32_t> index);

}  // namespace synqc
