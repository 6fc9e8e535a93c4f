#include "synqc/dynamics/monitored_shots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "synqc/base/errors.h"
#include "synqc/dynamics/plain_shots.h"
#include "synqc/dynamics/shot_examples.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"

using namespace synqc;
using namespace synqc::examples;

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();

std::vector<Real> row(const std::vector<Real>& rows, Index lanes, Index number, Index shots) {
    auto start = rows.begin() + number * lanes;
    return {start, start + shots};
}

std::vector<Real> sigma_z(const ShotBlock& block) {
    std::vector<Real> values(block.shots);
    for (Index shot = 0; shot < block.shots; ++shot) {
        values[shot] = block.states[shot] - block.states[block.lanes + shot];
    }
    return values;
}

/// All numbers of a shot, in one row, for comparisons byte by byte.
std::vector<Real> everything_of(const ShotBlock& block, Index shot) {
    std::vector<Real> numbers;
    for (const auto* rows :
         {&block.states, &block.beliefs, &block.integrated, &block.bins_i, &block.bins_q, &block.moments_i}) {
        for (std::size_t at = shot; at < rows->size(); at += block.lanes) {
            numbers.push_back((*rows)[at]);
        }
    }
    return numbers;
}

std::string refusal_of(const MonitoredProgram& program) {
    try {
        program.check();
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "none";
}

Real scaled_ks_distance(std::vector<Real> values, const std::function<Real(Real)>& law) {
    std::sort(values.begin(), values.end());
    Real n = static_cast<Real>(values.size());
    Real distance = 0;
    for (std::size_t k = 0; k < values.size(); ++k) {
        Real expected = law(values[k]);
        distance = std::max({distance, (static_cast<Real>(k) + 1) / n - expected, expected - static_cast<Real>(k) / n});
    }
    return distance * std::sqrt(n);
}

Real normal_law(Real x) {
    return std::erfc(-x / std::sqrt(2.0)) / 2;
}

}  // namespace

TEST(monitored_shots, lanes_follow_the_plain_formula_at_every_instruction_set_level) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            for (bool quadrature : {false, true}) {
                PhiloxStream stream(40, 0, levels, quadrature);
                auto program = unstructured_program(levels, 21, quadrature, stream);
                program.steps_per_bin = 7;
                program.keep_quadrature = true;
                program.with_belief = true;
                program.believed_initial_state = random_state(levels, stream);
                program.believed_half_step = random_channel(levels, stream);
                program.believed_full_step = random_channel(levels, stream);
                ShotStream source{.seed = 4, .experiment = 2, .channel = 3};
                ShotBlock block;
                sample_monitored_shots(program, source, 1000, 19, true, block);

                for (Index shot = 0; shot < 19; ++shot) {
                    auto [rho, belief, bins, moments, mean] = plain::sampled_shot(program, source, 1000 + shot);
                    std::string where = simd + " levels " + std::to_string(levels) + " shot " + std::to_string(shot);
                    ASSERT_LT((state_of(block, levels, shot) - rho).norm(), 1e-12) << where;
                    ASSERT_LT((state_of(block.beliefs, levels, block.lanes, shot) - belief).norm(), 1e-12) << where;
                    for (Index bin = 0; bin < 3; ++bin) {
                        ASSERT_NEAR(block.bins_i[bin * block.lanes + shot], bins[bin].real(), 1e-13) << where;
                        ASSERT_NEAR(block.bins_q[bin * block.lanes + shot], bins[bin].imag(), 1e-13) << where;
                        ASSERT_NEAR(block.moments_i[bin * block.lanes + shot], moments[bin], 1e-13) << where;
                    }
                    ASSERT_NEAR(block.integrated[shot], mean.real(), 1e-13) << where;
                }
            }
        }
    });
}

