#pragma once

#include "synqc/linalg/matrix.h"

/// A Hermitian n x n matrix as n*n real numbers, so that shots vectorise over plain doubles.
///
/// Order: the n populations rho_00 .. rho_(n-1)(n-1); then, for each pair i < j in row order (0,1), (0,2), .., (1,2), ..,
/// Re rho_ij and Im rho_ij. For n = 2: (rho_00, rho_11, Re rho_01, Im rho_01).
namespace synqc {

/// Position of Re rho_ij (i < j); Im rho_ij follows it.
constexpr Index coherence_position(Index levels, Index i, Index j) {
    return levels + 2 * (i * levels - i * (i + 1) / 2 + (j - i - 1));
}

/// Coordinates of `hermitian` (n, n); the anti-Hermitian part is ignored.
RealVector hermitian_coordinates(const Matrix& hermitian);

/// The matrix whose coordinates these are (n*n).
Matrix from_hermitian_coordinates(const RealVector& coordinates);

}  // namespace synqc
