#include "synqc/control/gaussian_search.h"

#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr Index shots_per_member = 24;

}  // namespace

GaussianSearch::GaussianSearch(const ControlContext& context, Real first_spread)
    : Controller(context),
      space_(context_),
      mean_(space_.dimensions(), 0.0),
      spread_(space_.dimensions(), first_spread) {}

Index GaussianSearch::learning_shots(Index batch_shots) const {
    return space_.dimensions() > 0 ? learner_shots(batch_shots) : 0;
}

Index GaussianSearch::learning_rounds(Index batch_shots) const {
    return learner_rounds(learning_shots(batch_shots), context_.population, shots_per_member);
}

void GaussianSearch::check_round(std::span<const CandidateOutcome> outcomes) const {
    check_outcomes(outcomes, context_.population);
    if (drawn_.empty()) {
        throw_invalid_argument("outcomes", "of the candidates last proposed", "without any proposed");
    }
}

Real GaussianSearch::step() const {
    return 1 / std::sqrt(1 + static_cast<Real>(round_));
}

std::vector<Real> GaussianSearch::state() const {
    std::vector<Real> numbers{static_cast<Real>(round_)};
    numbers.insert(numbers.end(), mean_.begin(), mean_.end());
    numbers.insert(numbers.end(), spread_.begin(), spread_.end());
    return numbers;
}

void GaussianSearch::restore(std::span<const Real> state) {
    const Index dimensions = space_.dimensions();
    if (std::ssize(state) != 1 + 2 * dimensions) {
        throw_invalid_argument("state", std::to_string(1 + 2 * dimensions) + " numbers",
                               std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    round_ = static_cast<std::uint32_t>(state[0]);
    mean_.assign(state.begin() + 1, state.begin() + 1 + dimensions);
    spread_.assign(state.begin() + 1 + dimensions, state.end());
    drawn_.clear();
}

}  // namespace synqc
