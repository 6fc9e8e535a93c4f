#include "synqc/probe/backaction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/linalg/spectrum.h"
#include "synqc/probe/instrument.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

Matrix equator() {
    return Matrix::Constant(2, 2, 0.5);
}

}  // namespace

TEST(backaction, largest_trace_distance_of_a_qnd_probe) {
    EXPECT_NEAR(qnd_backaction(0.5, 0.1), 0.047581, 1e-6);
    EXPECT_NEAR(qnd_backaction(0.5, 0.5), 0.196735, 1e-6);
    EXPECT_NEAR(qnd_backaction(0.5, 1), 0.316060, 1e-6);
    EXPECT_EQ(qnd_backaction(0.5, 0), 0);
}

TEST(backaction, ensemble_of_instrument_agrees_with_the_closed_form) {
    for (const Real strength : {0.0, 0.3, 0.9, 1.0}) {
        const Matrix after = Instrument::make(strength, 2).ensemble_channel().apply(equator());
        const Real dose = -std::log1p(-strength * strength) / 2;
        EXPECT_NEAR(ensemble_backaction(after, equator()), qnd_backaction(0.5, dose), 1e-14);
    }
}

TEST(backaction, distinguishability_and_visibility_never_exceed_englerts_circle) {
    for (Real g = 0.01; g < 5; g *= 1.3) {
        for (const Real efficiency : {0.1, 0.5, 1.0}) {
            const Duality duality = gaussian_duality(g, efficiency);
            EXPECT_LE(duality.distinguishability, std::sqrt(-std::expm1(-2 * g)));
        }
    }
    for (Real strength = 0; strength <= 1; strength += 0.01) {
        const Duality duality = dichotomic_duality(strength);
        EXPECT_NEAR(std::hypot(duality.distinguishability, duality.visibility), 1, 1e-15);
    }
}

TEST(backaction, two_outcome_instrument_saturates_banaszeks_bound) {
    for (Real strength = 0; strength <= 1; strength += 0.01) {
        const FidelityPair pair = dichotomic_fidelities(strength);
        EXPECT_NEAR(banaszek_slack(pair), 0, 1e-15);
        const auto kraus = instrument_kraus(strength, 2);
        EXPECT_NEAR(fidelities_of(kraus).operation, pair.operation, 1e-15);
        EXPECT_NEAR(fidelities_of(kraus).estimation, pair.estimation, 1e-15);
    }
}

TEST(backaction, simulated_fidelities_of_random_instruments_respect_banaszeks_bound) {
    const Seed seed = 28;
    PhiloxStream noise(seed, 0, 0, 0);
    for (int trial = 0; trial < 1000; ++trial) {
        Matrix a(2, 2);
        for (Complex& element : a.reshaped()) {
            element = {noise.normal(), noise.normal()};
        }
        // {K, sqrt(1 - K^dag K)} is a measurement once the largest singular value is at most 1.
        a *= noise.uniform() / operator_norm(a);
        const std::array<Matrix, 2> kraus{a, positive_root(Matrix::Identity(2, 2) - a.adjoint() * a)};
        EXPECT_GE(banaszek_slack(fidelities_of(kraus)), -1e-12) << "seed " << seed << ", trial " << trial;
    }
}

TEST(backaction, mean_over_shots_is_at_least_the_ensembles) {
    for (const Real g : {0.05, 0.5, 2.0}) {
        for (const Real efficiency : {0.2, 1.0}) {
            const ShotBackaction shot = gaussian_shot_backaction(equator(), g, efficiency);
            EXPECT_GE(shot.trace_distance, qnd_backaction(0.5, g));
            EXPECT_GE(shot.infidelity, 0);
        }
    }
    const ShotBackaction none = gaussian_shot_backaction(equator(), 0, 1);
    EXPECT_NEAR(none.trace_distance, 0, 1e-12);
    // Equator, pure instrument: both outcomes tilt the vector to z = +-eps, fidelity (1 + sqrt(1 - eps^2)) / 2.
    const ShotBackaction tilted = dichotomic_shot_backaction(equator(), 0.6);
    EXPECT_NEAR(tilted.infidelity, (1 - 0.8) / 2, 1e-15);
    EXPECT_NEAR(tilted.trace_distance, std::sqrt(0.6 * 0.6 + 0.2 * 0.2) / 2, 1e-15);
}

TEST(backaction, rapid_purification_by_a_probe_follows_the_closed_form) {
    // From I/2: impurity sech^2(v) / 2 with v ~ N(s, s); mean_trace distance to I/2 is |tanh v| / 2. Compare the
    // second.
    const Real s = 2;
    Real expected = 0;
    for (int k = -4000; k <= 4000; ++k) {
        const Real x = k * 0.0025;
        expected += 0.0025 * std::exp(-x * x / 2) / std::sqrt(two_pi) * std::abs(std::tanh(s + x * std::sqrt(s))) / 2;
    }
    const Matrix mixed = Matrix::Identity(2, 2) / 2.0;
    EXPECT_NEAR(gaussian_shot_backaction(mixed, s / 2, 1).trace_distance, expected, 1e-4);
}
