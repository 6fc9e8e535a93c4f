#include "synqc/control/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Real width_floor = 0.4;

}  // namespace

CrossEntropyController::CrossEntropyController(const ControlContext& context) : GaussianSearch(context, 1) {}

std::vector<ControlSettings> CrossEntropyController::propose() {
    PhiloxStream noise(context_.seed, round_, 0, context_.stream);
    drawn_.resize(context_.population * space_.dimensions());
    std::vector<ControlSettings> candidates;
    for (Index candidate = 0; candidate < context_.population; ++candidate) {
        const std::span<Real> point(drawn_.data() + candidate * space_.dimensions(), space_.dimensions());
        for (Index k = 0; k < space_.dimensions(); ++k) {
            point[k] = mean_[k] + spread_[k] * noise.normal();
        }
        candidates.push_back(space_.settings_at(point));
    }
    return candidates;
}

void CrossEntropyController::observe(std::span<const CandidateOutcome> outcomes) {
    check_round(outcomes);
    std::vector<Index> order(outcomes.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return success_share(outcomes[a]) > success_share(outcomes[b]); });
    const Index elite = context_.population / 4;
    for (Index k = 0; k < space_.dimensions(); ++k) {
        Real sum = 0;
        Real squares = 0;
        for (Index rank = 0; rank < elite; ++rank) {
            const Real value = drawn_[order[rank] * space_.dimensions() + k];
            sum += value;
            squares += value * value;
        }
        const Real elite_mean = sum / static_cast<Real>(elite);
        const Real elite_variance = std::max(Real{0}, squares / static_cast<Real>(elite) - elite_mean * elite_mean);
        mean_[k] += step() * (elite_mean - mean_[k]);
        spread_[k] = std::max(width_floor, spread_[k] + step() * (std::sqrt(elite_variance) - spread_[k]));
    }
    drawn_.clear();
    ++round_;
}

}  // namespace synqc
