#include "synqc/probe/instrument.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"

using namespace synqc;

namespace {

Matrix state_with(Real p0, Index levels = 2) {
    Matrix state = Matrix::Zero(levels, levels);
    state(0, 0) = p0;
    state(1, 1) = 1 - p0;
    state(0, 1) = state(1, 0) = std::sqrt(p0 * (1 - p0));
    return state;
}

}  // namespace

TEST(instrument, ancilla_circuit_compiles_to_the_kraus_operators) {
    for (Real strength = 0; strength <= 1; strength += 0.05) {
        const auto direct = instrument_kraus(strength, 2);
        const auto circuit = instrument_kraus_from_circuit(strength);
        for (int outcome = 0; outcome < 2; ++outcome) {
            EXPECT_LT((direct[outcome] - circuit[outcome]).norm(), 1e-15) << strength;
        }
    }
}

TEST(instrument, kraus_operators_are_complete_on_every_number_of_levels) {
    for (Index levels = 2; levels <= 5; ++levels) {
        const auto kraus = instrument_kraus(0.4, levels);
        const Matrix sum = kraus[0].adjoint() * kraus[0] + kraus[1].adjoint() * kraus[1];
        EXPECT_LT((sum - Matrix::Identity(levels, levels)).norm(), 1e-14);
        const Channel channel = Channel::from_kraus({kraus[0], kraus[1]});
        EXPECT_LT((Instrument::make(0.4, levels).ensemble_channel().matrix - channel.matrix).norm(), 1e-14);
    }
}

TEST(instrument, noisy_ensemble_channel_is_completely_positive_and_trace_preserving) {
    for (Index levels = 2; levels <= 5; ++levels) {
        for (const Real gate_error : {0.0, 0.004, 0.3}) {
            const Instrument instrument = Instrument::make(0.7, levels, {gate_error, 1, 0.02, 0.01});
            const ChannelAudit result = audit(instrument.ensemble_channel());
            EXPECT_GE(result.lowest_choi_eigenvalue, -1e-14);
            EXPECT_LT(result.trace_defect, 1e-14);
        }
    }
}

TEST(instrument, assignment_errors_of_the_ancilla_flip_the_record_alone) {
    const Instrument clean = Instrument::make(0.6, 2);
    const Instrument noisy = Instrument::make(0.6, 2, {0, 1, 0.03, 0.01});
    EXPECT_LT((clean.ensemble_channel().matrix - noisy.ensemble_channel().matrix).norm(), 1e-14);
    EXPECT_NEAR(noisy.plus_given_level().first, 0.8 * 0.99 + 0.2 * 0.03, 1e-15);
    EXPECT_NEAR(noisy.plus_given_level().second, 0.2 * 0.99 + 0.8 * 0.03, 1e-15);
}

TEST(instrument, repeated_probing_ends_in_a_level_with_borns_probability) {
    const Seed seed = 22;
    const Index shots = 100000;
    InstrumentProgram program;
    program.initial_state = state_with(0.7);
    program.instrument = Instrument::make(0.3, 2);
    program.repetitions = 400;
    ShotBlock block;
    Real in_0 = 0;
    Real unresolved = 0;
    for (Index first = 0; first < shots; first += 5000) {
        sample_instrument_shots(program, {seed, 0, 0}, first, 5000, false, block);
        for (Index shot = 0; shot < 5000; ++shot) {
            in_0 += block.states[shot] > 0.5;
            unresolved = std::max(unresolved, std::min(block.states[shot], block.states[block.lanes + shot]));
        }
    }
    EXPECT_NEAR(in_0 / shots, 0.7, 4 * 0.00145) << "seed " << seed;
    EXPECT_LT(unresolved, 1e-6) << "seed " << seed;
}

TEST(instrument, mean_of_sigma_z_stays_through_every_application) {
    const Seed seed = 23;
    InstrumentProgram program;
    program.initial_state = state_with(0.7);
    program.instrument = Instrument::make(0.3, 2);
    ShotBlock block;
    const Index shots = 40000;
    for (const Index repetitions : {1, 2, 5, 20}) {
        program.repetitions = repetitions;
        sample_instrument_shots(program, {seed, static_cast<std::uint32_t>(repetitions), 0}, 0, shots, false, block);
        Real mean = 0;
        Real square = 0;
        for (Index shot = 0; shot < shots; ++shot) {
            const Real z = block.states[shot] - block.states[block.lanes + shot];
            mean += z / shots;
            square += z * z / shots;
        }
        EXPECT_NEAR(mean, 0.4, 4 * std::sqrt((square - mean * mean) / shots)) << "seed " << seed;
    }
}

