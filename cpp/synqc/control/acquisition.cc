#include "synqc/control/acquisition.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synqc {

namespace {

/// Few enough that a bad evolution time costs little, enough to narrow the density threefold.
constexpr Index acquisition_shots = 8;

Real reachable_span(const ControlContext& context) {
    const Real shortest = context.shortest_evolution_time + 2 * context.pulse_evolution_time;
    return std::min(context.acquisition_span, pi / 2 / shortest);
}

/// Share of the longest time for a round: low-discrepancy, so that no two rounds have the same aliases.
Real dithered(Index round) {
    const Real golden = std::numbers::phi * static_cast<Real>(round);
    return 1 - 0.4 * (golden - std::floor(golden));
}

}  // namespace

DetuningGrid first_grid(const ControlContext& context) {
    const Real floor = 0.01 / longest_useful_time(context);
    return {context.grid_points, context.detuning_mean, std::max(context.detuning_deviation, floor),
            context.outlier_probability, reachable_span(context)};
}

DetuningGrid lost_grid(const ControlContext& context, Real estimate, Real deviation, Real last_time) {
    const Real span = reachable_span(context);
    const Real wide = std::max({4 * deviation, 2 / last_time, 2 * context.drift.jump_size});
    return {context.grid_points, std::clamp(estimate, -span, span), std::min(wide, span), 0.2, span};
}

RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left,
                              Index rounds_so_far) {
    const Real width = std::max(grid.core_width(), grid.resolved_width());
    const bool outliers = grid.deviation() > 1.5 * width;
    const Real centre = outliers ? grid.quantile(0.5) : grid.mean();
    RamseyRound round =
        mid_fringe_round(context, std::min(shots_left, std::max(acquisition_shots, shots_left / 16)),
                         dithered(rounds_so_far) * std::min(1 / width, longest_useful_time(context)), centre);
    if (outliers && rounds_so_far % 2 == 1) {
        round.phase = 0;
    }
    return round;
}

RamseyRound tracking_round(const ControlContext& context, Index shots_left, Index rounds_so_far, Real estimate) {
    const Real share = rounds_so_far % 2 == 0 ? 1 : dithered(rounds_so_far);
    const Index shots = shots_left < 32 ? shots_left : (shots_left + 1) / 2;
    return mid_fringe_round(context, shots, share * longest_useful_time(context), estimate);
}

bool contradicts(Real share, Index shots, const DetuningGrid::Prediction& prediction) {
    const Real away = share - prediction.mean;
    const Real variance = prediction.mean * (1 - prediction.mean) / static_cast<Real>(shots) + prediction.variance;
    return away * away > 16 * variance;
}

bool Doubt::grows() {
    level_ += 1;
    const bool lost = level_ >= 1.5;
    level_ = lost ? 0 : level_;
    return lost;
}

void Doubt::shrinks() {
    level_ = std::max(Real{0}, level_ - 0.25);
}

void spread_by_drift(const DriftPrior& drift, Real seconds, DetuningGrid& grid) {
    const Real jump_probability = -std::expm1(-drift.jump_rate * seconds);
    grid.spread(drift.variance_after(seconds), jump_probability, drift.jump_size);
}

}  // namespace synqc
