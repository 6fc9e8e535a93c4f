#include "synqc/dynamics/bin_average.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/dynamics/trajectory_program.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

constexpr Real bin_length = 0.4;

StochasticEquation driven_and_watched(Real efficiency) {
    return StochasticEquation::from_constants(3 * sigma_x(), {0.4 * lowering(2)}, {{0.7 * sigma_z(), efficiency}});
}

Matrix resting() {
    Matrix state = Matrix::Zero(2, 2);
    state(0, 0) = 1;
    return state;
}

TrajectoryProgram program_of(const StochasticEquation& equation, TrajectoryScheme scheme, Real largest_record) {
    return TrajectoryProgram(equation, {{0, bin_length}, {1}}, resting(),
                             {.scheme = scheme, .bins = {.parts = {1}, .largest_record = largest_record}});
}

struct BinSeen {
    Matrix state;
    Real likelihood;  // relative to white noise
};

/// records: mean of dY / dt, one per channel.
BinSeen seen_in_bin(const TrajectoryProgram& program, std::span<const Real> records) {
    TrajectorySource source;
    source.count = 1;
    source.records = records.data();
    BinSeen last;
    program.run(
        source, {.log_likelihood = true},
        [&](Index, const TrajectoryStates& shown) {
            const Index levels = program.levels();
            RealVector state(levels * levels);
            for (Index row = 0; row < state.size(); ++row) {
                state(row) = shown.states[static_cast<std::size_t>(row * shown.lanes)];
            }
            last = {from_hermitian_coordinates(state), std::exp(shown.log_likelihood.front())};
        },
        [] { return true; });
    return last;
}

RealMatrix ensemble_map(const StochasticEquation& equation) {
    const LinearEquation linear = lindblad_equation(equation.ensemble());
    return exponential(RealMatrix(bin_length * linear.dense(linear.constant)));
}

}  // namespace

TEST(bin_average, all_records_together_are_the_master_equation) {
    const StochasticEquation equation = driven_and_watched(0.6);
    const TrajectoryProgram program = program_of(equation, TrajectoryScheme::bin_average, 9);
    Matrix mean = Matrix::Zero(2, 2);
    Real probability = 0;
    constexpr Real spacing = 0.01;
    for (Real y = -9; y <= 9; y += spacing) {
        const std::array<Real, 1> record = {y / std::sqrt(bin_length)};
        const BinSeen one = seen_in_bin(program, record);
        const Real weight = one.likelihood * std::exp(-y * y / 2) / std::sqrt(two_pi) * spacing;
        EXPECT_GE(one.likelihood, 0);
        probability += weight;
        mean += weight * one.state;
    }
    EXPECT_NEAR(probability, 1, 1e-11);
    const RealVector expected = ensemble_map(equation) * hermitian_coordinates(resting());
    EXPECT_LT((hermitian_coordinates(mean) - expected).cwiseAbs().maxCoeff(), 1e-11);
    EXPECT_LT((program.ensemble_error()), 1e-13);
}

TEST(bin_average, is_the_bayes_update_where_nothing_turns_what_is_watched) {
    const StochasticEquation still = StochasticEquation::from_constants(2 * sigma_z(), {}, {{0.7 * sigma_z(), 0.6}});
    Matrix start(2, 2);
    start << 0.6, Complex(0.2, 0.3), Complex(0.2, -0.3), 0.4;
    for (const Real record : {-4.0, 0.3, 5.0}) {
        std::array<BinSeen, 2> both;
        for (const auto scheme : {TrajectoryScheme::bayes_strang, TrajectoryScheme::bin_average}) {
            const TrajectoryProgram program(still, {{0, bin_length}, {1}}, start,
                                            {.scheme = scheme, .bins = {.parts = {1}, .largest_record = 5}});
            both[scheme == TrajectoryScheme::bin_average] = seen_in_bin(program, std::array<Real, 1>{record});
        }
        EXPECT_NEAR(both[1].likelihood / both[0].likelihood, 1, 1e-10);
        EXPECT_LT((both[0].state - both[1].state).cwiseAbs().maxCoeff(), 1e-10);
    }
}

TEST(bin_average, two_halves_of_a_record_add_up_to_the_whole) {
    // Summed over how a record was split, what two bins say is what one bin says of their mean.
    const StochasticEquation equation = driven_and_watched(0.8);
    const TrajectoryProgram whole = program_of(equation, TrajectoryScheme::bin_average, 4);
    const TrajectoryProgram halves(
        equation, {{0, bin_length / 2, bin_length}, {1, 1}}, resting(),
        {.scheme = TrajectoryScheme::bin_average, .bins = {.parts = {1, 1}, .largest_record = 12}});
    const Real mean = 1.7;
    Real likelihood = 0;
    Matrix state = Matrix::Zero(2, 2);
    constexpr Real spacing = 0.02;
    for (Real x = -8; x <= 8; x += spacing) {
        // Given their mean, the difference of two means of white noise over bin_length / 2 is normal.
        const Real difference = x / std::sqrt(bin_length);
        const BinSeen split = seen_in_bin(halves, std::array<Real, 2>{mean + difference, mean - difference});
        const Real weight = split.likelihood * std::exp(-x * x / 2) / std::sqrt(two_pi) * spacing;
        likelihood += weight;
        state += weight * split.state;
    }
    const BinSeen once = seen_in_bin(whole, std::array<Real, 1>{mean});
    EXPECT_NEAR(likelihood, once.likelihood, 1e-10);
    EXPECT_LT((state / likelihood - once.state).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(bin_average, of_two_channels_that_see_the_same_is_that_of_their_sum) {
    const Real strength = 0.7;
    const StochasticEquation one = driven_and_watched(0.5);
    const Real half = strength / std::sqrt(2.0);
    const StochasticEquation two = StochasticEquation::from_constants(
        3 * sigma_x(), {0.4 * lowering(2)}, {{half * sigma_z(), 0.5}, {half * sigma_z(), 0.5}});
    const TrajectoryProgram of_one = program_of(one, TrajectoryScheme::bin_average, 5);
    const TrajectoryProgram of_two = program_of(two, TrajectoryScheme::bin_average, 5);
    const Real a = 2.1;
    const Real b = -0.6;
    const BinSeen together = seen_in_bin(of_two, std::array<Real, 2>{a, b});
    const BinSeen alone = seen_in_bin(of_one, std::array<Real, 1>{(a + b) / std::sqrt(2.0)});
    EXPECT_NEAR(together.likelihood / alone.likelihood, 1, 1e-10);
    EXPECT_LT((together.state - alone.state).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(bin_average, refuses_to_draw_records_and_to_see_too_much) {
    const TrajectoryProgram program = program_of(driven_and_watched(1), TrajectoryScheme::bin_average, 5);
    TrajectorySource source;
    source.count = 1;
    source.seeds = {1};
    EXPECT_THROW(program.run(
                     source, {}, [](Index, const TrajectoryStates&) {}, [] { return true; }),
                 InvalidArgument);
    EXPECT_THROW(program_of(driven_and_watched(1), TrajectoryScheme::bin_average, 1e4), InvalidArgument);
}
