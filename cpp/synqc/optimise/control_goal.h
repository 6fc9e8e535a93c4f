#pragma once

#include "synqc/linalg/matrix.h"

namespace synqc {

/// What controls shall do: take `start` to `target`, s orthonormal columns each, up to one common phase.
///
/// With X = U start and M = target^dagger X, the fidelity is (tr(M M^dagger) + |tr M|^2) / (s (s + 1)): the average
/// gate fidelity on the subspace, and for one column the fidelity of a state. The cost is 1 - fidelity + leakage_weight
/// times the leakage, which is the mean population that ends outside the columns of `kept`.
///
/// Source: Pedersen, Moller and Molmer, Phys. Lett. A 367, 47 (2007), for the fidelity on a subspace.
struct ControlGoal {
    Matrix start;   // (n, s)
    Matrix target;  // (n, s)
    Matrix kept;    // (n, q)
    Real leakage_weight = 0;

    Index columns() const { return start.cols(); }

    /// Throws ShapeMismatch or InvalidArgument unless the columns are orthonormal and fit n levels.
    void check(Index levels) const;
};

/// How far controls are from their goal.
struct ControlError {
    Real infidelity;  // 1 - fidelity
    Real leakage;
};

}  // namespace synqc
