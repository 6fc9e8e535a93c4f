#pragma once

#include <cmath>
#include <limits>

#include "synqc/base/numbers.h"
#include "synqc/generate/distribution_functions.h"

/// Quantiles: each has the probability `below` on its left and `above` = 1 - `below` on its right, of which the smaller
/// decides, so that both tails are exact. Relative error 1e-12 or better.
namespace synqc::generate {

/// Of a standard normal: probabilities on the left and on the right of z.
Real normal_below(Real z);
Real normal_above(Real z);

/// Standard normal; down to tails of 1e-300.
/// Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37 (1988).
Real normal_quantile(Real below, Real above);
/// Magnitude of a standard normal.
Real half_normal_quantile(Real below, Real above);

/// Gamma distribution with scale 1.
Real gamma_quantile(Real shape, Real below, Real above);

/// Beta distribution; the second number is 1 - the quantile, exact where the quantile rounds to 1.
struct BetaQuantile {
    Real value;
    Real complement;
};
BetaQuantile beta_quantile(Real first_shape, Real second_shape, Real below, Real above);

/// The point of [low, high] where an increasing distribution function meets the wanted tails. Halves the interval of
/// logarithms first, then of numbers, until neighbours are left.
template <typename TailsAt>
Real meeting_point(Real low, Real high, Real below, Real above, const TailsAt& tails_at) {
    const bool by_below = below <= above;
    for (int turn = 0; turn < 200; ++turn) {
        const Real middle = low > 0 && high > 4 * low ? std::sqrt(low) * std::sqrt(high) : low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            break;
        }
        const Tails tails = tails_at(middle);
        const bool is_left = by_below ? tails.below < below : tails.above > above;
        (is_left ? low : high) = middle;
        if (high - low <= 4 * std::numeric_limits<Real>::epsilon() * low) {
            break;
        }
    }
    return low + (high - low) / 2;
}

/// The same for a distribution of positive numbers, the greatest of which is not known.
template <typename TailsAt>
Real positive_meeting_point(Real guess, Real below, Real above, const TailsAt& tails_at) {
    Real high = guess;
    while (high < std::numeric_limits<Real>::max() / 4 && tails_at(high).above > above) {
        high *= 2;
    }
    return meeting_point(std::numeric_limits<Real>::min(), high, below, above, tails_at);
}

}  // namespace synqc::generate
