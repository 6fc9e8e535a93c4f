#include "synqc/device/drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "synqc/base/errors.h"

namespace synqc {
namespace {

constexpr Real seconds_per_us = 1e-6;

DriftProcess ornstein_uhlenbeck(Real sigma, Real correlation_time) {
    return {.kind = DriftKind::ornstein_uhlenbeck, .sigma = sigma, .correlation_time = correlation_time};
}

DriftProcess random_telegraph(Real sigma, Real switching_rate) {
    return {.kind = DriftKind::random_telegraph, .sigma = sigma, .switching_rate = switching_rate};
}

DriftProcess one_over_f(Real sigma, Real shortest, Real longest) {
    return {.kind = DriftKind::one_over_f, .sigma = sigma, .correlation_time = longest, .shortest_time = shortest};
}

struct Coherence {
    Real ramsey = 0;
    Real echo = 0;
    Real standard_error = 0;
};

/// Mean of exp(i phase) after free evolution and after an echo, over sampled paths; the phase is the trapezoidal
/// integral of the detuning (rad/µs) over `duration` µs.
Coherence sampled_coherence(const DriftProcess& process, Real duration, Index steps, Index paths, Seed seed) {
    Real step = duration / static_cast<Real>(steps);
    Coherence mean;
    for (Index path_number = 0; path_number < paths; ++path_number) {
        DriftPath path({process}, seed, static_cast<std::uint32_t>(path_number));
        Real phase = 0;
        Real echo_phase = 0;
        Real before = path.value();
        for (Index k = 0; k < steps; ++k) {
            path.advance(step * seconds_per_us, seed);
            Real gained = step * (before + path.value()) / 2;
            before = path.value();
            phase += gained;
            echo_phase += k < steps / 2 ? gained : -gained;
        }
        mean.ramsey += std::cos(phase) / static_cast<Real>(paths);
        mean.echo += std::cos(echo_phase) / static_cast<Real>(paths);
    }
    mean.standard_error = std::sqrt(0.5 / static_cast<Real>(paths));
    return mean;
}

constexpr Index many_paths = 200000;

// Validation case 6.
TEST(drift, ornstein_uhlenbeck_dephases_as_the_closed_form) {
    constexpr Seed seed = 601;
    Real sigma = two_pi * 0.05;
    auto sampled = sampled_coherence(ornstein_uhlenbeck(sigma, 20 * seconds_per_us), 10, 50, many_paths, seed);
    EXPECT_NEAR(sampled.ramsey, 0.0149109137, 4 * sampled.standard_error) << "seed " << seed;
    EXPECT_NEAR(sampled.echo, 0.7100815234, 4 * sampled.standard_error) << "seed " << seed;
}

TEST(drift, slow_ornstein_uhlenbeck_dephases_quasi_statically) {
    constexpr Seed seed = 602;
    Real sigma = two_pi * 0.05;
    auto sampled = sampled_coherence(ornstein_uhlenbeck(sigma, 1), 10, 2, many_paths, seed);
    EXPECT_NEAR(sampled.ramsey, 0.0071918833, 4 * sampled.standard_error) << "seed " << seed;
    EXPECT_NEAR(sampled.echo, 1, 1e-3) << "seed " << seed;
}

// Validation case 7. Trapezoids of 0.1 µs miss a jump's place by half a step at most: 0.5 * 0.1 rad at 2 jumps per
// path, of random sign, which changes the mean by less than 1e-3.
TEST(drift, random_telegraph_dephases_as_the_closed_form) {
    constexpr Seed seed = 701;
    auto sampled = sampled_coherence(random_telegraph(0.5, 0.2 / seconds_per_us), 10, 100, many_paths, seed);
    std::complex<Real> mu = std::sqrt(std::complex<Real>(1 - std::pow(0.5 / 0.2, 2)));
    Real closed_form = (std::exp(-2.0) * (std::cosh(2.0 * mu) + std::sinh(2.0 * mu) / mu)).real();
    EXPECT_NEAR(closed_form, -0.0760872078, 1e-10);
    EXPECT_NEAR(sampled.ramsey, closed_form, 4 * sampled.standard_error + 1e-3) << "seed " << seed;
}

TEST(drift, processes_start_stationary_and_stay_so_over_any_step) {
    constexpr Seed seed = 11;
    for (const DriftProcess& process : {ornstein_uhlenbeck(2, 1), random_telegraph(2, 0.3), one_over_f(2, 0.01, 100)}) {
        for (Real step : {1e-4, 0.3, 50.0}) {
            Real squares_at_start = 0;
            Real squares_later = 0;
            Real sum = 0;
            constexpr Index paths = 20000;
            for (Index path_number = 0; path_number < paths; ++path_number) {
                DriftPath path({process}, seed, static_cast<std::uint32_t>(path_number));
                squares_at_start += path.value() * path.value();
                path.advance(step, seed);
                path.advance(step, seed);
                squares_later += path.value() * path.value();
                sum += path.value();
            }
            // Variance of a normal sample is known to sqrt(2 / n) of itself; four of these are 4 %.
            EXPECT_NEAR(squares_at_start / paths, 4, 0.04 * 4) << "seed " << seed << " step " << step;
            EXPECT_NEAR(squares_later / paths, 4, 0.04 * 4) << "seed " << seed << " step " << step;
            EXPECT_NEAR(sum / paths, 0, 4 * 2 / std::sqrt(paths)) << "seed " << seed << " step " << step;
        }
    }
}

TEST(drift, autocorrelation_decays_at_the_rate_of_the_process) {
    constexpr Seed seed = 12;
    constexpr Index paths = 40000;
    struct Case {
        DriftProcess process;
        Real decay_rate;
    };
    for (const Case& one : {Case{ornstein_uhlenbeck(1, 2), 0.5}, Case{random_telegraph(1, 0.25), 0.5}}) {
        for (Real lag : {0.2, 1.0, 3.0}) {
            Real product = 0;
            for (Index path_number = 0; path_number < paths; ++path_number) {
                DriftPath path({one.process}, seed, static_cast<std::uint32_t>(path_number));
                Real before = path.value();
                path.advance(lag / 2, seed);
                path.advance(lag / 2, seed);
                product += before * path.value() / paths;
            }
            // Products of unit normals deviate by at most sqrt(2).
            EXPECT_NEAR(product, std::exp(-one.decay_rate * lag), 4 * std::sqrt(2.0 / paths)) << "seed " << seed;
        }
    }
}

TEST(drift, random_walk_spreads_with_the_square_root_of_time) {
    constexpr Seed seed = 13;
    constexpr Index paths = 20000;
    DriftProcess walk{.kind = DriftKind::random_walk, .diffusion = 0.04};
    for (Index steps : {1, 7}) {
        Real squares = 0;
        for (Index path_number = 0; path_number < paths; ++path_number) {
            DriftPath path({walk}, seed, static_cast<std::uint32_t>(path_number));
            EXPECT_EQ(path.value(), 0);
            for (Index k = 0; k < steps; ++k) {
                path.advance(100.0 / static_cast<Real>(steps), seed);
            }
            squares += path.value() * path.value();
        }
        EXPECT_NEAR(squares / paths, 4, 0.04 * 4) << "seed " << seed;
    }
}

/// One-sided spectrum of the process's components, which are independent OU processes: 4 sigma^2 tau / (1 + (w tau)^2).
Real spectrum_of(const DriftProcess& process, Real frequency) {
    auto times = process.time_constants();
    Real variance = process.sigma * process.sigma / static_cast<Real>(times.size());
    Real sum = 0;
    for (Real time : times) {
        sum += 4 * variance * time / (1 + std::pow(two_pi * frequency * time, 2));
    }
    return sum;
}

TEST(drift, one_over_f_components_follow_the_law_within_one_decibel) {
    DriftProcess process = one_over_f(1, 1e-3, 1e3);
    // A process of 2 components per octave and variance v each has S = 4 v (2 / ln 2) (pi / 2) / (2 pi f) between its
    // ends.
    Real variance = 1 / static_cast<Real>(process.time_constants().size());
    Real amplitude = 4 * variance * (2 / std::numbers::ln2) / 4;
    for (Real frequency = 1e-3; frequency < 30; frequency *= 1.07) {
        Real decibels = 10 * std::log10(spectrum_of(process, frequency) * frequency / amplitude);
        EXPECT_NEAR(decibels, 0, 1) << frequency << " Hz";
    }
}

/// Mean periodogram of sampled paths at `frequency`, one-sided.
Real sampled_spectrum(const DriftProcess& process, Real frequency, Real step, Index length, Index paths, Seed seed) {
    Real power = 0;
    for (Index path_number = 0; path_number < paths; ++path_number) {
        DriftPath path({process}, seed, static_cast<std::uint32_t>(path_number));
        Complex sum = 0;
        for (Index k = 0; k < length; ++k) {
            // Hann window: leakage of the steep low-frequency end would lift the rest.
            Real window = 1 - std::cos(two_pi * static_cast<Real>(k) / static_cast<Real>(length));
            sum += window * path.value() * std::polar(1.0, -two_pi * frequency * step * static_cast<Real>(k));
            path.advance(step, seed);
        }
        power += std::norm(sum);
    }
    return 2 * step * power / (1.5 * static_cast<Real>(length * paths));
}

TEST(drift, sampled_one_over_f_paths_have_the_spectrum_of_the_law) {
    constexpr Seed seed = 14;
    constexpr Index length = 1024;
    constexpr Index paths = 300;
    constexpr Real step = 0.02;
    DriftProcess process = one_over_f(1, 0.01, 100);
    Real variance = 1 / static_cast<Real>(process.time_constants().size());
    Real amplitude = 4 * variance * (2 / std::numbers::ln2) / 4;
    for (Index bin : {8, 20, 40}) {
        Real frequency = static_cast<Real>(bin) / (length * step);
        Real measured = sampled_spectrum(process, frequency, step, length, paths, seed);
        // A periodogram value scatters by itself: 300 paths leave 6 % (0.25 dB) per bin, four of these are 1 dB.
        EXPECT_NEAR(10 * std::log10(measured * frequency / amplitude), 0, 1) << "seed " << seed << " bin " << bin;
    }
}

TEST(drift, same_seed_and_stream_give_the_same_path_and_others_another) {
    std::vector<DriftProcess> processes = default_transmon_drift();
    processes.push_back(one_over_f(0.01, 0.1, 100));
    processes.push_back({.kind = DriftKind::random_walk, .diffusion = 1e-6});
    DriftPath one(processes, 7, 3);
    DriftPath twin(processes, 7, 3);
    DriftPath other_stream(processes, 7, 4);
    EXPECT_NE(one.value(), other_stream.value());
    for (int step = 0; step < 5; ++step) {
        one.advance(0.5, 99);
        twin.advance(0.5, 99);
        EXPECT_EQ(one.value(), twin.value());
    }
    twin.advance(0.5, 100);
    one.advance(0.5, 99);
    EXPECT_NE(one.value(), twin.value());
}

TEST(drift, restored_path_goes_on_as_if_never_interrupted) {
    std::vector<DriftProcess> processes = default_transmon_drift();
    processes.push_back(one_over_f(0.01, 0.1, 100));
    DriftPath path(processes, 7, 3);
    path.advance(1, 5);
    DriftPath resumed(processes, 7, 3);
    resumed.restore(path.state());
    path.advance(2, 5);
    resumed.advance(2, 5);
    EXPECT_EQ(path.state(), resumed.state());
    EXPECT_THROW(resumed.restore(std::vector<Real>{1, 2}), InvalidArgument);
    auto broken = path.state();
    broken[1] = std::nan("");
    EXPECT_THROW(resumed.restore(broken), InvalidArgument);
}

TEST(drift, standing_still_changes_nothing_and_time_never_runs_back) {
    DriftPath path(default_transmon_drift(), 1, 0);
    auto before = path.state();
    path.advance(0, 1);
    EXPECT_EQ(path.state(), before);
    EXPECT_THROW(path.advance(-1, 1), InvalidArgument);
    EXPECT_THROW(path.advance(std::nan(""), 1), InvalidArgument);
    DriftPath none({}, 1, 0);
    none.advance(5, 1);
    EXPECT_EQ(none.value(), 0);
    EXPECT_TRUE(std::isinf(none.quasi_static_interval()));
}

TEST(drift, quasi_static_interval_of_weak_drift_is_a_hundredth_of_the_fastest_time_scale) {
    const Real weak = 0.5 * radians_per_us_per_khz;
    EXPECT_DOUBLE_EQ(ornstein_uhlenbeck(weak, 20).quasi_static_interval(), 0.2);
    EXPECT_DOUBLE_EQ(random_telegraph(1, 0.1).quasi_static_interval(), 0.05);
    EXPECT_DOUBLE_EQ(one_over_f(weak, 0.5, 100).quasi_static_interval(), 0.005);
    EXPECT_DOUBLE_EQ(DriftPath({ornstein_uhlenbeck(weak, 20), random_telegraph(1, 0.1)}, 1, 0).quasi_static_interval(),
                     0.05);
}

TEST(drift, quasi_static_interval_of_strong_drift_is_what_it_takes_to_move_by_half_a_khz_or_a_thirtieth) {
    // Over a short time an Ornstein-Uhlenbeck process moves by sigma sqrt(2 t / tau).
    EXPECT_NEAR(ornstein_uhlenbeck(10 * radians_per_us_per_khz, 20).quasi_static_interval(),
                20 * std::pow(0.5 / 10, 2) / 2, 1e-12);
    EXPECT_NEAR(ornstein_uhlenbeck(30 * radians_per_us_per_khz, 20).quasi_static_interval(), 20.0 / 900 / 2, 1e-12);
    // 1/f from 1 to 2 s: thirds of the variance at 1, sqrt(2) and 2 s.
    const Real pace = 2 * (1 + 1 / std::sqrt(2.0) + 0.5) / 3;
    EXPECT_NEAR(one_over_f(30 * radians_per_us_per_khz, 1, 2).quasi_static_interval(), 1 / pace / 900, 1e-12);
}

TEST(drift, advance_says_that_a_telegraph_signal_switched) {
    const Seed seed = 12;
    DriftPath path({ornstein_uhlenbeck(0.001, 20), random_telegraph(1, 0.1)}, seed, 0);
    int switches = 0;
    for (int step = 0; step < 400; ++step) {
        const Real before = path.value();
        const bool switched = path.advance(1, seed);
        EXPECT_EQ(switched, std::abs(path.value() - before) > 1) << "step " << step << " of seed " << seed;
        switches += switched;
    }
    EXPECT_GT(switches, 10) << "seed " << seed;
    EXPECT_FALSE(DriftPath({ornstein_uhlenbeck(1, 20)}, seed, 0).advance(5, seed));
}

TEST(drift, unusable_processes_are_refused) {
    EXPECT_THROW(ornstein_uhlenbeck(1, 0).check(), InvalidArgument);
    EXPECT_THROW(ornstein_uhlenbeck(-1, 1).check(), InvalidArgument);
    EXPECT_THROW(random_telegraph(1, 0).check(), InvalidArgument);
    EXPECT_THROW(one_over_f(1, 2, 1).check(), InvalidArgument);
    EXPECT_THROW(DriftPath({one_over_f(1, 2, 1)}, 1, 0), InvalidArgument);
}

}  // namespace
}  // namespace synqc
