#include "synqc/control/kalman.h"

#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

bool has_slow_process(const DriftPrior& drift) {
    return drift.kind == DriftPrior::Kind::ornstein_uhlenbeck && drift.sigma > 0;
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

void DetuningFilter::predict(Real seconds, Real more_variance) {
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
    constant_variance_ += more_variance - std::expm1(-drift_.jump_rate * seconds) * drift_.jump_size * drift_.jump_size;
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
        throw_invalid_argument("state", "5 numbers of a filter", std::to_string(state.size()) + " numbers");
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

RamseyExpectation KalmanController::expect(const RamseyModel& model, const RamseyRound& round, Index ones) const {
    return expectation_of(model, estimate() - round.drive_correction, deviation(), round.shots, ones);
}

void KalmanController::learn(const RamseyModel& model, const RamseyRound& round, Index ones) {
    if (round.phase != mid_fringe) {
        return;
    }
    const Real share = static_cast<Real>(ones) / static_cast<Real>(round.shots);
    filter_->update(round.drive_correction + model.mid_fringe_estimate(share), model.mid_fringe_variance(round.shots));
}

void KalmanController::spread(Real seconds, Real more_variance) {
    filter_->predict(seconds, more_variance);
}

void KalmanController::restore_law(std::span<const Real> law) {
    DetuningFilter filter(context_.drift, 0, 1);
    filter.restore(law);
    filter_ = filter;
}

}  // namespace synqc
