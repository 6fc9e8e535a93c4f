#include "synqc/dynamics/qubit_channels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/base/simd_level.h"
#include "synqc/dynamics/driven_qubit.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

constexpr Real forever = 1e15;  // µs

Qubit qubit_with(Real t1, Real t2, Index levels = 2) {
    Qubit qubit;
    qubit.levels = levels;
    qubit.t1 = t1;
    qubit.t2 = t2;
    return qubit;
}

Qubit lossless(Index levels, Real anharmonicity = 0) {
    Qubit qubit = qubit_with(forever, forever, levels);
    qubit.anharmonicity = anharmonicity;
    return qubit;
}

Pulse pulse_of(EnvelopeShape shape, Real angle, Real duration, Real axis = 0) {
    Pulse pulse;
    pulse.shape = shape;
    pulse.angle = angle;
    pulse.duration = duration;
    pulse.axis = axis;
    return pulse;
}

Matrix ground(Index levels = 2) {
    return basis_projector(levels, 0);
}

Real excited_population(const Matrix& state) {
    return state(1, 1).real();
}

/// Fourth-order commutator-free Magnus on the whole generator with many steps and one Richardson step.
RealMatrix slow_reference(const Qubit& qubit, const Pulse& pulse, Real detuning, Real amplitude_error, Index steps) {
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const RealMatrix dissipation = driven.dissipation();
    auto generator = [&](Real t) {
        DriveSample drive = pulse.at(t);
        drive.omega_x *= 1 + amplitude_error;
        drive.omega_y *= 1 + amplitude_error;
        return RealMatrix(DrivenQubit::commutation_with(driven.hamiltonian(drive, pulse.axis)) + dissipation);
    };
    auto propagate = [&](Real begin, Real end, Index count) {
        const Real gauss = std::sqrt(3.0) / 6;
        const Real h = (end - begin) / static_cast<Real>(count);
        RealMatrix map = RealMatrix::Identity(dissipation.rows(), dissipation.rows());
        for (Index k = 0; k < count; ++k) {
            const Real middle = begin + (static_cast<Real>(k) + 0.5) * h;
            const RealMatrix early = generator(middle - gauss * h);
            const RealMatrix late = generator(middle + gauss * h);
            const RealMatrix first = h * ((0.25 + gauss) * early + (0.25 - gauss) * late);
            const RealMatrix second = h * ((0.25 - gauss) * early + (0.25 + gauss) * late);
            map = exponential(second) * exponential(first) * map;
        }
        return map;
    };
    std::vector<Real> edges = pulse.breakpoints();
    edges.insert(edges.begin(), 0);
    edges.push_back(pulse.duration);
    RealMatrix whole = RealMatrix::Identity(dissipation.rows(), dissipation.rows());
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        const RealMatrix coarse = propagate(edges[piece], edges[piece + 1], steps);
        const RealMatrix fine = propagate(edges[piece], edges[piece + 1], 2 * steps);
        whole = RealMatrix((16 * fine - coarse) / 15 * whole);
    }
    return whole;
}

}  // namespace

TEST(qubit_channels, excited_state_decays_with_t1) {
    // Case 3.
    const Channel idle = idle_channel(qubit_with(50, 100), 50, 0);
    EXPECT_NEAR(excited_population(idle.apply(basis_projector(2, 1))), std::exp(-1), 1e-12);
}

TEST(qubit_channels, idle_of_no_duration_is_the_identity_bit_for_bit) {
    EXPECT_EQ(idle_channel(qubit_with(50, 60, 3), 0, 1.5).matrix, Channel::identity(3).matrix);
}

TEST(qubit_channels, ramsey_fringe_has_the_closed_form) {
    // Case 4: P1 = (1 + exp(-T/T2) cos(Delta T)) / 2 with ideal quarter turns about x.
    const Qubit qubit = qubit_with(50, 1 / (1.0 / 100 + 1.0 / 40));
    const Channel quarter = Channel::from_unitary(ideal_rotation(pi / 2, 0));
    auto fringe = [&](Real detuning) {
        return excited_population((quarter * idle_channel(qubit, 10, detuning) * quarter).apply(ground()));
    };
    EXPECT_NEAR(fringe(two_pi * 0.1), 0.852344044859, 1e-9);
    EXPECT_NEAR(fringe(two_pi * 0.13), 0.391119702272, 1e-9);
}

