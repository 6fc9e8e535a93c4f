#pragma once

#include "synqc/base/numbers.h"
#include "synqc/linalg/matrix.h"

namespace synqc {

/// How far an initial state may be from one: in an element, its trace or an eigenvalue. States come from other solvers,
/// whose errors are of this order, and in single precision.
inline constexpr Real tolerated_state_defect = 1e-5;

/// Whether a square matrix is its adjoint, but for such errors.
bool is_nearly_hermitian(const Matrix& state);

/// Refuses a matrix that is_nearly_hermitian and no density matrix: `rho0` of another trace than 1, or not positive.
void check_density_matrix(const Matrix& state);

}  // namespace synqc
