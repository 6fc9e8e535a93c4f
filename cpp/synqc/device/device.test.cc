#include "synqc/device/device.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"
#include "synqc/device/target.h"

namespace synqc {
namespace {

Device scattered_device() {
    Device device;
    device.name = "scattered";
    device.qubit.t1 = 150;
    device.qubit.t2 = 290;
    device.spread = 0.5;
    device.detuning_scale = 0.6;
    device.amplitude_error_scale = 0.01;
    device.drift = default_transmon_drift();
    return device;
}

void expect_equal(const RegisterQubit& one, const RegisterQubit& other) {
    EXPECT_EQ(one.qubit, other.qubit);
    EXPECT_EQ(one.hidden.detuning, other.hidden.detuning);
    EXPECT_EQ(one.hidden.amplitude_error, other.hidden.amplitude_error);
    EXPECT_EQ(one.drift.state(), other.drift.state());
}

TEST(make_register, first_members_of_a_longer_register_are_the_shorter_one) {
    Device device = scattered_device();
    auto four = make_register(device, 4, 11);
    auto nine = make_register(device, 9, 11);
    for (std::size_t index = 0; index < four.size(); ++index) {
        expect_equal(four[index], nine[index]);
    }
    EXPECT_NE(make_register(device, 1, 12)[0].qubit.t1, four[0].qubit.t1);
    EXPECT_NE(four[0].qubit.t1, four[1].qubit.t1);
}

TEST(make_register, no_individual_keeps_coherence_beyond_twice_its_relaxation_time) {
    constexpr Seed seed = 5;
    Device device = scattered_device();
    device.spread = 1;
    for (const RegisterQubit& member : make_register(device, 5000, seed)) {
        ASSERT_LE(member.qubit.t2, 2 * member.qubit.t1) << "seed " << seed;
        member.qubit.check();
    }
}

TEST(make_register, individuals_scatter_as_much_as_the_device_says) {
    constexpr Seed seed = 3;
    constexpr Index count = 20000;
    Device device = scattered_device();
    Real log_squares = 0;
    Real detuning_squares = 0;
    Real amplitude_squares = 0;
    for (const RegisterQubit& member : make_register(device, count, seed)) {
        log_squares += std::pow(std::log(member.qubit.t1 / 150), 2);
        detuning_squares += std::pow(member.hidden.detuning, 2);
        amplitude_squares += std::pow(member.hidden.amplitude_error, 2);
    }
    // The deviation of n normals is known to 1 / sqrt(2 n) of itself; four of these are 2 %.
    EXPECT_NEAR(std::sqrt(log_squares / count), 0.5, 0.02 * 0.5) << "seed " << seed;
    EXPECT_NEAR(std::sqrt(detuning_squares / count), 0.6, 0.02 * 0.6) << "seed " << seed;
    EXPECT_NEAR(std::sqrt(amplitude_squares / count), 0.01, 0.02 * 0.01) << "seed " << seed;
}

TEST(make_register, spread_of_zero_gives_identical_qubits) {
    Device device = scattered_device();
    device.spread = 0;
    auto members = make_register(device, 3, 1);
    for (const RegisterQubit& member : members) {
        EXPECT_EQ(member.qubit, device.qubit);
        EXPECT_EQ(member.hidden.detuning, members[0].hidden.detuning);
        EXPECT_EQ(member.hidden.amplitude_error, members[0].hidden.amplitude_error);
    }
    EXPECT_NE(members[0].hidden.detuning, 0);
}

TEST(make_register, exact_offsets_replace_the_draw_and_leave_the_rest_alone) {
    Device device = scattered_device();
    auto drawn = make_register(device, 3, 1);
    device.exact_detuning = 1.5;
    device.exact_amplitude_error = -0.05;
    auto exact = make_register(device, 3, 1);
    for (std::size_t index = 0; index < drawn.size(); ++index) {
        EXPECT_EQ(exact[index].hidden.detuning, 1.5);
        EXPECT_EQ(exact[index].hidden.amplitude_error, -0.05);
        EXPECT_EQ(exact[index].qubit, drawn[index].qubit);
        EXPECT_EQ(exact[index].drift.state(), drawn[index].drift.state());
    }
}

TEST(make_register, known_individuals_come_first_as_they_are) {
    Device device = scattered_device();
    auto without = make_register(device, 4, 1);
    device.calibrated_qubits.assign(2, device.qubit);
    device.calibrated_qubits[1].t1 = 999;
    auto with = make_register(device, 4, 1);
    EXPECT_EQ(with[0].qubit, device.calibrated_qubits[0]);
    EXPECT_EQ(with[1].qubit, device.calibrated_qubits[1]);
    EXPECT_EQ(with[2].qubit, without[2].qubit);
    EXPECT_EQ(with[1].hidden.detuning, without[1].hidden.detuning);
    EXPECT_THROW(make_register(device, 0, 1), InvalidArgument);
}

TEST(device, levels_are_cut_from_its_scheme) {
    Device device;
    device.level_scheme = LevelScheme{{0, 0, 10, 25},
                                      {0, 1, 0, 0,  //
                                       0, 0, 4, 0,  //
                                       0, 0, 0, 5,  //
                                       0, 0, 0, 0}};
    device.set_levels(3);
    EXPECT_EQ(device.qubit.level_energies, (std::vector<Real>{0, 0, 10}));
    EXPECT_EQ(device.qubit.lowering_elements, (std::vector<Real>{0, 1, 0, 0, 0, 4, 0, 0, 0}));
    device.check();
    device.set_levels(2);
    EXPECT_TRUE(device.qubit.level_energies.empty());
    device.check();
    EXPECT_THROW(device.set_levels(5), InvalidArgument);
    device.level_scheme.reset();
    device.set_levels(5);
    device.check();
}

TEST(device, parameters_are_set_on_the_typical_qubit_and_on_individuals) {
    Device device = scattered_device();
    device.calibrated_qubits.assign(2, device.qubit);
    set_parameter(device, "t1_us", 100);
    set_parameter(device, "t2_us", 80);
    set_parameter(device, "detuning_khz", 250);
    device.check();
    EXPECT_EQ(device.qubit.t1, 100);
    EXPECT_EQ(device.calibrated_qubits[1].t1, 100);
    EXPECT_EQ(device.calibrated_qubits[1].t2, 80);
    EXPECT_EQ(device.exact_detuning, 250 * radians_per_us_per_khz);
    EXPECT_EQ(parameter_of(device, "detuning_khz"), 250);
    EXPECT_TRUE(std::isnan(parameter_of(device, "amplitude_error")));
    set_parameter(device, "detuning_khz", std::nan(""));
    EXPECT_FALSE(device.exact_detuning.has_value());
    EXPECT_THROW(set_parameter(device, "t3_us", 1), UnknownName);
    EXPECT_THROW(set_parameter(device, "efficiency", 0), InvalidArgument);
    set_parameter(device, "efficiency", 1);
    EXPECT_EQ(device.qubit.t1, 100);
}

TEST(target, every_target_is_legal_described_and_sourced) {
    EXPECT_EQ(target_names(),
              (std::vector<std::string>{"sim-local", "classical-only", "ibm-qpu", "aws-braket", "ionq"}));
    for (const std::string& name : target_names()) {
        const Target& target = target_from_name(name);
        target.check();
        EXPECT_FALSE(target.description.empty());
        EXPECT_GE(target.sources.size(), 3u);
        EXPECT_GT(target.path_latency + target.decision_latency, 0);
        EXPECT_EQ(target.emulated, target.mapping == ProbeMapping::pulse);
        EXPECT_EQ(target.emulated, target.queue_median > 0);
        EXPECT_EQ(target.emulated, target.description.find("Emulated") != std::string::npos);
    }
    EXPECT_TRUE(target_from_name("classical-only").classical);
    EXPECT_THROW(target_from_name("sim"), UnknownName);
}

}  // namespace
}  // namespace synqc
