#pragma once

#include "synqc/control/detuning_grid.h"

/// Finding a detuning from scratch, or again after it was lost: what both trackers share.
namespace synqc {

/// Prior law of the context, limited to offsets the shortest possible Ramsey shot can tell apart.
DetuningGrid first_grid(const ControlContext& context);

/// The law after the tracker was contradicted: wide about the last estimate, and anywhere in the span with 20 %.
DetuningGrid lost_grid(const ControlContext& context, Real estimate, Real deviation, Real last_time);

/// A short round whose evolution time lets the deviation of the density span one radian.
RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left);

/// Whether an observed share contradicts a prediction: beyond 4 deviations, its own and the prediction's.
bool contradicts(Real share, Index shots, const DetuningGrid::Prediction& prediction);

/// Spreads the grid by what the drift prior says of `seconds`.
void spread_by_drift(const DriftPrior& drift, Real seconds, DetuningGrid& grid);

}  // namespace synqc
