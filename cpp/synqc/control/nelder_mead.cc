#include "synqc/control/nelder_mead.h"

#include <algorithm>
#include <array>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr std::array<Real, 4> moves{1, 2, 0.5, -0.5};  // of the worst corner through the centre of the others
constexpr Index shots_per_move = 400;

}  // namespace

NelderMeadController::NelderMeadController(const ControlContext& context) : Controller(context), space_(context_) {
    corners_.push_back({std::vector<Real>(space_.dimensions(), 0.0), 0});
    for (Index k = 0; k < space_.dimensions(); ++k) {
        Corner corner = corners_.front();
        corner.point[k] = 1;
        corners_.push_back(corner);
    }
}

Index NelderMeadController::learning_shots(Index batch_shots) const {
    return space_.dimensions() > 0 ? learner_shots(batch_shots) : 0;
}

Index NelderMeadController::learning_rounds(Index batch_shots) const {
    return learner_rounds(learning_shots(batch_shots), std::ssize(moves), shots_per_move);
}

std::vector<Real> NelderMeadController::moved_worst(Real factor) const {
    const std::vector<Real>& worst = corners_.back().point;
    std::vector<Real> point(worst.size());
    for (std::size_t k = 0; k < point.size(); ++k) {
        Real centre = 0;
        for (std::size_t corner = 0; corner + 1 < corners_.size(); ++corner) {
            centre += corners_[corner].point[k] / static_cast<Real>(corners_.size() - 1);
        }
        point[k] = centre + factor * (centre - worst[k]);
    }
    return point;
}

void NelderMeadController::sort_corners() {
    std::stable_sort(corners_.begin(), corners_.end(),
                     [](const Corner& a, const Corner& b) { return a.share > b.share; });
}

void NelderMeadController::shrink() {
    for (std::size_t corner = 1; corner < corners_.size(); ++corner) {
        for (std::size_t k = 0; k < corners_[corner].point.size(); ++k) {
            corners_[corner].point[k] = (corners_[corner].point[k] + corners_.front().point[k]) / 2;
        }
    }
    measured_ = false;
}

std::vector<ControlSettings> NelderMeadController::propose() {
    points_.clear();
    if (!measured_) {
        for (const Corner& corner : corners_) {
            points_.push_back(corner.point);
        }
    } else {
        for (const Real move : moves) {
            points_.push_back(moved_worst(move));
        }
    }
    std::vector<ControlSettings> candidates;
    for (const std::vector<Real>& point : points_) {
        candidates.push_back(space_.settings_at(point));
    }
    return candidates;
}

void NelderMeadController::observe(std::span<const CandidateOutcome> outcomes) {
    check_outcomes(outcomes, std::ssize(points_));
    if (!measured_) {
        for (std::size_t corner = 0; corner < corners_.size(); ++corner) {
            corners_[corner].share = success_share(outcomes[corner]);
        }
        measured_ = true;
    } else {
        std::size_t best = 0;
        for (std::size_t move = 1; move < outcomes.size(); ++move) {
            best = success_share(outcomes[move]) > success_share(outcomes[best]) ? move : best;
        }
        if (success_share(outcomes[best]) > corners_.back().share) {
            corners_.back() = {points_[best], success_share(outcomes[best])};
        } else {
            shrink();
        }
    }
    sort_corners();
    points_.clear();
}

ControlSettings NelderMeadController::deployed() const {
    return space_.settings_at(corners_.front().point);
}

std::vector<Real> NelderMeadController::state() const {
    std::vector<Real> numbers{measured_ ? 1.0 : 0.0};
    for (const Corner& corner : corners_) {
        numbers.push_back(corner.share);
        numbers.insert(numbers.end(), corner.point.begin(), corner.point.end());
    }
    return numbers;
}

void NelderMeadController::restore(std::span<const Real> state) {
    const Index dimensions = space_.dimensions();
    const Index length = 1 + (dimensions + 1) * (dimensions + 1);
    if (std::ssize(state) != length) {
        throw_invalid_argument("state", std::to_string(length) + " numbers", std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    measured_ = state[0] != 0;
    for (Index corner = 0; corner <= dimensions; ++corner) {
        const auto from = state.begin() + 1 + corner * (dimensions + 1);
        corners_[corner] = {std::vector<Real>(from + 1, from + 1 + dimensions), *from};
    }
    points_.clear();
}

}  // namespace synqc
