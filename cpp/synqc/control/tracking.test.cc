#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/control/bayes.h"
#include "synqc/control/kalman.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

DriftPrior ornstein_uhlenbeck(Real sigma, Real correlation_time) {
    DriftPrior drift;
    drift.kind = DriftPrior::Kind::ornstein_uhlenbeck;
    drift.sigma = sigma;
    drift.correlation_time = correlation_time;
    return drift;
}

ControlContext laboratory() {
    ControlContext context;
    context.believed_t2 = 100;
    context.p0_given_1 = 0.01;
    context.p1_given_0 = 0.005;
    context.pulse_evolution_time = 0.015;
    context.drift = ornstein_uhlenbeck(two_pi * 0.002, 100);
    return context;
}

Index ones_of(Real probability, Index shots, PhiloxStream& noise) {
    Index ones = 0;
    for (Index shot = 0; shot < shots; ++shot) {
        ones += noise.uniform() < probability;
    }
    return ones;
}

/// A qubit with this detuning (plus the drift of the context, plus jumps) in a closed loop with one rule.
struct ClosedLoop {
    std::string_view rule = "kalman";
    Real detuning = two_pi * 0.25;
    Index batch = 1100;
    Real cycle = 0.05;  // s
    Real jump = 0;      // rad/µs, taken away and given back at the jump rate
    int cycles = 200;

    Real rmse_of_last_100 = 0;
    int first_within = -1;  // cycle after which the estimate first was within 2 %
    Real last_error = 0;

    void run(const ControlContext& context, Seed seed) {
        auto controller = make_controller(rule, context);
        PhiloxStream noise(seed, 0, 0, 0);
        Real slow = 0;
        Real jumped = 0;
        Real squares = 0;
        for (int k = 0; k < cycles; ++k) {
            const Real kept = std::exp(-cycle / context.drift.correlation_time);
            slow = kept * slow + context.drift.sigma * std::sqrt(1 - kept * kept) * noise.normal();
            if (noise.uniform() < context.drift.jump_rate * cycle) {
                jumped = jump - jumped;
            }
            const Real truth = detuning + slow - jumped;
            controller->advance(cycle);
            Index left = controller->calibration_shots(batch);
            while (left > 0) {
                const auto round = controller->next_ramsey(left);
                const Real probability = RamseyModel::of(context, *round).probability(truth - round->drive_correction);
                controller->observe_ramsey(*round, ones_of(probability, round->shots, noise));
                left -= round->shots;
            }
            last_error = controller->tracker().estimate - truth;
            if (first_within < 0 && std::abs(last_error) < 0.02 * std::abs(truth)) {
                first_within = k + 1;
            }
            if (k >= cycles - 100) {
                squares += last_error * last_error / 100;
            }
        }
        rmse_of_last_100 = std::sqrt(squares);
    }
};

}  // namespace

TEST(tracking, ramsey_model_is_mid_fringe_at_minus_a_quarter_turn) {
    ControlContext context;
    context.believed_t2 = 10;
    RamseyRound round;
    round.evolution_time = 2;
    const RamseyModel model = RamseyModel::of(context, round);
    EXPECT_NEAR(model.probability(0.3), (1 + std::exp(-0.2) * std::sin(0.6)) / 2, 1e-14);
    EXPECT_NEAR(model.mid_fringe_estimate(model.probability(0.3)), 0.3, 1e-12);
}

TEST(tracking, fisher_information_of_one_mid_fringe_shot) {
    RamseyModel model;
    model.visibility = 0.9;
    model.time = 1;
    EXPECT_NEAR(ramsey_fisher_information(model), 0.81, 1e-15);
    // Per shot the best time is T2, per time without dead time T2 / 2.
    auto information = [](Real t) {
        RamseyModel at;
        at.time = t;
        at.visibility = std::exp(-t / 10);
        return ramsey_fisher_information(at);
    };
    for (const Real off : {0.99, 1.01}) {
        EXPECT_LT(information(10 * off), information(10));
        EXPECT_LT(information(5 * off) / (5 * off), information(5) / 5);
    }
}

TEST(tracking, steady_state_solves_riccatis_equation) {
    const RiccatiSteadyState walk = riccati_steady_state(1, 0.01, 1);
    EXPECT_NEAR(walk.predicted, 0.105124921973, 1e-12);
    EXPECT_NEAR(walk.updated, 0.095124921973, 1e-12);
    EXPECT_NEAR(walk.gain, 0.095124921973, 1e-12);
    const RiccatiSteadyState slow = riccati_steady_state(0.95, 1 - 0.95 * 0.95, 0.5);
    EXPECT_NEAR(slow.predicted, 0.246510410561, 1e-12);
    EXPECT_NEAR(slow.updated, 0.165108488156, 1e-12);
}

