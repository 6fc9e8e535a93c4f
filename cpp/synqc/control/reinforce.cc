#include "synqc/control/reinforce.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Index shots_per_candidate = 24;
constexpr Real clip = 0.2;
constexpr Real mean_rate = 1.0;
constexpr Real width_rate = 0.1;
constexpr Real log_width_floor = -1;

}  // namespace

ReinforceController::ReinforceController(const ControlContext& context)
    : Controller(context), space_(context_), mean_(space_.dimensions(), 0.0), log_width_(space_.dimensions(), 0.0) {}

Index ReinforceController::learning_shots(Index batch_shots) const {
    return space_.dimensions() > 0 ? learner_shots(batch_shots) : 0;
}

Index ReinforceController::learning_rounds(Index batch_shots) const {
    return learner_rounds(learning_shots(batch_shots), context_.population, shots_per_candidate);
}

std::vector<ControlSettings> ReinforceController::propose() {
    PhiloxStream noise(context_.seed, round_, 1, context_.stream);
    deviates_.resize(context_.population * space_.dimensions());
    std::vector<ControlSettings> candidates;
    std::vector<Real> point(space_.dimensions());
    for (Index candidate = 0; candidate < context_.population; ++candidate) {
        for (Index k = 0; k < space_.dimensions(); ++k) {
            const Real deviate = deviates_[candidate * space_.dimensions() + k] = noise.normal();
            point[k] = mean_[k] + std::exp(log_width_[k]) * deviate;
        }
        candidates.push_back(space_.settings_at(point));
    }
    return candidates;
}

void ReinforceController::observe(std::span<const CandidateOutcome> outcomes) {
    check_outcomes(outcomes, context_.population);
    if (deviates_.empty()) {
        refuse("outcomes", "of the candidates last proposed", "without any proposed");
    }
    const Real count = static_cast<Real>(context_.population);
    Real baseline = 0;
    for (const CandidateOutcome& outcome : outcomes) {
        baseline += success_share(outcome) / count;
    }
    Real variance = 0;
    for (const CandidateOutcome& outcome : outcomes) {
        variance += std::pow(success_share(outcome) - baseline, 2) / count;
    }
    const Real step = 1 / std::sqrt(1 + static_cast<Real>(round_));
    for (Index k = 0; k < space_.dimensions() && variance > 0; ++k) {
        Real mean_gradient = 0;
        Real width_gradient = 0;
        for (Index candidate = 0; candidate < context_.population; ++candidate) {
            const Real advantage = (success_share(outcomes[candidate]) - baseline) / std::sqrt(variance);
            const Real deviate = deviates_[candidate * space_.dimensions() + k];
            mean_gradient += advantage * deviate / count;
            width_gradient += advantage * (deviate * deviate - 1) / count;
        }
        mean_[k] += std::exp(log_width_[k]) * std::clamp(step * mean_rate * mean_gradient, -clip, clip);
        log_width_[k] += std::clamp(step * width_rate * width_gradient, -clip, clip);
        log_width_[k] = std::clamp(log_width_[k], log_width_floor, Real{0.5});
    }
    deviates_.clear();
    ++round_;
}

ControlSettings ReinforceController::deployed() const {
    return space_.settings_at(mean_);
}

std::vector<Real> ReinforceController::state() const {
    std::vector<Real> numbers{static_cast<Real>(round_)};
    numbers.insert(numbers.end(), mean_.begin(), mean_.end());
    numbers.insert(numbers.end(), log_width_.begin(), log_width_.end());
    return numbers;
}

void ReinforceController::restore(std::span<const Real> state) {
    const Index dimensions = space_.dimensions();
    if (std::ssize(state) != 1 + 2 * dimensions) {
        refuse("state", std::to_string(1 + 2 * dimensions) + " numbers", std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    round_ = static_cast<std::uint32_t>(state[0]);
    mean_.assign(state.begin() + 1, state.begin() + 1 + dimensions);
    log_width_.assign(state.begin() + 1 + dimensions, state.end());
    deviates_.clear();
}

}  // namespace synqc
