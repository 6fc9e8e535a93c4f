#include "synqc/device/qubit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"

namespace synqc {
namespace {

std::string refusal_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "";
}

TEST(qubit, coherence_longer_than_twice_the_relaxation_time_is_refused) {
    Qubit qubit;
    qubit.t1 = 50;
    qubit.t2 = 100;
    qubit.check();
    EXPECT_EQ(qubit.pure_dephasing_rate(), 0);
    qubit.t2 = 100.5;
    EXPECT_EQ(refusal_of([&] { qubit.check(); }), "Argument `t2_us` must be at most 2 * t1_us = 100, but is 100.5.");
}

TEST(qubit, every_parameter_out_of_range_is_refused_under_its_public_name) {
    for (const auto& parameter : qubit_parameters()) {
        for (Real value : {-1e9, 1e9, std::nan("")}) {
            Qubit qubit;
            qubit.t1 = qubit.t2 = std::numeric_limits<Real>::infinity();
            parameter.write(qubit, value);
            std::string refusal = refusal_of([&] { parameter.check(value); });
            if (!refusal.empty()) {
                EXPECT_EQ(refusal.find("Argument `" + std::string(parameter.name) + "` must be "), 0u) << refusal;
                EXPECT_NE(refusal_of([&] { qubit.check(); }), "") << parameter.name << " " << value;
            }
        }
        EXPECT_NE(refusal_of([&] { parameter.check(std::nan("")); }), "") << parameter.name;
    }
}

TEST(qubit, without_decay_it_is_legal) {
    Qubit qubit;
    qubit.t1 = qubit.t2 = std::numeric_limits<Real>::infinity();
    qubit.check();
    EXPECT_EQ(qubit.pure_dephasing_rate(), 0);
}

TEST(qubit, dephasing_and_relaxation_rates_add_up_to_the_decay_of_coherence) {
    Qubit qubit;
    qubit.t1 = 50;
    qubit.t2 = 30;
    EXPECT_NEAR(qubit.pure_dephasing_rate() + 1 / (2 * qubit.t1), 1 / qubit.t2, 1e-15);
}

TEST(qubit, bath_occupation_gives_back_the_equilibrium_population) {
    for (Real population : {0.0, 1e-6, 0.01, 0.23, 0.499}) {
        Qubit qubit;
        qubit.equilibrium_population = population;
        Real occupation = qubit.bath_occupation();
        EXPECT_NEAR(occupation / (1 + 2 * occupation), population, 1e-15);
    }
}

TEST(qubit, levels_and_their_structure_must_fit) {
    Qubit qubit;
    qubit.levels = 6;
    EXPECT_EQ(refusal_of([&] { qubit.check(); }), "Argument `levels` must be between 2 and 5, but is 6.");
    qubit.levels = 3;
    qubit.level_energies = {0, 0};
    EXPECT_EQ(refusal_of([&] { qubit.check(); }),
              "Argument `level_energies_mhz` must be empty or 3 values long, but is 2 long.");
    qubit.level_energies = {0, 0, 100};
    qubit.lowering_elements = {0, 1, 0, 0, 0, 4.1, 0, 0, 0};
    qubit.check();
    EXPECT_EQ(qubit.second_coupling(), 4.1);
    qubit.lowering_elements[1] = 2;
    EXPECT_NE(refusal_of([&] { qubit.check(); }), "");
    EXPECT_EQ(Qubit().second_coupling(), std::sqrt(2.0));
}

// Validation case 8, from the exact SI constants in 28-digit arithmetic.
TEST(thermal_population, agrees_with_the_bose_law) {
    constexpr Real ghz = 1e3 * radians_per_us_per_mhz;
    EXPECT_NEAR(thermal_occupation(5 * ghz, 50), 0.00830437336423945, 1e-12);
    EXPECT_NEAR(thermal_population(5 * ghz, 50), 0.00816870147041675, 1e-12);
    EXPECT_NEAR(thermal_population(5 * ghz, 20), 6.15581226173562e-6, 1e-12);
    EXPECT_NEAR(thermal_population(0.5 * ghz, 20), 0.231508881471545, 1e-12);
    Real occupation = thermal_occupation(0.5 * ghz, 20);
    EXPECT_NEAR(occupation / (1 + 2 * occupation), thermal_population(0.5 * ghz, 20), 1e-12);
    EXPECT_EQ(thermal_population(5 * ghz, 0), 0);
    EXPECT_NE(refusal_of([&] { thermal_population(5 * ghz, -1); }), "");
}

TEST(gamma_max, full_probe_shows_the_assignment_error_it_came_from) {
    for (Real t1 : {20.0, 150.0, 1e7}) {
        for (Real error : {0.02, 0.1, 0.3}) {
            Qubit qubit;
            qubit.t1 = t1;
            qubit.t2 = t1;
            qubit.readout_duration = 1;
            qubit.efficiency = 0.5;
            qubit.p0_given_1 = 1.2 * error;
            qubit.p1_given_0 = 0.8 * error;
            Real dose = qubit.efficiency * gamma_max_from_assignment_error(qubit) * qubit.readout_duration;
            EXPECT_NEAR(std::erfc(std::sqrt(dose)) / 2 + qubit.readout_duration / (4 * t1), error, 1e-12);
        }
    }
}

TEST(gamma_max, error_explained_by_decay_alone_is_refused) {
    Qubit qubit;
    qubit.t1 = qubit.t2 = 5;
    qubit.readout_duration = 1;
    qubit.p0_given_1 = qubit.p1_given_0 = 0.04;
    EXPECT_EQ(refusal_of([&] { gamma_max_from_assignment_error(qubit); }),
              "Argument `assignment error` must be greater than the readout's decay error 0.05, but is 0.04.");
    qubit.p0_given_1 = qubit.p1_given_0 = 0.5;
    EXPECT_NE(refusal_of([&] { gamma_max_from_assignment_error(qubit); }), "");
    qubit.p0_given_1 = qubit.p1_given_0 = 0;
    EXPECT_TRUE(std::isfinite(gamma_max_from_assignment_error(qubit)));
}

TEST(parameters, numbers_from_public_units_read_back_exactly) {
    Qubit qubit;
    for (const auto& parameter : qubit_parameters()) {
        for (int hundredths = 0; hundredths < 5000; ++hundredths) {
            Real value = hundredths / 100.0;
            parameter.write(qubit, value);
            ASSERT_EQ(parameter.read(qubit), value) << parameter.name;
        }
    }
}

}  // namespace
}  // namespace synqc
