#include "synqc/dynamics/piecewise_resolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace synqc;

namespace {

const std::vector<Real> unit_span = {0, 1};

Sampler sampler_of(const std::function<Complex(Real)>& function, const std::vector<Real>& span = unit_span) {
    return [function, span](std::span<const Real> times) {
        SampledRows rows;
        for (const Real t : times) {
            EXPECT_GE(t, span.front());
            EXPECT_LE(t, span.back());
            rows.values.push_back(function(t));
        }
        return rows;
    };
}

Resolution resolved(const std::function<Complex(Real)>& function) {
    return resolve_piecewise(sampler_of(function), {.times = unit_span, .breakpoints = {}});
}

Real largest_error(const Coefficient& coefficient, const std::function<Complex(Real)>& function, Real near) {
    Real largest = 0;
    for (Real t = 0.00013; t < 1; t += 0.00071) {
        largest = std::max(largest, std::abs(coefficient.at(t) - function(t)));
    }
    for (Real distance = 1e-11; distance < 0.01; distance *= 3) {
        for (Real t : {near - distance, near + distance}) {
            if (t > 0 && t < 1) {
                largest = std::max(largest, std::abs(coefficient.at(t) - function(t)));
            }
        }
    }
    return largest;
}

}  // namespace

TEST(piecewise_resolution, follows_a_smooth_function_between_its_samples) {
    auto wave = [](Real t) { return std::polar(1.0, 20 * t) * std::exp(-t); };
    const Resolution found = resolved(wave);
    EXPECT_LT(largest_error(found.coefficients.front(), wave, 0.3), 1e-11);
    EXPECT_TRUE(found.coefficients.front().stops.empty());
    EXPECT_FALSE(found.is_looked_at_too_coarsely);
}

TEST(piecewise_resolution, finds_a_jump_wherever_it_lies) {
    std::vector<Real> places;
    for (int level = 1; level <= 12; ++level) {
        for (int odd : {1, 3, 5}) {
            const Real dyadic = odd / std::pow(2.0, level);
            for (Real place : {dyadic, std::nextafter(dyadic, 0), dyadic + 1e-9, dyadic - 1e-5, dyadic * 1.0011}) {
                places.push_back(place);
            }
        }
    }
    for (Real place : places) {
        if (place >= 1) {
            continue;
        }
        auto step = [=](Real t) { return Complex(t < place ? std::cos(t) : 2 + t); };
        const Resolution found = resolved(step);
        EXPECT_LT(largest_error(found.coefficients.front(), step, place), 1e-10) << "place " << place;
        ASSERT_EQ(found.coefficients.front().stops.size(), 1) << "place " << place;
        EXPECT_NEAR(found.coefficients.front().stops.front(), place, 3e-13) << "place " << place;
    }
}

TEST(piecewise_resolution, finds_a_kink_wherever_it_lies) {
    for (int k = 1; k < 256; ++k) {
        const Real place = k / 256.0 + (k % 3) * 1e-3;
        auto roof = [=](Real t) { return Complex(1 - std::abs(t - place)); };
        const Resolution found = resolved(roof);
        EXPECT_LT(largest_error(found.coefficients.front(), roof, place), 1e-8) << "place " << place;
        ASSERT_FALSE(found.coefficients.front().stops.empty()) << "place " << place;
    }
}

TEST(piecewise_resolution, held_values_become_steps) {
    const std::vector<Real> values = {1, -2, 3, -1, 0, 0, 2};
    auto held = [&](Real t) { return Complex(values[static_cast<std::size_t>(t * 6.999999)]); };
    const Resolution found = resolved(held);
    EXPECT_TRUE(found.coefficients.front().is_piecewise_constant());
    EXPECT_EQ(found.coefficients.front().edges().size(), 7);  // two of the seven are alike
}

TEST(piecewise_resolution, samples_are_linear_in_the_number_of_cycles) {
    Real former = 0;
    for (Real cycles : {100.0, 1000.0, 10000.0}) {
        const Resolution found = resolved([=](Real t) { return Complex(std::sin(2 * pi * cycles * t)); });
        ASSERT_FALSE(found.rough_at);
        const Real each = static_cast<Real>(found.samples) / cycles;
        EXPECT_LT(each, 200) << cycles << " cycles";
        if (former > 0) {
            EXPECT_NEAR(std::log2(each / former), 0, 1.1) << cycles << " cycles";
        }
        former = each;
    }
}

TEST(piecewise_resolution, finds_what_is_as_wide_as_the_looks_are_apart) {
    for (int k = 0; k < 200; ++k) {
        const Real begin = 0.00093 + 0.00499 * k;
        auto window = [=](Real t) { return Complex(t >= begin && t < begin + 1 / 500.0 ? 1 : 0); };
        const Resolution found = resolved(window);
        EXPECT_EQ(found.coefficients.front().edges().size(), 4) << "begin " << begin;
        EXPECT_FALSE(found.is_looked_at_too_coarsely) << "begin " << begin;
    }
    const Real begin = 0.7312345;
    auto flash = [=](Real t) { return Complex(t >= begin && t < begin + 3e-6 ? 1 : 0); };
    EXPECT_TRUE(resolved(flash).is_looked_at_too_coarsely);
    const Resolution closer =
        resolve_piecewise(sampler_of(flash), {.times = unit_span, .breakpoints = {}, .longest_gap = 3e-6});
    EXPECT_EQ(closer.coefficients.front().edges().size(), 4);
}

TEST(piecewise_resolution, an_end_that_differs_by_itself_has_no_effect) {
    const Resolution found = resolved([](Real t) { return Complex(t > 0 && t < 1 ? 3 : 0); });
    EXPECT_EQ(found.coefficients.front().edges(), unit_span);
}

TEST(piecewise_resolution, a_jump_close_to_an_end_is_found) {
    for (Real distance = 1e-9; distance < 0.01; distance *= 2.7) {
        for (Real place : {distance, 1 - distance}) {
            const Resolution found = resolved([=](Real t) { return Complex(t < place ? 1 : 3); });
            ASSERT_EQ(found.coefficients.front().edges().size(), 3) << "place " << place;
            EXPECT_NEAR(found.coefficients.front().edges()[1], place, 3e-13);
            EXPECT_FALSE(found.is_looked_at_too_coarsely) << "place " << place;
        }
    }
}

TEST(piecewise_resolution, noise_of_single_precision_is_taken_for_granted) {
    auto single = [](Real t) { return Complex(std::sin(7 * static_cast<float>(t))); };
    const Resolution found = resolved(single);
    ASSERT_FALSE(found.rough_at);
    EXPECT_LT(largest_error(found.coefficients.front(), single, 0.4), 5e-6);
}

TEST(piecewise_resolution, says_where_a_function_is_rough_at_every_scale) {
    std::uint64_t state = 1;
    const Resolution found = resolved([&](Real t) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return Complex(t < 0.5 ? 0 : static_cast<Real>(state >> 11) * 0x1p-53);
    });
    ASSERT_TRUE(found.rough_at);
    EXPECT_GE(*found.rough_at, 0.4);
    EXPECT_TRUE(found.coefficients.empty());
}
