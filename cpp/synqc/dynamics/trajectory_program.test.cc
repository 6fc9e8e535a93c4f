#include "synqc/dynamics/trajectory_program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "synqc/base/errors.h"
#include "synqc/base/simd_level.h"
#include "synqc/dynamics/trajectory_ensemble.h"
#include "synqc/linalg/channel.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"

namespace synqc {

namespace {

bool always() {
    return true;
}

StochasticEquation driven_qubit(Real efficiency) {
    return StochasticEquation::from_constants(pi * sigma_x(), {0.4 * lowering(2)},
                                              {{sigma_z() / std::sqrt(2.0), efficiency}});
}

StochasticEquation driven_ladder(Index levels) {
    Matrix drive = lowering(levels) + lowering(levels).adjoint();
    return StochasticEquation::from_constants(drive, {0.3 * lowering(levels)},
                                              {{0.4 * number(levels), 0.5}, {0.2 * number(levels), 1.0}});
}

TrajectoryGrid grid(Index intervals, Index steps) {
    TrajectoryGrid made;
    for (Index k = 0; k <= intervals; ++k) {
        made.times.push_back(static_cast<Real>(k) / static_cast<Real>(intervals));
    }
    made.steps.assign(intervals, steps);
    return made;
}

struct Seen {
    std::vector<std::vector<Real>> states;       // per time, (n*n, lanes)
    std::vector<std::vector<Real>> records;      // per interval, (channels, lanes)
    std::vector<std::vector<Real>> innovations;  // likewise
    std::vector<Real> log_likelihood;
    Index lanes = 0;
};

Seen seen_by(const TrajectoryProgram& program, const TrajectorySource& source) {
    Seen seen;
    EXPECT_TRUE(program.run(
        source, {.log_likelihood = true, .innovations = true},
        [&](Index time, const TrajectoryStates& shown) {
            seen.lanes = shown.lanes;
            seen.states.push_back(shown.states);
            if (time > 0) {
                seen.records.push_back(shown.records);
                seen.innovations.push_back(shown.innovations);
            }
            seen.log_likelihood = shown.log_likelihood;
        },
        always));
    return seen;
}

RealVector lane_of(const std::vector<Real>& rows, Index lanes, Index lane) {
    RealVector values(std::ssize(rows) / lanes);
    for (Index row = 0; row < values.size(); ++row) {
        values(row) = rows[row * lanes + lane];
    }
    return values;
}

Coefficient held_at(Complex value) {
    return Coefficient::from_steps({0, 1}, std::vector<Complex>{value, value});
}

/// sqrt(t) on [0, 1], as held values whose squares have the integral of t over each.
Coefficient root_of_time() {
    std::vector<Real> times;
    std::vector<Complex> values;
    for (int k = 0; k <= 400; ++k) {
        times.push_back(k / 400.0);
        values.push_back(std::sqrt((k + 0.5) / 400));
    }
    return Coefficient::from_steps(times, values);
}

constexpr TrajectoryScheme all_schemes[] = {TrajectoryScheme::bayes_strang, TrajectoryScheme::rouchon,
                                            TrajectoryScheme::platen, TrajectoryScheme::milstein,
                                            TrajectoryScheme::euler_maruyama};

constexpr TrajectoryScheme positive_schemes[] = {TrajectoryScheme::bayes_strang, TrajectoryScheme::rouchon};

}  // namespace

TEST(trajectory_program, sampled_records_filter_back_to_the_sampled_states) {
    for (const auto scheme : all_schemes) {
        for (Index levels : {2, 3, 5}) {
            const StochasticEquation equation = levels == 2 ? driven_qubit(0.6) : driven_ladder(levels);
            const TrajectoryProgram program(equation, grid(40, 1), basis_projector(levels, 0),
                                            {scheme, std::numeric_limits<Real>::infinity()});
            const Seen sampled = seen_by(program, {11, {17}, 3, nullptr});
            std::vector<Real> records(11 * program.channels() * 40);
            for (Index lane = 0; lane < 11; ++lane) {
                for (Index k = 0; k < program.channels(); ++k) {
                    for (Index step = 0; step < 40; ++step) {
                        records[(lane * program.channels() + k) * 40 + step] =
                            sampled.records[step][k * sampled.lanes + lane];
                    }
                }
            }
            const Seen filtered = seen_by(program, {11, {}, 0, records.data()});
            for (Index lane = 0; lane < 11; ++lane) {
                const RealVector difference = lane_of(sampled.states.back(), sampled.lanes, lane) -
                                              lane_of(filtered.states.back(), filtered.lanes, lane);
                EXPECT_LT(difference.norm(), 1e-10) << name_of(scheme) << ", " << levels << " levels, seed 17";
                EXPECT_NEAR(sampled.log_likelihood[lane], filtered.log_likelihood[lane], 1e-9);
            }
        }
    }
}

TEST(trajectory_program, trajectories_do_not_depend_on_the_block_they_are_in) {
    for (const auto scheme : positive_schemes) {
        const TrajectoryProgram program(driven_qubit(0.6), grid(3, 50), basis_projector(2, 0), {.scheme = scheme});
        const Seen together = seen_by(program, {40, {5}, 0, nullptr});
        const Seen alone = seen_by(program, {1, {5}, 23, nullptr});
        EXPECT_EQ(lane_of(together.states.back(), together.lanes, 23), lane_of(alone.states.back(), alone.lanes, 0));
    }
}

TEST(trajectory_program, saved_times_do_not_change_the_noise) {
    const TrajectoryProgram often(driven_qubit(1), grid(90, 1), basis_projector(2, 0), {});
    const TrajectoryProgram seldom(driven_qubit(1), grid(2, 45), basis_projector(2, 0), {});
    const Seen a = seen_by(often, {8, {5}, 0, nullptr});
    const Seen b = seen_by(seldom, {8, {5}, 0, nullptr});
    for (std::size_t e = 0; e < a.states.back().size(); ++e) {
        EXPECT_NEAR(a.states.back()[e], b.states.back()[e], 1e-12);
    }
}

TEST(trajectory_program, every_instruction_set_level_gives_the_same_to_rounding) {
    const std::string level_before(simd_level());
    for (const auto scheme : positive_schemes) {
        for (Index levels : {2, 3, 4, 6}) {
            const StochasticEquation equation = levels == 2 ? driven_qubit(0.6) : driven_ladder(levels);
            const TrajectoryProgram program(equation, grid(1, 100), basis_projector(levels, 0), {.scheme = scheme});
            std::vector<Seen> seen;
            for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"}) {
                if (has_simd_level(level)) {
                    use_simd_level(level);
                    seen.push_back(seen_by(program, {16, {9}, 0, nullptr}));
                }
            }
            for (const Seen& other : seen) {
                for (std::size_t e = 0; e < other.states.back().size(); ++e) {
                    EXPECT_NEAR(other.states.back()[e], seen.front().states.back()[e], 1e-10);
                }
            }
        }
    }
    use_simd_level(level_before);
}

