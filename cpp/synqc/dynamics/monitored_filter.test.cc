#include "synqc/dynamics/monitored_filter.h"

#include <gtest/gtest.h>

#include <limits>

#include "synqc/base/errors.h"
#include "synqc/dynamics/shot_examples.h"
#include "synqc/linalg/distances.h"

using namespace synqc;
using namespace synqc::examples;

namespace {

Real gaussian(Real x, Real mean, Real variance) {
    return std::exp(-(x - mean) * (x - mean) / (2 * variance)) / std::sqrt(two_pi * variance);
}

}  // namespace

TEST(monitored_filter, given_its_own_records_a_program_infers_the_states_that_made_them) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            for (bool quadrature : {false, true}) {
                PhiloxStream stream(30, 0, levels, quadrature);
                auto program = unstructured_program(levels, 25, quadrature, stream);
                program.steps_per_bin = 1;
                program.keep_quadrature = true;
                ShotBlock block;
                sample_monitored_shots(program, {.seed = 30}, 0, 37, true, block);
                FilteredShots filtered;
                filter_monitored_records(program, block.bins_i, block.bins_q, block.lanes, block.shots, filtered);
                for (Index shot = 0; shot < 37; ++shot) {
                    Matrix inferred = state_of(filtered.states, levels, filtered.lanes, shot);
                    ASSERT_LT((inferred - state_of(block, levels, shot)).norm(), 1e-11) << simd << " levels " << levels;
                }
            }
        }
    });
}

TEST(monitored_filter, likelihood_of_an_idle_qubit_is_the_mixture_density) {
    Real tau = 1 / (2 * 0.5 * 2);
    auto program = probe_only(qubit_state(0.3, 0.1), 1, 0.4, qubit_monitor(2, 0.5));
    std::vector<Real> records;
    for (int k = 0; k < 64; ++k) {
        records.push_back(-8 + 0.25 * k);
    }
    FilteredShots filtered;
    filter_monitored_records(program, records, {}, 64, 64, filtered);
    for (int k = 0; k < 64; ++k) {
        Real density = 0.3 * gaussian(records[k], 1, tau / 0.4) + 0.7 * gaussian(records[k], -1, tau / 0.4);
        EXPECT_NEAR(filtered.log_likelihoods[k], std::log(density), 1e-12);
    }
}

TEST(monitored_filter, likelihood_of_two_driven_steps_integrates_to_one) {
    auto program = driven_probe(3, 2, 0.5, qubit_monitor(1, 0.8));
    program.steps_per_bin = 1;
    constexpr Index points = 160;
    constexpr Real spacing = 0.1;
    std::vector<Real> records(2 * points * points);
    for (Index a = 0; a < points; ++a) {
        for (Index b = 0; b < points; ++b) {
            records[a * points + b] = spacing * static_cast<Real>(a - points / 2);
            records[points * points + a * points + b] = spacing * static_cast<Real>(b - points / 2);
        }
    }
    FilteredShots filtered;
    filter_monitored_records(program, records, {}, points * points, points * points, filtered);
    Real total = 0;
    for (Real log_likelihood : filtered.log_likelihoods) {
        total += std::exp(log_likelihood) * spacing * spacing;
    }
    // The trapezoidal rule is exact for Gaussians this wide up to their tails beyond 8, 6 deviations out.
    EXPECT_NEAR(total, 1, 1e-8);
}

TEST(monitored_filter, likelihood_of_one_heterodyne_step_integrates_to_one) {
    PhiloxStream stream(31, 0, 0, 0);
    auto program = unstructured_program(3, 1, true, stream);
    constexpr Index points = 160;
    Real spacing = 0.2;
    std::vector<Real> in_phase(points * points);
    std::vector<Real> quadrature(points * points);
    for (Index a = 0; a < points; ++a) {
        for (Index b = 0; b < points; ++b) {
            in_phase[a * points + b] = spacing * static_cast<Real>(a - points / 2);
            quadrature[a * points + b] = spacing * static_cast<Real>(b - points / 2);
        }
    }
    FilteredShots filtered;
    filter_monitored_records(program, in_phase, quadrature, points * points, points * points, filtered);
    Real total = 0;
    for (Real log_likelihood : filtered.log_likelihoods) {
        total += std::exp(log_likelihood) * spacing * spacing;
    }
    EXPECT_NEAR(total, 1, 1e-8);
}

