#include "synqc/control/kalman.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr Real certain_fringe = 0.3;
constexpr Index tracking_shots = 16;

bool has_slow_process(const DriftPrior& drift) {
    return drift.kind == DriftPrior::Kind::ornstein_uhlenbeck && drift.sigma > 0;
}

/// Of a round at the filter's own estimate: the fringe's slope carries the filter's variance into the share of ones.
DetuningGrid::Prediction linear_prediction(const RamseyModel& model, const DetuningFilter& filter) {
    const Real slope = model.contrast * model.visibility * model.time / 2;
    return {model.offset + model.contrast / 2, slope * slope * filter.variance()};
}

}  // namespace

DetuningFilter::DetuningFilter(const DriftPrior& drift, Real mean, Real deviation)
    : drift_(drift), constant_(mean), constant_variance_(deviation * deviation) {
    if (has_slow_process(drift)) {
        // x is known, u is not: what u has, c lacks.
        slow_variance_ = drift.sigma * drift.sigma;
        constant_variance_ += slow_variance_;
        covariance_ = -slow_variance_;
    }
}

DetuningFilter DetuningFilter::without_offset(const DriftPrior& drift) {
    DetuningFilter filter(drift, 0, 0);
    filter.constant_variance_ = 0;
    filter.covariance_ = 0;
    return filter;
}

void DetuningFilter::predict(Real seconds) {
    switch (drift_.kind) {
        case DriftPrior::Kind::none:
            break;
        case DriftPrior::Kind::random_walk:
            constant_variance_ += drift_.diffusion * seconds;
            break;
        case DriftPrior::Kind::ornstein_uhlenbeck: {
            const Real kept = std::exp(-seconds / drift_.correlation_time);
            slow_ *= kept;
            covariance_ *= kept;
            slow_variance_ = kept * kept * slow_variance_ + drift_.sigma * drift_.sigma * (1 - kept * kept);
            break;
        }
    }
    constant_variance_ += -std::expm1(-drift_.jump_rate * seconds) * drift_.jump_size * drift_.jump_size;
}

DetuningFilter::Innovation DetuningFilter::innovation(Real measured, Real measurement_variance) const {
    return {measured - estimate(), variance() + measurement_variance};
}

DetuningFilter::Innovation DetuningFilter::update(Real measured, Real measurement_variance) {
    const Innovation seen = innovation(measured, measurement_variance);
    const Real with_constant = constant_variance_ + covariance_;
    const Real with_slow = slow_variance_ + covariance_;
    constant_ += with_constant / seen.variance * seen.value;
    slow_ += with_slow / seen.variance * seen.value;
    constant_variance_ -= with_constant * with_constant / seen.variance;
    slow_variance_ -= with_slow * with_slow / seen.variance;
    covariance_ -= with_constant * with_slow / seen.variance;
    return seen;
}

std::vector<Real> DetuningFilter::state() const {
    return {constant_, slow_, constant_variance_, slow_variance_, covariance_};
}

