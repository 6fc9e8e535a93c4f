#include "synqc/control/search_space.h"

#include <algorithm>
#include <cassert>

#include "synqc/base/checks.h"

namespace synqc {

SearchSpace::SearchSpace(const ControlContext& context) : ideal_(context.ideal) {
    const SearchWidths& widths = context.search;
    for (const Coordinate& coordinate :
         {Coordinate{&ControlSettings::theta1, widths.theta1}, Coordinate{&ControlSettings::theta2, widths.theta2},
          Coordinate{&ControlSettings::phi2, widths.phi2}, Coordinate{&ControlSettings::drag_beta, widths.drag_beta},
          Coordinate{&ControlSettings::feedback_gain, widths.feedback_gain}}) {
        if (coordinate.width > 0) {
            chosen_.push_back(coordinate);
        }
    }
    if (widths.feedback_gain > 0) {
        ideal_.feed_forward = FeedForward::gain;
    }
}

ControlSettings SearchSpace::settings_at(std::span<const Real> point) const {
    assert(std::ssize(point) == dimensions());
    ControlSettings settings = ideal_;
    for (Index k = 0; k < dimensions(); ++k) {
        settings.*chosen_[k].field += chosen_[k].width * point[k];
    }
    return settings;
}

Index learner_shots(Index batch_shots) {
    check_at_least("batch_shots", batch_shots, 1);
    return batch_shots - (batch_shots + 3) / 4;
}

Index learner_rounds(Index learning_shots, Index candidates, Index wanted) {
    if (learning_shots < candidates) {
        return 0;
    }
    return std::max<Index>(1, learning_shots / (candidates * wanted));
}

Real success_share(const CandidateOutcome& outcome) {
    return outcome.shots > 0 ? static_cast<Real>(outcome.successes) / static_cast<Real>(outcome.shots) : 0;
}

void check_outcomes(std::span<const CandidateOutcome> outcomes, Index candidates) {
    if (std::ssize(outcomes) != candidates) {
        throw_invalid_argument("outcomes", "one per candidate, " + std::to_string(candidates) + " in all",
                               std::to_string(outcomes.size()) + " long");
    }
    for (const CandidateOutcome& outcome : outcomes) {
        check_at_least("outcome.shots", outcome.shots, 0);
        check_between("outcome.successes", outcome.successes, Index{0}, outcome.shots);
    }
}

}  // namespace synqc
