#pragma once

#include "synqc/linalg/matrix.h"

/// Maps on density matrices as (n*n, n*n) matrices. Stacking is by rows, everywhere: vec(A rho B) = (A kron B^T)
/// vec(rho), so that vec(rho) is the memory of a row-major rho. (QuTiP stacks columns.)
namespace synqc {

/// rho -> A rho B.
Matrix sandwich(const Matrix& left, const Matrix& right);

/// rho -> -i [H, rho], H in rad/µs.
Matrix hamiltonian_superoperator(const Matrix& hamiltonian);

/// rho -> L rho L^dagger - {L^dagger L, rho} / 2, L in 1/sqrt(µs).
Matrix dissipator(const Matrix& jump);

/// rho -> A rho B^dagger - {B^dagger A, rho} / 2: the bilinear form whose diagonal is `dissipator`.
Matrix dissipator(const Matrix& left, const Matrix& right);

}  // namespace synqc
