#pragma once

#include "synqc/control/detuning_grid.h"

/// Finding a detuning from scratch, or again after it was lost: what both trackers share.
namespace synqc {

/// Prior law of the context, limited to offsets the shortest possible Ramsey shot can tell apart.
DetuningGrid first_grid(const ControlContext& context);

/// The law after the tracker was contradicted: normal of that width about the last estimate, and anywhere in the span
/// with 5 %. The width holds a few fringes of the last round.
Real lost_width(const ControlContext& context, Real deviation, Real last_time);
DetuningGrid lost_grid(const ControlContext& context, Real estimate, Real width);

/// A short round whose evolution time lets half the density's width span about one radian, but no longer than `longest`
/// (µs) while anything is further off than its fringes: longer times would only add aliases. Quadratures take turns:
/// one alone cannot tell a detuning from its mirror images.
RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left,
                              Index rounds_so_far, Real longest);

/// A mid-fringe round of a tracker that follows its fringe, at `time` or, every other one, at a shorter time that no
/// two rounds share, so that an alias of one is contradicted by the next.
RamseyRound tracking_round(const ControlContext& context, Index shots_left, Real time, Index rounds_so_far,
                           Real estimate);

/// A short round at the fringe's top, at a time of its own: nearly all ones on the right fringe, hardly ever on
/// another.
RamseyRound checking_round(const ControlContext& context, Index shots_left, Real time, Index rounds_so_far,
                           Real estimate);

/// Spreads the grid by what the drift prior says of `seconds`, and a random walk of so much variance more.
void spread_by_drift(const DriftPrior& drift, Real seconds, Real more_variance, DetuningGrid& grid);

}  // namespace synqc
