#include "synqc/control/feed_forward.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/control/feed_forward_kernels.h"
#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

/// Shots per call of the kernel: a multiple of every register width, small enough to stay in the first-level cache.
constexpr Index chunk = 256;

void check_beliefs(const BelievedStates& beliefs, std::size_t results) {
    check_at_least("levels", beliefs.levels, 2);
    if (beliefs.lanes < beliefs.shots ||
        std::ssize(beliefs.coordinates) < beliefs.levels * beliefs.levels * beliefs.lanes) {
        throw ShapeMismatch("Argument `beliefs` must hold " + std::to_string(beliefs.levels * beliefs.levels) +
                            " rows of at least " + std::to_string(beliefs.shots) + " lanes, but has " +
                            std::to_string(beliefs.coordinates.size()) + " numbers.");
    }
    if (static_cast<Index>(results) < beliefs.shots) {
        throw ShapeMismatch("Argument `delta` must have room for " + std::to_string(beliefs.shots) +
                            " shots, but has " + std::to_string(results) + ".");
    }
}

/// In the plane across the axis n, spanned by z and n x z = (sin phi, -cos phi, 0), a rotation by alpha turns vectors
/// by alpha. With v = (z, a) and c = (angle of the target) - theta2, the missing angle is c - angle(v): the argument of
/// (cos c z + sin c a) + i (sin c z - cos c a). a = x sin phi - y cos phi, where x = 2 Re rho_01, y = -2 Im rho_01.
MissingAngle missing_angle(const BlochVector& target, Real phi2, Real theta2) {
    const Real across = target.x * std::sin(phi2) - target.y * std::cos(phi2);
    if (across == 0 && target.z == 0) {
        return {0, 0, 0, 0};
    }
    const Real c = std::atan2(across, target.z) - theta2;
    return {std::cos(c), std::sin(c), 2 * std::sin(phi2), 2 * std::cos(phi2)};
}

/// Calls consume(first, angles) for consecutive chunks of shots.
template <typename Consume>
void for_each_chunk(const BelievedStates& beliefs, const MissingAngle& geometry, Consume&& consume) {
    const FeedForwardKernels& kernels = feed_forward_kernels();
    const Index real_row = coherence_position(beliefs.levels, 0, 1);
    const std::array<Index, 4> rows{0, 1, real_row, real_row + 1};
    std::array<Real, chunk> angles;
    std::array<std::array<Real, chunk>, 4> rest{};
    for (Index first = 0; first < beliefs.shots; first += chunk) {
        const Index count = std::min(chunk, beliefs.shots - first);
        std::array<const Real*, 4> inputs;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            inputs[row] = beliefs.coordinates.data() + rows[row] * beliefs.lanes + first;
            if (count < chunk) {
                std::copy_n(inputs[row], count, rest[row].begin());
                inputs[row] = rest[row].data();
            }
        }
        kernels.missing_angles(geometry, inputs[0], inputs[1], inputs[2], inputs[3], chunk, angles.data());
        consume(first, std::span<const Real>(angles).first(count));
    }
}

}  // namespace

void best_second_angle(const BelievedStates& beliefs, const BlochVector& target, Real phi2, Real theta2,
                       std::span<Real> delta) {
    check_beliefs(beliefs, delta.size());
    for_each_chunk(beliefs, missing_angle(target, phi2, theta2), [&](Index first, std::span<const Real> angles) {
        std::copy(angles.begin(), angles.end(), delta.begin() + first);
    });
}

void best_second_angle_index(const BelievedStates& beliefs, const BlochVector& target, Real phi2, Real theta2,
                             const AngleGrid& grid, std::span<std::int32_t> index) {
    check_at_least("grid.count", grid.count, 2);
    check_beliefs(beliefs, index.size());
    const Real per_radian = static_cast<Real>(grid.count) / two_pi;
    const auto count = static_cast<std::int32_t>(grid.count);
    for_each_chunk(beliefs, missing_angle(target, phi2, theta2), [&](Index first, std::span<const Real> angles) {
        std::int32_t* out = index.data() + first;
        for (std::size_t k = 0; k < angles.size(); ++k) {
            // Nearest of -pi + 2 pi (i + 1) / M; -pi itself is the grid's +pi.
            const Real places_and_half = (angles[k] + pi) * per_radian + 0.5;
            const auto nearest = static_cast<std::int32_t>(places_and_half) - 1;
            out[k] = nearest < 0 ? count - 1 : nearest;
        }
    });
}

}  // namespace synqc
