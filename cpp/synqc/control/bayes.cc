#include "synqc/control/bayes.h"

#include <algorithm>

#include "synqc/base/checks.h"

namespace synqc {

BayesController::BayesController(const ControlContext& context) : Controller(context), grid_(first_grid(context_)) {}

Index BayesController::calibration_shots(Index batch_shots) const {
    return tracker_calibration_shots(batch_shots);
}

bool BayesController::locked() const {
    return grid_.deviation() * longest_useful_time(context_) < 0.5;
}

std::optional<RamseyRound> BayesController::next_ramsey(Index shots_left) {
    if (shots_left < 1) {
        return std::nullopt;
    }
    if (!locked()) {
        return acquisition_round(context_, grid_, shots_left);
    }
    // Alternating times leave no alias of one unseen by the other.
    const Real share = rounds_ % 2 == 0 ? 1 : 0.78;
    const Index shots = shots_left < 32 ? shots_left : (shots_left + 1) / 2;
    return mid_fringe_round(context_, shots, share * longest_useful_time(context_), grid_.mean());
}

void BayesController::observe_ramsey(const RamseyRound& round, Index ones) {
    check_at_least("round.shots", round.shots, 1);
    check_between("ones", ones, Index{0}, round.shots);
    const RamseyModel model = RamseyModel::of(context_, round);
    const Real share = static_cast<Real>(ones) / static_cast<Real>(round.shots);
    if (contradicts(share, round.shots, grid_.predict(model, round.drive_correction))) {
        grid_ = lost_grid(context_, grid_.mean(), grid_.deviation(), model.time);
    }
    grid_.observe(model, round.drive_correction, round.shots, ones);
    ++rounds_;
}

ControlSettings BayesController::deployed() const {
    ControlSettings settings = context_.ideal;
    settings.drive_correction = grid_.mean();
    settings.feed_forward = FeedForward::bayes;
    return settings;
}

void BayesController::advance(Real seconds) {
    check_not_negative("seconds", seconds);
    spread_by_drift(context_.drift, seconds, grid_);
}

TrackerState BayesController::tracker() const {
    return {grid_.mean(), grid_.deviation(), locked()};
}

std::vector<Real> BayesController::state() const {
    std::vector<Real> numbers{static_cast<Real>(rounds_)};
    const std::vector<Real> grid = grid_.state();
    numbers.insert(numbers.end(), grid.begin(), grid.end());
    return numbers;
}

void BayesController::restore(std::span<const Real> state) {
    check_at_least("state.size()", std::ssize(state), 1);
    grid_.restore(state.subspan(1));
    rounds_ = static_cast<Index>(state[0]);
}

}  // namespace synqc
