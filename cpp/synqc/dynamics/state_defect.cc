#include "synqc/dynamics/state_defect.h"

#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/linalg/spectrum.h"

namespace synqc {

bool is_nearly_hermitian(const Matrix& state) {
    return !((state - state.adjoint()).cwiseAbs().maxCoeff() > tolerated_state_defect);  // NaN is told of by its trace
}

void check_density_matrix(const Matrix& state) {
    const Real trace = state.trace().real();
    if (!(std::abs(trace - 1) <= tolerated_state_defect)) {
        throw_invalid_argument("rho0", "of trace 1", "of trace " + text_of(trace));
    }
    const Matrix lifted =
        (state + state.adjoint()) / 2 + Complex(tolerated_state_defect) * Matrix::Identity(state.rows(), state.cols());
    if (Eigen::LLT<Matrix>(lifted).info() != Eigen::Success) {
        const Real lowest = hermitian_eigenvalues(state).minCoeff();
        throw_invalid_argument("rho0", "positive", "of lowest eigenvalue " + text_of(lowest));
    }
}

}  // namespace synqc
