#pragma once

#include "synqc/control/ramsey.h"

/// Whether a tracker sits on the right fringe: its prediction of every round against that of a detuning that may be
/// anywhere.
namespace synqc {

/// If the residual detuning is normal with this mean and deviation, rad/µs.
RamseyExpectation expectation_of(const RamseyModel& model, Real mean, Real deviation, Index shots, Index ones);

/// The same log evidence if every phase is equally likely: what a tracker on a wrong fringe, or far off, sees.
Real log_evidence_of_any_phase(const RamseyModel& model, Index shots, Index ones);

/// A sequential likelihood ratio test. The level is the log odds that the tracker is lost; no single round decides, and
/// no number of good rounds makes a tracker deaf. Source: Wald, Ann. Math. Statist. 16, 117 (1945); Page, Biometrika
/// 41, 100 (1954) for the floor.
class LockTest {
  public:
    /// `against`: log evidence of any phase minus that of the tracker.
    void weigh(Real against);
    bool confirmed() const { return level_ < -1.5; }
    bool lost() const { return level_ > 4; }

    Real level() const { return level_; }
    void set(Real level) { level_ = level; }

  private:
    Real level_ = 0;
};

}  // namespace synqc
