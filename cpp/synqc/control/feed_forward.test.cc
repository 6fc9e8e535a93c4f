#include "synqc/control/feed_forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

/// rho rotated by `angle` about the equatorial axis at `axis`.
Matrix rotated(const Matrix& rho, Real angle, Real axis) {
    Matrix turn(2, 2);
    turn << std::cos(angle / 2), Complex(0, -1) * std::sin(angle / 2) * std::polar(1.0, -axis),
        Complex(0, -1) * std::sin(angle / 2) * std::polar(1.0, axis), std::cos(angle / 2);
    return turn * rho * turn.adjoint();
}

Real overlap(const Matrix& rho, const BlochVector& target) {
    return (2 * rho(0, 1).real()) * target.x - 2 * rho(0, 1).imag() * target.y +
           (rho(0, 0) - rho(1, 1)).real() * target.z;
}

}  // namespace

TEST(feed_forward, no_other_angle_brings_a_state_closer_to_the_target) {
    const Seed seed = 40;
    PhiloxStream noise(seed, 0, 0, 0);
    for (int trial = 0; trial < 200; ++trial) {
        const Index levels = 2 + trial % 4;
        Real x = noise.normal(), y = noise.normal(), z = noise.normal();
        const Real size = std::sqrt(x * x + y * y + z * z) / noise.uniform();
        Matrix rho = Matrix::Zero(levels, levels);
        rho(0, 0) = (1 + z / size) / 2;
        rho(1, 1) = (1 - z / size) / 2;
        rho(0, 1) = Complex(x, -y) / (2 * size);
        rho(1, 0) = std::conj(rho(0, 1));
        const RealVector coordinates = hermitian_coordinates(rho);
        std::vector<Real> states(coordinates.data(), coordinates.data() + coordinates.size());
        BlochVector target{noise.normal(), noise.normal(), noise.normal()};
        const Real axis = two_pi * noise.uniform();
        const Real theta = two_pi * noise.uniform() - pi;
        std::vector<Real> delta(1);
        best_second_angle({states, levels, 1, 1}, target, axis, theta, delta);
        EXPECT_GT(delta[0], -pi - 1e-15);
        EXPECT_LE(delta[0], pi + 1e-15);
        const Matrix block = rho.topLeftCorner(2, 2);
        const Real best = overlap(rotated(block, theta + delta[0], axis), target);
        for (int k = 0; k < 360; ++k) {
            EXPECT_LE(overlap(rotated(block, two_pi * k / 360, axis), target), best + 1e-12)
                << "seed " << seed << ", trial " << trial;
        }
    }
}

TEST(feed_forward, grid_index_is_the_nearest_angle) {
    const Index shots = 1003;
    const Index lanes = 1008;
    std::vector<Real> states(4 * lanes);
    for (Index shot = 0; shot < shots; ++shot) {
        const Real angle = two_pi * shot / shots;
        states[shot] = (1 + std::cos(angle)) / 2;
        states[lanes + shot] = (1 - std::cos(angle)) / 2;
        states[3 * lanes + shot] = std::sin(angle) / 2;
    }
    std::vector<Real> delta(shots);
    std::vector<std::int32_t> index(shots);
    const AngleGrid grid{64};
    best_second_angle({states, 2, lanes, shots}, {0, 0, -1}, 0, pi / 2, delta);
    best_second_angle_index({states, 2, lanes, shots}, {0, 0, -1}, 0, pi / 2, grid, index);
    for (Index shot = 0; shot < shots; ++shot) {
        ASSERT_GE(index[shot], 0);
        ASSERT_LT(index[shot], 64);
        EXPECT_LE(std::abs(std::remainder(grid.angle(index[shot]) - delta[shot], two_pi)), pi / 64 + 1e-12);
    }
}

TEST(feed_forward, states_without_direction_are_left_alone) {
    std::vector<Real> mixed{0.5, 0.5, 0, 0};
    std::vector<Real> delta(1, 7);
    best_second_angle({mixed, 2, 1, 1}, {0, 0, -1}, 0, pi / 2, delta);
    EXPECT_EQ(delta[0], 0);
    std::vector<Real> pure{1, 0, 0, 0};
    best_second_angle({pure, 2, 1, 1}, {1, 0, 0}, 0, pi / 2, delta);
    EXPECT_EQ(delta[0], 0);
}