TEST(monitored_shots, any_chunking_gives_the_same_bytes) {
    at_every_level([](const std::string& simd) {
        for (Index levels : {2, 3, 5}) {
            PhiloxStream stream(41, 0, levels, 0);
            auto program = unstructured_program(levels, 18, levels == 3, stream);
            program.steps_per_bin = 3;
            program.keep_quadrature = true;
            program.with_belief = true;
            program.believed_initial_state = program.initial_state;
            program.believed_half_step = program.full_step;
            program.believed_full_step = program.half_step;
            ShotStream source{.seed = 8, .experiment = 1, .channel = 6};
            ShotIndex start = (ShotIndex{1} << 32) - 100;
            ShotBlock whole;
            sample_monitored_shots(program, source, start, 203, true, whole);
            for (Index chunk : {1, 3, 8, 17, 64, 200}) {
                ShotBlock part;
                for (Index at = 0; at < 203; at += chunk) {
                    sample_monitored_shots(program, source, start + at, std::min<Index>(chunk, 203 - at), true, part);
                    for (Index shot = 0; shot < part.shots; ++shot) {
                        ASSERT_EQ(everything_of(part, shot), everything_of(whole, at + shot))
                            << simd << " levels " << levels << " chunk " << chunk << " shot " << at + shot;
                    }
                }
            }
        }
    });
}

TEST(monitored_shots, asking_for_records_or_a_belief_changes_no_other_number) {
    PhiloxStream stream(42, 0, 0, 0);
    auto program = unstructured_program(2, 12, false, stream);
    program.steps_per_bin = 4;
    ShotBlock plain;
    sample_monitored_shots(program, {.seed = 1}, 0, 50, false, plain);
    EXPECT_TRUE(plain.bins_i.empty() && plain.bins_q.empty() && plain.moments_i.empty() && plain.beliefs.empty());
    ShotBlock with_bins;
    sample_monitored_shots(program, {.seed = 1}, 0, 50, true, with_bins);
    EXPECT_TRUE(with_bins.bins_q.empty());
    program.keep_quadrature = true;
    program.with_belief = true;
    program.believed_initial_state = program.initial_state;
    program.believed_half_step = program.half_step;
    program.believed_full_step = program.full_step;
    ShotBlock with_all;
    sample_monitored_shots(program, {.seed = 1}, 0, 50, true, with_all);
    EXPECT_EQ(with_all.bins_q.size(), 3u * with_all.lanes);
    EXPECT_EQ(row(with_bins.bins_i, with_bins.lanes, 2, 50), row(with_all.bins_i, with_all.lanes, 2, 50));
    for (Index k = 0; k < 4; ++k) {
        EXPECT_EQ(row(plain.states, plain.lanes, k, 50), row(with_bins.states, with_bins.lanes, k, 50));
        EXPECT_EQ(row(plain.states, plain.lanes, k, 50), row(with_all.states, with_all.lanes, k, 50));
        EXPECT_EQ(row(with_all.beliefs, with_all.lanes, k, 50), row(with_all.states, with_all.lanes, k, 50));
    }
    EXPECT_EQ(plain.integrated, with_all.integrated);
}

TEST(monitored_shots, coarse_bins_are_means_and_moments_of_fine_ones) {
    auto program = driven_probe(5, 12, 0.05, qubit_monitor(2, 0.5));
    program.steps_per_bin = 1;
    ShotBlock fine;
    sample_monitored_shots(program, {.seed = 3}, 0, 16, true, fine);
    program.steps_per_bin = 6;
    ShotBlock coarse;
    sample_monitored_shots(program, {.seed = 3}, 0, 16, true, coarse);
    for (Index shot = 0; shot < 16; ++shot) {
        for (Index bin = 0; bin < 2; ++bin) {
            Real mean = 0;
            Real moment = 0;
            for (Index step = 0; step < 6; ++step) {
                Real record = fine.bins_i[(6 * bin + step) * fine.lanes + shot];
                mean += record / 6;
                moment += record * ((static_cast<Real>(step) + 0.5) / 6 - 0.5) / 6;
            }
            EXPECT_NEAR(coarse.bins_i[bin * coarse.lanes + shot], mean, 1e-13);
            EXPECT_NEAR(coarse.moments_i[bin * coarse.lanes + shot], moment, 1e-13);
        }
    }
    EXPECT_EQ(row(fine.moments_i, fine.lanes, 5, 16), std::vector<Real>(16, 0));
}

