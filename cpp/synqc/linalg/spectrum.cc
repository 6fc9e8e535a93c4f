#include "synqc/linalg/spectrum.h"

namespace synqc {

RealVector hermitian_eigenvalues(const Matrix& hermitian) {
    return Eigen::SelfAdjointEigenSolver<Matrix>(hermitian, Eigen::EigenvaluesOnly).eigenvalues();
}

Matrix hermitian_eigenvectors(const Matrix& hermitian) {
    return Eigen::SelfAdjointEigenSolver<Matrix>(hermitian).eigenvectors();
}

Matrix positive_root(const Matrix& positive) {
    const Eigen::SelfAdjointEigenSolver<Matrix> spectrum(positive);
    const RealVector roots = spectrum.eigenvalues().cwiseMax(0).cwiseSqrt();
    return spectrum.eigenvectors() * roots.cast<Complex>().asDiagonal() * spectrum.eigenvectors().adjoint();
}

Real operator_norm(const Matrix& a) {
    return a.operatorNorm();
}

}  // namespace synqc