TEST(tracking, filter_settles_at_riccatis_variance_and_errs_by_no_more) {
    const Seed seed = 31;
    struct Case {
        DriftPrior drift;
        Real measurement_variance;
        Real a;
        Real process_variance;
    };
    DriftPrior walk;
    walk.diffusion = 0.01;
    for (const Case& one :
         {Case{walk, 1, 1, 0.01}, Case{ornstein_uhlenbeck(1, -1 / std::log(0.95)), 0.5, 0.95, 0.0975}}) {
        const RiccatiSteadyState expected = riccati_steady_state(one.a, one.process_variance, one.measurement_variance);
        DetuningFilter filter = DetuningFilter::without_offset(one.drift);
        PhiloxStream noise(seed, 0, 0, 0);
        Real truth = 0;
        const int warm_up = 500;
        const int steps = 200000;
        std::vector<Real> innovations;
        Real squares = 0;
        for (int k = 0; k < warm_up + steps; ++k) {
            truth = one.a * truth + std::sqrt(one.process_variance) * noise.normal();
            filter.predict(1);
            const auto seen =
                filter.update(truth + std::sqrt(one.measurement_variance) * noise.normal(), one.measurement_variance);
            if (k >= warm_up) {
                innovations.push_back(seen.value / std::sqrt(seen.variance));
                squares += std::pow(filter.estimate() - truth, 2) / steps;
            }
        }
        EXPECT_NEAR(filter.variance(), expected.updated, 1e-10);
        // Errors are correlated over 1 / (1 - a (1 - K)) steps; squares of a normal have deviation sqrt(2) times the
        // mean.
        const Real memory = one.a * (1 - expected.gain);
        const Real effective = steps * (1 - memory * memory) / (1 + memory * memory);
        EXPECT_NEAR(squares, expected.updated, 4 * expected.updated * std::sqrt(2 / effective)) << "seed " << seed;

        Real variance = 0;
        for (const Real value : innovations) {
            variance += value * value / steps;
        }
        EXPECT_NEAR(variance, 1, 4 * std::sqrt(2.0 / steps)) << "seed " << seed;
        // Ljung-Box over 20 lags: chi-square with 20 degrees of freedom, 45.3 at p = 1e-3.
        Real statistic = 0;
        for (int lag = 1; lag <= 20; ++lag) {
            Real correlation = 0;
            for (int k = lag; k < steps; ++k) {
                correlation += innovations[k] * innovations[k - lag] / steps;
            }
            statistic += Real(steps) * (steps + 2) * correlation * correlation / (steps - lag);
        }
        EXPECT_LT(statistic, 45.3) << "seed " << seed;
    }
}

TEST(tracking, offset_of_250_khz_is_found_within_2_percent_in_200_cycles_by_both_trackers) {
    for (const std::string_view rule : {"kalman", "bayes"}) {
        for (Seed seed = 1; seed <= 10; ++seed) {
            ClosedLoop loop;
            loop.rule = rule;
            loop.run(laboratory(), seed);
            EXPECT_GT(loop.first_within, 0) << rule << ", seed " << seed;
            EXPECT_LE(loop.first_within, 200) << rule << ", seed " << seed;
            // 110 shots per cycle at 50 µs allow 0.003 rad/µs each; 2 % of the offset is 0.031.
            EXPECT_LT(loop.rmse_of_last_100, 0.006) << rule << ", seed " << seed;
        }
    }
}

TEST(tracking, single_ramsey_shots_suffice_for_2_percent_in_200_cycles) {
    for (const std::string_view rule : {"kalman", "bayes"}) {
        int found = 0;
        for (Seed seed = 1; seed <= 20; ++seed) {
            ClosedLoop loop;
            loop.rule = rule;
            loop.batch = 2;
            loop.run(laboratory(), seed);
            found += std::abs(loop.last_error) < 0.02 * loop.detuning;
        }
        EXPECT_GE(found, 19) << rule << ", seeds 1 to 20";
    }
}

TEST(tracking, offsets_of_two_megahertz_are_acquired_even_if_unlikely) {
    for (const std::string_view rule : {"kalman", "bayes"}) {
        for (const Real offset : {-two_pi * 2, two_pi * 2, two_pi * 1.3}) {
            for (Seed seed = 1; seed <= 5; ++seed) {
                ClosedLoop loop;
                loop.rule = rule;
                loop.detuning = offset;
                loop.run(laboratory(), seed);
                EXPECT_LT(std::abs(loop.last_error), 0.02 * std::abs(offset)) << rule << ", seed " << seed;
            }
        }
    }
}