TEST(monitored_shots, without_a_probe_states_are_what_the_channels_make_of_them_bit_for_bit) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            PhiloxStream stream(43, 0, levels, 0);
            auto program = unstructured_program(levels, 5, true, stream);
            program.monitor.dephasing_rate = 0;
            program.monitor.measurement_time = infinity;
            program.steps_per_bin = 5;
            ShotBlock block;
            sample_monitored_shots(program, {.seed = 1}, 0, 11, true, block);

            RealVector coordinates = hermitian_coordinates(program.initial_state);
            std::vector<Real> expected(levels * levels * block.lanes);
            for (Index k = 0; k < levels * levels; ++k) {
                std::fill_n(expected.begin() + k * block.lanes, block.lanes, coordinates[k]);
            }
            apply_channel(program.half_step, expected, block.lanes, block.lanes);
            for (int step = 1; step < 5; ++step) {
                apply_channel(program.full_step, expected, block.lanes, block.lanes);
            }
            apply_channel(program.half_step, expected, block.lanes, block.lanes);
            EXPECT_EQ(block.states, expected) << simd << " levels " << levels;
            EXPECT_EQ(block.integrated, std::vector<Real>(block.lanes, 0));
            EXPECT_EQ(block.bins_i, std::vector<Real>(block.lanes, 0));
        }
    });
}

TEST(monitored_shots, a_probe_without_efficiency_dephases_and_tells_nothing) {
    ContinuousMeasurement blind{{1, -1}, {0, 0}, infinity, 0.7, 0};
    auto program = probe_only(qubit_state(0.6, {0.2, 0.4}), 10, 0.1, blind);
    ShotBlock block;
    sample_monitored_shots(program, {.seed = 1}, 0, 20, true, block);
    for (Index shot = 0; shot < 20; ++shot) {
        Matrix state = state_of(block, 2, shot);
        EXPECT_NEAR(state(0, 0).real(), 0.6, 1e-15);
        EXPECT_NEAR(std::abs(state(0, 1) - Complex(0.2, 0.4) * std::exp(-0.7)), 0, 1e-15);
        EXPECT_EQ(block.integrated[shot], 0);
    }
}

TEST(monitored_shots, ensemble_coherence_decays_at_the_dephasing_rate_whatever_the_efficiency) {
    constexpr Seed seed = 20;
    for (Real efficiency : {0.1, 0.4, 1.0}) {
        auto program = probe_only(qubit_state(0.5, 0.5), 20, 0.05, qubit_monitor(1, efficiency));
        ShotBlock block;
        sample_monitored_shots(program, {.seed = seed}, 0, 40000, false, block);
        auto coherence = mean_of(row(block.states, block.lanes, 2, 40000));
        EXPECT_NEAR(coherence.mean, std::exp(-1.0) / 2, 4 * coherence.error + 1e-13)
            << "seed " << seed << " efficiency " << efficiency;
    }
}

TEST(monitored_shots, three_level_coherences_decay_with_the_squared_distance_of_their_centres) {
    constexpr Seed seed = 21;
    Matrix even = Matrix::Constant(3, 3, 1.0 / 3);
    ContinuousMeasurement monitor{{1, -1, -0.4}, {0, 0, 1.3}, 1 / (2 * 0.5 * 0.6), 0.6, 0.5};
    ShotBlock block;
    sample_monitored_shots(probe_only(even, 10, 0.08, monitor), {.seed = seed}, 0, 40000, false, block);
    for (Index i = 0; i < 3; ++i) {
        for (Index j = i + 1; j < 3; ++j) {
            Complex distance(monitor.level_i[i] - monitor.level_i[j], monitor.level_q[i] - monitor.level_q[j]);
            Real expected = std::exp(-0.6 * std::norm(distance) / 4 * 0.8) / 3;
            auto mean = mean_of(row(block.states, block.lanes, coherence_position(3, i, j), 40000));
            EXPECT_NEAR(mean.mean, expected, 4 * mean.error) << "seed " << seed << " pair " << i << j;
        }
        auto population = mean_of(row(block.states, block.lanes, i, 40000));
        EXPECT_NEAR(population.mean, 1.0 / 3, 4 * population.error) << "seed " << seed;
    }
}

