#include "synqc/linalg/channel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

using namespace synqc;

namespace {

constexpr unsigned channel_seed = 7;

Matrix random_matrix(Index rows, Index cols, std::mt19937_64& generator) {
    std::normal_distribution<Real> normal;
    Matrix matrix(rows, cols);
    for (Index k = 0; k < matrix.size(); ++k) {
        matrix.data()[k] = Complex(normal(generator), normal(generator));
    }
    return matrix;
}

Matrix random_state(Index levels, std::mt19937_64& generator) {
    const Matrix root = random_matrix(levels, levels, generator);
    const Matrix positive = root * root.adjoint();
    return positive / positive.trace();
}

Matrix damping(Index levels) {
    return dissipator(lowering(levels)) + dissipator(Matrix(0.7 * number(levels)));
}

}  // namespace

TEST(hermitian_coordinates, order_is_populations_then_upper_pairs) {
    Matrix state(2, 2);
    state << 0.7, Complex(0.1, -0.2), Complex(0.1, 0.2), 0.3;
    const RealVector coordinates = hermitian_coordinates(state);
    EXPECT_EQ(coordinates, (RealVector(4) << 0.7, 0.3, 0.1, -0.2).finished());
    EXPECT_EQ(coherence_position(3, 0, 1), 3);
    EXPECT_EQ(coherence_position(3, 0, 2), 5);
    EXPECT_EQ(coherence_position(3, 1, 2), 7);
    EXPECT_EQ(coherence_position(5, 3, 4), 23);
}

TEST(hermitian_coordinates, round_trip_is_exact) {
    std::mt19937_64 generator(channel_seed);
    for (Index levels : {1, 2, 3, 5}) {
        const Matrix state = random_state(levels, generator);
        const Matrix hermitian = (state + state.adjoint()) / 2;
        EXPECT_EQ(from_hermitian_coordinates(hermitian_coordinates(hermitian)), hermitian) << "seed " << channel_seed;
    }
    EXPECT_THROW(from_hermitian_coordinates(RealVector::Zero(5)), ShapeMismatch);
}

TEST(superoperators, stack_by_rows) {
    std::mt19937_64 generator(channel_seed);
    const Matrix a = random_matrix(3, 3, generator);
    const Matrix b = random_matrix(3, 3, generator);
    const Matrix rho = random_matrix(3, 3, generator);
    const Matrix product = a * rho * b;
    const Vector stacked = sandwich(a, b) * Eigen::Map<const Vector>(rho.data(), 9);
    EXPECT_LT((stacked - Eigen::Map<const Vector>(product.data(), 9)).norm(), 1e-13) << "seed " << channel_seed;
}

TEST(superoperators, generator_equals_the_master_equation) {
    std::mt19937_64 generator(channel_seed);
    const Matrix l = random_matrix(3, 3, generator);
    const Matrix h = l + l.adjoint();
    const Matrix rho = random_state(3, generator);
    const Complex i(0, 1);
    const Matrix expected =
        -i * (h * rho - rho * h) + l * rho * l.adjoint() - 0.5 * (l.adjoint() * l * rho + rho * l.adjoint() * l);
    const Vector got = (hamiltonian_superoperator(h) + dissipator(l)) * Eigen::Map<const Vector>(rho.data(), 9);
    EXPECT_LT((got - Eigen::Map<const Vector>(expected.data(), 9)).norm(), 1e-12) << "seed " << channel_seed;
}

TEST(channel, superoperator_and_coordinates_are_the_same_map) {
    std::mt19937_64 generator(channel_seed);
    for (Index levels : {2, 3, 4}) {
        const Matrix superoperator = exponential(Matrix(0.3 * damping(levels)));
        const Channel channel = Channel::from_superoperator(superoperator);
        EXPECT_LT((channel.superoperator() - superoperator).norm(), 1e-14);
        const Matrix rho = random_state(levels, generator);
        const Vector image = superoperator * Eigen::Map<const Vector>(rho.data(), rho.size());
        const Matrix applied = channel.apply(rho);
        EXPECT_LT((image - Eigen::Map<const Vector>(applied.data(), applied.size())).norm(), 1e-14)
            << "seed " << channel_seed;
    }
}