void DetuningFilter::restore(std::span<const Real> state) {
    if (state.size() != 5) {
        refuse("state", "5 numbers of a filter", std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    constant_ = state[0];
    slow_ = state[1];
    constant_variance_ = state[2];
    slow_variance_ = state[3];
    covariance_ = state[4];
}

RiccatiSteadyState riccati_steady_state(Real a, Real process_variance, Real measurement_variance) {
    check_between("a", a, Real{0}, Real{1});
    check_not_negative("process_variance", process_variance);
    check_positive("measurement_variance", measurement_variance);
    // P = a^2 P R / (P + R) + Q is a quadratic in P.
    const Real b = measurement_variance * (1 - a * a) - process_variance;
    const Real predicted = (-b + std::sqrt(b * b + 4 * process_variance * measurement_variance)) / 2;
    const Real gain = predicted / (predicted + measurement_variance);
    return {predicted, gain * measurement_variance, gain};
}

KalmanController::KalmanController(const ControlContext& context) : Controller(context), grid_(first_grid(context_)) {}

Index KalmanController::calibration_shots(Index batch_shots) const {
    return tracker_calibration_shots(batch_shots);
}

std::optional<RamseyRound> KalmanController::next_ramsey(Index shots_left) {
    if (shots_left < 1) {
        return std::nullopt;
    }
    if (acquiring()) {
        return acquisition_round(context_, grid_, shots_left, rounds_);
    }
    const Real longest = longest_useful_time(context_);
    const Real time = std::min({longest, 2 * last_time_, certain_fringe / std::sqrt(filter_->variance())});
    if (time < longest) {
        return mid_fringe_round(context_, std::min(shots_left, tracking_shots), time, filter_->estimate());
    }
    return tracking_round(context_, shots_left, rounds_, filter_->estimate());
}

void KalmanController::observe_ramsey(const RamseyRound& round, Index ones) {
    check_at_least("round.shots", round.shots, 1);
    check_between("ones", ones, Index{0}, round.shots);
    const RamseyModel model = RamseyModel::of(context_, round);
    const Real share = static_cast<Real>(ones) / static_cast<Real>(round.shots);
    ++rounds_;
    last_innovation_ = 0;
    const DetuningGrid::Prediction prediction =
        acquiring() ? grid_.predict(model, round.drive_correction) : linear_prediction(model, *filter_);
    if (contradicts(share, round.shots, prediction)) {
        if (doubt_.grows()) {
            lose(model);
            grid_.observe(model, round.drive_correction, round.shots, ones);
        }
        return;
    }
    doubt_.shrinks();
    if (acquiring()) {
        grid_.observe(model, round.drive_correction, round.shots, ones);
        last_time_ = model.time;
        if (grid_.deviation() * model.time < certain_fringe) {
            filter_.emplace(context_.drift, grid_.mean(), grid_.deviation());
        }
        return;
    }
    const DetuningFilter::Innovation seen = filter_->update(round.drive_correction + model.mid_fringe_estimate(share),
                                                            model.mid_fringe_variance(round.shots));
    last_innovation_ = seen.value / std::sqrt(seen.variance);
    last_time_ = std::max(last_time_ / 2, model.time);
}

void KalmanController::lose(const RamseyModel& model) {
    const TrackerState last = tracker();
    grid_ = lost_grid(context_, last.estimate, last.standard_deviation, model.time);
    filter_.reset();
}

ControlSettings KalmanController::deployed() const {
    ControlSettings settings = context_.ideal;
    settings.drive_correction = tracker().estimate;
    return settings;
}

void KalmanController::advance(Real seconds) {
    check_not_negative("seconds", seconds);
    if (acquiring()) {
        spread_by_drift(context_.drift, seconds, grid_);
    } else {
        filter_->predict(seconds);
    }
}

TrackerState KalmanController::tracker() const {
    if (acquiring()) {
        return {grid_.mean(), grid_.deviation(), false};
    }
    return {filter_->estimate(), std::sqrt(filter_->variance()), true};
}

std::vector<Real> KalmanController::state() const {
    std::vector<Real> numbers{acquiring() ? 1.0 : 0.0, last_time_, static_cast<Real>(rounds_), doubt_.level()};
    const std::vector<Real> rest = acquiring() ? grid_.state() : filter_->state();
    numbers.insert(numbers.end(), rest.begin(), rest.end());
    return numbers;
}

void KalmanController::restore(std::span<const Real> state) {
    check_at_least("state.size()", std::ssize(state), 4);
    if (state[0] != 0) {
        grid_.restore(state.subspan(4));
        filter_.reset();
    } else {
        DetuningFilter filter(context_.drift, 0, 1);
        filter.restore(state.subspan(4));
        filter_ = filter;
    }
    last_time_ = state[1];
    rounds_ = static_cast<Index>(state[2]);
    doubt_.set(state[3]);
}

}  // namespace synqc
