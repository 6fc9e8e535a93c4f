#include "synqc/linalg/exponential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

constexpr unsigned exponential_seed = 20240917;

RealMatrix random_matrix(Index size, Real norm) {
    std::mt19937_64 generator(exponential_seed);
    std::normal_distribution<Real> normal;
    RealMatrix matrix(size, size);
    for (Index k = 0; k < matrix.size(); ++k) {
        matrix.data()[k] = normal(generator);
    }
    return matrix * (norm / matrix.cwiseAbs().colwise().sum().maxCoeff());
}

/// Taylor series of exp(A / 2^20) in long double, squared up: slow, and independent of the approximants under test.
RealMatrix reference_exponential(const RealMatrix& a) {
    using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
    const int squarings = 8;
    const Long small = a.cast<long double>() * std::ldexp(1.0L, -squarings);
    Long sum = Long::Identity(a.rows(), a.cols());
    Long term = sum;
    for (int k = 1; k < 60; ++k) {
        term = term * small / static_cast<long double>(k);
        sum += term;
    }
    for (int k = 0; k < squarings; ++k) {
        sum = sum * sum;
    }
    return sum.cast<Real>();
}

}  // namespace

TEST(exponential, every_degree_of_approximant_is_right_to_1e_13) {
    for (Index size : {1, 2, 4, 9, 25}) {
        for (Real norm : {1e-3, 0.01, 0.2, 0.9, 2.0, 5.0, 20.0}) {
            const RealMatrix a = random_matrix(size, norm);
            const RealMatrix expected = reference_exponential(a);
            const Real error = (exponential(a) - expected).norm() / expected.norm();
            EXPECT_LT(error, 1e-13) << "size " << size << ", norm " << norm << ", seed " << exponential_seed;
        }
    }
}

TEST(exponential, of_a_hamiltonian_is_the_rotation_in_closed_form) {
    const Real angle = 1.234;
    const Matrix rotation = exponential(Matrix(Complex(0, -angle / 2) * sigma_y()));
    EXPECT_LT((rotation - equatorial_rotation(angle, pi / 2)).norm(), 1e-15);
}

TEST(exponential, of_a_skew_matrix_stays_orthogonal_at_large_norm) {
    RealMatrix skew = random_matrix(9, 300.0);
    skew = RealMatrix(skew - skew.transpose());
    const RealMatrix orthogonal = exponential(skew);
    EXPECT_LT((orthogonal.transpose() * orthogonal - RealMatrix::Identity(9, 9)).norm(), 1e-11);
}

TEST(exponential, of_zero_is_the_identity_bit_for_bit) {
    EXPECT_EQ(exponential(RealMatrix(RealMatrix::Zero(4, 4))), RealMatrix::Identity(4, 4));
}

TEST(exponential, refuses_what_has_no_exponential) {
    RealMatrix undefined = RealMatrix::Zero(2, 2);
    undefined(0, 1) = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_THROW(exponential(undefined), NumericalFailure);
    EXPECT_THROW(exponential(RealMatrix(RealMatrix::Zero(2, 3))), ShapeMismatch);
}