TEST(trajectory_program, fully_watched_pure_states_stay_pure_for_any_step) {
    StochasticEquation equation = driven_qubit(1);
    equation.unmonitored.jumps.clear();
    for (Real length : {1e-3, 1.0, 1e3}) {
        TrajectoryGrid times = grid(64, 1);
        for (Real& time : times.times) {
            time *= 64 * length;
        }
        const TrajectoryProgram program(equation, times, basis_projector(2, 0), {});
        for (const auto& states : seen_by(program, {16, {3}, 0, nullptr}).states) {
            for (Index lane = 0; lane < 16; ++lane) {
                EXPECT_GT(purity(from_hermitian_coordinates(lane_of(states, 16, lane))), 1 - 1e-12);
            }
        }
    }
}

TEST(trajectory_program, weak_error_falls_with_the_square_of_the_step) {
    Real before = 0;
    for (Index steps : {8, 16, 32, 64}) {
        const TrajectoryProgram program(driven_qubit(0.5), grid(1, steps), basis_projector(2, 0), {});
        const Real error = program.ensemble_error();
        if (before > 0) {
            EXPECT_NEAR(before / error, 4, 0.3);
        }
        before = error;
    }
}

TEST(trajectory_program, scheme_is_exact_where_nothing_disturbs_the_measurement) {
    const auto quiet = StochasticEquation::from_constants(0.7 * sigma_z(), {0.2 * number(2)}, {{sigma_z(), 0.5}});
    EXPECT_TRUE(is_measurement_undisturbed(quiet));
    EXPECT_FALSE(is_measurement_undisturbed(driven_qubit(0.5)));
    Matrix state = Matrix::Constant(2, 2, 0.5);
    EXPECT_LT(TrajectoryProgram(quiet, grid(1, 1), state, {}).ensemble_error(), 1e-14);
}

