#include "synqc/probe/assignment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr Real sqrt2 = std::numbers::sqrt2;

void check_dose(Real dose) {
    if (!(dose >= 0)) {
        throw_invalid_argument("dose", "at least 0", text_of(dose));
    }
}

Real normal_cdf(Real x) {
    return std::erfc(-x / sqrt2) / 2;
}

/// exp(x^2) erfc(x) for x >= 0.
Real scaled_erfc(Real x) {
    if (x < 5) {
        return std::exp(x * x) * std::erfc(x);
    }
    Real tail = 0;
    for (int k = 60; k >= 1; --k) {
        tail = k / 2.0 / (x + tail);
    }
    return std::numbers::inv_sqrtpi / (x + tail);
}

/// P(record > threshold) for a start in |1> that decays at a rate of `decay` per duration. Integration by parts over
/// the moment of the jump; the record's centre is 1 - 2u if it happens at the fraction u.
Real decayed_reading(Real dose, Real decay, Real threshold) {
    const Real a = (1 - threshold) * std::sqrt(dose);
    const Real b = 2 * std::sqrt(dose);
    if (decay == 0 || b == 0) {
        return normal_cdf(a - b);
    }
    const Real c = decay / b;
    const Real early = c <= a ? std::exp(c * (c / 2 - a)) * normal_cdf(a - c)
                              : std::exp(-a * a / 2) * scaled_erfc((c - a) / sqrt2) / 2;
    const Real shifted = c + b - a;
    const Real late = shifted <= 0 ? std::exp(c * (c / 2 - a)) * normal_cdf(-shifted)
                                   : std::exp(-(a - b) * (a - b) / 2 - decay) * scaled_erfc(shifted / sqrt2) / 2;
    return std::clamp(normal_cdf(a) - early + late, Real{0}, Real{1});
}

}  // namespace

Real signal_to_noise(Real dose) {
    check_dose(dose);
    return 2 * std::sqrt(dose);
}

Real assignment_error(Real dose) {
    check_dose(dose);
    return std::erfc(std::sqrt(dose / 2)) / 2;
}

Real best_threshold(Real dose, Real prior_of_0) {
    check_positive("dose", dose);
    check_probability("prior_of_0", prior_of_0);
    return std::log((1 - prior_of_0) / prior_of_0) / (2 * dose);
}

AssignmentErrors assignment_errors(Real dose, Real decay, Real threshold) {
    check_dose(dose);
    check_not_negative("decay", decay);
    check_finite("threshold", threshold);
    if (std::isinf(dose)) {
        const Real late_enough = std::clamp((1 - threshold) / 2, Real{0}, Real{1});
        return {threshold > 1 ? 1.0 : 0.0, threshold < -1 ? 1.0 : -std::expm1(-decay * late_enough)};
    }
    return {normal_cdf((threshold - 1) * std::sqrt(dose)), decayed_reading(dose, decay, threshold)};
}

Real best_threshold_with_decay(Real dose, Real decay) {
    check_positive("dose", dose);
    check_not_negative("decay", decay);
    // The likelihood ratio falls monotonically with the threshold, so the sum of errors has one minimum.
    auto error_sum = [&](Real threshold) {
        const AssignmentErrors errors = assignment_errors(dose, decay, threshold);
        return errors.p1_given_0 + errors.p0_given_1;
    };
    Real low = -1;
    Real high = 1;
    const Real golden = (std::sqrt(5.0) - 1) / 2;
    Real left = high - golden * (high - low);
    Real right = low + golden * (high - low);
    Real at_left = error_sum(left);
    Real at_right = error_sum(right);
    while (high - low > 1e-8) {
        if (at_left < at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - golden * (high - low);
            at_left = error_sum(left);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + golden * (high - low);
            at_right = error_sum(right);
        }
    }
    return (low + high) / 2;
}

Real qndness(Index n00, Index n01, Index n10, Index n11) {
    check_at_least("n00 + n01", n00 + n01, 1);
    check_at_least("n10 + n11", n10 + n11, 1);
    const Real stays_0 = static_cast<Real>(n00) / static_cast<Real>(n00 + n01);
    const Real stays_1 = static_cast<Real>(n11) / static_cast<Real>(n10 + n11);
    return (stays_0 + stays_1) / 2;
}

Real efficiency_from_snr(Real signal_to_noise, Real dose) {
    check_not_negative("signal_to_noise", signal_to_noise);
    check_positive("dose", dose);
    return signal_to_noise * signal_to_noise / (8 * dose);
}

}  // namespace synqc
