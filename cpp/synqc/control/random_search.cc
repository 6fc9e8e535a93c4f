#include "synqc/control/random_search.h"

#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Index candidates_per_round = 8;
constexpr Index shots_per_candidate = 200;

}  // namespace

RandomSearchController::RandomSearchController(const ControlContext& context)
    : Controller(context), space_(context_), incumbent_(space_.dimensions(), 0.0) {}

Index RandomSearchController::learning_shots(Index batch_shots) const {
    return space_.dimensions() > 0 ? learner_shots(batch_shots) : 0;
}

Index RandomSearchController::learning_rounds(Index batch_shots) const {
    return learner_rounds(learning_shots(batch_shots), candidates_per_round, shots_per_candidate);
}

std::vector<ControlSettings> RandomSearchController::propose() {
    PhiloxStream noise(context_.seed, round_, 2, context_.stream);
    points_ = incumbent_;
    std::vector<ControlSettings> candidates{space_.settings_at(incumbent_)};
    for (Index candidate = 1; candidate < candidates_per_round; ++candidate) {
        for (Index k = 0; k < space_.dimensions(); ++k) {
            points_.push_back(noise.normal());
        }
        candidates.push_back(space_.settings_at(std::span(points_).last(space_.dimensions())));
    }
    return candidates;
}

void RandomSearchController::observe(std::span<const CandidateOutcome> outcomes) {
    check_outcomes(outcomes, candidates_per_round);
    if (points_.empty()) {
        throw_invalid_argument("outcomes", "of the candidates last proposed", "without any proposed");
    }
    incumbent_shots_ += static_cast<Real>(outcomes[0].shots);
    incumbent_successes_ += static_cast<Real>(outcomes[0].successes);
    Index best = 1;
    for (Index candidate = 2; candidate < candidates_per_round; ++candidate) {
        best = success_share(outcomes[candidate]) > success_share(outcomes[best]) ? candidate : best;
    }
    const Real shots = static_cast<Real>(outcomes[best].shots);
    if (shots > 0 && incumbent_shots_ > 0) {
        const Real share = success_share(outcomes[best]);
        const Real held = incumbent_successes_ / incumbent_shots_;
        const Real pooled =
            (incumbent_successes_ + static_cast<Real>(outcomes[best].successes) + 1) / (incumbent_shots_ + shots + 2);
        const Real deviation = std::sqrt(pooled * (1 - pooled) * (1 / shots + 1 / incumbent_shots_));
        if (share - held > 2 * deviation) {
            incumbent_.assign(points_.begin() + best * space_.dimensions(),
                              points_.begin() + (best + 1) * space_.dimensions());
            incumbent_shots_ = shots;
            incumbent_successes_ = static_cast<Real>(outcomes[best].successes);
        }
    }
    points_.clear();
    ++round_;
}

ControlSettings RandomSearchController::deployed() const {
    return space_.settings_at(incumbent_);
}

std::vector<Real> RandomSearchController::state() const {
    std::vector<Real> numbers{static_cast<Real>(round_), incumbent_shots_, incumbent_successes_};
    numbers.insert(numbers.end(), incumbent_.begin(), incumbent_.end());
    return numbers;
}

void RandomSearchController::restore(std::span<const Real> state) {
    if (std::ssize(state) != 3 + space_.dimensions()) {
        throw_invalid_argument("state", std::to_string(3 + space_.dimensions()) + " numbers",
                               std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    round_ = static_cast<std::uint32_t>(state[0]);
    incumbent_shots_ = state[1];
    incumbent_successes_ = state[2];
    incumbent_.assign(state.begin() + 3, state.end());
    points_.clear();
}

}  // namespace synqc