TEST(monitored_filter, one_look_is_as_good_as_many_short_ones_with_the_same_total_record) {
    at_every_level([](const std::string& simd) {
        for (Index levels : {2, 3}) {
            PhiloxStream stream(32, 0, levels, 0);
            auto whole = unstructured_program(levels, 1, levels == 3, stream);
            whole.half_step = whole.full_step = Channel::identity(levels);
            whole.step_duration = 1.6;
            auto split = whole;
            split.steps = 64;
            split.steps_per_bin = 64;
            split.step_duration = 1.6 / 64;
            std::vector<Real> in_phase(16);
            std::vector<Real> quadrature(16);
            for (Index k = 0; k < 16; ++k) {
                in_phase[k] = 2 * stream.normal();
                quadrature[k] = 2 * stream.normal();
            }
            FilteredShots once;
            FilteredShots often;
            filter_monitored_records(whole, in_phase, quadrature, 16, 16, once);
            filter_monitored_records(split, in_phase, quadrature, 16, 16, often);
            for (std::size_t k = 0; k < once.states.size(); ++k) {
                ASSERT_NEAR(once.states[k], often.states[k], 1e-13) << simd << " levels " << levels;
            }
            for (Index k = 0; k < 16; ++k) {
                ASSERT_NEAR(once.log_likelihoods[k], often.log_likelihoods[k], 1e-12) << simd << " levels " << levels;
            }
            // (1b.6) for centres other than +1 and -1.
            if (levels == 2) {
                Real tau = whole.monitor.measurement_time;
                Real l0 = whole.monitor.level_i[0];
                Real l1 = whole.monitor.level_i[1];
                Real before = whole.initial_state(0, 0).real() / whole.initial_state(1, 1).real();
                Real after = once.states[0] / once.states[once.lanes];
                Real moved = (l0 - l1) * (2 * in_phase[0] - l0 - l1) * 1.6 / (2 * tau);
                EXPECT_NEAR(std::log(after / before), moved, 1e-12);
            }
        }
    });
}

TEST(monitored_filter, a_grid_of_programs_gives_what_each_gives_alone) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            PhiloxStream stream(33, 0, levels, 0);
            std::vector<MonitoredProgram> programs;
            for (int k = 0; k < 11; ++k) {
                programs.push_back(unstructured_program(levels, 12, levels > 3, stream));
                programs.back().steps_per_bin = 3;
            }
            programs[4].monitor.dephasing_rate = 0;
            std::vector<Real> in_phase;
            std::vector<Real> quadrature;
            for (int bin = 0; bin < 4; ++bin) {
                in_phase.push_back(stream.normal());
                quadrature.push_back(stream.normal());
            }
            FilteredShots grid;
            filter_monitored_record(programs, in_phase, quadrature, grid);
            ASSERT_EQ(grid.shots, 11);
            for (Index k = 0; k < 11; ++k) {
                std::vector<Real> rows_i;
                std::vector<Real> rows_q;
                for (int bin = 0; bin < 4; ++bin) {
                    rows_i.insert(rows_i.end(), 8, in_phase[bin]);
                    rows_q.insert(rows_q.end(), 8, quadrature[bin]);
                }
                FilteredShots alone;
                filter_monitored_records(programs[k], rows_i, rows_q, 8, 1, alone);
                ASSERT_NEAR(grid.log_likelihoods[k], alone.log_likelihoods[0], 1e-11) << simd;
                ASSERT_LT((state_of(grid.states, levels, grid.lanes, k) - state_of(alone.states, levels, 8, 0)).norm(),
                          1e-13)
                    << simd << " levels " << levels << " program " << k;
            }
        }
    });
}