TEST(trajectory_program, coefficients_that_stand_still_change_nothing) {
    StochasticEquation moving = driven_qubit(0.5);
    moving.unmonitored.coefficients = {held_at(1)};
    for (VaryingOperator* op :
         {&moving.unmonitored.hamiltonian, &moving.unmonitored.jumps[0], &moving.monitored[0].op}) {
        op->terms.front().coefficient = 0;
    }
    for (const auto scheme : all_schemes) {
        const TrajectoryOptions options{scheme, std::numeric_limits<Real>::infinity()};
        const Seen a =
            seen_by(TrajectoryProgram(moving, grid(5, 7), basis_projector(2, 0), options), {8, {2}, 0, nullptr});
        const Seen b = seen_by(TrajectoryProgram(driven_qubit(0.5), grid(5, 7), basis_projector(2, 0), options),
                               {8, {2}, 0, nullptr});
        for (std::size_t e = 0; e < a.states.back().size(); ++e) {
            EXPECT_NEAR(a.states.back()[e], b.states.back()[e], 1e-14) << name_of(scheme);
        }
    }
}

TEST(trajectory_program, records_of_a_step_see_the_mean_of_what_is_monitored_and_states_its_square) {
    // L = f(t) sigma_z / 2 with f = 3 for a quarter of the step, then 1: mean 3/2, mean square 3.
    StochasticEquation equation = StochasticEquation::from_constants(0 * sigma_x(), {}, {{sigma_z() / 2, 0.5}});
    equation.unmonitored.coefficients = {Coefficient::from_steps({0, 0.25, 1}, std::vector<Complex>{3.0, 1.0, 1.0})};
    equation.monitored[0].op.terms[0].coefficient = 0;
    const Matrix start = Matrix::Constant(2, 2, 0.5);
    const std::vector<Real> record = {0.7};
    const Seen seen = seen_by(TrajectoryProgram(equation, grid(1, 1), start, {}), {1, {}, 0, record.data()});
    const RealVector state = lane_of(seen.states.back(), seen.lanes, 0);
    // Means of the record are +-2 sqrt(eta) 3/4; coherences lose exp(-2 mean(l^2)), l^2 = 3/4, of which the update of
    // the populations explains exp(-2 eta (3/4)^2).
    const Real odds = std::exp(4 * std::sqrt(0.5) * 0.75 * 0.7);
    EXPECT_NEAR(state(0) / state(1), odds, 1e-13 * odds);
    const Real kept = std::exp(-2 * 0.75 + 2 * 0.5 * 0.75 * 0.75);
    EXPECT_NEAR(state(2), kept * std::sqrt(state(0) * state(1)), 1e-14);
}

TEST(trajectory_program, innovations_are_what_the_state_did_not_expect_of_the_record) {
    const auto watched = StochasticEquation::from_constants(0 * sigma_x(), {}, {{sigma_z(), 0.36}});
    const Matrix start = Matrix::Constant(2, 2, 0.5);
    const TrajectoryProgram program(watched, grid(4, 1), start, {});
    const Seen seen = seen_by(program, {5, {21}, 0, nullptr});
    for (Index lane = 0; lane < 5; ++lane) {
        for (std::size_t k = 0; k < 4; ++k) {
            const RealVector before = lane_of(seen.states[k], seen.lanes, lane);
            const RealVector after = lane_of(seen.states[k + 1], seen.lanes, lane);
            const Real expected = 2 * 0.6 * (before(0) - before(1) + after(0) - after(1)) / 2;
            EXPECT_NEAR(seen.innovations[k][lane], (seen.records[k][lane] - expected) / 4, 1e-14) << "seed 21";
        }
    }
}

