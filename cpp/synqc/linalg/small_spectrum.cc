#include "synqc/linalg/small_spectrum.h"

namespace synqc {

template <int Rows>
void SmallSpectrum<Rows>::compute(const SmallMatrix<Rows>& hermitian) {
    const Eigen::SelfAdjointEigenSolver<SmallMatrix<Rows>> solver(hermitian);
    values = solver.eigenvalues();
    vectors = solver.eigenvectors();
}

template struct SmallSpectrum<3>;
template struct SmallSpectrum<Eigen::Dynamic>;

}  // namespace synqc