TEST(channel, composes_in_the_order_of_operators) {
    const Channel rotate = Channel::from_unitary(equatorial_rotation(pi, 0));
    const Channel decay = Channel::from_superoperator(exponential(Matrix(50 * damping(2))));
    const Matrix ground = basis_projector(2, 0);
    EXPECT_NEAR((decay * rotate).apply(ground)(0, 0).real(), 1, 1e-12);
    EXPECT_NEAR((rotate * decay).apply(ground)(1, 1).real(), 1, 1e-12);
}

TEST(channel, kraus_operators_and_unitary_agree_with_their_definition) {
    std::mt19937_64 generator(channel_seed);
    const Real p = 0.3;
    Matrix keep(2, 2);
    Matrix jump(2, 2);
    keep << 1, 0, 0, std::sqrt(1 - p);
    jump << 0, std::sqrt(p), 0, 0;
    const Matrix rho = random_state(2, generator);
    const Matrix expected = keep * rho * keep.adjoint() + jump * rho * jump.adjoint();
    EXPECT_LT((Channel::from_kraus({keep, jump}).apply(rho) - expected).norm(), 1e-15) << "seed " << channel_seed;
    const Matrix u = equatorial_rotation(0.4, 1.1);
    EXPECT_LT((Channel::from_unitary(u).apply(rho) - u * rho * u.adjoint()).norm(), 1e-15) << "seed " << channel_seed;
}

TEST(channel, audit_sees_a_map_that_is_not_completely_positive) {
    // Transposition: positive, but not completely.
    Matrix transpose = Matrix::Zero(4, 4);
    for (Index i = 0; i < 2; ++i) {
        for (Index j = 0; j < 2; ++j) {
            transpose(j * 2 + i, i * 2 + j) = 1;
        }
    }
    const ChannelAudit report = audit(Channel::from_superoperator(transpose));
    EXPECT_NEAR(report.lowest_choi_eigenvalue, -1, 1e-12);
    EXPECT_EQ(report.trace_defect, 0);
}

TEST(channel, audit_sees_lost_trace) {
    Channel lossy = Channel::identity(3);
    lossy.matrix *= 0.9;
    EXPECT_NEAR(audit(lossy).trace_defect, 0.1, 1e-15);
}

TEST(channel, a_million_applications_keep_trace_and_hermiticity) {
    // Case 39: drift below 1e-12 after 1e6 steps.
    for (Index levels : {2, 3}) {
        const Matrix generator =
            hamiltonian_superoperator(lowering(levels) + lowering(levels).adjoint()) + damping(levels);
        const Channel step = with_exact_trace(Channel::from_superoperator(exponential(Matrix(1e-3 * generator))));
        EXPECT_GE(audit(step).lowest_choi_eigenvalue, -1e-12);
        RealVector state = hermitian_coordinates(basis_projector(levels, 1));
        RealVector next(state.size());
        for (int k = 0; k < 1000000; ++k) {
            next.noalias() = step.matrix * state;
            state.swap(next);
        }
        EXPECT_NEAR(state.head(levels).sum(), 1, 1e-12);
        const Matrix rho = from_hermitian_coordinates(state);
        EXPECT_EQ((rho - rho.adjoint()).norm(), 0);
    }
}

TEST(channel, refuses_shapes_that_do_not_fit) {
    EXPECT_THROW(Channel::identity(2).apply(Matrix::Identity(3, 3)), ShapeMismatch);
    EXPECT_THROW(Channel::from_unitary(Matrix::Zero(2, 3)), ShapeMismatch);
    EXPECT_THROW(Channel::from_kraus({}), InvalidArgument);
    EXPECT_THROW(Channel::from_superoperator(Matrix::Identity(5, 5)), ShapeMismatch);
}
