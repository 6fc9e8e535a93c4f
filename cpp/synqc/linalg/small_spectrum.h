#pragma once

#include "synqc/linalg/matrix.h"

/// Eigenvalues of Hermitian matrices of at most 9 rows without an allocation: for loops over thousands of them.
namespace synqc {

inline constexpr int most_small_rows = 9;

/// Room for a dimension known when compiling, or for any small one (Eigen::Dynamic).
constexpr int small_room(int size) {
    return size == Eigen::Dynamic ? most_small_rows : size;
}

template <int Rows>
using SmallMatrix = Eigen::Matrix<Complex, Rows, Rows, Eigen::ColMajor, small_room(Rows), small_room(Rows)>;
template <int Rows>
using SmallVector = Eigen::Matrix<Complex, Rows, 1, Eigen::ColMajor, small_room(Rows), 1>;

/// Eigenvalues, ascending, and orthonormal eigenvectors as columns. Compiled for 3 and Eigen::Dynamic rows.
template <int Rows>
struct SmallSpectrum {
    Eigen::Matrix<Real, Rows, 1, Eigen::ColMajor, small_room(Rows), 1> values;
    SmallMatrix<Rows> vectors;

    /// Only the lower triangle is read.
    void compute(const SmallMatrix<Rows>& hermitian);
};

}  // namespace synqc
