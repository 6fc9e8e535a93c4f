#pragma once

#include "synqc/linalg/matrix.h"

/// What is known of a matrix from its eigenvalues. Eigen's solvers are compiled in this file alone: each of them costs
/// a compiler five seconds.
namespace synqc {

/// Eigenvalues of a Hermitian matrix, ascending; only its lower triangle is read.
RealVector hermitian_eigenvalues(const Matrix& hermitian);

/// Its orthonormal eigenvectors as columns, in the order of the eigenvalues.
Matrix hermitian_eigenvectors(const Matrix& hermitian);

/// The positive square root of a positive matrix; eigenvalues that rounding made negative count as 0.
Matrix positive_root(const Matrix& positive);

/// The largest singular value.
Real operator_norm(const Matrix& a);

}  // namespace synqc
