#include "synqc/probe/demodulation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/random/philox.h"

using namespace synqc;

TEST(demodulation, boxcar_over_whole_periods_recovers_amplitude_and_phase) {
    const Complex amplitude = std::polar(0.8, 0.3);
    const Digitiser digitiser{0.001, two_pi * 50, 0.7};  // 20 samples a period
    const std::vector<Complex> steady(400, amplitude);
    const std::vector<Real> raw = raw_trace(steady, digitiser, 0, 1, 0);
    EXPECT_LT(std::abs(integrated(raw, digitiser) - amplitude * std::polar(1.0, 0.7)), 1e-12);
    for (const Complex& point : decimated(raw, digitiser, 20)) {
        EXPECT_LT(std::abs(point - amplitude * std::polar(1.0, 0.7)), 1e-12);
    }
}

TEST(demodulation, a_broken_period_leaves_the_known_image) {
    const Complex amplitude = std::polar(0.8, 0.3);
    const Digitiser digitiser{0.001, two_pi * 50, 0};
    const Index samples = 407;
    const std::vector<Real> raw = raw_trace(std::vector<Complex>(samples, amplitude), digitiser, 0, 1, 0);
    // sum_k exp(-2 i w t_k) is a geometric series.
    const Complex ratio = std::polar(1.0, -2 * two_pi * 50 * 0.001);
    const Complex image = (1.0 - std::pow(ratio, samples)) / (1.0 - ratio) / static_cast<Real>(samples);
    EXPECT_LT(std::abs(integrated(raw, digitiser) - amplitude - std::conj(amplitude) * image), 1e-12);
}

TEST(demodulation, matched_filter_beats_the_boxcar_by_the_closed_form) {
    const Index samples = 500;
    const std::vector<Complex> mean_0 = cavity_ring_up({0.5, 0.5}, 10, 0.001, samples);
    const std::vector<Complex> mean_1 = cavity_ring_up({0.5, -0.5}, 10, 0.001, samples);
    const std::vector<Complex> filter = matched_filter(mean_0, mean_1);
    const Real matched = filter_signal_to_noise(mean_0, mean_1, 0.1, filter);
    const Real boxcar = filter_signal_to_noise(mean_0, mean_1, 0.1);
    Real sum = 0;
    Real squares = 0;
    for (Index k = 0; k < samples; ++k) {
        const Real d = std::abs(mean_0[k] - mean_1[k]);
        sum += d;
        squares += d * d;
    }
    EXPECT_NEAR(std::pow(matched / boxcar, 2), samples * squares / (sum * sum), 1e-12);
    EXPECT_GT(matched, boxcar);
    const std::vector<Complex> flat_0(samples, 1);
    const std::vector<Complex> flat_1(samples, Complex(0, 1));
    EXPECT_NEAR(filter_signal_to_noise(flat_0, flat_1, 0.1, matched_filter(flat_0, flat_1)),
                filter_signal_to_noise(flat_0, flat_1, 0.1), 1e-12);
}

TEST(demodulation, noise_of_the_integral_is_what_white_samples_give) {
    const Seed seed = 35;
    const Digitiser digitiser{0.001, two_pi * 50, 0};
    const std::vector<Complex> nothing(200, 0);
    Real power = 0;
    const int shots = 4000;
    for (int shot = 0; shot < shots; ++shot) {
        power += std::norm(integrated(raw_trace(nothing, digitiser, 0.5, seed, shot), digitiser)) / shots;
    }
    // Each quadrature has variance 2 sigma^2 / N; the sum of both is exponentially distributed.
    const Real expected = 4 * 0.25 / 200;
    EXPECT_NEAR(power, expected, 4 * expected / std::sqrt(Real(shots))) << "seed " << seed;
}

TEST(demodulation, rotation_puts_the_signal_on_the_real_axis) {
    const Complex mean_0{0.2, 0.4};
    const Complex mean_1{-0.3, 1.1};
    const Complex turned = (mean_1 - mean_0) * std::polar(1.0, signal_rotation(mean_0, mean_1));
    EXPECT_NEAR(turned.imag(), 0, 1e-15);
    EXPECT_GT(turned.real(), 0);
    const LinearDiscriminator discriminator = LinearDiscriminator::between(mean_0, mean_1);
    EXPECT_EQ(discriminator.label(mean_0), 0);
    EXPECT_EQ(discriminator.label(mean_1), 1);
}

TEST(demodulation, three_clouds_are_told_apart_and_refitted_from_unlabelled_shots) {
    const Seed seed = 36;
    PhiloxStream noise(seed, 0, 0, 0);
    const std::vector<Complex> truth{{1, 0}, {-1, 0.5}, {0, -1.2}};
    std::vector<Complex> points;
    std::vector<int> labels;
    for (int shot = 0; shot < 6000; ++shot) {
        labels.push_back(shot % 3);
        points.push_back(truth[shot % 3] + 0.3 * Complex(noise.normal(), noise.normal()));
    }
    const GaussianClouds clouds = GaussianClouds::from_labelled(points, labels, 3);
    EXPECT_NEAR(clouds.variance, 0.09, 4 * 0.09 / std::sqrt(6000.0)) << "seed " << seed;
    int wrong = 0;
    for (int shot = 0; shot < 6000; ++shot) {
        wrong += clouds.label(points[shot]) != labels[shot];
    }
    EXPECT_LT(wrong, 60) << "seed " << seed;
    GaussianClouds start = clouds;
    for (Complex& mean : start.means) {
        mean *= 0.7;
    }
    const GaussianClouds fitted = start.fitted(points);
    for (int level = 0; level < 3; ++level) {
        EXPECT_LT(std::abs(fitted.means[level] - truth[level]), 0.04) << "seed " << seed;
    }
    EXPECT_THROW(GaussianClouds::from_labelled(points, std::vector<int>{0}, 3), ShapeMismatch);
}
