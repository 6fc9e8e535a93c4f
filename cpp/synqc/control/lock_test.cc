#include "synqc/control/lock_test.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace synqc {

namespace {

constexpr Real most_one_round_says = 3;
constexpr Real deepest_trust = -3;
constexpr Index phases = 64;
constexpr Index nodes = 41;
constexpr Real reach = 5;  // deviations

Real log_likelihood(Real one_probability, Index shots, Index ones) {
    const Real p = std::clamp(one_probability, 1e-12, 1 - 1e-12);
    return static_cast<Real>(ones) * std::log(p) + static_cast<Real>(shots - ones) * std::log1p(-p);
}

/// log of sum of weights * exp(logs); the weights add up to 1.
template <std::size_t count>
Real log_mean(const std::array<Real, count>& logs, const std::array<Real, count>& weights) {
    const Real best = *std::max_element(logs.begin(), logs.end());
    Real sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
        sum += weights[k] * std::exp(logs[k] - best);
    }
    return best + std::log(sum);
}

/// Weights of a normal law at equally spaced nodes, -reach to reach.
std::array<Real, nodes> normal_weights() {
    std::array<Real, nodes> weights;
    Real sum = 0;
    for (Index k = 0; k < nodes; ++k) {
        const Real x = reach * (2 * static_cast<Real>(k) / (nodes - 1) - 1);
        sum += weights[static_cast<std::size_t>(k)] = std::exp(-x * x / 2);
    }
    for (Real& weight : weights) {
        weight /= sum;
    }
    return weights;
}

}  // namespace

RamseyExpectation expectation_of(const RamseyModel& model, Real mean, Real deviation, Index shots, Index ones) {
    static const std::array<Real, nodes> weights = normal_weights();
    std::array<Real, nodes> logs;
    Real first = 0;
    Real second = 0;
    for (std::size_t k = 0; k < nodes; ++k) {
        const Real x = reach * (2 * static_cast<Real>(k) / (nodes - 1) - 1);
        const Real p = model.probability(mean + deviation * x);
        first += weights[k] * p;
        second += weights[k] * p * p;
        logs[k] = log_likelihood(p, shots, ones);
    }
    const Real spread = std::max(Real{0}, second - first * first);
    const Real counting = std::max(Real{0}, first - second) / static_cast<Real>(shots);
    return {first, spread + counting, log_mean(logs, weights)};
}

Real log_evidence_of_any_phase(const RamseyModel& model, Index shots, Index ones) {
    std::array<Real, phases> logs;
    std::array<Real, phases> weights;
    weights.fill(1 / static_cast<Real>(phases));
    for (std::size_t k = 0; k < phases; ++k) {
        const Real phase = two_pi * (static_cast<Real>(k) + 0.5) / phases;
        const Real p = model.offset + model.contrast * (1 + model.visibility * std::cos(phase)) / 2;
        logs[k] = log_likelihood(p, shots, ones);
    }
    return log_mean(logs, weights);
}

void LockTest::weigh(Real against) {
    level_ = std::max(deepest_trust, level_ + std::min(against, most_one_round_says));
}

}  // namespace synqc