TEST(feed_forward, undoes_a_pure_measurement_completely) {
    // Pure states tilted by any record end in |1> exactly.
    for (Real tilt = -1.5; tilt <= 1.5; tilt += 0.1) {
        Matrix rho(2, 2);
        rho << (1 + std::sin(tilt)) / 2, Complex(0, std::cos(tilt) / 2), Complex(0, -std::cos(tilt) / 2),
            (1 - std::sin(tilt)) / 2;
        const RealVector coordinates = hermitian_coordinates(rho);
        std::vector<Real> states(coordinates.data(), coordinates.data() + 4);
        std::vector<Real> delta(1);
        best_second_angle({states, 2, 1, 1}, {0, 0, -1}, 0, pi / 2, delta);
        EXPECT_NEAR(rotated(rho, pi / 2 + delta[0], 0)(1, 1).real(), 1, 1e-14);
    }
}

TEST(feed_forward, active_reset_with_latency_follows_the_closed_form) {
    // Projective readout with errors, then a pulse if it read 1, T1 acting for the latency L.
    const Real p1 = 0.5, e0 = 0.004, e1 = 0.0115;
    const Real q = std::exp(-0.5 / 145);
    Real after = 0;
    for (const bool excited : {false, true}) {
        for (const bool read_1 : {false, true}) {
            const Real read = excited ? (read_1 ? 1 - e1 : e1) : (read_1 ? e0 : 1 - e0);
            const Real still_1 = excited ? q : 0;
            after += (excited ? p1 : 1 - p1) * read * (read_1 ? 1 - still_1 : still_1);
        }
    }
    EXPECT_NEAR(after, 0.0094315818, 1e-10);
}

TEST(feed_forward, feedback_to_the_equator_purifies_at_jacobs_rate) {
    // From I/2 with eta = 1: impurity 1 - tr rho^2 = exp(-s) / 2 for every shot (Jacobs, PRA 67, 030301 (2003)). Steps
    // of dose s / n shift the mean by the relative amount s^2 / (2 n) and leave each shot a deviation of s sqrt(2 / n).
    const Seed seed = 30;
    const Index shots = 400;
    const int steps = 2000;
    const Real s = 2;
    const Real root = std::sqrt(s / steps);
    std::vector<Real> states(4 * shots, 0.0);
    std::fill_n(states.begin(), 2 * shots, 0.5);
    std::vector<Real> delta(shots);
    PhiloxStream noise(seed, 0, 0, 0);
    for (int step = 0; step < steps; ++step) {
        for (Index shot = 0; shot < shots; ++shot) {
            Real& p0 = states[shot];
            Real& p1 = states[shots + shot];
            Real& quadrature = states[3 * shots + shot];
            const Real sign = noise.uniform() < p0 ? 1 : -1;
            const Real half_ratio = sign * s / steps + root * noise.normal();
            const Real norm = p0 * std::exp(half_ratio) + p1 * std::exp(-half_ratio);
            p0 *= std::exp(half_ratio) / norm;
            p1 *= std::exp(-half_ratio) / norm;
            quadrature /= norm;
        }
        best_second_angle({states, 2, shots, shots}, {0, -1, 0}, 0, 0, delta);
        for (Index shot = 0; shot < shots; ++shot) {
            const Real z = states[shot] - states[shots + shot];
            const Real y = -2 * states[3 * shots + shot];
            const Real turned_z = z * std::cos(delta[shot]) + y * std::sin(delta[shot]);
            const Real turned_y = y * std::cos(delta[shot]) - z * std::sin(delta[shot]);
            states[shot] = (1 + turned_z) / 2;
            states[shots + shot] = (1 - turned_z) / 2;
            states[3 * shots + shot] = -turned_y / 2;
        }
    }
    Real impurity = 0;
    for (Index shot = 0; shot < shots; ++shot) {
        const Real z = states[shot] - states[shots + shot];
        EXPECT_NEAR(z, 0, 1e-12);
        impurity += (1 - z * z - 4 * std::pow(states[3 * shots + shot], 2)) / 2 / shots;
    }
    const Real expected = std::exp(-s) / 2;
    const Real allowed = s * s / (2 * steps) + 4 * s * std::sqrt(2.0 / steps / shots);
    EXPECT_NEAR(impurity, expected, expected * allowed) << "seed " << seed;
}