TEST(monitored_filter, truth_explains_records_better_than_its_neighbours) {
    constexpr Seed seed = 34;
    auto truth = driven_probe(6, 100, 0.02, qubit_monitor(1, 0.5));
    truth.steps_per_bin = 1;
    ShotBlock block;
    sample_monitored_shots(truth, {.seed = seed}, 0, 4000, true, block);
    FilteredShots at_truth;
    filter_monitored_records(truth, block.bins_i, {}, block.lanes, block.shots, at_truth);
    for (Real frequency : {4.5, 5.4, 6.6, 7.5}) {
        auto other = driven_probe(frequency, 100, 0.02, qubit_monitor(1, 0.5));
        other.steps_per_bin = 1;
        FilteredShots at_other;
        filter_monitored_records(other, block.bins_i, {}, block.lanes, block.shots, at_other);
        std::vector<Real> gain(4000);
        for (Index shot = 0; shot < 4000; ++shot) {
            gain[shot] = at_truth.log_likelihoods[shot] - at_other.log_likelihoods[shot];
        }
        auto mean = mean_of(gain);
        // Gibbs: the mean gain is a relative entropy, positive for every other program.
        EXPECT_GT(mean.mean, 4 * mean.error) << "seed " << seed << " frequency " << frequency;
    }
}

TEST(monitored_filter, impossible_evidence_leaves_a_state_and_a_finite_likelihood) {
    auto program = probe_only(qubit_state(0), 1, 1, qubit_monitor(1000, 1));
    program.half_step.matrix(2, 1) = 1e-17;
    std::vector<Real> records(8, 1.0);
    FilteredShots filtered;
    filter_monitored_records(program, records, {}, 8, 8, filtered);
    Matrix state = state_of(filtered.states, 2, 8, 0);
    EXPECT_NEAR(state.trace().real(), 1, 1e-14);
    EXPECT_LE(purity(state), 1 + 1e-12);
    EXPECT_TRUE(std::isfinite(filtered.log_likelihoods[0]));
    EXPECT_LT(filtered.log_likelihoods[0], -600);
}

TEST(monitored_filter, without_a_probe_records_say_nothing) {
    auto program = driven_probe(3, 4, 0.5, qubit_monitor(1, 0.8));
    program.steps_per_bin = 1;
    program.monitor.dephasing_rate = 0;
    ShotBlock block;
    sample_monitored_shots(program, {.seed = 1}, 0, 8, true, block);
    FilteredShots filtered;
    std::vector<Real> records(32, 0.7);
    filter_monitored_records(program, records, {}, 8, 8, filtered);
    EXPECT_EQ(filtered.states, block.states);
    EXPECT_EQ(filtered.log_likelihoods, std::vector<Real>(8, 0));
}

TEST(monitored_filter, records_that_do_not_fit_are_refused) {
    auto program = probe_only(qubit_state(1), 4, 0.1, qubit_monitor(1, 0.5));
    program.steps_per_bin = 2;
    FilteredShots filtered;
    std::vector<Real> records(16, 0);
    EXPECT_NO_THROW(filter_monitored_records(program, records, {}, 8, 5, filtered));
    EXPECT_THROW(filter_monitored_records(program, records, {}, 16, 5, filtered), InvalidArgument);
    EXPECT_THROW(filter_monitored_records(program, records, {}, 4, 5, filtered), InvalidArgument);
    records[3] = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_THROW(filter_monitored_records(program, records, {}, 8, 5, filtered), InvalidArgument);
    EXPECT_THROW(filter_monitored_record({}, std::vector<Real>{0, 0}, {}, filtered), InvalidArgument);
    program.monitor.level_q = {0, 1};
    EXPECT_THROW(filter_monitored_records(program, std::vector<Real>(16, 0), {}, 8, 5, filtered), InvalidArgument);
    auto longer = program;
    longer.steps = 6;
    EXPECT_THROW(filter_monitored_record(std::vector{program, longer}, std::vector<Real>{0, 0}, std::vector<Real>{0, 0},
                                         filtered),
                 InvalidArgument);
}
