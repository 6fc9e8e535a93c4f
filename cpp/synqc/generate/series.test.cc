#include "synqc/generate/series.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/base/errors.h"

using namespace synqc;
using namespace synqc::generate;

namespace {

std::vector<Real> values_of(const Series& series, RowIndex first, std::size_t count) {
    std::vector<Real> values(count);
    std::vector<std::uint8_t> valid(count, 1);
    series.fill({stream_key(3, "series")}, first, values, valid.data());
    for (std::size_t k = 0; k < count; ++k) {
        values[k] = valid[k] != 0 ? values[k] : -1e9;
    }
    return values;
}

SeriesOptions everything() {
    SeriesOptions options;
    options.base = 3;
    options.slope = 0.01;
    options.walk_deviation = 0.5;
    options.seasons = {{24, 2, 0.1}};
    options.noise_deviation = 1;
    options.autoregression = {0.8};
    options.moving_average = {0.4};
    options.noise_seasons = {{100, 0.5, 0}};
    options.regimes = {{"a", 1, 0, 1}, {"b", 1, 5, 2}};
    options.regime_length = 30;
    options.anomalies = {{"up", AnomalyKind::shift, 0.01, 20, 7}, {"flat", AnomalyKind::flat, 0.005, 0, 11}};
    options.gap_rate = 0.01;
    options.gap_length = 6;
    options.drifts = {{5000, 0.1, 2}};
    return options;
}

}  // namespace

TEST(generate_series, any_rows_are_those_of_the_whole) {
    const Series series(everything());
    const std::vector<Real> whole = values_of(series, 0, 10'000);
    for (const RowIndex first : {1u, 15u, 4095u, 4096u, 4097u, 8000u}) {
        for (const std::size_t count : {1u, 100u, 2000u}) {
            const std::vector<Real> part = values_of(series, first, count);
            for (std::size_t k = 0; k < count; ++k) {
                ASSERT_EQ(part[k], whole[first + k]) << first << " " << k;
            }
        }
    }
}

TEST(generate_series, noise_that_never_fades_is_refused) {
    SeriesOptions options;
    options.noise_deviation = 1;
    options.autoregression = {1};
    EXPECT_THROW(Series{options}, InvalidArgument);
    options.autoregression = {1.1};
    EXPECT_THROW(Series{options}, InvalidArgument);
    options.autoregression = {0.5, 0.6};
    EXPECT_THROW(Series{options}, InvalidArgument);
}

TEST(generate_series, a_walk_has_independent_steps_where_blocks_meet) {
    SeriesOptions options;
    options.walk_deviation = 1;
    const Series series(options);
    // Steps into, over and out of row 4096: variance 1 over many keys, five standard errors.
    Real squares = 0;
    Real products = 0;
    const int keys = 2000;
    const Seed first = drawn_seed();
    for (Seed seed = first; seed < first + static_cast<Seed>(keys); ++seed) {
        std::vector<Real> values(3);
        series.fill({stream_key(seed, "walk")}, 4095, values, nullptr);
        squares += (values[1] - values[0]) * (values[1] - values[0]) / keys;
        products += (values[1] - values[0]) * (values[2] - values[1]) / keys;
    }
    EXPECT_NEAR(squares, 1, 5 * std::sqrt(2.0 / keys)) << "seeds from " << first;
    EXPECT_NEAR(products, 0, 5 / std::sqrt(1.0 * keys)) << "seeds from " << first;
}
