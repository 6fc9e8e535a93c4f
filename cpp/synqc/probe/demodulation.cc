#include "synqc/probe/demodulation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/random/shot_numbers.h"

namespace synqc {

namespace {

void check_length(const char* name, std::size_t length, std::size_t wanted) {
    if (length != wanted) {
        throw ShapeMismatch("Argument `" + std::string(name) + "` must have length " + std::to_string(wanted) +
                            ", but has length " + std::to_string(length) + ".");
    }
}

/// cos and sin of w t_k + phase for every sample; the reference of a demodulation has phase 0.
struct Carrier {
    std::vector<Real> cosines;
    std::vector<Real> sines;

    Carrier(const Digitiser& digitiser, Index samples, Real phase) : cosines(samples), sines(samples) {
        digitiser.check();
        const Real turns_per_sample = digitiser.intermediate_frequency * digitiser.sample_period / two_pi;
        for (Index k = 0; k < samples; ++k) {
            const Real turns = turns_per_sample * static_cast<Real>(k) + phase / two_pi;
            cosines[k] = turns - std::nearbyint(turns);
        }
        fill_sine_and_cosine_of_turns(cosines, sines, cosines);
    }
};

/// Weights folded with the carrier, so that an integral is two real dot products.
struct Kernel {
    std::vector<Real> real;
    std::vector<Real> imaginary;

    Kernel(const Digitiser& digitiser, Index samples, std::span<const Complex> weights) {
        check_at_least("samples", samples, 1);
        if (!weights.empty()) {
            check_length("weights", weights.size(), static_cast<std::size_t>(samples));
        }
        const Carrier carrier(digitiser, samples, 0);
        const Real scale = 2 / static_cast<Real>(samples);
        for (Index k = 0; k < samples; ++k) {
            const Complex weight = weights.empty() ? Complex(1) : weights[k];
            const Complex folded = scale * weight * Complex(carrier.cosines[k], -carrier.sines[k]);
            real.push_back(folded.real());
            imaginary.push_back(folded.imag());
        }
    }

