#include "synqc/control/acquisition.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synqc {

namespace {

/// Few enough that a bad evolution time costs little: aliases die of many different times, not of many shots at one.
constexpr Index acquisition_shots = 4;
/// Shots of a round while the evolution time still grows.
constexpr Index tracking_shots = 16;
constexpr Index checking_shots = 8;
/// The whole span is resolved this many times finer than a fringe, so that of many aliases the likelihood picks the
/// right one.
constexpr Index acquisition_points = 4;

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
    return {acquisition_points * context.grid_points,    context.grid_points,         context.detuning_mean,
            std::max(context.detuning_deviation, floor), context.outlier_probability, reachable_span(context)};
}

Real lost_width(const ControlContext& context, Real deviation, Real last_time) {
    return std::min(std::max({4 * deviation, 4 / last_time, 2 * context.drift.jump_size}), reachable_span(context));
}

DetuningGrid lost_grid(const ControlContext& context, Real estimate, Real width) {
    const Real span = reachable_span(context);
    return {acquisition_points * context.grid_points,
            context.grid_points,
            std::clamp(estimate, -span, span),
            width,
            0.05,
            span};
}

RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left,
                              Index rounds_so_far, Real longest) {
    const Real width = std::max(grid.entropy_width(), grid.resolved_width());
    const bool aliases = !grid.is_within(2 / longest);
    const Real useful = aliases ? std::min(longest, longest_useful_time(context)) : longest_useful_time(context);
    return ramsey_round(context, std::min(shots_left, std::max(acquisition_shots, shots_left / 32)),
                        dithered(rounds_so_far) * std::min(1 / width, useful),
                        rounds_so_far % 2 == 0 ? mid_fringe : fringe_top, grid.mode());
}

RamseyRound tracking_round(const ControlContext& context, Index shots_left, Real time, Index rounds_so_far,
                           Real estimate) {
    const Real share = rounds_so_far % 2 == 0 ? 1 : dithered(rounds_so_far);
    const bool settled = time >= longest_useful_time(context);
    const Index wanted = settled ? std::max<Index>(32, (shots_left + 1) / 2) : tracking_shots;
    return ramsey_round(context, std::min(shots_left, wanted), share * time, mid_fringe, estimate);
}

RamseyRound checking_round(const ControlContext& context, Index shots_left, Real time, Index rounds_so_far,
                           Real estimate) {
    return ramsey_round(context, std::min(shots_left, checking_shots), dithered(rounds_so_far) * time, fringe_top,
                        estimate);
}

void spread_by_drift(const DriftPrior& drift, Real seconds, Real more_variance, DetuningGrid& grid) {
    const Real jump_probability = -std::expm1(-drift.jump_rate * seconds);
    grid.spread(drift.variance_after(seconds) + more_variance, jump_probability, drift.jump_size);
}

}  // namespace synqc
