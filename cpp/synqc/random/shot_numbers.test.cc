#include "synqc/random/shot_numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "synqc/base/at_every_level.h"

using namespace synqc;

namespace {

/// Distance in units in the last place of `exact`, which has more digits than `value`.
double ulps(double value, long double exact) {
    int exponent = 0;
    std::frexp(static_cast<double>(exact), &exponent);
    return static_cast<double>(std::fabs(value - exact) / std::ldexp(1.0L, exponent - 53));
}

/// Reduced by quarter turns before pi enters, so that zeros are resolved as well.
std::pair<long double, long double> exact_sine_and_cosine(long double turns) {
    long double quarters = std::nearbyint(4 * turns);
    long double angle = 2 * std::numbers::pi_v<long double> * (turns - quarters / 4);
    long double sine = std::sin(angle);
    long double cosine = std::cos(angle);
    switch (static_cast<long>(quarters) & 3) {
        case 0:
            return {sine, cosine};
        case 1:
            return {cosine, -sine};
        case 2:
            return {-sine, -cosine};
        default:
            return {-cosine, sine};
    }
}

std::vector<Real> normals_of(Seed seed, std::size_t pairs) {
    std::vector<Real> firsts(pairs);
    std::vector<Real> seconds(pairs);
    fill_normals({philox_key(seed, 0), 0}, 0, 0, firsts, seconds);
    firsts.insert(firsts.end(), seconds.begin(), seconds.end());
    return firsts;
}

/// Largest distance of the empirical distribution from `law`, times sqrt(n): above 1.95 with probability 1e-3.
double scaled_ks_distance(std::vector<Real> values, const std::function<double(double)>& law) {
    std::sort(values.begin(), values.end());
    double n = static_cast<double>(values.size());
    double distance = 0;
    for (std::size_t k = 0; k < values.size(); ++k) {
        double expected = law(values[k]);
        distance = std::max({distance, (k + 1) / n - expected, expected - k / n});
    }
    return distance * std::sqrt(n);
}

}  // namespace

TEST(shot_numbers, lanes_give_the_numbers_of_the_scalar_generator) {
    at_every_level([](const std::string& level) {
        PhiloxSource source{philox_key(3, 9), 4};
        for (ShotIndex first : {ShotIndex{0}, ShotIndex{0xfffffffd}, ShotIndex{1} << 40}) {
            for (std::size_t count : {1u, 7u, 8u, 100u}) {
                std::vector<Real> uniforms(count);
                std::vector<Real> firsts(count);
                std::vector<Real> seconds(count);
                fill_uniforms(source, 17, first, uniforms);
                fill_normals(source, 17, first, firsts, seconds);
                for (std::size_t k = 0; k < count; ++k) {
                    auto words = source.words(first + k, 17);
                    auto normals = normals_from_words(words);
                    ASSERT_EQ(uniforms[k], uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1])) << level;
                    ASSERT_NEAR(firsts[k], normals[0], 4e-15) << level;
                    ASSERT_NEAR(seconds[k], normals[1], 4e-15) << level;
                }
            }
        }
    });
}

TEST(shot_numbers, any_chunking_gives_the_same_bytes) {
    at_every_level([](const std::string& level) {
        PhiloxSource source{philox_key(5, 0), 1};
        std::vector<Real> whole(1000);
        std::vector<Real> whole_seconds(1000);
        fill_normals(source, 2, 100, whole, whole_seconds);
        for (std::size_t chunk : {1u, 3u, 8u, 64u, 999u}) {
            std::vector<Real> parts(1000);
            std::vector<Real> part_seconds(1000);
            for (std::size_t at = 0; at < 1000; at += chunk) {
                auto length = std::min<std::size_t>(chunk, 1000 - at);
                fill_normals(source, 2, 100 + at, std::span(parts).subspan(at, length),
                             std::span(part_seconds).subspan(at, length));
            }
            ASSERT_EQ(parts, whole) << level << " chunk " << chunk;
            ASSERT_EQ(part_seconds, whole_seconds) << level << " chunk " << chunk;
        }
    });
}

TEST(shot_numbers, logarithm_is_two_units_in_the_last_place_from_exact) {
    at_every_level([](const std::string& level) {
        std::vector<Real> arguments{0x1p-53,
                                    1 - 0x1p-53,
                                    0.5,
                                    1,
                                    2,
                                    std::numeric_limits<Real>::min(),
                                    std::numeric_limits<Real>::max(),
                                    0.70710678118654752,
                                    1.41421356237309505};
        PhiloxStream stream(1, 0, 0, 0);
        for (int k = 0; k < 200000; ++k) {
            arguments.push_back(stream.uniform());
            arguments.push_back(1 + 1e-3 * stream.normal());
            arguments.push_back(std::exp(200 * stream.normal()));
        }
        std::vector<Real> values(arguments.size());
        fill_log(arguments, values);
        double worst = 0;
        for (std::size_t k = 0; k < values.size(); ++k) {
            if (arguments[k] == 1) {
                ASSERT_EQ(values[k], 0);
            } else if (std::isnormal(arguments[k])) {
                worst = std::max(worst, ulps(values[k], std::log(static_cast<long double>(arguments[k]))));
            }
        }
        EXPECT_LT(worst, 2) << level;
    });
}