    Complex of(const Real* raw) const {
        // Eight partial sums: a fixed order that still fills a register.
        Real in_phase[8] = {};
        Real quadrature[8] = {};
        const Index samples = std::ssize(real);
        Index k = 0;
        for (; k + 8 <= samples; k += 8) {
            for (Index lane = 0; lane < 8; ++lane) {
                in_phase[lane] += real[k + lane] * raw[k + lane];
                quadrature[lane] += imaginary[k + lane] * raw[k + lane];
            }
        }
        for (; k < samples; ++k) {
            in_phase[0] += real[k] * raw[k];
            quadrature[0] += imaginary[k] * raw[k];
        }
        Complex sum = 0;
        for (Index lane = 0; lane < 8; ++lane) {
            sum += Complex(in_phase[lane], quadrature[lane]);
        }
        return sum;
    }
};

}  // namespace

void Digitiser::check() const {
    check_positive("sample_period", sample_period);
    check_finite("intermediate_frequency", intermediate_frequency);
    check_finite("phase", phase);
}

std::vector<Real> raw_trace(std::span<const Complex> trajectory, const Digitiser& digitiser, Real noise_deviation,
                            Seed seed, ShotIndex shot) {
    check_not_negative("noise_deviation", noise_deviation);
    const Index samples = std::ssize(trajectory);
    const Carrier carrier(digitiser, samples, digitiser.phase);
    std::vector<Real> raw(samples);
    std::vector<Real> unused(samples);
    // Samples play the part of shots: consecutive counters of the shot's own key.
    fill_normals({philox_key(seed, static_cast<std::uint32_t>(shot)), static_cast<std::uint32_t>(shot >> 32)}, 0, 0,
                 raw, unused);
    for (Index k = 0; k < samples; ++k) {
        raw[k] = trajectory[k].real() * carrier.cosines[k] - trajectory[k].imag() * carrier.sines[k] +
                 noise_deviation * raw[k];
    }
    return raw;
}

std::vector<Complex> decimated(std::span<const Real> raw, const Digitiser& digitiser, Index window) {
    check_at_least("window", window, 1);
    const Carrier carrier(digitiser, std::ssize(raw), 0);
    std::vector<Complex> result;
    for (Index first = 0; first + window <= std::ssize(raw); first += window) {
        Complex sum = 0;
        for (Index k = first; k < first + window; ++k) {
            sum += raw[k] * Complex(carrier.cosines[k], -carrier.sines[k]);
        }
        result.push_back(sum * (2 / static_cast<Real>(window)));
    }
    return result;
}

Complex integrated(std::span<const Real> raw, const Digitiser& digitiser, std::span<const Complex> weights) {
    return Kernel(digitiser, std::ssize(raw), weights).of(raw.data());
}

std::vector<Complex> integrated_rows(std::span<const Real> raw, Index rows, const Digitiser& digitiser,
                                     std::span<const Complex> weights) {
    check_at_least("rows", rows, 1);
    if (std::ssize(raw) % rows != 0) {
        throw_invalid_argument("raw", "a whole number of rows", std::to_string(raw.size()) + " samples");
    }
    const Index samples = std::ssize(raw) / rows;
    const Kernel kernel(digitiser, samples, weights);
    std::vector<Complex> result;
    for (Index row = 0; row < rows; ++row) {
        result.push_back(kernel.of(raw.data() + row * samples));
    }
    return result;
}

std::vector<Complex> matched_filter(std::span<const Complex> mean_0, std::span<const Complex> mean_1,
                                    std::span<const Real> variance) {
    check_length("mean_1", mean_1.size(), mean_0.size());
    if (!variance.empty()) {
        check_length("variance", variance.size(), mean_0.size());
    }
    std::vector<Complex> weights;
    Real size = 0;
    for (std::size_t k = 0; k < mean_0.size(); ++k) {
        if (!variance.empty()) {
            check_positive("variance", variance[k]);
        }
        weights.push_back(std::conj(mean_0[k] - mean_1[k]) / (variance.empty() ? 1 : variance[k]));
        size += std::abs(weights.back()) / static_cast<Real>(mean_0.size());
    }
    if (!(size > 0)) {
        throw_invalid_argument("mean_1", "different from `mean_0`", "the same");
    }
    for (Complex& weight : weights) {
        weight /= size;
    }
    return weights;
}

Real filter_signal_to_noise(std::span<const Complex> mean_0, std::span<const Complex> mean_1, Real variance,
                            std::span<const Complex> weights) {
    check_length("mean_1", mean_1.size(), mean_0.size());
    check_positive("variance", variance);
    if (!weights.empty()) {
        check_length("weights", weights.size(), mean_0.size());
    }
    Complex signal = 0;
    Real power = 0;
    for (std::size_t k = 0; k < mean_0.size(); ++k) {
        const Complex weight = weights.empty() ? Complex(1) : weights[k];
        signal += weight * (mean_0[k] - mean_1[k]);
        power += std::norm(weight);
    }
    check_positive("weights", power);
    return std::abs(signal) / std::sqrt(power * variance);
}

std::vector<Complex> cavity_ring_up(Complex steady_state, Real linewidth, Real sample_period, Index samples) {
    check_positive("linewidth", linewidth);
    check_positive("sample_period", sample_period);
    check_at_least("samples", samples, 1);
    std::vector<Complex> trajectory;
    for (Index k = 0; k < samples; ++k) {
        trajectory.push_back(-steady_state * std::expm1(-linewidth * sample_period * static_cast<Real>(k) / 2));
    }
    return trajectory;
}

Real signal_rotation(Complex mean_0, Complex mean_1) {
    return -std::arg(mean_1 - mean_0);
}

LinearDiscriminator LinearDiscriminator::between(Complex mean_0, Complex mean_1) {
    LinearDiscriminator discriminator;
    discriminator.rotation = signal_rotation(mean_0, mean_1);
    discriminator.threshold = (0.5 * (mean_0 + mean_1) * std::polar(1.0, discriminator.rotation)).real();
    return discriminator;
}

int LinearDiscriminator::label(Complex point) const {
    return point.real() * std::cos(rotation) - point.imag() * std::sin(rotation) > threshold ? 1 : 0;
}

GaussianClouds GaussianClouds::from_labelled(std::span<const Complex> points, std::span<const int> labels,
                                             Index levels) {
    check_length("labels", labels.size(), points.size());
    check_at_least("levels", levels, 2);
    GaussianClouds clouds;
    clouds.means.assign(levels, 0);
    std::vector<Real> counts(levels, 0.0);
    for (std::size_t k = 0; k < points.size(); ++k) {
        check_between("labels", Index{labels[k]}, Index{0}, levels - 1);
        clouds.means[labels[k]] += points[k];
        counts[labels[k]] += 1;
    }
    for (Index level = 0; level < levels; ++level) {
        check_at_least("shots of every level", static_cast<Index>(counts[level]), 2);
        clouds.means[level] /= counts[level];
        clouds.priors.push_back(counts[level] / static_cast<Real>(points.size()));
    }
    Real squares = 0;
    for (std::size_t k = 0; k < points.size(); ++k) {
        squares += std::norm(points[k] - clouds.means[labels[k]]);
    }
    clouds.variance = squares / (2 * static_cast<Real>(std::ssize(points) - levels));
    return clouds;
}

std::vector<Real> GaussianClouds::posterior(Complex point) const {
    Real nearest = std::norm(point - means[0]);
    for (const Complex& mean : means) {
        nearest = std::min(nearest, std::norm(point - mean));
    }
    std::vector<Real> weights;
    Real sum = 0;
    for (std::size_t level = 0; level < means.size(); ++level) {
        weights.push_back(priors[level] * std::exp((nearest - std::norm(point - means[level])) / (2 * variance)));
        sum += weights.back();
    }
    for (Real& weight : weights) {
        weight = sum > 0 ? weight / sum : 1 / static_cast<Real>(means.size());
    }
    return weights;
}

int GaussianClouds::label(Complex point) const {
    const std::vector<Real> weights = posterior(point);
    return static_cast<int>(std::max_element(weights.begin(), weights.end()) - weights.begin());
}

GaussianClouds GaussianClouds::fitted(std::span<const Complex> points, Real tolerance) const {
    check_positive("variance", variance);
    check_length("priors", priors.size(), means.size());
    check_at_least("points", std::ssize(points), 2 * std::ssize(means));
    GaussianClouds clouds = *this;
    Real last_likelihood = -std::numeric_limits<Real>::infinity();
    for (int round = 0; round < 500; ++round) {
        std::vector<Complex> sums(means.size());
        std::vector<Real> counts(means.size(), 0.0);
        Real likelihood = 0;
        Real power = 0;
        for (const Complex& point : points) {
            const std::vector<Real> weights = clouds.posterior(point);
            Real density = 0;
            for (std::size_t level = 0; level < means.size(); ++level) {
                sums[level] += weights[level] * point;
                counts[level] += weights[level];
                density +=
                    clouds.priors[level] * std::exp(-std::norm(point - clouds.means[level]) / (2 * clouds.variance));
            }
            likelihood += std::log(std::max(density, 1e-300) / (two_pi * clouds.variance));
            power += std::norm(point);
        }
        for (std::size_t level = 0; level < means.size(); ++level) {
            const Real count = std::max(counts[level], 1e-12);
            clouds.means[level] = sums[level] / count;
            clouds.priors[level] = count / static_cast<Real>(points.size());
            power -= count * std::norm(clouds.means[level]);
        }
        clouds.variance = std::max(power / (2 * static_cast<Real>(points.size())), 1e-300);
        if (likelihood - last_likelihood < tolerance * static_cast<Real>(points.size()) && round > 0) {
            break;
        }
        last_likelihood = likelihood;
    }
    return clouds;
}

}  // namespace synqc
