#include "synqc/probe/strength.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "synqc/base/errors.h"

using namespace synqc;

TEST(strength, rate_and_pulse_mappings_agree_on_the_backaction) {
    const ProbeDoses rate = doses_from_rate(0.5, 2, 3, 0.4);
    EXPECT_NEAR(rate.g, 1.5, 1e-15);
    EXPECT_NEAR(rate.s, 1.2, 1e-15);
    EXPECT_NEAR(rate.measurement_time, 1 / (2 * 0.4 * 0.75), 1e-15);
    EXPECT_NEAR(doses_from_pulse(rate.eps_pulse).g, rate.g, 1e-14);
    EXPECT_TRUE(std::isinf(doses_from_pulse(1).g));
}

TEST(strength, dead_knobs_do_nothing) {
    EXPECT_EQ(doses_from_rate(0, 2, 3, 0.4).g, 0);
    EXPECT_EQ(doses_from_rate(1, 0, 3, 0.4).eps_pulse, 0);
    EXPECT_EQ(doses_from_pulse(0).s, 0);
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
}

TEST(strength, stark_shift_is_that_of_the_two_fields_at_every_moment) {
    // d alpha / dt = -(kappa / 2 + i s chi) alpha - i drive for s = +1, -1, by small steps of fourth order.
    for (const DispersiveProbe& probe :
         {DispersiveProbe{two_pi * 0.5, two_pi * 5, two_pi * 2}, DispersiveProbe{two_pi * -0.8, two_pi * 1.1, 3},
          DispersiveProbe{two_pi * 0.7, two_pi * 1.4, two_pi * 0.3}}) {
        std::complex<double> fields[2] = {0, 0};
        const Real step = 1e-4;
        for (int k = 1; k <= 4000; ++k) {
            for (int s : {0, 1}) {
                const std::complex<double> rate(probe.linewidth / 2, s == 0 ? probe.chi : -probe.chi);
                const auto slope = [&](std::complex<double> field) {
                    return -rate * field - std::complex<double>(0, probe.drive);
                };
                const auto a = slope(fields[s]);
                const auto b = slope(fields[s] + step / 2 * a);
                const auto c = slope(fields[s] + step / 2 * b);
                fields[s] += step / 6 * (a + 2.0 * b + 2.0 * c + slope(fields[s] + step * c));
            }
            if (k % 500 == 0) {
                const Real expected = 2 * probe.chi * (fields[0] * std::conj(fields[1])).real();
                EXPECT_NEAR(probe.stark_shift(k * step), expected, 1e-9) << "after " << k * step << " µs";
            }
        }
    }
}

TEST(strength, stark_shift_at_rest_is_smaller_than_two_chi_photons_and_vanishes_at_chi_of_half_the_linewidth) {
    const DispersiveProbe probe{two_pi * 0.5, two_pi * 5, two_pi * 2};
    EXPECT_NEAR(probe.stark_shift(), 3.569147, 5e-7);
    EXPECT_NEAR(2 * probe.chi * probe.photons(), 3.866576, 5e-7);
    EXPECT_NEAR(probe.stark_shift(100), probe.stark_shift(), 1e-12);
    EXPECT_EQ(probe.stark_shift(0), 0);
    EXPECT_NEAR((DispersiveProbe{2.5, 5, 4}.stark_shift()), 0, 1e-14);
    EXPECT_LT((DispersiveProbe{3, 5, 4}.stark_shift()), 0);
    const DispersiveProbe weak{1e-4, 5, 4};
    EXPECT_NEAR(weak.stark_shift() / (2 * weak.chi * weak.photons()), 1, 1e-8);
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
    EXPECT_THROW(doses_from_rate(1.1, 1, 1, 1), InvalidArgument);
    EXPECT_THROW(doses_from_rate(0.5, -1, 1, 1), InvalidArgument);
    EXPECT_THROW(doses_from_rate(0.5, 1, 1, 0), InvalidArgument);
    EXPECT_THROW(doses_from_pulse(std::nan("")), InvalidArgument);
}