TEST(monitored_shots, fully_seen_shots_stay_pure_for_any_step) {
    for (Real step_duration : {0.001, 0.05, 0.7, 2000.0}) {
        auto program = driven_probe(1.0 / step_duration, 2048, step_duration, qubit_monitor(1, 1));
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 21}, 0, 512, false, block);
        Real least = 1;
        for (Index shot = 0; shot < 512; ++shot) {
            least = std::min(least, purity(state_of(block, 2, shot)));
        }
        EXPECT_GT(least, 1 - 1e-12) << "step " << step_duration;
    }
    for (Index levels = 3; levels <= 5; ++levels) {
        PhiloxStream stream(22, 0, levels, 0);
        auto program = unstructured_program(levels, 500, true, stream);
        Matrix unitary = random_isometry(levels, levels, stream);
        program.full_step = program.half_step = Channel::from_unitary(unitary);
        Vector start = Vector::Unit(levels, 1);
        program.initial_state = start * start.adjoint();
        program.monitor.efficiency = 1;
        program.monitor.measurement_time = 1 / (2 * program.monitor.dephasing_rate);
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 22}, 0, 64, false, block);
        for (Index shot = 0; shot < 64; ++shot) {
            EXPECT_GT(purity(state_of(block, levels, shot)), 1 - 1e-12) << "levels " << levels;
        }
    }
}

TEST(monitored_shots, partly_seen_shots_are_states) {
    for (Real efficiency : {0.05, 0.5}) {
        auto program = driven_probe(6, 1000, 0.05, qubit_monitor(1, efficiency));
        program.half_step = relaxation(0.025, 5) * program.half_step;
        program.full_step = relaxation(0.05, 5) * program.full_step;
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 23}, 0, 512, false, block);
        for (Index shot = 0; shot < 512; ++shot) {
            Matrix state = state_of(block, 2, shot);
            EXPECT_LE(purity(state), 1 + 1e-14);
            EXPECT_GE(hermitian_eigenvalues(state)[0], -1e-15);
        }
    }
}

TEST(monitored_shots, trace_is_kept_over_a_million_steps) {
    auto program = driven_probe(6, 1000000, 0.01, qubit_monitor(1, 0.4));
    ShotBlock block;
    sample_monitored_shots(program, {.seed = 24}, 0, 8, false, block);
    for (Index shot = 0; shot < 8; ++shot) {
        EXPECT_NEAR(block.states[shot] + block.states[block.lanes + shot], 1, 1e-15);
    }
}

TEST(monitored_shots, a_step_far_longer_than_the_measurement_time_is_a_projective_measurement) {
    for (Index levels : {2, 3}) {
        PhiloxStream stream(25, 0, levels, 0);
        Matrix start = random_state(levels, stream);
        ContinuousMeasurement monitor{{1, -1}, {0, 0}, 0.5, 1, 1};
        if (levels == 3) {
            monitor.level_i.push_back(0);
            monitor.level_q = {0, 0, 2};
        }
        ShotBlock block;
        sample_monitored_shots(probe_only(start, 1, 5000, monitor), {.seed = 25}, 0, 20000, false, block);
        for (Index level = 0; level < levels; ++level) {
            auto populations = row(block.states, block.lanes, level, 20000);
            for (Index shot = 0; shot < 20000; ++shot) {
                Real population = populations[shot];
                ASSERT_TRUE(population < 1e-12 || population > 1 - 1e-12) << population;
            }
            auto mean = mean_of(populations);
            EXPECT_NEAR(mean.mean, start(level, level).real(), 4 * mean.error) << "seed 25";
        }
    }
}

TEST(monitored_shots, shots_end_on_a_level_as_often_as_born_says) {
    constexpr Seed seed = 22;
    auto program = probe_only(qubit_state(0.7), 400, 0.1, qubit_monitor(1, 1));
    ShotBlock block;
    sample_monitored_shots(program, {.seed = seed}, 0, 100000, false, block);
    Index ground = 0;
    for (Index shot = 0; shot < 100000; ++shot) {
        Real population = block.states[shot];
        ASSERT_LT(std::min(population, 1 - population), 3e-11);
        ground += population > 0.5 ? 1 : 0;
    }
    // Standard error sqrt(0.7 * 0.3 / 1e5) = 0.00145.
    EXPECT_NEAR(static_cast<Real>(ground) / 1e5, 0.7, 4 * 0.00145) << "seed " << seed;
}

TEST(monitored_shots, sigma_z_is_a_martingale_without_drive) {
    constexpr Seed seed = 26;
    for (Index steps : {1, 2, 5, 20, 100}) {
        auto program = probe_only(qubit_state(0.7, 0.3), steps, 0.05, qubit_monitor(1, 0.6));
        ShotBlock block;
        sample_monitored_shots(program, {.seed = seed}, 0, 40000, false, block);
        auto mean = mean_of(sigma_z(block));
        EXPECT_NEAR(mean.mean, 0.4, 4 * mean.error) << "seed " << seed << " steps " << steps;
    }
}