TEST(tracking, telegraph_jumps_are_followed) {
    ControlContext context = laboratory();
    context.drift.jump_rate = 0.1;
    context.drift.jump_size = two_pi * 0.006;
    for (const std::string_view rule : {"kalman", "bayes"}) {
        for (Seed seed = 1; seed <= 5; ++seed) {
            ClosedLoop loop;
            loop.rule = rule;
            loop.jump = two_pi * 0.006;
            loop.run(context, seed);
            // Never tracking the jumps would cost their own deviation, 0.019.
            EXPECT_LT(loop.rmse_of_last_100, 0.012) << rule << ", seed " << seed;
        }
    }
}

TEST(tracking, grid_posterior_is_calibrated) {
    const Seed seed = 33;
    const int qubits = 1000;
    int covered = 0;
    std::vector<int> ranks(10, 0);
    ControlContext context;
    context.believed_t2 = 20;
    context.p0_given_1 = 0.02;
    context.p1_given_0 = 0.01;
    context.detuning_deviation = 0.5;
    context.outlier_probability = 0;
    context.drift.kind = DriftPrior::Kind::none;
    for (int qubit = 0; qubit < qubits; ++qubit) {
        PhiloxStream noise(seed, 0, qubit, 0);
        const Real truth = context.detuning_deviation * noise.normal();
        DetuningGrid grid = first_grid(context);
        for (int round = 0; round < 12; ++round) {
            const RamseyRound next = acquisition_round(context, grid, 4, round);
            const RamseyModel model = RamseyModel::of(context, next);
            grid.observe(model, next.drive_correction, next.shots,
                         ones_of(model.probability(truth - next.drive_correction), next.shots, noise));
        }
        const Real rank = grid.cumulative(truth);
        covered += rank > 0.025 && rank < 0.975;
        ++ranks[std::min(9, static_cast<int>(10 * rank))];
    }
    EXPECT_NEAR(covered / Real(qubits), 0.95, 4 * 0.0069) << "seed " << seed;
    Real chi_square = 0;
    for (const int count : ranks) {
        chi_square += std::pow(count - 100, 2) / 100;
    }
    EXPECT_LT(chi_square, 27.9) << "seed " << seed;  // 9 degrees of freedom, p = 1e-3
}

TEST(tracking, posterior_variance_respects_cramer_and_rao) {
    const Seed seed = 32;
    ControlContext context;
    context.believed_t2 = 20;
    context.detuning_deviation = 0.05;
    context.outlier_probability = 0;
    const int runs = 2000;
    const Index shots = 50;
    Real squares = 0;
    Real information = 0;
    for (int run = 0; run < runs; ++run) {
        PhiloxStream noise(seed, 1, run, 0);
        const Real truth = context.detuning_deviation * noise.normal();
        DetuningGrid grid = first_grid(context);
        const RamseyRound round = mid_fringe_round(context, shots, 5, 0);
        const RamseyModel model = RamseyModel::of(context, round);
        information = static_cast<Real>(shots) * ramsey_fisher_information(model);
        grid.observe(model, 0, shots, ones_of(model.probability(truth), shots, noise));
        squares += std::pow(grid.mean() - truth, 2) / runs;
    }
    // Bayesian bound: information of the data plus that of the prior.
    const Real bound = 1 / (information + 1 / std::pow(context.detuning_deviation, 2));
    EXPECT_GT(squares, bound * (1 - 4 * std::sqrt(2.0 / runs))) << "seed " << seed;
    EXPECT_LT(squares, 1.3 * bound) << "seed " << seed;
}

TEST(tracking, carried_state_continues_where_it_was) {
    for (const std::string_view rule : {"kalman", "bayes"}) {
        for (const int rounds : {2, 40}) {
            auto first = make_controller(rule, laboratory());
            PhiloxStream noise(9, 0, 0, 0);
            for (int k = 0; k < rounds; ++k) {
                const auto round = first->next_ramsey(60);
                const Real probability = RamseyModel::of(laboratory(), *round).probability(1 - round->drive_correction);
                first->observe_ramsey(*round, ones_of(probability, round->shots, noise));
            }
            auto second = make_controller(rule, laboratory());
            second->restore(first->state());
            EXPECT_NEAR(second->tracker().estimate, first->tracker().estimate, 1e-12);
            EXPECT_NEAR(second->tracker().standard_deviation, first->tracker().standard_deviation, 1e-12);
            EXPECT_NEAR(second->next_ramsey(60)->evolution_time, first->next_ramsey(60)->evolution_time, 1e-9);
            EXPECT_THROW(second->restore(std::vector<Real>{0, 1}), InvalidArgument);
        }
    }
}
