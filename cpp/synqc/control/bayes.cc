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
        return acquisition_round(context_, grid_, shots_left, rounds_);
    }
    return tracking_round(context_, shots_left, rounds_, grid_.mean());
}

void BayesController::observe_ramsey(const RamseyRound& round, Index ones) {
    check_at_least("round.shots", round.shots, 1);
    check_between("ones", ones, Index{0}, round.shots);
    const RamseyModel model = RamseyModel::of(context_, round);
    const Real share = static_cast<Real>(ones) / static_cast<Real>(round.shots);
    ++rounds_;
    if (contradicts(share, round.shots, grid_.predict(model, round.drive_correction))) {
        if (!doubt_.grows()) {
            return;
        }
        grid_ = lost_grid(context_, grid_.mean(), grid_.deviation(), model.time);
    } else {
        doubt_.shrinks();
    }
    grid_.observe(model, round.drive_correction, round.shots, ones);
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
    std::vector<Real> numbers{static_cast<Real>(rounds_), doubt_.level()};
    const std::vector<Real> grid = grid_.state();
    numbers.insert(numbers.end(), grid.begin(), grid.end());
    return numbers;
}

void BayesController::restore(std::span<const Real> state) {
    check_at_least("state.size()", std::ssize(state), 2);
    grid_.restore(state.subspan(2));
    rounds_ = static_cast<Index>(state[0]);
    doubt_.set(state[1]);
}

}  // namespace synqc