TEST(trajectory_program, innovations_of_ito_schemes_are_the_noise_they_drew) {
    for (const auto scheme : {TrajectoryScheme::rouchon, TrajectoryScheme::euler_maruyama}) {
        const TrajectoryOptions options{scheme, std::numeric_limits<Real>::infinity()};
        const Seen seen = seen_by(TrajectoryProgram(driven_qubit(0.6), grid(1, 50), basis_projector(2, 0), options),
                                  {8, {22}, 0, nullptr});
        const Seen blind = seen_by(TrajectoryProgram(driven_qubit(0), grid(1, 50), basis_projector(2, 0), options),
                                   {8, {22}, 0, nullptr});
        for (Index lane = 0; lane < 8; ++lane) {
            EXPECT_NEAR(seen.innovations[0][lane], blind.records[0][lane], 1e-13) << name_of(scheme) << ", seed 22";
        }
    }
}

TEST(trajectory_program, collapse_operators_may_depend_on_time) {
    // Decay at the rate t: the ground state has 1 - exp(-1/2) at t = 1, whatever else is watched.
    StochasticEquation equation = StochasticEquation::from_constants(0 * sigma_x(), {lowering(2)}, {{sigma_z(), 0.5}});
    equation.unmonitored.coefficients = {root_of_time()};
    equation.unmonitored.jumps[0].terms[0].coefficient = 0;
    for (const auto scheme : positive_schemes) {
        const TrajectoryProgram program(equation, grid(1, 400), basis_projector(2, 1), {.scheme = scheme});
        const std::vector<Matrix> exact = {basis_projector(2, 1), std::exp(-0.5) * basis_projector(2, 1) +
                                                                      (1 - std::exp(-0.5)) * basis_projector(2, 0)};
        EXPECT_LT(program.ensemble_error(exact), scheme == TrajectoryScheme::rouchon ? 1e-3 : 1e-9) << name_of(scheme);
    }
}

TEST(trajectory_program, tilting_everything_tilts_the_trajectories) {
    const Matrix turn = equatorial_rotation(0.7, 0.3);
    StochasticEquation tilted = driven_qubit(0.5);
    tilted = tilted.in_basis(turn.adjoint());
    const Matrix start = turn * basis_projector(2, 0) * turn.adjoint();
    // Draws go through the levels in the order of the basis, which the tilt may change: compare on given records.
    std::vector<Real> records(8 * 40);
    const TrajectoryProgram fine(driven_qubit(0.5), grid(40, 1), basis_projector(2, 0), {});
    const Seen sampled = seen_by(fine, {8, {4}, 0, nullptr});
    for (Index lane = 0; lane < 8; ++lane) {
        for (Index step = 0; step < 40; ++step) {
            records[lane * 40 + step] = sampled.records[step][lane];
        }
    }
    const Seen turned = seen_by(TrajectoryProgram(tilted, grid(40, 1), start, {}), {8, {}, 0, records.data()});
    for (Index lane = 0; lane < 8; ++lane) {
        const Matrix expected =
            turn * from_hermitian_coordinates(lane_of(sampled.states.back(), 8, lane)) * turn.adjoint();
        EXPECT_LT(trace_distance(from_hermitian_coordinates(lane_of(turned.states.back(), 8, lane)), expected), 1e-12);
    }
}

TEST(trajectory_program, a_stop_is_heard_inside_a_block) {
    const TrajectoryProgram program(driven_qubit(0.5), grid(1, 1'000'000), basis_projector(2, 0), {});
    int asked = 0;
    EXPECT_FALSE(program.run(
        {64, {1}, 0, nullptr}, {}, [](Index, const TrajectoryStates&) {}, [&] { return ++asked < 4; }));
    EXPECT_EQ(asked, 4);
}

