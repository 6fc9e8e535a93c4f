#include "synqc/dynamics/coefficient.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace synqc;

TEST(coefficient, keeps_its_end_values_outside) {
    const std::vector<Complex> samples = {0.0, 3.0};
    const Coefficient coefficient = Coefficient::from_spline({0, 1}, samples);
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

TEST(coefficient, means_are_integrals_over_whatever_pieces_they_touch) {
    const std::vector<Complex> held = {1.0, 2.0, 5.0};
    const std::vector<Real> edges = {0.5, 1.5, 1.5, 3};
    const std::vector<Complex> means = Coefficient::from_steps({0, 1, 3}, held).means_between(edges);
    EXPECT_NEAR(means[0].real(), 1.5, 1e-15);
    EXPECT_EQ(means[1], held[1]);
    EXPECT_NEAR(means[2].real(), 2, 1e-15);
    const std::vector<Complex> cubes = {0.0, 1.0, 8.0, 27.0, 64.0};
    const Coefficient cubic = Coefficient::from_spline({0, 1, 2, 3, 4}, cubes);
    const std::vector<Real> across = {0.25, 3.5};
    EXPECT_NEAR(cubic.means_between(across).front().real(), (std::pow(3.5, 4) - std::pow(0.25, 4)) / 4 / 3.25, 1e-12);
}

TEST(coefficient, means_of_products_are_integrals_over_whatever_pieces_they_touch) {
    const std::vector<Complex> held = {Complex(0, 2), Complex(1, 1), 5.0};
    const Coefficient steps = Coefficient::from_steps({0, 1, 3}, held);
    const std::vector<Complex> cubes = {0.0, 1.0, 8.0, 27.0, 64.0};
    const Coefficient cubic = Coefficient::from_spline({0, 1, 2, 3, 4}, cubes);
    const std::vector<Real> edges = {0.5, 1, 2.5};
    const std::vector<Complex> mixed = cubic.product_means_between(steps, edges);
    EXPECT_LT(std::abs(mixed[0] - Complex(0, -2) * (1 - std::pow(0.5, 4)) / 4.0 / 0.5), 1e-12);
    EXPECT_LT(std::abs(mixed[1] - Complex(1, -1) * (std::pow(2.5, 4) - 1) / 4.0 / 1.5), 1e-12);
    const std::vector<Complex> squares = cubic.product_means_between(cubic, edges);
    EXPECT_NEAR(squares[1].real(), (std::pow(2.5, 7) - 1) / 7 / 1.5, 1e-12);
    EXPECT_EQ(steps.product_means_between(steps, std::vector<Real>{0.1, 0.7}).front(), Complex(4));
}

TEST(coefficient, means_over_short_intervals_keep_their_digits) {
    const std::vector<Complex> cubes = {0.0, 1.0, 8.0, 27.0, 64.0};
    const Coefficient cubic = Coefficient::from_spline({0, 1, 2, 3, 4}, cubes);
    const std::vector<Real> edges = {2.5, 2.5 + 1e-12};
    EXPECT_NEAR(cubic.means_between(edges).front().real(), std::pow(2.5, 3), 1e-10);
}