TEST(monitored_shots, ensemble_of_a_driven_monitored_qubit_obeys_the_master_equation) {
    constexpr Seed seed = 19;
    for (Real efficiency : {0.1, 0.4, 1.0}) {
        auto program = driven_probe(two_pi, 100, 0.01, qubit_monitor(1, efficiency));
        ShotBlock block;
        sample_monitored_shots(program, {.seed = seed}, 0, 40000, false, block);
        auto mean = mean_of(sigma_z(block));
        // Lindblad <sigma_z>(1) for Omega = 2 pi, Gamma = 1; the splitting error at this step is below 1e-4.
        EXPECT_NEAR(mean.mean, 0.605445508, 4 * mean.error + 1e-4) << "seed " << seed << " efficiency " << efficiency;
    }
}

TEST(monitored_shots, ensemble_mean_is_the_mean_channel_also_with_unmonitored_decay) {
    constexpr Seed seed = 27;
    auto program = driven_probe(two_pi, 50, 0.02, qubit_monitor(1, 0.4));
    program.half_step = relaxation(0.01, 5) * program.half_step;
    program.full_step = program.half_step * program.half_step;
    Matrix expected = program.half_step.apply(program.initial_state);
    for (Index step = 0; step < 50; ++step) {
        expected(0, 1) *= std::exp(-0.02);
        expected(1, 0) *= std::exp(-0.02);
        expected = (step == 49 ? program.half_step : program.full_step).apply(expected);
    }
    ShotBlock block;
    sample_monitored_shots(program, {.seed = seed}, 0, 40000, false, block);
    RealVector coordinates = hermitian_coordinates(expected);
    for (Index k = 0; k < 4; ++k) {
        auto mean = mean_of(row(block.states, block.lanes, k, 40000));
        EXPECT_NEAR(mean.mean, coordinates[k], 4 * mean.error + 1e-13) << "seed " << seed << " coordinate " << k;
    }
}

TEST(monitored_shots, mean_record_is_a_mixture_of_two_gaussians) {
    constexpr Seed seed = 24;
    Real tau = 1 / (2 * 0.5);
    for (Index steps : {1, 10}) {
        auto program = probe_only(qubit_state(0.3, 0.1), steps, 0.8 / static_cast<Real>(steps), qubit_monitor(1, 0.5));
        ShotBlock block;
        sample_monitored_shots(program, {.seed = seed}, 0, 100000, false, block);
        block.integrated.resize(100000);
        Real deviation = std::sqrt(tau / 0.8);
        Real distance = scaled_ks_distance(block.integrated, [&](Real r) {
            return 0.3 * normal_law((r - 1) / deviation) + 0.7 * normal_law((r + 1) / deviation);
        });
        // P(> 1.95) = 1e-3.
        EXPECT_LT(distance, 1.95) << "seed " << seed << " steps " << steps;
    }
}

TEST(monitored_shots, record_correlates_with_itself_as_sigma_z_does_plus_white_noise) {
    constexpr Seed seed = 28;
    constexpr Real step_duration = 0.1;
    auto program = probe_only(qubit_state(0.4, 0.2), 6, step_duration, qubit_monitor(1, 0.7));
    program.steps_per_bin = 1;
    ShotBlock block;
    sample_monitored_shots(program, {.seed = seed}, 0, 60000, true, block);
    Real tau = program.monitor.measurement_time;
    for (Index early = 0; early < 6; ++early) {
        for (Index late = early; late < 6; ++late) {
            std::vector<Real> products(60000);
            for (Index shot = 0; shot < 60000; ++shot) {
                products[shot] = block.bins_i[early * block.lanes + shot] * block.bins_i[late * block.lanes + shot];
            }
            auto mean = mean_of(products);
            Real expected = 1 + (early == late ? tau / step_duration : 0);
            EXPECT_NEAR(mean.mean, expected, 4.5 * mean.error) << "seed " << seed << ' ' << early << ' ' << late;
        }
    }
}

