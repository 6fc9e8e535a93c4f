#include "synqc/probe/assignment.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

using namespace synqc;

TEST(assignment, error_without_decay_matches_published_values) {
    constexpr std::array<std::array<Real, 2>, 5> published{
        {{0.1, 0.327360}, {0.5, 0.158655}, {1, 0.078650}, {2, 0.022750}, {4, 0.002339}}};
    for (const auto& [dose, error] : published) {
        EXPECT_NEAR(assignment_error(2 * dose), error, 1e-6);
        EXPECT_NEAR(signal_to_noise(2 * dose), std::sqrt(8 * dose), 1e-14);
    }
}

TEST(assignment, decay_during_integration_matches_direct_quadrature) {
    for (const Real s : {1e-6, 0.3, 9.0, 400.0}) {
        for (const Real decay : {1e-6, 0.05, 1.0, 30.0}) {
            for (const Real threshold : {-0.4, 0.0, 0.7}) {
                const int n = 200000;
                Real sum = std::exp(-decay) * std::erfc((threshold + 1) * std::sqrt(s / 2)) / 2;
                for (int k = 0; k < n; ++k) {
                    const Real u = (k + 0.5) / n;
                    sum += decay / n * std::exp(-decay * u) * std::erfc((threshold - 1 + 2 * u) * std::sqrt(s / 2)) / 2;
                }
                EXPECT_NEAR(assignment_errors(s, decay, threshold).p0_given_1, sum, 1e-8) << s << " " << decay;
            }
        }
    }
}

TEST(assignment, separation_six_and_decay_a_twentieth_give_the_simulated_errors) {
    const AssignmentErrors errors = assignment_errors(9, 0.05);
    EXPECT_NEAR(errors.p1_given_0, 1.35e-3, 1e-5);
    // 0.0254 was found with 4e5 simulated shots, one standard error 2.5e-4.
    EXPECT_NEAR(errors.p0_given_1, 0.0254, 4 * 2.5e-4);
    EXPECT_NEAR(errors.p0_given_1, 1.35e-3 + 0.05 / 2, 5e-4);
}

TEST(assignment, best_threshold_with_decay_favours_the_decaying_level) {
    EXPECT_NEAR(best_threshold_with_decay(9, 0), 0, 1e-6);
    const Real best = best_threshold_with_decay(9, 0.05);
    EXPECT_GT(best, 0);
    EXPECT_GT(assignment_errors(9, 0.05, best).fidelity(), assignment_errors(9, 0.05).fidelity());
}

TEST(assignment, efficiency_estimator_inverts_the_signal_to_noise) {
    for (const Real efficiency : {0.1, 0.5, 1.0}) {
        EXPECT_NEAR(efficiency_from_snr(signal_to_noise(2 * efficiency * 0.7), 0.7), efficiency, 1e-14);
    }
    EXPECT_NEAR(qndness(98, 2, 5, 95), 0.965, 1e-15);
}
