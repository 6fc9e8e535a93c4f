#include "synqc/metrics/histogram.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "synqc/base/errors.h"

using namespace synqc;

namespace {

constexpr Real promised_error = 0.00991;

Real nearest_rank(const std::vector<Real>& sorted, Real q) {
    auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<Real>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<std::pair<std::string, std::function<Real(std::mt19937_64&)>>> distributions() {
    return {
        {"lognormal", [](auto& generator) { return std::lognormal_distribution<Real>(-6, 2)(generator); }},
        {"uniform", [](auto& generator) { return std::uniform_real_distribution<Real>(0.001, 1)(generator); }},
        {"bimodal",
         [](auto& generator) { return (generator() % 10 == 0 ? 1.0 : 1e-3) * (1 + 1e-3 * (generator() % 100)); }},
        {"constant", [](auto&) { return 0.0123; }},
    };
}

}  // namespace

TEST(histogram_scale, every_bucket_keeps_the_promised_error_at_both_ends) {
    for (Real lowest : {0x1p-30, 1.0, 0x1p-1022, 0x1p975}) {
        HistogramScale scale(lowest);
        for (int cell = 1; cell < HistogramScale::above; ++cell) {
            Real lower = scale.upper_edge(cell - 1);
            Real upper = scale.upper_edge(cell);
            ASSERT_LT(lower, upper);
            Real stands_for = scale.representative(cell);
            ASSERT_LE((stands_for - lower) / lower, promised_error) << cell;
            ASSERT_LE((upper - stands_for) / upper, promised_error) << cell;
            ASSERT_EQ(scale.cell_of((lower + upper) / 2), cell);
        }
    }
}

TEST(histogram_scale, octaves_include_their_upper_edge) {
    HistogramScale scale;
    for (int octave = 0; octave <= HistogramScale::octaves; ++octave) {
        Real edge = std::ldexp(scale.lowest(), octave);
        EXPECT_EQ(scale.cell_of(edge), HistogramScale::last_cell_of_octaves(octave));
        EXPECT_EQ(scale.cell_of(std::nextafter(edge, 1e300)), HistogramScale::last_cell_of_octaves(octave) + 1);
        EXPECT_EQ(scale.upper_edge(HistogramScale::last_cell_of_octaves(octave)), edge);
        EXPECT_EQ(scale.upper_edge(HistogramScale::last_cell_of_half_octaves(2 * octave)), edge);
    }
}

TEST(histogram_scale, cells_never_go_down_as_values_go_up) {
    auto seed = std::random_device{}();
    std::mt19937_64 generator(seed);
    HistogramScale scale;
    std::vector<Real> values(100000);
    for (auto& value : values) {
        value = std::exp2(std::uniform_real_distribution<Real>(-40, 30)(generator));
    }
    std::sort(values.begin(), values.end());
    for (std::size_t k = 1; k < values.size(); ++k) {
        ASSERT_LE(scale.cell_of(values[k - 1]), scale.cell_of(values[k])) << "seed " << seed;
    }
}

TEST(histogram_scale, lowest_that_leaves_no_range_is_refused) {
    for (Real lowest : {0.0, -1.0, 0x1p976, 4e-320, std::nan(""), HUGE_VAL}) {
        EXPECT_THROW(HistogramScale{lowest}, InvalidArgument) << lowest;
    }
    EXPECT_EQ(HistogramScale(1e-9).lowest(), 0x1p-30);
}

TEST(histogram, quantiles_are_within_one_percent_of_the_nearest_rank) {
    auto seed = std::random_device{}();
    for (auto& [name, draw] : distributions()) {
        std::mt19937_64 generator(seed);
        Histogram histogram;
        std::vector<Real> values(20000);
        for (auto& value : values) {
            value = draw(generator);
            histogram.record(value);
        }
        std::sort(values.begin(), values.end());
        auto taken = histogram.snapshot();
        for (Real q : {0.0, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0}) {
            Real exact = nearest_rank(values, q);
            EXPECT_NEAR(taken.quantile(q), exact, 0.01 * exact) << name << " q " << q << " seed " << seed;
        }
        EXPECT_EQ(taken.count, values.size());
        EXPECT_EQ(taken.smallest, values.front());
        EXPECT_EQ(taken.largest, values.back());
        long double sum = std::accumulate(values.begin(), values.end(), 0.0L);
        EXPECT_NEAR(taken.sum, static_cast<Real>(sum), 1e-15 * static_cast<Real>(sum)) << name << " seed " << seed;
    }
}

TEST(histogram, sums_lose_nothing_to_rounding) {
    Histogram histogram;
    histogram.record(1e16);
    for (int k = 0; k < 1000; ++k) {
        histogram.record(1);
    }
    EXPECT_EQ(histogram.snapshot().sum, 1e16 + 1000);
}

TEST(histogram, values_outside_the_range_count_at_its_ends) {
    Histogram histogram;
    std::vector<Real> values{0.0, -0.0, 5e-324, 0x1p-30, -3.0, -1e308, 1e308, 0x1p18 * 1.001};
    for (Real value : values) {
        histogram.record(value);
    }
    auto taken = histogram.snapshot();
    std::vector<std::pair<int, std::uint64_t>> expected{{HistogramScale::below, 6}, {HistogramScale::above, 2}};
    EXPECT_EQ(taken.cells, expected);
    EXPECT_EQ(taken.smallest, -1e308);
    EXPECT_EQ(taken.largest, 1e308);
    EXPECT_EQ(taken.quantile(0.5), -1e308);
    EXPECT_EQ(taken.quantile(0.95), 1e308);
}

TEST(histogram, infinities_and_nan_count_apart) {
    Histogram histogram;
    for (Real value : {HUGE_VAL, -HUGE_VAL, std::nan(""), 2.0}) {
        histogram.record(value);
    }
    auto taken = histogram.snapshot();
    EXPECT_EQ(taken.count, 1u);
    EXPECT_EQ(taken.not_finite, 3u);
    EXPECT_EQ(taken.sum, 2);
}

TEST(histogram, nothing_recorded_is_zero_everywhere) {
    auto taken = Histogram().snapshot();
    EXPECT_EQ(taken.count + taken.not_finite, 0u);
    EXPECT_EQ(taken.quantile(0.99), 0);
    EXPECT_EQ(taken.mean(), 0);
}

TEST(histogram, threads_lose_nothing_even_when_there_are_more_than_slots) {
    constexpr int threads = owned_slots + 8;
    constexpr int each = 2000;
    Histogram histogram;
    std::barrier start(threads);
    {
        std::vector<std::jthread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&] {
                start.arrive_and_wait();
                for (int k = 1; k <= each; ++k) {
                    histogram.record(k);
                    if (k % 500 == 0) {
                        auto taken = histogram.snapshot();
                        std::uint64_t in_cells = 0;
                        for (auto [_, count] : taken.cells) {
                            in_cells += count;
                        }
                        ASSERT_EQ(in_cells, taken.count);
                        ASSERT_GE(taken.sum, static_cast<Real>(taken.count));
                        ASSERT_EQ(taken.smallest, 1);
                    }
                }
                start.arrive_and_wait();
            });
        }
    }
    auto taken = histogram.snapshot();
    EXPECT_EQ(taken.count, static_cast<std::uint64_t>(threads) * each);
    EXPECT_EQ(taken.sum, static_cast<Real>(threads) * each * (each + 1) / 2);
    EXPECT_EQ(taken.largest, each);
}