TEST(qubit_channels, hahn_echo_cancels_every_static_detuning) {
    // Case 5: contrast exp(-T/T2) whatever Delta.
    const Qubit qubit = qubit_with(50, 28.5714285714);
    const Channel quarter = Channel::from_unitary(ideal_rotation(pi / 2, 0));
    const Channel half = Channel::from_unitary(ideal_rotation(pi, 0));
    const Real duration = 10;
    for (Real detuning : {0.0, two_pi * 0.03, two_pi * 0.7, two_pi * 12.3}) {
        const Channel free = idle_channel(qubit, duration / 2, detuning);
        const Channel before_readout = free * half * free * quarter;
        const Real low = excited_population((quarter * before_readout).apply(ground()));
        const Real high =
            excited_population((Channel::from_unitary(ideal_rotation(-pi / 2, 0)) * before_readout).apply(ground()));
        EXPECT_NEAR(std::abs(high - low), std::exp(-duration / qubit.t2), 1e-10) << "detuning " << detuning;
    }
}

TEST(qubit_channels, thermal_bath_pulls_to_its_population) {
    // Case 8: 5 GHz at 50 mK.
    Qubit qubit = qubit_with(50, 40);
    qubit.equilibrium_population = 0.00816870147;
    EXPECT_NEAR(qubit.bath_occupation(), 0.00830437336, 1e-11);
    const Channel long_idle = idle_channel(qubit, 5000, 0);
    EXPECT_NEAR(excited_population(long_idle.apply(basis_projector(2, 1))), 0.00816870147, 1e-12);
}

TEST(qubit_channels, ladder_obeys_detailed_balance) {
    // Case 9: p_(k+1) / p_k = n / (1 + n) = 1 / 11 for n = 0.1.
    Qubit qubit = qubit_with(10, 20, 4);
    qubit.equilibrium_population = 0.1 / 1.2;
    qubit.anharmonicity = -two_pi * 200;
    const Matrix steady = idle_channel(qubit, 3000, 0.3).apply(ground(4));
    for (Index k = 0; k < 3; ++k) {
        EXPECT_NEAR((steady(k + 1, k + 1) / steady(k, k)).real(), 1.0 / 11, 1e-10) << "k = " << k;
    }
}

TEST(qubit_channels, coherences_dephase_with_the_square_of_their_distance) {
    // Case 11: rho_mn ~ exp(-(m - n)^2 t / Tphi); T1 acts too slowly to matter.
    const Real t_phi = 40;
    const Qubit qubit = qubit_with(1e12, 1 / (1 / 2e12 + 1 / t_phi), 4);
    const Matrix spread = Matrix::Constant(4, 4, 0.25);
    const Real t = 7;
    const Matrix later = idle_channel(qubit, t, 0).apply(spread);
    for (Index m = 0; m < 4; ++m) {
        for (Index n = 0; n < 4; ++n) {
            const Real distance = static_cast<Real>(m - n);
            EXPECT_NEAR(later(m, n).real(), 0.25 * std::exp(-distance * distance * t / t_phi), 1e-10);
        }
    }
}

TEST(qubit_channels, amplitude_error_shows_in_the_half_turn) {
    // Case 15: P1 = sin^2(pi (1 + d) / 2).
    for (auto [error, expected] : {std::pair{0.01, 0.999753280183}, std::pair{0.05, 0.993844170298}}) {
        for (EnvelopeShape shape : {EnvelopeShape::square, EnvelopeShape::cosine}) {
            const Channel channel = pulse_channel(lossless(2), pulse_of(shape, pi, 0.02), 0, error);
            EXPECT_NEAR(excited_population(channel.apply(ground())), expected, 1e-10);
        }
    }
}

