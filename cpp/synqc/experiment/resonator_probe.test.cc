#include "synqc/experiment/resonator_probe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "synqc/base/drawn_seed.test.h"

using namespace synqc;

namespace {

constexpr Real kappa = 30;  // rad/µs

/// Fields differ along the imaginary axis alone where both levels shift by as much, so that one quadrature tells all.
ExperimentRequest resonator_request() {
    ExperimentRequest request;
    request.device.qubit.t1 = request.device.qubit.t2 = 1e9;
    ReadoutResonator figures;
    figures.linewidth = kappa;
    figures.shifts = {4};
    figures.drive = 60;
    figures.phase = 0;
    figures.efficiency = 0.4;
    request.device.resonator = figures;
    request.target = target_from_name("sim-local");
    request.mapping = ProbeMapping::resonator;
    request.probe_strength = 0.25;
    request.probe_duration = 0.2;
    request.probe_ringdown = 0.05;
    request.probe_steps = 4000;
    return request;
}

ResonatorProbe probe_of(const ExperimentRequest& request) {
    return {request, request.device.qubit, 0};
}

}  // namespace

TEST(resonator_probe, what_dephased_the_qubit_is_in_the_record_once_the_resonator_is_empty) {
    // SNR^2 = 8 eta g, and the record separates the levels by 2 sqrt(s) deviations: s = 2 eta g. Bins average over what
    // moves within them, which costs the square of their length: 4,000 of them less than a part in 10^5.
    for (const Real efficiency : {0.15, 0.4, 1.0}) {
        ExperimentRequest request = resonator_request();
        request.device.resonator->efficiency = efficiency;
        request.probe_ringdown = 1;  // exp(-kappa) of the photons are left
        const ResonatorProbe probe = probe_of(request);
        const Real told = probe.information_dose() / (2 * efficiency * probe.dephasing_dose());
        EXPECT_NEAR(told, 1, 1e-4) << "efficiency " << efficiency;
        EXPECT_GT(probe.dephasing_dose(), 0.01);
    }
}

TEST(resonator_probe, what_is_still_inside_dephased_the_qubit_and_is_in_no_record) {
    ExperimentRequest request = resonator_request();
    request.device.resonator->efficiency = 1;
    request.probe_ringdown = 0;
    const ResonatorProbe probe = probe_of(request);
    EXPECT_LT(probe.information_dose(), 1.9 * probe.dephasing_dose());
    EXPECT_GT(probe.information_dose(), 0);
}

TEST(resonator_probe, photons_leave_with_the_linewidth) {
    ExperimentRequest request = resonator_request();
    const Real at_first = probe_of(request).photons_left();
    request.probe_ringdown += 0.1;
    EXPECT_NEAR(probe_of(request).photons_left() / at_first, std::exp(-0.1 * kappa), 1e-9);
    EXPECT_GT(at_first, 1e-3);
}

TEST(resonator_probe, another_quadrature_tells_by_the_square_of_its_cosine_and_dephases_as_much) {
    ExperimentRequest request = resonator_request();
    const ResonatorProbe best = probe_of(request);
    for (const Real turned : {0.3, 1.1, std::numbers::pi / 2}) {
        request.device.resonator->phase = turned;
        const ResonatorProbe probe = probe_of(request);
        EXPECT_NEAR(probe.information_dose(), best.information_dose() * std::pow(std::cos(turned), 2),
                    1e-9 * best.information_dose())
            << turned << " rad";
        EXPECT_DOUBLE_EQ(probe.dephasing_dose(), best.dephasing_dose());
    }
}

TEST(resonator_probe, the_stark_phase_has_the_sign_of_the_shift) {
    ExperimentRequest request = resonator_request();
    const ResonatorProbe positive = probe_of(request);
    request.device.resonator->shifts = {-4};
    const ResonatorProbe negative = probe_of(request);
    EXPECT_NEAR(positive.stark_phase(), -negative.stark_phase(), 1e-12);
    EXPECT_GT(std::abs(positive.stark_phase()), 0.05);
    EXPECT_NEAR(positive.dephasing_dose(), negative.dephasing_dose(), 1e-12);
}

TEST(resonator_probe, a_second_drive_that_follows_the_stark_phase_sees_the_dephasing_alone) {
    ExperimentRequest request = resonator_request();
    const Complex followed = probe_of(request).log_contrast(0.25);
    request.stark_correction = false;
    const Complex left = probe_of(request).log_contrast(0.25);
    EXPECT_EQ(followed.imag(), 0);
    EXPECT_DOUBLE_EQ(followed.real(), left.real());
    EXPECT_NEAR(left.imag(), probe_of(request).stark_phase(), 1e-12);
}

TEST(resonator_probe, states_that_follow_records_have_the_unconditioned_coherence_on_average) {
    ExperimentRequest request = resonator_request();
    request.device.qubit.t2 = 1.5;
    request.stark_correction = false;
    request.probe_steps = 200;
    const Real detuning = 2;
    const ResonatorProbe probe(request, request.device.qubit, detuning);
    const Matrix plus = Matrix::Constant(2, 2, 0.5);
    constexpr Index shots = 8192;
    const Seed seed = drawn_seed();
    std::vector<Real> records;
    probe.draw_records(plus, {seed, 0, 0}, 0, shots, records);
    std::vector<Real> states(4 * shots);
    probe.follow(plus, records, 0, shots, states);
    const Complex unconditioned =
        0.5 * std::exp(probe.log_contrast(0.25) + Complex(-1 / request.device.qubit.t2, detuning) * 0.25);
    const Real parts[] = {0.5, 0.5, unconditioned.real(), unconditioned.imag()};
    for (Index row = 0; row < 4; ++row) {
        Real sum = 0;
        Real squares = 0;
        for (Index shot = 0; shot < shots; ++shot) {
            const Real value = states[row * shots + shot];
            sum += value;
            squares += value * value;
        }
        const Real mean = sum / shots;
        const Real error = std::sqrt((squares / shots - mean * mean) / shots);
        EXPECT_NEAR(mean, parts[row], 5 * error) << "row " << row << ", seed " << seed;
        EXPECT_LT(error, 0.01);
    }
}
