#include "synqc/control/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "synqc/base/checks.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Index shots_per_candidate = 24;
constexpr Real width_floor = 0.4;

}  // namespace

CrossEntropyController::CrossEntropyController(const ControlContext& context)
    : Controller(context), space_(context_), mean_(space_.dimensions(), 0.0), width_(space_.dimensions(), 1.0) {}

Index CrossEntropyController::learning_shots(Index batch_shots) const {
    return space_.dimensions() > 0 ? learner_shots(batch_shots) : 0;
}

Index CrossEntropyController::learning_rounds(Index batch_shots) const {
    return learner_rounds(learning_shots(batch_shots), context_.population, shots_per_candidate);
}

std::vector<ControlSettings> CrossEntropyController::propose() {
    PhiloxStream noise(context_.seed, round_, 0, context_.stream);
    points_.resize(context_.population * space_.dimensions());
    std::vector<ControlSettings> candidates;
    for (Index candidate = 0; candidate < context_.population; ++candidate) {
        const std::span<Real> point(points_.data() + candidate * space_.dimensions(), space_.dimensions());
        for (Index k = 0; k < space_.dimensions(); ++k) {
            point[k] = mean_[k] + width_[k] * noise.normal();
        }
        candidates.push_back(space_.settings_at(point));
    }
    return candidates;
}

void CrossEntropyController::observe(std::span<const CandidateOutcome> outcomes) {
    check_outcomes(outcomes, context_.population);
    if (points_.empty()) {
        refuse("outcomes", "of the candidates last proposed", "without any proposed");
    }
    std::vector<Index> order(outcomes.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return success_share(outcomes[a]) > success_share(outcomes[b]); });
    const Index elite = context_.population / 4;
    const Real step = 1 / std::sqrt(1 + static_cast<Real>(round_));
    for (Index k = 0; k < space_.dimensions(); ++k) {
        Real sum = 0;
        Real squares = 0;
        for (Index rank = 0; rank < elite; ++rank) {
            const Real value = points_[order[rank] * space_.dimensions() + k];
            sum += value;
            squares += value * value;
        }
        const Real elite_mean = sum / static_cast<Real>(elite);
        const Real elite_variance = std::max(Real{0}, squares / static_cast<Real>(elite) - elite_mean * elite_mean);
        mean_[k] += step * (elite_mean - mean_[k]);
        width_[k] = std::max(width_floor, width_[k] + step * (std::sqrt(elite_variance) - width_[k]));
    }
    points_.clear();
    ++round_;
}

ControlSettings CrossEntropyController::deployed() const {
    return space_.settings_at(mean_);
}

std::vector<Real> CrossEntropyController::state() const {
    std::vector<Real> numbers{static_cast<Real>(round_)};
    numbers.insert(numbers.end(), mean_.begin(), mean_.end());
    numbers.insert(numbers.end(), width_.begin(), width_.end());
    return numbers;
}

void CrossEntropyController::restore(std::span<const Real> state) {
    const Index dimensions = space_.dimensions();
    if (std::ssize(state) != 1 + 2 * dimensions) {
        refuse("state", std::to_string(1 + 2 * dimensions) + " numbers", std::to_string(state.size()) + " numbers");
    }
    for (const Real value : state) {
        check_finite("state", value);
    }
    round_ = static_cast<std::uint32_t>(state[0]);
    mean_.assign(state.begin() + 1, state.begin() + 1 + dimensions);
    width_.assign(state.begin() + 1 + dimensions, state.end());
    points_.clear();
}

}  // namespace synqc
