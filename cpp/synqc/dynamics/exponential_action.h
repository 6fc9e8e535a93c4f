#pragma once

#include <vector>

#include "synqc/dynamics/heartbeat.h"
#include "synqc/dynamics/linear_equation.h"

namespace synqc {

/// y <- exp(A) y by Taylor series on pieces of A of norm at most about 3, cut where a term falls below
/// `tolerance` * |y|. Cost: about 6 applications of A per unit of its norm.
///
/// Holds its workspace, so that repeated calls do not allocate; not for concurrent use.
class ExponentialAction {
  public:
    explicit ExponentialAction(const LinearEquation& equation);

    /// `frozen`: the elements of A on the pattern of the equation.
    void apply(const std::vector<Real>& frozen, Real tolerance, Real* y, Heartbeat& heartbeat);

    /// Applications of A so far.
    Index applications() const { return applications_; }

  private:
    const LinearEquation& equation_;
    std::vector<Real> term_;
    std::vector<Real> next_;
    Index applications_ = 0;
};

}  // namespace synqc