TEST(qubit_channels, only_the_area_of_an_envelope_turns_a_resonant_qubit) {
    // Case 16: P1 = sin^2(theta / 2) for any shape.
    for (EnvelopeShape shape : {EnvelopeShape::square, EnvelopeShape::gaussian, EnvelopeShape::cosine,
                                EnvelopeShape::flat_top_cosine, EnvelopeShape::flat_top_gaussian}) {
        for (Real angle : {0.3, pi / 2, pi, 5.0}) {
            const Channel channel = pulse_channel(lossless(2), pulse_of(shape, angle, 0.03, 0.7), 0, 0);
            EXPECT_NEAR(excited_population(channel.apply(ground())), std::pow(std::sin(angle / 2), 2), 1e-10)
                << name_of(shape) << " by " << angle;
        }
    }
    Pulse sampled = pulse_of(EnvelopeShape::samples, 1.2, 0.03);
    sampled.samples = {0.1, 0.7, -0.2, 1.3};
    for (bool interpolate : {false, true}) {
        sampled.interpolate_samples = interpolate;
        const Real area = excited_population(pulse_channel(lossless(2), sampled, 0, 0).apply(ground()));
        EXPECT_NEAR(area, std::pow(std::sin(0.6), 2), 1e-10) << "interpolated: " << interpolate;
    }
}

TEST(qubit_channels, lossless_pulse_is_the_ideal_rotation) {
    const Channel channel = pulse_channel(lossless(2), pulse_of(EnvelopeShape::gaussian, 1.1, 0.02, 0.4), 0, 0);
    const Channel ideal = Channel::from_unitary(ideal_rotation(1.1, 0.4));
    EXPECT_LT((channel.matrix - ideal.matrix).cwiseAbs().maxCoeff(), 1e-9);
}

TEST(qubit_channels, detuned_square_pulse_is_the_generalised_rabi_formula) {
    const Real duration = 0.05;
    const Real omega = pi / duration;
    const Real detuning = 40;
    const Channel channel = pulse_channel(lossless(2), pulse_of(EnvelopeShape::square, pi, duration), detuning, 0);
    const Real total = std::hypot(omega, detuning);
    const Real expected = std::pow(omega / total * std::sin(total * duration / 2), 2);
    EXPECT_NEAR(excited_population(channel.apply(ground())), expected, 1e-12);
}

namespace {

struct DragFigure {
    EnvelopeShape shape;
    Real duration;  // µs
    Real beta;
    bool corrected;
    Index levels;
    Real leakage;
    Real infidelity;
};

}  // namespace

TEST(qubit_channels, drag_reaches_the_published_leakage_and_fidelity) {
    // Case 14, both tables and the negative control with the wrong sign of the derivative.
    constexpr auto cosine = EnvelopeShape::drag;
    constexpr auto gaussian = EnvelopeShape::drag_gaussian;
    const DragFigure figures[] = {
        {cosine, 0.020, 0, false, 3, 2.905e-6, 3.482e-3},    {cosine, 0.020, 0.5, false, 3, 7.123e-7, 8.553e-6},
        {cosine, 0.020, 1, false, 3, 4.083e-11, 3.556e-3},   {cosine, 0.020, 1, true, 3, 4.20e-11, 1.121e-7},
        {cosine, 0.010, 0, false, 3, 3.760e-4, 1.405e-2},    {cosine, 0.010, 0.5, false, 3, 1.055e-4, 2.367e-4},
        {cosine, 0.010, 1, false, 3, 3.973e-6, 1.492e-2},    {cosine, 0.010, 1, true, 3, 9.209e-6, 1.620e-5},
        {gaussian, 0.020, 0, false, 3, 1.330e-5, 3.011e-3},  {gaussian, 0.020, 0.5, false, 3, 3.304e-6, 9.075e-6},
        {gaussian, 0.020, 1, false, 3, 8.018e-11, 3.054e-3}, {gaussian, 0.020, 1, true, 3, 9.152e-11, 7.249e-8},
        {cosine, 0.020, 1, true, 5, 3.710e-11, 7.534e-10},   {cosine, 0.020, -1, false, 3, 1.209e-5, 3.12e-2},
        {cosine, 0.020, -0.5, false, 3, 6.668e-6, 1.394e-2},
    };
    for (const DragFigure& figure : figures) {
        const Qubit qubit = lossless(figure.levels, -two_pi * 300);
        Pulse pulse = pulse_of(figure.shape, pi, figure.duration);
        pulse.drag = {
            .beta = figure.beta, .detuning_correction = figure.corrected, .anharmonicity = qubit.anharmonicity};
        const GateQuality quality = gate_quality(pulse_channel(qubit, pulse, 0, 0), ideal_rotation(pi, 0));
        const auto name = ::testing::Message() << name_of(figure.shape) << " of " << figure.duration << " us, beta "
                                               << figure.beta << ", " << figure.levels << " levels";
        EXPECT_NEAR(quality.leakage / figure.leakage, 1, figure.leakage < 1e-10 ? 0.02 : 0.01) << name;
        EXPECT_NEAR((1 - quality.average_fidelity) / figure.infidelity, 1, 0.01) << name;
    }
}

