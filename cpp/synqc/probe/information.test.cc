#include "synqc/probe/information.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "synqc/base/errors.h"

using namespace synqc;

namespace {

struct Published {
    Real dose;
    Real gaussian;
    Real dichotomic;
};
// Independently computed values for eta = 1 and equal back-action, six figures.
constexpr std::array published{
    Published{0.01, 0.014285, 0.014331}, Published{0.05, 0.068743, 0.069778}, Published{0.1, 0.131416, 0.135026},
    Published{0.25, 0.290480, 0.306196}, Published{0.5, 0.485944, 0.523223},  Published{1, 0.721452, 0.780820},
    Published{2, 0.912822, 0.957663},    Published{4, 0.990462, 0.998743},
};

}  // namespace

TEST(information, gaussian_record_matches_published_values) {
    for (const Published& row : published) {
        EXPECT_NEAR(gaussian_information(2 * row.dose), row.gaussian, 1e-6);
    }
    EXPECT_EQ(gaussian_information(2 * 0.5 * 1.0), gaussian_information(2 * 1.0 * 0.5));
}

TEST(information, dichotomic_record_of_equal_backaction_learns_at_least_as_much) {
    for (const Published& row : published) {
        const Real strength = std::sqrt(-std::expm1(-2 * row.dose));
        EXPECT_NEAR(dichotomic_information(strength), row.dichotomic, 1e-6);
        EXPECT_GE(dichotomic_information(strength), gaussian_information(2 * row.dose));
    }
}

TEST(information, small_doses_follow_the_linear_law) {
    for (const Real dose : {1e-8, 1e-6, 1e-4}) {
        EXPECT_NEAR(gaussian_information(dose) / (dose / (2 * std::log(2.0))), 1, dose);
    }
    EXPECT_EQ(gaussian_information(0), 0);
}

TEST(information, never_exceeds_the_entropy_of_the_prior) {
    for (const Real prior : {0.0, 0.1, 0.5, 0.9, 1.0}) {
        for (const Real dose : {0.5, 5.0, 74.9, 75.1, 1e6}) {
            EXPECT_LE(gaussian_information(dose, prior), binary_entropy(prior) + 1e-15);
        }
        EXPECT_NEAR(gaussian_information(75, prior), binary_entropy(prior), 1e-12);
    }
}

TEST(information, without_jumps_the_estimate_is_the_closed_form) {
    const Estimate estimate = jumping_information({2, 1, 0, 0, 0.3});
    EXPECT_EQ(estimate.value, gaussian_information(2, 0.3));
    EXPECT_EQ(estimate.standard_error, 0);
}

TEST(information, jumps_only_take_information_away) {
    for (const Real dose : {0.1, 1.0, 8.0, 40.0}) {
        for (const Real decay : {0.01, 0.1, 1.0}) {
            const Estimate estimate = jumping_information({dose, 1, decay, 0, 0.5});
            EXPECT_GT(estimate.standard_error, 0);
            EXPECT_LT(estimate.standard_error, 0.01);
            EXPECT_LT(estimate.value, gaussian_information(dose) + 4 * estimate.standard_error);
            EXPECT_GT(estimate.value, -4 * estimate.standard_error);
        }
    }
}

TEST(information, a_record_that_shows_every_jump_loses_only_the_earliest) {
    // With a perfect record the start is known for certain unless the jump precedes what the record resolves.
    const Estimate estimate = jumping_information({1e6, 1, 0.1, 0, 0.5}, 65536);
    EXPECT_NEAR(estimate.value, 1, 0.02);
    // With jumps far faster than the probe nothing about the start is left.
    const Estimate fast = jumping_information({1, 1, 300, 300, 0.5}, 8192);
    EXPECT_NEAR(fast.value, 0, 4 * fast.standard_error + 1e-3);
}

TEST(information, estimates_of_more_samples_agree_within_their_errors) {
    const Estimate few = jumping_information({4, 1, 0.2, 0.02, 0.5}, 2048);
    const Estimate many = jumping_information({4, 1, 0.2, 0.02, 0.5}, 1 << 17);
    EXPECT_NEAR(few.value, many.value, 4 * std::hypot(few.standard_error, many.standard_error));
    EXPECT_LT(many.standard_error, few.standard_error / 6);
}

TEST(information, refuses_what_is_no_probability) {
    EXPECT_THROW(gaussian_information(-1), InvalidArgument);
    EXPECT_THROW(gaussian_information(1, 1.5), InvalidArgument);
    EXPECT_THROW(dichotomic_information(2), InvalidArgument);
}
