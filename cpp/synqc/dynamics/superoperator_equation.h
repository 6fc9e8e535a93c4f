#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/lindblad.h"

namespace synqc {

/// d X/dt = (sum_k f_k(t) S_k) X, plus what an open system adds: a linear equation for an operator X of n levels, which
/// need neither be a state nor stay Hermitian.
struct SuperoperatorSystem {
    VaryingOperator superoperator;  // S_k, row-stacking (n*n, n*n)
    OpenSystem system;              // n, H and the L_j beside them (both may be empty), and the coefficients of all
};

/// The equation in real coordinates: hermitian_coordinates of A and, if it matters, of B in X = A + i B.
struct SuperoperatorEquation {
    Index levels = 0;
    bool keeps_hermitian = false;  // B stays 0 if it starts there, so that A alone is followed
    LinearEquation equation;       // n*n coordinates, or 2 n*n: those of A, then those of B

    /// Coordinates of X. B is left out where A alone is followed.
    std::vector<Real> coordinates(const Matrix& x) const;
    Matrix from_coordinates(std::span<const Real> coordinates) const;
};

/// B is left out if the start is Hermitian and everything keeps it so.
SuperoperatorEquation superoperator_equation(const SuperoperatorSystem& given, bool starts_hermitian);

}  // namespace synqc