TEST(qubit_channels, leakage_without_drag_falls_with_the_sixth_power_of_the_duration) {
    const Qubit qubit = lossless(3, -two_pi * 300);
    auto leakage = [&](Real duration) {
        const Pulse pulse = pulse_of(EnvelopeShape::cosine, pi, duration);
        return gate_quality(pulse_channel(qubit, pulse, 0, 0), ideal_rotation(pi, 0)).leakage;
    };
    EXPECT_NEAR(leakage(0.04) / 4.265e-8, 1, 0.01);
    EXPECT_NEAR(leakage(0.02) / leakage(0.04), 68, 1);
}

TEST(qubit_channels, a_pulse_in_a_long_idle_is_never_skipped) {
    // Case 29: 20 ns at t = 50 us of 100 us; T1 acts only afterwards.
    const Qubit qubit = qubit_with(1e9, 1e9);
    const Channel pulse = pulse_channel(qubit, pulse_of(EnvelopeShape::cosine, pi, 0.02), 0, 0);
    const Channel late = idle_channel(qubit, 49.98, 0) * pulse * idle_channel(qubit, 50, 0);
    const Real alone =
        excited_population(pulse_channel(lossless(2), pulse_of(EnvelopeShape::cosine, pi, 0.02), 0, 0).apply(ground()));
    EXPECT_NEAR(excited_population(late.apply(ground())), alone, 1e-7);
    EXPECT_NEAR(alone, 1, 1e-9);
}

TEST(qubit_channels, every_element_is_right_to_1e_9) {
    constexpr unsigned seed = 11;
    std::mt19937_64 generator(seed);
    auto uniform = [&](Real low, Real high) { return std::uniform_real_distribution<Real>(low, high)(generator); };
    const EnvelopeShape shapes[] = {EnvelopeShape::gaussian, EnvelopeShape::cosine, EnvelopeShape::drag,
                                    EnvelopeShape::drag_gaussian, EnvelopeShape::flat_top_gaussian};
    for (int trial = 0; trial < 15; ++trial) {
        Qubit qubit = qubit_with(std::exp(uniform(std::log(2), std::log(300))), 0, 2 + trial % 2);
        qubit.t2 = qubit.t1 * uniform(0.2, 1.9);
        qubit.equilibrium_population = uniform(0, 0.3);
        qubit.anharmonicity = qubit.levels == 2 ? 0 : -two_pi * uniform(100, 400);
        Pulse pulse = pulse_of(shapes[trial % 5], uniform(-4, 4), uniform(0.008, 0.05), uniform(0, two_pi));
        pulse.drag.anharmonicity = qubit.anharmonicity;
        const Real detuning = uniform(-12, 12);
        const Real amplitude_error = uniform(-0.1, 0.1);
        const Channel channel = pulse_channel(qubit, pulse, detuning, amplitude_error);
        const RealMatrix reference =
            slow_reference(qubit, pulse, detuning, amplitude_error, qubit.levels == 2 ? 200 : 1200);
        EXPECT_LT((channel.matrix - reference).cwiseAbs().maxCoeff(), 1e-9)
            << "seed " << seed << ", trial " << trial << ", " << name_of(pulse.shape);
    }
}

