#include "synqc/control/detuning_grid.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "synqc/base/checks.h"
#include "synqc/random/shot_numbers.h"

namespace synqc {

namespace {

/// Half widths in deviations: where the points are put, and beyond or below which they are put anew.
constexpr Real placed_at = 8;
constexpr Real too_wide = 16;
constexpr Real too_narrow = 5;
/// Probability that closing in may drop; a true value dropped so costs a new acquisition.
constexpr Real negligible = 1e-6;
constexpr Real unlikely = 1e-5;
constexpr Index fewest_points = 16;
constexpr Index most_points = 65536;

std::vector<Real> normal_kernel(Real variance, Real spacing) {
    const Real deviation = std::sqrt(variance) / spacing;
    const auto reach = static_cast<Index>(std::ceil(5 * deviation));
    std::vector<Real> kernel(2 * reach + 1);
    Real sum = 0;
    for (Index k = -reach; k <= reach; ++k) {
        const Real x = static_cast<Real>(k) / deviation;
        sum += kernel[k + reach] = std::exp(-x * x / 2);
    }
    for (Real& weight : kernel) {
        weight /= sum;
    }
    return kernel;
}

/// Adds factor * (weights * kernel) to `result`; what leaves the points is lost.
void add_convolved(const std::vector<Real>& weights, const std::vector<Real>& kernel, Real factor,
                   std::vector<Real>& result) {
    const Index points = std::ssize(weights);
    const Index reach = std::ssize(kernel) / 2;
    for (Index shift = -reach; shift <= reach; ++shift) {
        const Real weight = factor * kernel[shift + reach];
        const Index first = std::max<Index>(0, shift);
        const Index last = std::min(points, points + shift);
        for (Index k = first; k < last; ++k) {
            result[k] += weight * weights[k - shift];
        }
    }
}

/// Mean of each point's neighbours within `reach`, as a convolution: a box of 2 reach + 1 points.
std::vector<Real> boxed(const std::vector<Real>& weights, Index reach) {
    const Index points = std::ssize(weights);
    std::vector<Real> sums(points + 1, 0.0);
    for (Index k = 0; k < points; ++k) {
        sums[k + 1] = sums[k] + weights[k];
    }
    std::vector<Real> result(points);
    for (Index k = 0; k < points; ++k) {
        result[k] = (sums[std::min(points, k + reach + 1)] - sums[std::max<Index>(0, k - reach)]) /
                    static_cast<Real>(2 * reach + 1);
    }
    return result;
}

}  // namespace

DetuningGrid::DetuningGrid(Index points, Index close_points, Real mean, Real deviation, Real outlier_probability,
                           Real span)
    : weights_(points), close_points_(close_points) {
    check_between("points", points, fewest_points, most_points);
    check_between("close_points", close_points, fewest_points, most_points);
    check_finite("mean", mean);
    check_positive("deviation", deviation);
    check_between("outlier_probability", outlier_probability, Real{0}, Real{1});
    const bool outliers = outlier_probability > 0;
    const Real low = std::min(mean - placed_at * deviation, outliers ? -span : mean);
    const Real high = std::max(mean + placed_at * deviation, outliers ? span : mean);
    lowest_ = low;
    spacing_ = (high - low) / static_cast<Real>(points - 1);
    const Real width = std::max(deviation, spacing_);
    Real sum = 0;
    for (Index k = 0; k < points; ++k) {
        const Real x = (at(k) - mean) / width;
        sum += weights_[k] = std::exp(-x * x / 2);
    }
    for (Index k = 0; k < points; ++k) {
        const bool inside = std::abs(at(k)) <= span;
        weights_[k] = (1 - outlier_probability) * weights_[k] / sum +
                      (outliers && inside ? outlier_probability * spacing_ / (2 * span) : 0);
    }
    normalise();
}

void DetuningGrid::normalise() {
    Real sum = 0;
    Real first = 0;
    for (Index k = 0; k < points(); ++k) {
        sum += weights_[k];
        first += weights_[k] * static_cast<Real>(k);
    }
    const Real middle = first / sum;
    Real second = 0;
    for (Index k = 0; k < points(); ++k) {
        weights_[k] /= sum;
        const Real away = static_cast<Real>(k) - middle;
        second += weights_[k] * away * away;
    }
    mean_ = lowest_ + spacing_ * middle;
    deviation_ = spacing_ * std::sqrt(second);
}

std::vector<Real> DetuningGrid::probabilities(const RamseyModel& model, Real drive_correction) const {
    std::vector<Real> turns(points());
    for (Index k = 0; k < points(); ++k) {
        turns[k] = ((at(k) - drive_correction) * model.time + model.phase) / two_pi;
    }
    std::vector<Real> sines(points());
    fill_sine_and_cosine_of_turns(turns, sines, turns);
    for (Real& probability : turns) {
        probability = model.offset + model.contrast * (1 + model.visibility * probability) / 2;
        probability = std::clamp(probability, 1e-12, 1 - 1e-12);
    }
    return turns;
}

std::vector<Real> DetuningGrid::log_likelihoods(const std::vector<Real>& one, Index shots, Index ones) {
    std::vector<Real> log_one(one.size());
    std::vector<Real> log_zero(one.size());
    for (std::size_t k = 0; k < one.size(); ++k) {
        log_zero[k] = 1 - one[k];
    }
    fill_log(one, log_one);
    fill_log(log_zero, log_zero);
    const Real zeros = static_cast<Real>(shots - ones);
    for (std::size_t k = 0; k < one.size(); ++k) {
        log_one[k] = static_cast<Real>(ones) * log_one[k] + zeros * log_zero[k];
    }
    return log_one;
}

void DetuningGrid::observe(const RamseyModel& model, Real drive_correction, Index shots, Index ones) {
    assert(ones >= 0 && ones <= shots);
    std::vector<Real> likelihoods = log_likelihoods(probabilities(model, drive_correction), shots, ones);
    const Real best = *std::max_element(likelihoods.begin(), likelihoods.end());
    for (Real& likelihood : likelihoods) {
        likelihood -= best;
    }
    fill_exp(likelihoods, likelihoods);
    for (Index k = 0; k < points(); ++k) {
        // A floor far below any real posterior keeps the sum from vanishing where prior and data contradict each other.
        weights_[k] = std::max(weights_[k], 1e-250) * likelihoods[k];
    }
    normalise();
    close_in();
}

RamseyExpectation DetuningGrid::expect(const RamseyModel& model, Real drive_correction, Index shots, Index ones) const {
    const std::vector<Real> one = probabilities(model, drive_correction);
    std::vector<Real> likelihoods = log_likelihoods(one, shots, ones);
    const Real best = *std::max_element(likelihoods.begin(), likelihoods.end());
    for (Real& likelihood : likelihoods) {
        likelihood -= best;
    }
    fill_exp(likelihoods, likelihoods);
    Real mean = 0;
    Real square = 0;
    Real seen = 0;
    for (Index k = 0; k < points(); ++k) {
        mean += weights_[k] * one[k];
        square += weights_[k] * one[k] * one[k];
        seen += weights_[k] * likelihoods[k];
    }
    const Real counting = std::max(Real{0}, mean - square) / static_cast<Real>(shots);
    return {mean, std::max(Real{0}, square - mean * mean) + counting, best + std::log(seen)};
}

void DetuningGrid::close_in() {
    const Real half_width = spacing_ * static_cast<Real>(points() - 1) / 2;
    const Real wanted = std::max(placed_at * deviation_, narrowest_);
    const bool roomy = half_width > too_wide * deviation_ && wanted < 0.75 * half_width;
    if (roomy && outside(mean_, wanted) < negligible) {
        place(mean_, wanted, close_points_);
    }
}

void DetuningGrid::place(Real centre, Real half_width, Index new_points) {
    const Real lowest = centre - half_width;
    const Real spacing = 2 * half_width / static_cast<Real>(new_points - 1);
    std::vector<Real> moved(new_points);
    for (Index k = 0; k < new_points; ++k) {
        const Real position = (lowest + spacing * static_cast<Real>(k) - lowest_) / spacing_;
        const auto left = static_cast<Index>(std::floor(position));
        if (left >= 0 && left + 1 < points()) {
            const Real share = position - static_cast<Real>(left);
            moved[k] = (1 - share) * weights_[left] + share * weights_[left + 1];
        }
    }
    weights_ = std::move(moved);
    lowest_ = lowest;
    spacing_ = spacing;
    normalise();
}

void DetuningGrid::spread(Real variance, Real jump_probability, Real jump_size) {
    if (!(variance >= 0)) {
        throw_invalid_argument("variance", "at least 0", text_of(variance));
    }
    if (jump_probability > 0 && jump_size > 0) {
        narrowest_ = 4 * jump_size;
    }
    saved_variance_ += variance;
    saved_jump_probability_ = saved_jump_probability_ + (1 - saved_jump_probability_) * jump_probability;
    const Real smallest = 0.6 * spacing_;
    if (saved_variance_ < smallest * smallest && saved_jump_probability_ < 1e-6) {
        return;
    }
    const Real jump_variance = saved_jump_probability_ * jump_size * jump_size;
    const Real coming = std::sqrt(deviation_ * deviation_ + saved_variance_ + jump_variance);
    const Real half_width = spacing_ * static_cast<Real>(points() - 1) / 2;
    if (half_width < std::max(too_narrow * coming, narrowest_)) {
        place(mean_, std::max(placed_at * coming, narrowest_), points());
    }
    convolve(saved_variance_, saved_jump_probability_, jump_size);
    saved_jump_probability_ = 0;
}

void DetuningGrid::convolve(Real variance, Real jump_probability, Real jump_size) {
    std::vector<Real> result(points(), 0.0);
    const Real smallest = 0.6 * spacing_;
    if (variance >= smallest * smallest) {
        add_convolved(weights_, normal_kernel(variance, spacing_), 1 - jump_probability, result);
        saved_variance_ = 0;
    } else {
        add_convolved(weights_, {1}, 1 - jump_probability, result);
    }
    if (jump_probability > 0 && jump_size > 0) {
        // Two boxes make a triangle of deviation jump_size; a box of 2 r + 1 points has variance r (r + 1) / 3.
        const Real reach = (std::sqrt(1 + 6 * std::pow(jump_size / spacing_, 2)) - 1) / 2;
        const auto whole_reach = static_cast<Index>(std::lround(std::min(reach, static_cast<Real>(points()))));
        const std::vector<Real> jumped = boxed(boxed(weights_, whole_reach), whole_reach);
        for (Index k = 0; k < points(); ++k) {
            result[k] += jump_probability * jumped[k];
        }
    }
    weights_ = std::move(result);
    normalise();
}

Real DetuningGrid::cumulative(Real value) const {
    const Real position = (value - lowest_) / spacing_ + 0.5;
    Real sum = 0;
    for (Index k = 0; k < points() && static_cast<Real>(k) < position; ++k) {
        sum += weights_[k] * std::min(Real{1}, position - static_cast<Real>(k));
    }
    return std::min(sum, Real{1});
}

Real DetuningGrid::outside(Real centre, Real half_width) const {
    return 1 - cumulative(centre + half_width) + cumulative(centre - half_width);
}

Real DetuningGrid::core_width() const {
    return (quantile(0.75) - quantile(0.25)) / 1.349;
}

Real DetuningGrid::entropy_width() const {
    std::vector<Real> logs(weights_);
    for (Real& weight : logs) {
        weight = std::max(weight, 1e-300);
    }
    fill_log(logs, logs);
    Real entropy = 0;
    for (Index k = 0; k < points(); ++k) {
        entropy -= weights_[k] * logs[k];
    }
    return spacing_ * std::exp(entropy) / std::sqrt(two_pi * std::numbers::e);
}

Real DetuningGrid::mode() const {
    return at(std::max_element(weights_.begin(), weights_.end()) - weights_.begin());
}

Real DetuningGrid::quantile(Real probability) const {
    check_probability("probability", probability);
    Real sum = 0;
    for (Index k = 0; k < points(); ++k) {
        if (sum + weights_[k] >= probability && weights_[k] > 0) {
            return at(k) + spacing_ * ((probability - sum) / weights_[k] - 0.5);
        }
        sum += weights_[k];
    }
    return at(points() - 1);
}

bool DetuningGrid::is_one_fringe() const {
    return is_within(fringe_half_width());
}

void DetuningGrid::keep_fringe() {
    const Real centre = mode();
    const Real half_width = fringe_half_width();
    for (Index k = 0; k < points(); ++k) {
        if (std::abs(at(k) - centre) > half_width) {
            weights_[k] = 0;
        }
    }
    normalise();
    close_in();
}

Real DetuningGrid::fringe_half_width() const {
    return std::max(6 * core_width(), narrowest_);
}

bool DetuningGrid::is_within(Real half_width) const {
    return outside(mode(), half_width) < unlikely;
}

std::vector<Real> DetuningGrid::state() const {
    std::vector<Real> numbers{lowest_, spacing_, saved_variance_, saved_jump_probability_, narrowest_};
    numbers.insert(numbers.end(), weights_.begin(), weights_.end());
    return numbers;
}

void DetuningGrid::restore(std::span<const Real> state) {
    const Index new_points = std::ssize(state) - 5;
    if (new_points < fewest_points || new_points > most_points || !(state[1] > 0)) {
        throw_invalid_argument("state", "of a grid", std::to_string(state.size()) + " numbers");
    }
    Real sum = 0;
    for (const Real weight : state.subspan(5)) {
        check_not_negative("state", weight);
        sum += weight;
    }
    check_positive("state", sum);
    lowest_ = state[0];
    spacing_ = state[1];
    saved_variance_ = state[2];
    saved_jump_probability_ = state[3];
    narrowest_ = state[4];
    weights_.assign(state.begin() + 5, state.end());
    normalise();
}

}  // namespace synqc