TEST(trajectory_program, operators_without_common_basis_are_sent_to_rouchon) {
    const auto fluorescence = StochasticEquation::from_constants(sigma_x(), {}, {{lowering(2), 1}});
    try {
        TrajectoryProgram(fluorescence, grid(1, 1), basis_projector(2, 0), {});
        FAIL() << "sigma_minus was accepted";
    } catch (const InvalidArgument& error) {
        EXPECT_NE(std::string(error.what()).find("rouchon"), std::string::npos);
    }
}

TEST(trajectory_program, comparison_schemes_refuse_to_return_what_is_no_state) {
    for (const auto scheme : {TrajectoryScheme::euler_maruyama, TrajectoryScheme::platen, TrajectoryScheme::milstein}) {
        StochasticEquation equation = driven_qubit(1);
        equation.unmonitored.jumps.clear();
        const TrajectoryProgram program(equation, grid(10, 1), basis_projector(2, 0), {.scheme = scheme});
        EXPECT_THROW(seen_by(program, {64, {1}, 0, nullptr}), NonPhysicalState) << name_of(scheme);
    }
}

TEST(trajectory_program, names_lead_to_schemes_and_back) {
    for (const auto scheme : all_schemes) {
        EXPECT_EQ(scheme_from_name(name_of(scheme)), scheme);
    }
    EXPECT_THROW(scheme_from_name("heun"), UnknownName);
}

TEST(trajectory_ensemble, any_order_of_blocks_gives_the_same_bytes) {
    const TrajectoryProgram program(driven_qubit(0.5), grid(4, 10), basis_projector(2, 0), {});
    const TrajectoryKeep keep{true, true, true, true};
    TrajectoryEnsemble forward(program, {sigma_z()}, {7}, 300, keep);
    TrajectoryEnsemble backward(program, {sigma_z()}, {7}, 300, keep);
    for (Index block = 0; block < forward.blocks(); ++block) {
        forward.run_block(block, always);
        backward.run_block(forward.blocks() - 1 - block, always);
    }
    EXPECT_EQ(forward.count(), 300);
    EXPECT_EQ(backward.count(), 300);
    EXPECT_EQ(forward.mean_states, backward.mean_states);
    EXPECT_EQ(forward.watched_variance, backward.watched_variance);
    EXPECT_EQ(forward.watched, backward.watched);
    EXPECT_EQ(forward.measurement, backward.measurement);
    EXPECT_EQ(forward.states, backward.states);
}

TEST(trajectory_ensemble, reports_only_trajectories_without_a_gap_before_them) {
    const TrajectoryProgram program(driven_qubit(0.5), grid(1, 10), basis_projector(2, 0), {});
    TrajectoryEnsemble ensemble(program, {sigma_z()}, {7}, 300, {});
    ensemble.run_block(0, always);
    ensemble.run_block(2, always);
    EXPECT_EQ(ensemble.count(), 64);
    ensemble.run_block(1, [] { return false; });
    EXPECT_EQ(ensemble.count(), 64);
    ensemble.run_block(1, always);
    EXPECT_EQ(ensemble.count(), 192);
}

TEST(trajectory_ensemble, deviation_is_that_of_the_kept_values) {
    const TrajectoryProgram program(driven_qubit(1), grid(1, 50), basis_projector(2, 0), {});
    TrajectoryEnsemble ensemble(program, {sigma_z()}, {8}, 150, {.watched = true});
    for (Index block = 0; block < ensemble.blocks(); ++block) {
        ensemble.run_block(block, always);
    }
    Real sum = 0;
    Real squares = 0;
    for (Index i = 0; i < 150; ++i) {
        sum += ensemble.watched[i * 2 + 1];
    }
    for (Index i = 0; i < 150; ++i) {
        squares += std::pow(ensemble.watched[i * 2 + 1] - sum / 150, 2);
    }
    EXPECT_NEAR(ensemble.watched_mean[1], sum / 150, 1e-14);
    EXPECT_NEAR(ensemble.watched_variance[1], squares / 150, 1e-13);
}

}  // namespace synqc
