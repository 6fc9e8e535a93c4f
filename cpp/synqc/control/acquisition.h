#pragma once

#include "synqc/control/detuning_grid.h"

/// Finding a detuning from scratch, or again after it was lost: what both trackers share.
namespace synqc {

/// Prior law of the context, limited to offsets the shortest possible Ramsey shot can tell apart.
DetuningGrid first_grid(const ControlContext& context);

/// The law after the tracker was contradicted: wide about the last estimate, and anywhere in the span with 20 %.
DetuningGrid lost_grid(const ControlContext& context, Real estimate, Real deviation, Real last_time);

/// A short round whose evolution time lets half the density's width span about one radian. While far-off offsets are
/// still possible, every other round measures the other quadrature (phase 0), which tells them from the likely ones at
/// once.
RamseyRound acquisition_round(const ControlContext& context, const DetuningGrid& grid, Index shots_left,
                              Index rounds_so_far);

/// A round of a tracker that has lock. Every other one is at the longest useful time, the rest at shorter ones that no
/// two rounds share, so that an alias of one is contradicted by the next.
RamseyRound tracking_round(const ControlContext& context, Index shots_left, Index rounds_so_far, Real estimate);

/// Whether an observed share contradicts a prediction: beyond 4 deviations, its own and the prediction's.
bool contradicts(Real share, Index shots, const DetuningGrid::Prediction& prediction);

/// Counts contradictions against confirmations: two close together mean that the tracker is lost, one may be chance.
class Doubt {
  public:
    /// True if the tracker should start anew; the count is then reset.
    bool grows();
    void shrinks();
    Real level() const { return level_; }
    void set(Real level) { level_ = level; }

  private:
    Real level_ = 0;
};

/// Spreads the grid by what the drift prior says of `seconds`.
void spread_by_drift(const DriftPrior& drift, Real seconds, DetuningGrid& grid);

}  // namespace synqc
