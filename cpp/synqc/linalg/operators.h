#pragma once

#include "synqc/linalg/matrix.h"

/// The operators of one truncated oscillator and of one qubit. sigma_z = |0><0| - |1><1|: +1 in the ground state.
namespace synqc {

/// b: <k|b|k+1> = sqrt(k + 1), (levels, levels).
Matrix lowering(Index levels);

/// b^dagger b = diag(0, 1, ..), (levels, levels).
Matrix number(Index levels);

Matrix sigma_x();
Matrix sigma_y();
Matrix sigma_z();

/// Kronecker product; (a kron b)[i * rows(b) + k, j * cols(b) + l] = a[i, j] b[k, l].
Matrix kron(const Matrix& a, const Matrix& b);

/// The unitary exp(-i (angle / 2) (cos(axis) sigma_x + sin(axis) sigma_y)).
Matrix equatorial_rotation(Real angle, Real axis);

/// |state><state| of the `level`-th basis state, (levels, levels).
Matrix basis_projector(Index levels, Index level);

}  // namespace synqc
