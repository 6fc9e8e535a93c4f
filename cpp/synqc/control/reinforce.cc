#include "synqc/control/reinforce.h"

#include <algorithm>
#include <cmath>

#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Real clip = 0.2;
constexpr Real mean_rate = 1.0;
constexpr Real width_rate = 0.1;
constexpr Real log_width_floor = -1;

}  // namespace

ReinforceController::ReinforceController(const ControlContext& context) : GaussianSearch(context, 0) {}

std::vector<ControlSettings> ReinforceController::propose() {
    PhiloxStream noise(context_.seed, round_, 1, context_.stream);
    drawn_.resize(context_.population * space_.dimensions());
    std::vector<ControlSettings> candidates;
    std::vector<Real> point(space_.dimensions());
    for (Index candidate = 0; candidate < context_.population; ++candidate) {
        for (Index k = 0; k < space_.dimensions(); ++k) {
            const Real deviate = drawn_[candidate * space_.dimensions() + k] = noise.normal();
            point[k] = mean_[k] + std::exp(spread_[k]) * deviate;
        }
        candidates.push_back(space_.settings_at(point));
    }
    return candidates;
}

void ReinforceController::observe(std::span<const CandidateOutcome> outcomes) {
    check_round(outcomes);
    const Real count = static_cast<Real>(context_.population);
    Real baseline = 0;
    for (const CandidateOutcome& outcome : outcomes) {
        baseline += success_share(outcome) / count;
    }
    Real variance = 0;
    for (const CandidateOutcome& outcome : outcomes) {
        variance += std::pow(success_share(outcome) - baseline, 2) / count;
    }
    for (Index k = 0; k < space_.dimensions() && variance > 0; ++k) {
        Real mean_gradient = 0;
        Real width_gradient = 0;
        for (Index candidate = 0; candidate < context_.population; ++candidate) {
            const Real advantage = (success_share(outcomes[candidate]) - baseline) / std::sqrt(variance);
            const Real deviate = drawn_[candidate * space_.dimensions() + k];
            mean_gradient += advantage * deviate / count;
            width_gradient += advantage * (deviate * deviate - 1) / count;
        }
        mean_[k] += std::exp(spread_[k]) * std::clamp(step() * mean_rate * mean_gradient, -clip, clip);
        spread_[k] += std::clamp(step() * width_rate * width_gradient, -clip, clip);
        spread_[k] = std::clamp(spread_[k], log_width_floor, Real{0.5});
    }
    drawn_.clear();
    ++round_;
}

}  // namespace synqc