TEST(histogram, threads_that_come_and_go_leave_what_they_recorded) {
    Histogram histogram;
    for (int round = 0; round < 200; ++round) {
        std::jthread([&] { histogram.record(round + 1); });
    }
    EXPECT_EQ(histogram.snapshot().count, 200u);
    EXPECT_EQ(histogram.snapshot().sum, 20100);
}

TEST(histogram, merging_is_recording_in_one_in_whatever_order) {
    auto seed = std::random_device{}();
    std::mt19937_64 generator(seed);
    Histogram parts[3];
    Histogram whole;
    for (int k = 0; k < 3000; ++k) {
        Real value = std::lognormal_distribution<Real>(0, 3)(generator);
        parts[generator() % 3].record(value);
        whole.record(value);
    }
    auto merged = [&](int a, int b, int c) {
        auto right = parts[b].snapshot();
        right.merge(parts[c].snapshot());
        auto left = parts[a].snapshot();
        left.merge(right);
        return left;
    };
    auto expected = whole.snapshot();
    for (auto& order : {merged(0, 1, 2), merged(2, 0, 1), merged(1, 2, 0)}) {
        EXPECT_EQ(order.cells, expected.cells) << "seed " << seed;
        EXPECT_EQ(order.count, expected.count) << "seed " << seed;
        EXPECT_EQ(order.smallest, expected.smallest) << "seed " << seed;
        EXPECT_EQ(order.largest, expected.largest) << "seed " << seed;
        EXPECT_NEAR(order.sum, expected.sum, 1e-14 * expected.sum) << "seed " << seed;
    }
    auto other_scale = Histogram(HistogramScale(1)).snapshot();
    EXPECT_THROW(other_scale.merge(expected), InvalidArgument);
}

TEST(histogram, cells_from_elsewhere_are_checked) {
    HistogramScale scale;
    EXPECT_EQ(HistogramSnapshot::from_cells(scale, {{3, 4}, {9, 1}}).count, 5u);
    EXPECT_THROW(HistogramSnapshot::from_cells(scale, {{9, 4}, {3, 1}}), InvalidArgument);
    EXPECT_THROW(HistogramSnapshot::from_cells(scale, {{-1, 4}}), InvalidArgument);
    EXPECT_THROW(HistogramSnapshot::from_cells(scale, {{HistogramScale::cells, 4}}), InvalidArgument);
    EXPECT_THROW(HistogramSnapshot::from_cells(scale, {{3, 0}}), InvalidArgument);
    EXPECT_THROW(HistogramSnapshot::from_cells(scale, {{3, UINT64_MAX}, {4, 1}}), InvalidArgument);
}

TEST(histogram, child_of_a_fork_counts_on_and_can_start_again) {
    Histogram histogram;
    histogram.record(1);
    pid_t child = fork();
    if (child == 0) {
        histogram.record(2);
        bool kept = histogram.snapshot().count == 2;
        histogram.start_again();
        histogram.record(3);
        auto taken = histogram.snapshot();
        _exit(kept && taken.count == 1 && taken.sum == 3 && taken.smallest == 3 ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(histogram.snapshot().count, 1u);
}
