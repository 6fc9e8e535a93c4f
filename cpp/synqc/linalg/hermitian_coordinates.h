#pragma once

#include "synqc/linalg/matrix.h"

/// A Hermitian n x n matrix as n*n real numbers, so that shots vectorise over plain doubles.
///
/// Order: the n populations rho_00 .. rho_(n-1)(n-1); then, for each pair i < j in row order (0,1), (0,2), .., (1,2),
/// .., Re rho_ij and Im rho_ij. For n = 2: (rho_00, rho_11, Re rho_01, Im rho_01).
namespace synqc {

/// Position of Re rho_ij (i < j); Im rho_ij follows it.
constexpr Index coherence_position(Index levels, Index i, Index j) {
    return levels + 2 * (i * levels - i * (i + 1) / 2 + (j - i - 1));
}

/// Coordinates of `hermitian` (n, n); the anti-Hermitian part is ignored.
RealVector hermitian_coordinates(const Matrix& hermitian);

/// The matrix whose coordinates these are (n*n).
Matrix from_hermitian_coordinates(const RealVector& coordinates);

/// A row-stacking superoperator (n*n, n*n) as a real matrix acting on coordinates; what does not preserve Hermiticity
/// is ignored. Generators and finite maps alike: d c/dt = G c, c' = M c.
RealMatrix in_hermitian_coordinates(const Matrix& superoperator);

/// The row-stacking superoperator of a real map on coordinates.
Matrix from_map_in_hermitian_coordinates(const RealMatrix& map);

/// n for n*n elements. Throws ShapeMismatch if `size` is not a square.
Index levels_from_square(Index size);

}  // namespace synqc
