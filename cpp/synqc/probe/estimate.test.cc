#include "synqc/probe/estimate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "synqc/base/drawn_seed.test.h"

using namespace synqc;

namespace {

bool covers(const Estimate& estimate, Real truth, Real deviations) {
    return std::min(quantile(estimate, -deviations), estimate.value) <= truth &&
           truth <= std::max(quantile(estimate, deviations), estimate.value);
}

/// Share of repetitions whose interval holds the truth.
template <typename Draw>
Real coverage(Draw&& draw, Real truth, Real deviations, int repetitions) {
    int held = 0;
    for (int k = 0; k < repetitions; ++k) {
        held += covers(draw(), truth, deviations) ? 1 : 0;
    }
    return static_cast<Real>(held) / repetitions;
}

}  // namespace

TEST(estimate, agreeing_trials_leave_what_jeffreys_leaves) {
    for (const Index count : {2, 50, 1000}) {
        const Trials all{count, count};
        const Estimate estimate = weighted_chance({&all, 1});
        const Real chance = (static_cast<Real>(count) + 0.5) / (static_cast<Real>(count) + 1);
        EXPECT_EQ(estimate.value, 1);
        EXPECT_NEAR(estimate.standard_error, std::sqrt(chance * (1 - chance) / (static_cast<Real>(count) + 1)), 1e-15);
        EXPECT_LT(estimate.skewness, -1);
        EXPECT_LT(quantile(estimate, -2), 1 - 1.0 / static_cast<Real>(count + 1));
    }
}

TEST(estimate, one_sample_tells_nothing_of_the_error) {
    const std::array trials{Trials{1, 1}, Trials{300, 400}};
    EXPECT_TRUE(std::isnan(weighted_chance({trials.data(), 1}).standard_error));
    EXPECT_TRUE(std::isnan(weighted_chance(trials).standard_error));
    EXPECT_TRUE(std::isnan(mean_of({1, 0.5, 0.25, 0.125}).standard_error));
    EXPECT_TRUE(
        std::isnan(mean_of_independent(std::array{Estimate{1, 0}, mean_of({1, 0.5, 0.25, 0.125})}).standard_error));
}

TEST(estimate, many_equal_registers_count_as_one_long_run) {
    // Not each register's half success: four times fifty agreeing trials are two hundred.
    const std::array four{Trials{50, 50}, Trials{50, 50}, Trials{50, 50}, Trials{50, 50}};
    const Trials one{200, 200, 4};
    const Estimate together = weighted_chance(four);
    const Estimate alone = weighted_chance({&one, 1});
    EXPECT_NEAR(together.value, alone.value, 1e-14);
    EXPECT_NEAR(together.standard_error, alone.standard_error, 1e-14);
    EXPECT_NEAR(together.skewness, alone.skewness, 1e-12);
}

TEST(estimate, unequal_chances_spread_less_than_their_mean_would) {
    const std::array trials{Trials{100, 1000, 0.5}, Trials{900, 1000, 0.5}};
    EXPECT_NEAR(weighted_chance(trials).value, 0.5, 1e-15);
    EXPECT_NEAR(weighted_chance(trials).standard_error, std::sqrt(2 * 0.09 / 1000) / 2, 2e-5);
}

TEST(estimate, mean_of_independent_estimates_has_their_errors_in_quadrature) {
    const std::array estimates{Estimate{1, 0.3, 1}, Estimate{3, 0.4, 0}};
    const Estimate mean = mean_of_independent(estimates);
    EXPECT_EQ(mean.value, 2);
    EXPECT_NEAR(mean.standard_error, 0.25, 1e-15);
    EXPECT_NEAR(mean.skewness, 0.3 * 0.3 * 0.3 / 0.125, 1e-14);
    EXPECT_EQ(scaled(mean, 1, -2).value, -3);
    EXPECT_EQ(scaled(mean, 1, -2).standard_error, 2 * mean.standard_error);
    EXPECT_EQ(scaled(mean, 1, -2).skewness, -mean.skewness);
}

TEST(estimate, intervals_of_counts_cover_on_average_over_the_chance) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    constexpr int chances = 4000;
    for (const Index count : {50, 200, 1000}) {
        std::array<int, 2> held{};
        for (int k = 0; k < chances; ++k) {
            const Real truth = std::uniform_real_distribution<Real>(0.5, 0.9999)(chance);
            const Trials trials{std::binomial_distribution<Index>(count, truth)(chance), count};
            const Estimate estimate = weighted_chance({&trials, 1});
            for (int deviations = 1; deviations <= 2; ++deviations) {
                held[static_cast<std::size_t>(deviations - 1)] += covers(estimate, truth, deviations) ? 1 : 0;
            }
        }
        // Five binomial deviations, and a percent for the lattice of counts.
        EXPECT_NEAR(held[0] / Real{chances}, 0.6827, 5 * 0.0074 + 0.01) << count;
        EXPECT_NEAR(held[1] / Real{chances}, 0.9545, 5 * 0.0033 + 0.01) << count;
    }
}

TEST(estimate, intervals_of_skewed_means_cover) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    constexpr int repetitions = 4000;
    std::exponential_distribution<Real> skewed(1);
    auto draw = [&] {
        SampleSums sums{50};
        for (int k = 0; k < 50; ++k) {
            const Real x = skewed(chance);
            sums.sum += x;
            sums.squares += x * x;
            sums.cubes += x * x * x;
        }
        return mean_of(sums);
    };
    EXPECT_NEAR(coverage(draw, 1, 1, repetitions), 0.6827, 5 * 0.0074 + 0.01);
    EXPECT_NEAR(coverage(draw, 1, 2, repetitions), 0.9545, 5 * 0.0033 + 0.01);
}
