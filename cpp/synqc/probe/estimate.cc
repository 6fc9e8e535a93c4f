#include "synqc/probe/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace synqc {

namespace {

constexpr Real unknown = std::numeric_limits<Real>::quiet_NaN();
/// One sample shows no spread.
constexpr Index least_samples = 2;
/// Below this the gamma distribution is a normal one to rounding.
constexpr Real least_skewness = 1e-6;

}  // namespace

Real quantile(const Estimate& estimate, Real deviations) {
    const Real skewness = estimate.skewness;
    Real standardised = deviations;
    if (std::abs(skewness) > least_skewness) {
        const Real root = 1 - skewness * skewness / 36 + skewness * deviations / 6;
        standardised = 2 / skewness * (root * root * root - 1);
    }
    return estimate.value + estimate.standard_error * (skewness / 4 + standardised);
}

Estimate mean_of(const SampleSums& sums) {
    const auto n = static_cast<Real>(sums.count);
    const Real mean = sums.sum / n;
    if (sums.count < least_samples) {
        return {mean, unknown, 0};
    }
    const Real variance = std::max(Real{0}, (sums.squares - sums.sum * mean) / (n - 1));
    if (variance == 0) {
        return {mean, 0, 0};
    }
    // Few samples do not know their own spread well: the mean's distribution is Student's, which is wider.
    const Real student = std::sqrt((n - 1) / std::max(n - 3, Real{1}));
    const Real third = sums.cubes / n - 3 * mean * sums.squares / n + 2 * mean * mean * mean;
    const Real of_samples = third / (variance * std::sqrt(variance));
    // No sample of n values is more skewed than n - 1 equal ones beside another: rounding may say otherwise.
    const Real of_mean = std::clamp(of_samples / std::sqrt(n), Real{-1}, Real{1});
    return {mean, student * std::sqrt(variance / n), 2 * of_mean};
}

Estimate weighted_chance(std::span<const Trials> trials) {
    Real weights = 0;
    for (const Trials& one : trials) {
        weights += one.weight;
    }
    Real share = 0;
    Real expected = 0;
    Real variance = 0;
    bool is_known = true;
    for (const Trials& one : trials) {
        const Real weight = one.weight / weights;
        const auto count = static_cast<Real>(one.count);
        const Real kept_off_the_edge = (static_cast<Real>(one.successes) + 0.5) / (count + 1);
        share += weight * static_cast<Real>(one.successes) / count;
        expected += weight * kept_off_the_edge;
        variance += weight * weight * kept_off_the_edge * (1 - kept_off_the_edge) / count;
        is_known &= one.count >= least_samples;
    }
    if (!is_known) {
        return {weights * share, unknown, 0};
    }
    // As many trials of one chance would spread as much; Jeffreys' half success and half failure are added once.
    const Real count = expected * (1 - expected) / variance + 1;
    const Real chance = (share * (count - 1) + 0.5) / count;
    const Real deviation = std::sqrt(chance * (1 - chance) / count);
    return {weights * share, weights * deviation, 2 * (1 - 2 * chance) / (count * deviation)};
}

Estimate mean_of_independent(std::span<const Estimate> estimates) {
    const auto n = static_cast<Real>(estimates.size());
    Real sum = 0;
    Real variance = 0;
    Real third = 0;
    for (const Estimate& estimate : estimates) {
        const Real square = estimate.standard_error * estimate.standard_error;
        sum += estimate.value;
        variance += square;
        third += square * estimate.standard_error * estimate.skewness;
    }
    return {sum / n, std::sqrt(variance) / n, variance > 0 ? third / (variance * std::sqrt(variance)) : 0};
}

Estimate scaled(const Estimate& estimate, Real offset, Real factor) {
    return {offset + factor * estimate.value, std::abs(factor) * estimate.standard_error,
            factor < 0 ? -estimate.skewness : estimate.skewness};
}

}  // namespace synqc
