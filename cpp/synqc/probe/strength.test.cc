#include "synqc/probe/strength.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"

using namespace synqc;

TEST(strength, rate_and_pulse_mappings_agree_on_the_backaction) {
    const ProbeFigures rate = figures_from_rate(0.5, 2, 3, 0.4);
    EXPECT_NEAR(rate.g, 1.5, 1e-15);
    EXPECT_NEAR(rate.s, 1.2, 1e-15);
    EXPECT_NEAR(rate.measurement_time, 1 / (2 * 0.4 * 0.75), 1e-15);
    EXPECT_NEAR(figures_from_pulse(rate.eps_pulse).g, rate.g, 1e-14);
    EXPECT_TRUE(std::isinf(figures_from_pulse(1).g));
}

TEST(strength, dead_knobs_do_nothing) {
    EXPECT_EQ(figures_from_rate(0, 2, 3, 0.4).g, 0);
    EXPECT_EQ(figures_from_rate(1, 0, 3, 0.4).eps_pulse, 0);
    EXPECT_EQ(figures_from_pulse(0).s, 0);
}

TEST(strength, regimes_change_at_the_stated_doses) {
    EXPECT_EQ(name_of(regime_of(0.0499)), "diagnostic");
    EXPECT_EQ(name_of(regime_of(0.05)), "characterisation");
    EXPECT_EQ(name_of(regime_of(2)), "characterisation");
    EXPECT_EQ(name_of(regime_of(2.001)), "readout");
}

TEST(strength, dispersive_formula_matches_the_simulated_qubit_and_cavity) {
    const DispersiveProbe probe{two_pi * 0.5, two_pi * 5, two_pi * 2};
    EXPECT_NEAR(probe.photons(), 0.61538, 1e-5);
    EXPECT_NEAR(probe.dephasing_rate(), 1.4871444, 1e-7);
    EXPECT_NEAR(probe.stark_shift(), 2 * two_pi * 0.5 * probe.photons(), 1e-14);
}

TEST(strength, ring_up_dose_is_the_integral_of_its_factor) {
    const DispersiveProbe probe{two_pi * 0.5, two_pi * 5, two_pi * 2};
    Real sum = 0;
    const int n = 100000;
    for (int k = 0; k < n; ++k) {
        sum += probe.dephasing_rate() * probe.ring_up_factor(0.3 * (k + 0.5) / n) * 0.3 / n;
    }
    EXPECT_NEAR(probe.dose_with_ring_up(0.3), sum, 1e-9);
}

TEST(strength, refuses_what_is_out_of_range) {
    EXPECT_THROW(figures_from_rate(1.1, 1, 1, 1), InvalidArgument);
    EXPECT_THROW(figures_from_rate(0.5, -1, 1, 1), InvalidArgument);
    EXPECT_THROW(figures_from_rate(0.5, 1, 1, 0), InvalidArgument);
    EXPECT_THROW(figures_from_pulse(std::nan("")), InvalidArgument);
}
