#include "synqc/control/acquisition.h"

#include <algorithm>
#include <cmath>

namespace synqc {

namespace {

/// Few enough that a bad evolution time costs little, enough to narrow the density threefold.
constexpr Index acquisition_shots = 8;

Real reachable_span(const ControlContext& context) {
    const Real shortest = context.shortest_evolution_time + 2 * context.pulse_evolution_time;
    return std::min(context.acquisition_span, pi / 2 / shortest);
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

RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left) {
    return mid_fringe_round(context, std::min(shots_left, acquisition_shots), 1 / grid.deviation(), grid.mean());
}

bool contradicts(Real share, Index shots, const DetuningGrid::Prediction& prediction) {
    const Real away = share - prediction.mean;
    const Real variance = prediction.mean * (1 - prediction.mean) / static_cast<Real>(shots) + prediction.variance;
    return away * away > 16 * variance;
}

void spread_by_drift(const DriftPrior& drift, Real seconds, DetuningGrid& grid) {
    const Real jump_probability = -std::expm1(-drift.jump_rate * seconds);
    grid.spread(drift.variance_after(seconds), jump_probability, drift.jump_size);
}

}  // namespace synqc
