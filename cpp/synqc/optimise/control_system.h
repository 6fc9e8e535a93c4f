#pragma once

#include <vector>

#include "synqc/linalg/matrix.h"

namespace synqc {

/// The largest system whose controls are optimised.
inline constexpr Index most_controlled_levels = 9;

/// One element of a sparse operator.
struct OperatorElement {
    Index row;
    Index column;
    Complex value;
};

/// A system of n levels under H(t) = drift + sum_j u_j(t) controls[j], with jump operators.
struct ControlSystem {
    Matrix drift;                  // (n, n), rad/µs, Hermitian
    std::vector<Matrix> controls;  // each (n, n), Hermitian; their amplitudes are in rad/µs
    std::vector<Matrix> jumps;     // each (n, n), 1/sqrt(µs); none: the system is closed

    Index levels() const { return drift.rows(); }

    /// Throws ShapeMismatch or InvalidArgument: 2 to 9 levels, at least one control, Hermitian operators of one size.
    void check() const;
};

/// The elements of an operator that are not zero, row by row.
std::vector<OperatorElement> elements_of(const Matrix& matrix);

}  // namespace synqc
