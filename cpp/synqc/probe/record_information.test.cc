#include "synqc/probe/record_information.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "synqc/base/errors.h"

using namespace synqc;

namespace {

constexpr std::array examples{
    JumpingProbe{2, 2, 0.8, 0.2, 0.5},  JumpingProbe{8, 2, 0.8, 0.2, 0.5},  JumpingProbe{1, 1, 0.1, 0, 0.5},
    JumpingProbe{4, 1, 0.2, 0.02, 0.9}, JumpingProbe{0.05, 1, 1, 0.5, 0.3}, JumpingProbe{30, 1, 0.5, 0.3, 0.5},
};

}  // namespace

TEST(record_information, without_jumps_every_binning_is_the_closed_form) {
    for (const Real dose : {0.0, 0.1, 2.0, 40.0}) {
        const JumpingProbe probe{dose, 1, 0, 0, 0.3};
        EXPECT_EQ(binned_information(probe, 1), gaussian_information(dose, 0.3));
        EXPECT_EQ(binned_information(probe, 1000), gaussian_information(dose, 0.3));
        EXPECT_EQ(continuous_information(probe), gaussian_information(dose, 0.3));
        EXPECT_EQ(relaxing_information(probe, 3), gaussian_information(dose, 0.3));
    }
}

TEST(record_information, vanishing_jumps_lead_to_the_closed_form) {
    for (const Real dose : {0.1, 2.0, 40.0, 400.0}) {
        for (const Index bins : {1, 2, 8, 100}) {
            EXPECT_NEAR(binned_information({dose, 1, 1e-10, 1e-11, 0.5}, bins), gaussian_information(dose), 1e-7)
                << dose << ", " << bins;
        }
    }
}

TEST(record_information, finer_bins_tell_more_up_to_the_limit) {
    for (const JumpingProbe& probe : examples) {
        Real before = 0;
        for (const Index bins : {1, 2, 4, 16, 64, 300}) {
            const Real here = binned_information(probe, bins);
            EXPECT_GT(here, before - 1e-8);
            before = here;
        }
        EXPECT_GT(continuous_information(probe), before - 1e-8);
        EXPECT_LT(continuous_information(probe), before + 1e-4);
        EXPECT_LT(continuous_information(probe), gaussian_information(probe.dose, probe.prior_of_0));
    }
}

TEST(record_information, exchanging_the_states_changes_nothing) {
    for (const JumpingProbe& probe : examples) {
        const JumpingProbe turned{probe.dose, probe.duration, probe.up_rate, probe.down_rate, 1 - probe.prior_of_0};
        EXPECT_NEAR(binned_information(probe, 1), binned_information(turned, 1), 1e-10);
        EXPECT_NEAR(binned_information(probe, 5), binned_information(turned, 5), 1e-8);
        EXPECT_NEAR(continuous_information(probe), continuous_information(turned), 1e-7);
    }
}

TEST(record_information, sampled_records_of_the_same_chain_agree) {
    for (const JumpingProbe& probe : examples) {
        const Estimate sampled = jumping_information(probe, 1 << 17);
        const Real limit = continuous_information(probe);
        // The samples' chain has at most 64 bins, with jumps at their borders only.
        EXPECT_NEAR(sampled.value, limit, 4 * sampled.standard_error + 2e-4 * limit) << probe.dose;
    }
}

TEST(record_information, one_mean_of_a_fast_qubit_tells_how_long_it_stays) {
    // Far more jumps than the record resolves: a Gaussian mean, whose centre remembers the start for 1 / rate.
    const Real rate = 40;
    const JumpingProbe probe{4, 1, rate, rate, 0.5};
    const Real total = 2 * rate;
    const Real apart = 2 / total;  // mean over the record of 2 exp(-total t)
    const Real variance = 1 / probe.dose + 2 / total;
    EXPECT_NEAR(binned_information(probe, 1) / gaussian_information(apart * apart / (4 * variance)), 1, 0.1);
}

TEST(record_information, refuses_what_makes_no_sense) {
    EXPECT_THROW(binned_information({-1, 1, 1, 1, 0.5}, 1), InvalidArgument);
    EXPECT_THROW(binned_information({1, 1, -1, 1, 0.5}, 1), InvalidArgument);
    EXPECT_THROW(binned_information({1, 1, 1, 1, 1.5}, 1), InvalidArgument);
    EXPECT_THROW(binned_information({1, 1, 1, 1, 0.5}, 0), InvalidArgument);
    EXPECT_THROW(continuous_information({1, -1, 1, 1, 0.5}), InvalidArgument);
}
