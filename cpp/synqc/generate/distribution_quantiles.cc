#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/generate/distribution.h"
#include "synqc/generate/quantiles.h"

namespace synqc::generate {

namespace {

/// Of a cut, at which repeated draws cost less than quantiles that are searched.
constexpr Real likely_enough_to_try = 0.125;
/// Least share of a tail that a cut must leave: 2^20 steps of the 2^-52 to which a tail is known.
constexpr Real least_share = 0x1p-32;

Tails tails_of_survival(Real exponent) {
    return exponent <= 0 ? Tails{0, 1} : Tails{-std::expm1(-exponent), std::exp(-exponent)};
}

Tails swapped(Tails tails) {
    return {tails.above, tails.below};
}

}  // namespace

Tails Distribution::tails(Real x) const {
    const auto [a, b, c] = constants_;
    if (origin_ == Origin::von_mises) {
        return x <= a - pi ? Tails{0, 1} : x >= a + pi ? Tails{1, 0} : von_mises_tails(*coefficients_, x - a);
    }
    switch (formula_) {
        case Formula::uniform:
            return {std::clamp<Real>((x - a) / (b - a), 0, 1), std::clamp<Real>((b - x) / (b - a), 0, 1)};
        case Formula::exponential:
            return tails_of_survival(x / a);
        case Formula::weibull:
            return x <= 0 ? Tails{0, 1} : tails_of_survival(std::pow(x / a, 1 / b));
        case Formula::pareto:
            return x <= a ? Tails{0, 1} : tails_of_survival(std::log(x / a) / -b);
        case Formula::gumbel:
            return swapped(tails_of_survival(std::exp(-(x - a) / b)));
        case Formula::logistic:
            return {1 / (1 + std::exp(-(x - a) / b)), 1 / (1 + std::exp((x - a) / b))};
        case Formula::laplace: {
            const Real tail = 0.5 * std::exp(-std::abs(x - a) / b);
            return x < a ? Tails{tail, 1 - tail} : Tails{1 - tail, tail};
        }
        case Formula::cauchy:
            return {std::atan2(1, -(x - a) / b) / pi, std::atan2(1, (x - a) / b) / pi};
        case Formula::rayleigh:
            return x <= 0 ? Tails{0, 1} : tails_of_survival(0.5 * (x / a) * (x / a));
        case Formula::triangular: {
            if (x <= a || x >= b) {
                return x <= a ? Tails{0, 1} : Tails{1, 0};
            }
            const Real below = x < c ? (x - a) * (x - a) / ((b - a) * (c - a)) : 0;
            const Real above = x < c ? 1 - below : (b - x) * (b - x) / ((b - a) * (b - c));
            return {x < c ? below : 1 - above, above};
        }
        case Formula::log_uniform: {
            const Real at = x <= 0 ? a : std::clamp(std::log(x), a, b);
            return {(at - a) / (b - a), (b - at) / (b - a)};
        }
        case Formula::power:
            return x <= 0 ? Tails{0, 1} : x >= 1 ? Tails{1, 0} : swapped(tails_of_survival(-std::log(x) / a));
        case Formula::log_logistic: {
            const Real odds = x <= 0 ? 0 : std::pow(x / a, 1 / b);
            return {1 / (1 + 1 / odds), 1 / (1 + odds)};
        }
        case Formula::generalized_extreme_value: {
            const Real inner = 1 + c * (x - a) / b;
            if (inner <= 0) {
                return c > 0 ? Tails{0, 1} : Tails{1, 0};
            }
            return swapped(tails_of_survival(std::exp(-std::log1p(c * (x - a) / b) / c)));
        }
        case Formula::generalized_pareto: {
            const Real excess = (x - a) / b;
            if (excess <= 0 || c == 0) {
                return tails_of_survival(excess);
            }
            return c * excess <= -1 ? Tails{1, 0} : tails_of_survival(std::log1p(c * excess) / c);
        }
        case Formula::gompertz:
            return tails_of_survival(std::expm1(x / a) / b);
        case Formula::normal:
            return normal_tails((x - a) / b);
        case Formula::log_normal:
            return x <= 0 ? Tails{0, 1} : normal_tails((std::log(x) - a) / b);
        case Formula::half_normal:
            return x <= 0 ? Tails{0, 1}
                          : Tails{std::erf(x / a / std::numbers::sqrt2), std::erfc(x / a / std::numbers::sqrt2)};
        case Formula::gamma:
            return gamma_tails(shape_, x / a);
        case Formula::inverse_gamma:
            return x <= 0 ? Tails{0, 1} : swapped(gamma_tails(shape_, a / x));
        case Formula::power_of_gamma:
            return x <= 0 ? Tails{0, 1} : gamma_tails(shape_, std::pow(x / a, 1 / b));
        case Formula::beta:
            return beta_tails(shape_, second_shape_, x, 1 - x);
        case Formula::ratio: {
            const Real odds = std::max<Real>(0, x) / a;
            return beta_tails(shape_, second_shape_, odds / (1 + odds), 1 / (1 + odds));
        }
        case Formula::student: {
            const Real square = (x - a) / b * ((x - a) / b) / (2 * c);
            const Real tail = 0.5 * beta_tails(0.5, c, square / (1 + square), 1 / (1 + square)).above;
            return x < a ? Tails{tail, 1 - tail} : Tails{1 - tail, tail};
        }
        case Formula::noncentral: {
            const Real degrees = 2 * shape_ + 1;
            if (second_shape_ == 0) {
                return noncentral_chi_squared_tails(degrees, a * a, x);
            }
            const Real odds = std::max<Real>(0, x) * degrees / (2 * second_shape_);
            return noncentral_beta_tails(degrees, 2 * second_shape_, a * a, odds / (1 + odds), 1 / (1 + odds));
        }
        case Formula::skew_normal:
            return skew_normal_tails(b / c, (x - a) / std::hypot(b, c));
        case Formula::rice:
            return x <= 0 ? Tails{0, 1} : noncentral_chi_squared_tails(2, a / b * (a / b), x / b * (x / b));
        case Formula::wald:
            return wald_tails(1 / (2 * b), x / a);
        case Formula::generalized_normal: {
            const Tails magnitude = gamma_tails(shape_, std::pow(std::abs(x - a) / b, 1 / c));
            const Tails right{0.5 + 0.5 * magnitude.below, 0.5 * magnitude.above};
            return x < a ? swapped(right) : right;
        }
    }
    throw Error("The distribution " + std::string(name_) + " has no distribution function.");
}

Real Distribution::quantile(Real below, Real above) const {
    const auto [a, b, c] = constants_;
    const auto met = [&](Real low, Real high) {
        return meeting_point(low, high, below, above, [&](Real x) { return tails(x); });
    };
    const auto met_above_zero = [&](Real guess) {
        return positive_meeting_point(guess, below, above, [&](Real x) { return tails(x); });
    };
    if (origin_ == Origin::von_mises) {
        return met(a - pi, a + pi);
    }
    const Real lost = above < 0.5 ? -std::log(above) : -std::log1p(-below);    // minus the logarithm of `above`
    const Real gained = below < 0.5 ? -std::log(below) : -std::log1p(-above);  // of `below`
    switch (formula_) {
        case Formula::uniform:
            return below < above ? a + (b - a) * below : b - (b - a) * above;
        case Formula::exponential:
            return a * lost;
        case Formula::weibull:
            return a * std::pow(lost, b);
        case Formula::pareto:
            return a * std::exp(-b * lost);
        case Formula::gumbel:
            return a - b * std::log(gained);
        case Formula::logistic:
            return a + b * (lost - gained);
        case Formula::laplace:
            return below < above ? a + b * std::log(2 * below) : a - b * std::log(2 * above);
        case Formula::cauchy:
            return below < above ? a - b / std::tan(pi * below) : a + b / std::tan(pi * above);
        case Formula::rayleigh:
            return a * std::sqrt(2 * lost);
        case Formula::triangular:
            return below < (c - a) / (b - a) ? a + std::sqrt(below * ((b - a) * (c - a)))
                                             : b - std::sqrt(above * ((b - a) * (b - c)));
        case Formula::log_uniform:
            return std::exp(below < above ? a + (b - a) * below : b - (b - a) * above);
        case Formula::power:
            return std::exp(-a * gained);
        case Formula::log_logistic:
            return a * std::exp(b * (lost - gained));
        case Formula::generalized_extreme_value:
            return a + b * std::expm1(-c * std::log(gained)) / c;
        case Formula::generalized_pareto:
            return a + b * (c == 0 ? lost : std::expm1(c * lost) / c);
        case Formula::gompertz:
            return a * std::log1p(b * lost);
        case Formula::normal:
            return a + b * normal_quantile(below, above);
        case Formula::log_normal:
            return std::exp(a + b * normal_quantile(below, above));
        case Formula::half_normal:
            return a * half_normal_quantile(below, above);
        case Formula::gamma:
            return a * gamma_quantile(shape_, below, above);
        case Formula::inverse_gamma:
            return a / gamma_quantile(shape_, above, below);  // falls where the gamma rises
        case Formula::power_of_gamma:
            return a * std::pow(gamma_quantile(shape_, below, above), b);
        case Formula::beta:
            return beta_quantile(shape_, second_shape_, below, above).value;
        case Formula::ratio: {
            const BetaQuantile share = beta_quantile(shape_, second_shape_, below, above);
            return a * share.value / share.complement;
        }
        case Formula::student: {
            // t^2 / (t^2 + degrees) is beta(1/2, degrees / 2).
            const Real outside = 2 * std::min(below, above);
            const BetaQuantile share = beta_quantile(0.5, shape_, 1 - outside, outside);
            const Real magnitude = std::sqrt(2 * shape_ * share.value / share.complement);
            return a + b * (below < above ? -magnitude : magnitude);
        }
        case Formula::generalized_normal: {
            const Real outside = 2 * std::min(below, above);
            const Real magnitude = std::pow(gamma_quantile(shape_, 1 - outside, outside), c);
            return a + b * (below < above ? -magnitude : magnitude);
        }
        case Formula::noncentral:
            return met_above_zero(second_shape_ == 0 ? 2 * shape_ + 2 + a * a : 1);
        case Formula::skew_normal: {
            const Real scale = std::hypot(b, c);
            return met(a - 40 * scale, a + 40 * scale);
        }
        case Formula::rice:
            return met_above_zero(a + b);
        case Formula::wald:
            return met_above_zero(a);
    }
    throw Error("The distribution " + std::string(name_) + " has no quantiles.");
}

Distribution Distribution::cut(Real low, Real high) const {
    check_finite("low", low);
    check_finite("high", high);
    if (!(low < high)) {
        throw InvalidArgument("Argument `high` must be above `low` = " + text_of(low) + ", but is " + text_of(high) +
                              ".");
    }
    const Tails at_low = tails(low);
    const Tails at_high = tails(high);
    Distribution made = *this;
    // In the tail that is the smaller one, so that it may be far out.
    const bool is_left = at_high.below < at_low.above;
    const Real inside = is_left ? at_high.below - at_low.below : at_low.above - at_high.above;
    const Real beside = is_left ? at_high.below : at_low.above;
    const bool is_coarse = formula_ == Formula::skew_normal || origin_ == Origin::von_mises;  // absolute errors
    if (!(inside > 1e-300) || inside < (is_coarse ? 1 : beside) * least_share) {
        throw InvalidArgument("Arguments `low` and `high` must leave something of " + std::string(name_) +
                              ", but there is a probability of " + text_of(inside) + " from " + text_of(low) + " to " +
                              text_of(high) + ".");
    }
    const bool is_searched = origin_ != Origin::uniform && origin_ != Origin::normal;
    made.cut_ = Cut{low, high, at_low.below, at_high.above, inside, is_searched && inside >= likely_enough_to_try};
    return made;
}

Real Distribution::quantile_within(Real below, Real above) const {
    if (!cut_) {
        return quantile(below, above);
    }
    const Real left = cut_->below + cut_->inside * below;
    const Real right = cut_->above + cut_->inside * above;
    return std::clamp(quantile(left, right), cut_->low, cut_->high);
}

void Distribution::fill_by_quantiles(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    draws.fill_uniforms(0, first, values);
    for (Real& value : values) {
        value = quantile_within(value, 1 - value);
    }
}

void Distribution::fill_by_tries(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    const auto is_outside = [&](Real value) { return !(value >= cut_->low && value <= cut_->high); };
    std::array<Real, rows_per_draw> again;
    fill_whole(draws, first, values);
    for (std::size_t done = 0; done < values.size();) {
        // Blocks of draws as a whole, so that a row's tries do not depend on where the call begins.
        const RowIndex begin = (first + done) / rows_per_draw * rows_per_draw;
        const std::size_t skipped = static_cast<std::size_t>(first + done - begin);
        const std::size_t count = std::min<std::size_t>(rows_per_draw - skipped, values.size() - done);
        const std::span<Real> some = values.subspan(done, count);
        for (std::uint32_t number = 1; std::any_of(some.begin(), some.end(), is_outside); ++number) {
            fill_whole(draws.of_try(number), begin, again);
            for (std::size_t k = 0; k < count; ++k) {
                some[k] = is_outside(some[k]) ? again[skipped + k] : some[k];
            }
        }
        done += count;
    }
}

}  // namespace synqc::generate
