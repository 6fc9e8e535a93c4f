#include "synqc/dynamics/coefficient.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace synqc;

namespace {

Coefficient sampled(const std::vector<Real>& edges, auto&& function) {
    std::vector<Complex> values;
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        for (Real fraction : Coefficient::sample_fractions()) {
            values.push_back(function(edges[piece] + fraction * (edges[piece + 1] - edges[piece])));
        }
    }
    return Coefficient::from_samples(edges, values);
}

}  // namespace

TEST(coefficient, follows_a_smooth_function_between_its_samples) {
    auto wave = [](Real t) { return std::polar(1.0, 2 * t) * std::exp(-t); };
    const Coefficient coefficient = sampled({0, 0.5, 1.5, 2}, wave);
    for (Real t = 0; t <= 2; t += 0.0173) {
        EXPECT_LT(std::abs(coefficient.at(t) - wave(t)), 1e-11) << "t = " << t;
    }
    for (Index piece = 0; piece < coefficient.pieces(); ++piece) {
        EXPECT_LT(coefficient.unresolved_share(piece), 1e-9);
    }
}

TEST(coefficient, tells_which_pieces_it_cannot_follow) {
    const Coefficient coefficient = sampled({0, 1, 2, 3}, [](Real t) { return Complex(t < 1.4 ? 0 : 1); });
    EXPECT_EQ(coefficient.unresolved_share(0), 0);
    EXPECT_GT(coefficient.unresolved_share(1), 1e-3);
    EXPECT_LT(coefficient.unresolved_share(2), 1e-14);
    const std::vector<Real> times = {0.5, 2.2, 2.9};
    const std::vector<Complex> values = {0.0, 1.0, 0.9};
    EXPECT_EQ(coefficient.pieces_that_miss(times, values, 1e-6), std::vector<Index>{2});
}

TEST(coefficient, keeps_its_end_values_outside) {
    const Coefficient coefficient = sampled({0, 1}, [](Real t) { return Complex(3 * t); });
    EXPECT_NEAR(coefficient.at(-5).real(), 0, 1e-13);
    EXPECT_NEAR(coefficient.at(5).real(), 3, 1e-13);
}

TEST(coefficient, spline_of_a_cubic_is_the_cubic) {
    auto cubic = [](Real t) { return Complex(t * t * t - 2 * t, 1 - t * t); };
    const std::vector<Real> times = {0, 0.3, 0.35, 1, 1.7, 2};
    std::vector<Complex> values;
    for (Real t : times) {
        values.push_back(cubic(t));
    }
    for (std::size_t count : {4, 5, 6}) {
        const Coefficient spline =
            Coefficient::from_spline({times.begin(), times.begin() + count}, std::span(values).first(count));
        for (Real t = 0; t <= times[count - 1]; t += 0.019) {
            EXPECT_LT(std::abs(spline.at(t) - cubic(t)), 1e-12) << count << " points, t = " << t;
        }
    }
}

TEST(coefficient, spline_of_few_points_is_their_polynomial) {
    const std::vector<Complex> values = {1.0, 4.0, 2.0};
    const Coefficient parabola = Coefficient::from_spline({0, 1, 3}, values);
    for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_LT(std::abs(parabola.at(std::vector<Real>{0, 1, 3}[k]) - values[k]), 1e-14);
    }
    EXPECT_NEAR(Coefficient::from_spline({0, 2}, std::span(values).first(2)).at(1).real(), 2.5, 1e-14);
    EXPECT_EQ(Coefficient::from_spline({0}, std::span(values).first(1)).at(7), values[0]);
}

TEST(coefficient, steps_hold_until_the_next_time) {
    const std::vector<Complex> values = {1.0, 2.0, 5.0};
    const Coefficient steps = Coefficient::from_steps({0, 1, 3}, values);
    EXPECT_TRUE(steps.is_piecewise_constant());
    EXPECT_EQ(steps.at(0), values[0]);
    EXPECT_EQ(steps.at(std::nextafter(1, 0)), values[0]);
    EXPECT_EQ(steps.at(1), values[1]);
    EXPECT_EQ(steps.at(2.9), values[1]);
    EXPECT_EQ(steps.stops, (std::vector<Real>{0, 1, 3}));
}
