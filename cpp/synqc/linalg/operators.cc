#include "synqc/linalg/operators.h"

#include <cassert>
#include <cmath>

namespace synqc {

Matrix lowering(Index levels) {
    Matrix b = Matrix::Zero(levels, levels);
    for (Index k = 0; k + 1 < levels; ++k) {
        b(k, k + 1) = std::sqrt(static_cast<Real>(k + 1));
    }
    return b;
}

Matrix number(Index levels) {
    Matrix n = Matrix::Zero(levels, levels);
    for (Index k = 0; k < levels; ++k) {
        n(k, k) = static_cast<Real>(k);
    }
    return n;
}

Matrix sigma_x() {
    Matrix x(2, 2);
    x << 0, 1, 1, 0;
    return x;
}

Matrix sigma_y() {
    Matrix y(2, 2);
    y << 0, Complex(0, -1), Complex(0, 1), 0;
    return y;
}

Matrix sigma_z() {
    Matrix z(2, 2);
    z << 1, 0, 0, -1;
    return z;
}

Matrix kron(const Matrix& a, const Matrix& b) {
    Matrix product(a.rows() * b.rows(), a.cols() * b.cols());
    for (Index i = 0; i < a.rows(); ++i) {
        for (Index j = 0; j < a.cols(); ++j) {
            product.block(i * b.rows(), j * b.cols(), b.rows(), b.cols()) = a(i, j) * b;
        }
    }
    return product;
}

Matrix equatorial_rotation(Real angle, Real axis) {
    const Real cosine = std::cos(angle / 2);
    const Real sine = std::sin(angle / 2);
    const Complex towards_axis = sine * std::polar(1.0, axis);  // a sine may be negative, a radius may not
    Matrix rotation(2, 2);
    rotation << cosine, Complex(0, -1) * std::conj(towards_axis), Complex(0, -1) * towards_axis, cosine;
    return rotation;
}

Matrix basis_projector(Index levels, Index level) {
    assert(level >= 0 && level < levels);
    Matrix projector = Matrix::Zero(levels, levels);
    projector(level, level) = 1;
    return projector;
}

}  // namespace synqc
