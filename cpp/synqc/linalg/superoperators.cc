#include "synqc/linalg/superoperators.h"

#include "synqc/linalg/operators.h"

namespace synqc {

Matrix sandwich(const Matrix& left, const Matrix& right) {
    return kron(left, right.transpose());
}

Matrix hamiltonian_superoperator(const Matrix& hamiltonian) {
    const Matrix identity = Matrix::Identity(hamiltonian.rows(), hamiltonian.rows());
    return Complex(0, -1) * (kron(hamiltonian, identity) - kron(identity, hamiltonian.transpose()));
}

Matrix dissipator(const Matrix& jump) {
    return dissipator(jump, jump);
}

Matrix dissipator(const Matrix& left, const Matrix& right) {
    const Matrix identity = Matrix::Identity(left.rows(), left.rows());
    const Matrix decay = right.adjoint() * left;
    return kron(left, right.conjugate()) - 0.5 * (kron(decay, identity) + kron(identity, decay.transpose()));
}

}  // namespace synqc