TEST(qubit_channels, pulses_that_lose_much_are_as_accurate_and_stay_positive) {
    for (Index levels : {2, 3, 5}) {
        Qubit qubit = qubit_with(0.05, 0.01, levels);
        qubit.anharmonicity = -two_pi * 100;
        for (EnvelopeShape shape : {EnvelopeShape::cosine, EnvelopeShape::flat_top_cosine}) {
            Pulse pulse = pulse_of(shape, 1.5, 0.02, 0.4);
            const Channel channel = pulse_channel(qubit, pulse, 3, 0.02);
            const RealMatrix reference = slow_reference(qubit, pulse, 3, 0.02, 800);
            EXPECT_LT((channel.matrix - reference).cwiseAbs().maxCoeff(), 1e-9) << levels << " " << name_of(shape);
            EXPECT_GE(audit(channel).lowest_choi_eigenvalue, -1e-12);
        }
    }
}

TEST(qubit_channels, square_pulses_and_samples_are_exact) {
    Qubit qubit = qubit_with(5, 4, 3);
    qubit.anharmonicity = -two_pi * 250;
    Pulse pulse = pulse_of(EnvelopeShape::samples, 2.0, 0.02, 0.3);
    pulse.samples = {Complex(0.2, 0.1), Complex(1, -0.3), Complex(0.5, 0)};
    const Channel channel = pulse_channel(qubit, pulse, 3, 0.02);
    EXPECT_LT((channel.matrix - slow_reference(qubit, pulse, 3, 0.02, 1)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(qubit_channels, every_channel_is_completely_positive_and_keeps_the_trace) {
    // Case 39, over random qubits and pulses of 2 to 5 levels.
    constexpr unsigned seed = 5;
    std::mt19937_64 generator(seed);
    auto uniform = [&](Real low, Real high) { return std::uniform_real_distribution<Real>(low, high)(generator); };
    const EnvelopeShape shapes[] = {EnvelopeShape::square, EnvelopeShape::gaussian, EnvelopeShape::drag,
                                    EnvelopeShape::flat_top_cosine, EnvelopeShape::drag_gaussian};
    for (int trial = 0; trial < 60; ++trial) {
        Qubit qubit = qubit_with(std::exp(uniform(std::log(0.5), std::log(1e6))), 0, 2 + trial % 4);
        qubit.t2 = qubit.t1 * uniform(0.1, 2);
        qubit.equilibrium_population = trial % 2 == 0 ? 0 : uniform(0, 0.4);
        qubit.anharmonicity = -two_pi * uniform(150, 350);
        Pulse pulse = pulse_of(shapes[trial % 5], uniform(0, 4), uniform(0.01, 0.03), uniform(0, two_pi));
        pulse.drag.anharmonicity = qubit.anharmonicity;
        for (const Channel& channel : {pulse_channel(qubit, pulse, uniform(-5, 5), 0.01),
                                       idle_channel(qubit, uniform(0, 100), uniform(-5, 5))}) {
            const ChannelAudit report = audit(channel);
            EXPECT_GE(report.lowest_choi_eigenvalue, -1e-12) << "seed " << seed << ", trial " << trial;
            EXPECT_LE(report.trace_defect, 1e-15) << "seed " << seed << ", trial " << trial;
        }
    }
}

TEST(qubit_channels, a_family_of_angles_agrees_with_single_pulses_and_stays_positive) {
    Qubit qubit = qubit_with(80, 60, 3);
    qubit.anharmonicity = -two_pi * 310;
    Pulse pulse = pulse_of(EnvelopeShape::drag, pi / 2, 0.024, 0.2);
    pulse.drag.anharmonicity = qubit.anharmonicity;
    std::vector<Real> angles;
    for (int k = 0; k < 256; ++k) {
        angles.push_back(-pi / 2 + k * two_pi / 256);
    }
    const std::vector<Channel> family = pulse_channels(qubit, pulse, angles, 0.5, 0.01);
    ASSERT_EQ(family.size(), angles.size());
    for (std::size_t k : {0, 100, 131, 255}) {
        pulse.angle = angles[k];
        EXPECT_LT((family[k].matrix - pulse_channel(qubit, pulse, 0.5, 0.01).matrix).cwiseAbs().maxCoeff(), 1e-9);
        EXPECT_GE(audit(family[k]).lowest_choi_eigenvalue, -1e-12);
    }
    EXPECT_EQ(pulse_channels(qubit, pulse, {1.0, 1.0, 1.0}, 0, 0).size(), 3u);
    EXPECT_TRUE(pulse_channels(qubit, pulse, {}, 0, 0).empty());
}

TEST(qubit_channels, instruction_set_levels_agree_to_rounding) {
    Qubit qubit = qubit_with(80, 60, 3);
    qubit.anharmonicity = -two_pi * 310;
    Pulse pulse = pulse_of(EnvelopeShape::drag, pi / 2, 0.024, 0.2);
    pulse.drag.anharmonicity = qubit.anharmonicity;
    const std::string best(simd_level());
    const RealMatrix reference = pulse_channel(qubit, pulse, 0.5, 0.01).matrix;
    for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
        if (has_simd_level(level)) {
            use_simd_level(level);
            EXPECT_LT((pulse_channel(qubit, pulse, 0.5, 0.01).matrix - reference).cwiseAbs().maxCoeff(), 1e-13)
                << level;
        }
    }
    use_simd_level(best);
}

TEST(qubit_channels, explicit_levels_equal_to_an_oscillator_give_the_same_channel) {
    Qubit oscillator = qubit_with(50, 40, 3);
    oscillator.anharmonicity = two_pi * 500;
    Qubit listed = oscillator;
    listed.level_energies = {0, 0, oscillator.anharmonicity};
    listed.lowering_elements = {0, 1, 0, 0, 0, std::sqrt(2.0), 0, 0, 0};
    const Pulse pulse = pulse_of(EnvelopeShape::cosine, pi, 0.02);
    EXPECT_EQ(pulse_channel(oscillator, pulse, 0.4, 0).matrix, pulse_channel(listed, pulse, 0.4, 0).matrix);
    listed.lowering_elements.pop_back();
    EXPECT_THROW(pulse_channel(listed, pulse, 0, 0), InvalidArgument);
}

TEST(qubit_channels, preparation_leaves_its_population) {
    Qubit qubit = qubit_with(50, 40, 3);
    qubit.prepared_population = 0.02;
    const Matrix state = prepared_state(qubit);
    EXPECT_EQ(state(0, 0), 0.98);
    EXPECT_EQ(state(1, 1), 0.02);
    EXPECT_EQ(state(2, 2), 0.0);
}

TEST(qubit_channels, refuses_what_makes_no_sense) {
    const Qubit qubit = qubit_with(50, 40);
    const Pulse pulse = pulse_of(EnvelopeShape::square, pi, 0.02);
    EXPECT_THROW(idle_channel(qubit, -1, 0), InvalidArgument);
    EXPECT_THROW(idle_channel(qubit, 1, NAN), InvalidArgument);
    EXPECT_THROW(pulse_channel(qubit, pulse, 0, INFINITY), InvalidArgument);
    Qubit large = qubit;
    large.levels = 6;
    EXPECT_THROW(pulse_channel(large, pulse, 0, 0), InvalidArgument);
    EXPECT_THROW(pulse_channels(qubit, pulse, {0.1, NAN}, 0, 0), InvalidArgument);
}