TEST(monitored_shots, a_belief_that_is_certainly_wrong_stays_a_state) {
    for (Index levels : {2, 3}) {
        Matrix ground = Matrix::Zero(levels, levels);
        Matrix excited = Matrix::Zero(levels, levels);
        ground(0, 0) = 1;
        excited(1, 1) = 1;
        ContinuousMeasurement monitor{{1, -1}, {0, 0}, 0.5, 1, 1};
        if (levels == 3) {
            monitor.level_i.push_back(0);
            monitor.level_q.push_back(0);
        }
        auto program = probe_only(ground, 3, 3000, monitor);
        program.with_belief = true;
        program.believed_initial_state = excited;
        program.believed_half_step = Channel::identity(levels);
        // Rounding as a rotation leaves it: no population where there is some coherence.
        program.believed_half_step.matrix(levels, 1) = 1e-17;
        program.believed_full_step = program.believed_half_step;
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 29}, 0, 64, false, block);
        for (Index shot = 0; shot < 64; ++shot) {
            Matrix belief = state_of(block.beliefs, levels, block.lanes, shot);
            ASSERT_NEAR(belief.trace().real(), 1, 1e-14);
            ASSERT_LE(purity(belief), 1 + 1e-12);
        }
    }
}

TEST(monitored_shots, programs_that_do_not_fit_are_refused_by_argument) {
    auto program = probe_only(qubit_state(1), 4, 0.1, qubit_monitor(1, 0.5));
    EXPECT_EQ(refusal_of(program), "none");
    auto refused = [&](auto&& change) {
        auto changed = program;
        change(changed);
        return refusal_of(changed);
    };
    EXPECT_EQ(refused([](auto& p) { p.levels = 6; }), "Argument `levels` must be between 2 and 5, but is 6.");
    EXPECT_EQ(refused([](auto& p) { p.steps_per_bin = 3; }),
              "Argument `steps` must be a multiple of steps_per_bin = 3, but is 4.");
    EXPECT_EQ(refused([](auto& p) { p.monitor.level_q = {0}; }),
              "Argument `level_q` must be one value for each of 2 levels, but is 1 values.");
    EXPECT_EQ(refused([](auto& p) { p.monitor.measurement_time = 0.1; }),
              "Argument `measurement_time` must be 1 / (2 efficiency dephasing_rate) = 1, but is 0.1.");
    EXPECT_EQ(refused([](auto& p) { p.initial_state *= 2; }),
              "Argument `initial_state` must be a density matrix of trace 1, but is of trace 2.");
    EXPECT_NE(refused([](auto& p) { p.full_step = Channel::identity(3); }), "none");
    EXPECT_NE(refused([](auto& p) { p.half_step.matrix(0, 0) = infinity; }), "none");
    EXPECT_NE(refused([](auto& p) { p.step_duration = -1; }), "none");
    EXPECT_NE(refused([](auto& p) { p.monitor.efficiency = 1.5; }), "none");
    EXPECT_NE(refused([](auto& p) { p.with_belief = true; }), "none");
}

TEST(shot_channels, every_shot_goes_through_the_channel) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            PhiloxStream stream(50, 0, levels, 0);
            std::vector<Channel> channels;
            for (int k = 0; k < 4; ++k) {
                channels.push_back(random_channel(levels, stream));
            }
            channels[2] = Channel::identity(levels);
            constexpr Index shots = 21;
            constexpr Index lanes = 24;
            std::vector<Matrix> before;
            std::vector<Real> states(levels * levels * lanes, 0);
            std::vector<std::int32_t> choice;
            for (Index shot = 0; shot < shots; ++shot) {
                before.push_back(random_state(levels, stream));
                choice.push_back(static_cast<std::int32_t>(stream.integer(4)));
                RealVector coordinates = hermitian_coordinates(before.back());
                for (Index k = 0; k < coordinates.size(); ++k) {
                    states[k * lanes + shot] = coordinates[k];
                }
            }
            auto chosen = states;
            apply_channel(channels[0], states, lanes, shots);
            apply_chosen_channel(channels, choice, chosen, lanes, shots);
            for (Index shot = 0; shot < shots; ++shot) {
                ASSERT_LT((state_of(states, levels, lanes, shot) - channels[0].apply(before[shot])).norm(), 1e-14)
                    << simd;
                ASSERT_LT((state_of(chosen, levels, lanes, shot) - channels[choice[shot]].apply(before[shot])).norm(),
                          1e-14)
                    << simd;
            }
            choice[3] = 4;
            EXPECT_THROW(apply_chosen_channel(channels, choice, chosen, lanes, shots), InvalidArgument);
        }
    });
}