TEST(instrument, outcomes_multiply_whatever_their_order) {
    // Product rule: the state depends on the number of plus outcomes alone.
    InstrumentProgram program;
    program.initial_state = state_with(0.35);
    program.instrument = Instrument::make(0.4, 2);
    program.repetitions = 6;
    ShotBlock block;
    sample_instrument_shots(program, {1, 0, 0}, 0, 1000, true, block);
    for (Index shot = 0; shot < 1000; ++shot) {
        const Real net = 6 * block.integrated[shot];
        const Real odds = 0.35 / 0.65 * std::pow(1.4 / 0.6, net);
        EXPECT_NEAR(block.states[shot], odds / (1 + odds), 1e-13);
        EXPECT_NEAR(std::pow(block.states[2 * block.lanes + shot], 2),
                    block.states[shot] * block.states[block.lanes + shot], 1e-13);
    }
}

TEST(instrument, conditioned_states_average_to_the_ensemble_channel) {
    const Seed seed = 24;
    for (Index levels = 2; levels <= 4; ++levels) {
        InstrumentProgram program;
        program.initial_state = Matrix::Constant(levels, levels, 1.0 / levels);
        program.instrument = Instrument::make(0.6, levels, {0.02, 1, 0.03, 0.01});
        program.repetitions = 2;
        const Index shots = 40000;
        ShotBlock block;
        sample_instrument_shots(program, {seed, 0, 0}, 0, shots, false, block);
        const Channel once = program.instrument.ensemble_channel();
        const RealVector expected = (once * once).matrix * hermitian_coordinates(program.initial_state);
        for (Index row = 0; row < levels * levels; ++row) {
            Real mean = 0;
            for (Index shot = 0; shot < shots; ++shot) {
                mean += block.states[row * block.lanes + shot] / shots;
            }
            EXPECT_NEAR(mean, expected[row], 4 * 0.5 / std::sqrt(Real(shots))) << "seed " << seed;
        }
    }
}

TEST(instrument, shots_do_not_depend_on_how_they_are_cut_into_blocks) {
    InstrumentProgram program;
    program.initial_state = state_with(0.5);
    program.instrument = Instrument::make(0.5, 2);
    program.with_belief = true;
    program.believed_initial_state = state_with(0.6);
    program.believed_instrument = Instrument::make(0.4, 2);
    for (const Index repetitions : {1, 3}) {
        program.repetitions = repetitions;
        ShotBlock whole;
        ShotBlock part;
        sample_instrument_shots(program, {5, 6, 7}, 0, 100, false, whole);
        for (Index first = 0; first < 100; first += 25) {
            sample_instrument_shots(program, {5, 6, 7}, first, 25, false, part);
            for (Index shot = 0; shot < 25; ++shot) {
                EXPECT_EQ(part.integrated[shot], whole.integrated[first + shot]);
                EXPECT_EQ(part.states[shot], whole.states[first + shot]);
                EXPECT_EQ(part.beliefs[shot], whole.beliefs[first + shot]);
            }
        }
    }
}

TEST(instrument, pulsed_zeno_survival_is_exact) {
    // N projective instruments interleaved in a pi pulse: cos^(2N)(pi / 2N).
    const Channel projective = Instrument::make(1, 2).ensemble_channel();
    const std::pair<int, Real> published[] = {
        {2, 0.25}, {5, 0.605429049713}, {10, 0.780546069781}, {50, 0.951842078798}, {100, 0.975626914144}};
    for (const auto& [n, survival] : published) {
        Matrix turn(2, 2);
        const Real half = pi / n / 2;
        turn << std::cos(half), Complex(0, -std::sin(half)), Complex(0, -std::sin(half)), std::cos(half);
        Matrix kept = state_with(1);
        Real probability = 1;
        for (int k = 0; k < n; ++k) {
            const Matrix after = projective.apply(Channel::from_unitary(turn).apply(kept));
            probability *= after(0, 0).real();
        }
        EXPECT_NEAR(probability, survival, 1e-12);
    }
}