TEST(shot_numbers, exponential_is_two_units_in_the_last_place_from_exact) {
    at_every_level([](const std::string& level) {
        std::vector<Real> arguments{0, -0.0, -708, 709, 1e-300, -1e-17, 0.34657359027997264, -0.34657359027997264};
        PhiloxStream stream(2, 0, 0, 0);
        for (int k = 0; k < 200000; ++k) {
            arguments.push_back(-708 + 1417 * stream.uniform());
            arguments.push_back(-stream.uniform());
        }
        std::vector<Real> values(arguments.size());
        fill_exp(arguments, values);
        double worst = 0;
        for (std::size_t k = 0; k < values.size(); ++k) {
            worst = std::max(worst, ulps(values[k], std::exp(static_cast<long double>(arguments[k]))));
        }
        EXPECT_LT(worst, 2) << level;
        EXPECT_EQ(values[0], 1);
        std::vector<Real> beyond(2);
        fill_exp(std::vector<Real>{-1e6, 1e6}, beyond);
        EXPECT_GT(beyond[0], 0);
        EXPECT_TRUE(std::isfinite(beyond[1]));
    });
}

TEST(shot_numbers, sine_and_cosine_are_two_units_in_the_last_place_from_exact) {
    at_every_level([](const std::string& level) {
        std::vector<Real> turns{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0x1p-53, 1 - 0x1p-53, -0.3, 12345.6789};
        PhiloxStream stream(3, 0, 0, 0);
        for (int k = 0; k < 200000; ++k) {
            turns.push_back(stream.uniform());
        }
        std::vector<Real> sines(turns.size());
        std::vector<Real> cosines(turns.size());
        fill_sine_and_cosine_of_turns(turns, sines, cosines);
        double worst = 0;
        for (std::size_t k = 0; k < turns.size(); ++k) {
            auto [exact_sine, exact_cosine] = exact_sine_and_cosine(turns[k]);
            if (exact_sine != 0 && exact_cosine != 0) {
                worst = std::max({worst, ulps(sines[k], exact_sine), ulps(cosines[k], exact_cosine)});
            }
            ASSERT_NEAR(sines[k] * sines[k] + cosines[k] * cosines[k], 1, 1e-15);
        }
        EXPECT_LT(worst, 2) << level;
        EXPECT_EQ(sines[2], 1);
        EXPECT_EQ(cosines[4], -1);
    });
}

TEST(shot_numbers, normals_follow_the_normal_law) {
    constexpr Seed seed = 2024;
    auto normals = normals_of(seed, 500000);
    double distance = scaled_ks_distance(normals, [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; });
    EXPECT_LT(distance, 1.95) << "seed " << seed;
    double n = static_cast<double>(normals.size());
    double moments[4] = {};
    for (double x : normals) {
        moments[0] += x / n;
        moments[1] += x * x / n;
        moments[2] += x * x * x / n;
        moments[3] += x * x * x * x / n;
    }
    // Variances of the first four moments of a standard normal: 1, 2, 15, 96.
    EXPECT_NEAR(moments[0], 0, 4 * std::sqrt(1 / n)) << "seed " << seed;
    EXPECT_NEAR(moments[1], 1, 4 * std::sqrt(2 / n)) << "seed " << seed;
    EXPECT_NEAR(moments[2], 0, 4 * std::sqrt(15 / n)) << "seed " << seed;
    EXPECT_NEAR(moments[3], 3, 4 * std::sqrt(96 / n)) << "seed " << seed;
}

TEST(shot_numbers, step_noise_follows_its_laws) {
    constexpr Seed seed = 77;
    PhiloxSource source{philox_key(seed, 0), 0};
    std::vector<Real> normals;
    std::vector<Real> choices;
    double product = 0;
    double squares = 0;
    for (ShotIndex shot = 0; shot < 200000; ++shot) {
        auto noise = step_noise_from_words(source.words(shot, 0));
        normals.insert(normals.end(), noise.normals.begin(), noise.normals.end());
        choices.insert(choices.end(), noise.choices.begin(), noise.choices.end());
        product += noise.normals[0] * (noise.choices[0] - 0.5) * std::sqrt(12.0);
        squares += noise.normals[0] * noise.normals[1];
    }
    EXPECT_LT(scaled_ks_distance(normals, [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }), 1.95);
    EXPECT_LT(scaled_ks_distance(choices, [](double x) { return x; }), 1.95) << "seed " << seed;
    EXPECT_LT(std::fabs(product), 4 * std::sqrt(200000.0)) << "seed " << seed;
    EXPECT_LT(std::fabs(squares), 4 * std::sqrt(200000.0)) << "seed " << seed;
}

TEST(shot_numbers, shots_steps_and_channels_are_uncorrelated) {
    constexpr Seed seed = 5;
    constexpr std::size_t n = 200000;
    auto firsts_of = [](std::uint32_t step, std::uint32_t channel, ShotIndex first) {
        std::vector<Real> firsts(n);
        std::vector<Real> seconds(n);
        fill_normals({philox_key(seed, 0), channel}, step, first, firsts, seconds);
        return firsts;
    };
    auto correlation = [](const std::vector<Real>& a, const std::vector<Real>& b) {
        return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / std::sqrt(static_cast<double>(n));
    };
    auto base = firsts_of(0, 0, 0);
    for (ShotIndex lag : {1, 2, 3, 8, 64}) {
        EXPECT_LT(std::fabs(correlation(base, firsts_of(0, 0, lag))), 4) << "seed " << seed << " lag " << lag;
    }
    EXPECT_LT(std::fabs(correlation(base, firsts_of(1, 0, 0))), 4) << "seed " << seed;
    EXPECT_LT(std::fabs(correlation(base, firsts_of(0, 1, 0))), 4) << "seed " << seed;
}
