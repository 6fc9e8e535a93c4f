#include "synqc/linalg/hermitian_coordinates.h"

#include <cmath>

#include "synqc/base/errors.h"

namespace synqc {

RealVector hermitian_coordinates(const Matrix& hermitian) {
    const Index levels = hermitian.rows();
    if (hermitian.cols() != levels) {
        throw ShapeMismatch("Argument `hermitian` must be square, but has shape (" + std::to_string(levels) + ", " +
                            std::to_string(hermitian.cols()) + ").");
    }
    RealVector coordinates(levels * levels);
    for (Index i = 0; i < levels; ++i) {
        coordinates(i) = hermitian(i, i).real();
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            coordinates(position) = (hermitian(i, j).real() + hermitian(j, i).real()) / 2;
            coordinates(position + 1) = (hermitian(i, j).imag() - hermitian(j, i).imag()) / 2;
        }
    }
    return coordinates;
}

Matrix from_hermitian_coordinates(const RealVector& coordinates) {
    const Index levels = levels_from_square(coordinates.size());
    Matrix hermitian(levels, levels);
    for (Index i = 0; i < levels; ++i) {
        hermitian(i, i) = coordinates(i);
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            hermitian(i, j) = Complex(coordinates(position), coordinates(position + 1));
            hermitian(j, i) = std::conj(hermitian(i, j));
        }
    }
    return hermitian;
}

Index levels_from_square(Index size) {
    const Index levels = std::lround(std::sqrt(static_cast<Real>(size)));
    if (size < 1 || levels * levels != size) {
        throw ShapeMismatch("Argument `coordinates` must have a square number of elements, but has " +
                            std::to_string(size) + ".");
    }
    return levels;
}

RealMatrix in_hermitian_coordinates(const Matrix& superoperator) {
    const Index size = superoperator.rows();
    const Index levels = levels_from_square(size);
    if (superoperator.cols() != size) {
        throw ShapeMismatch("Argument `superoperator` must be square, but has shape (" + std::to_string(size) + ", " +
                            std::to_string(superoperator.cols()) + ").");
    }
    // Images of the basis matrices |i><i|, |i><j| + |j><i| and i |i><j| - i |j><i|, then their coordinates.
    Matrix images(size, size);
    for (Index i = 0; i < levels; ++i) {
        images.col(i) = superoperator.col(i * levels + i);
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            const auto upper = superoperator.col(i * levels + j);
            const auto lower = superoperator.col(j * levels + i);
            images.col(position) = upper + lower;
            images.col(position + 1) = Complex(0, 1) * (upper - lower);
        }
    }
    RealMatrix map(size, size);
    for (Index i = 0; i < levels; ++i) {
        map.row(i) = images.row(i * levels + i).real();
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            const auto upper = images.row(i * levels + j);
            const auto lower = images.row(j * levels + i);
            map.row(position) = (upper.real() + lower.real()) / 2;
            map.row(position + 1) = (upper.imag() - lower.imag()) / 2;
        }
    }
    return map;
}

Matrix from_map_in_hermitian_coordinates(const RealMatrix& map) {
    const Index size = map.rows();
    const Index levels = levels_from_square(size);
    if (map.cols() != size) {
        throw ShapeMismatch("Argument `map` must be square, but has shape (" + std::to_string(size) + ", " +
                            std::to_string(map.cols()) + ").");
    }
    // vec(rho) from coordinates on the left, coordinates from vec(rho) on the right.
    Matrix rows(size, size);
    for (Index i = 0; i < levels; ++i) {
        rows.row(i * levels + i) = map.row(i).cast<Complex>();
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            rows.row(i * levels + j).real() = map.row(position);
            rows.row(i * levels + j).imag() = map.row(position + 1);
            rows.row(j * levels + i).real() = map.row(position);
            rows.row(j * levels + i).imag() = -map.row(position + 1);
        }
    }
    Matrix superoperator(size, size);
    for (Index i = 0; i < levels; ++i) {
        superoperator.col(i * levels + i) = rows.col(i);
        for (Index j = i + 1; j < levels; ++j) {
            const Index position = coherence_position(levels, i, j);
            superoperator.col(i * levels + j) = (rows.col(position) - Complex(0, 1) * rows.col(position + 1)) / 2;
            superoperator.col(j * levels + i) = (rows.col(position) + Complex(0, 1) * rows.col(position + 1)) / 2;
        }
    }
    return superoperator;
}

}  // namespace synqc
