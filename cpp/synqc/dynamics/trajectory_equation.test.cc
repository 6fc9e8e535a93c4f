#include "synqc/dynamics/trajectory_equation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"

namespace synqc {

namespace {

Matrix some_state() {
    Matrix state(2, 2);
    state << 0.7, Complex(0.2, -0.3), Complex(0.2, 0.3), 0.3;
    return state;
}

StochasticEquation watched_qubit() {
    return {pi * sigma_x(), {}, {lowering(2)}, {{sigma_z(), 0.4}}};
}

}  // namespace

TEST(trajectory_equation, gain_adds_what_the_record_says_from_both_sides) {
    const StochasticEquation equation{sigma_x(), {}, {}, {{lowering(2), 0.36}}};
    const Matrix state = some_state();
    const Matrix expected = 0.6 * (lowering(2) * state + state * lowering(2).adjoint());
    const RealVector image = equation.gain(0) * hermitian_coordinates(state);
    EXPECT_LT((from_hermitian_coordinates(image) - expected).norm(), 1e-15);
}

TEST(trajectory_equation, ensemble_generator_preserves_the_trace) {
    const RealMatrix generator = watched_qubit().ensemble_generator({});
    EXPECT_LT(generator.topRows(2).colwise().sum().cwiseAbs().maxCoeff(), 1e-15);
}

TEST(trajectory_equation, two_quadratures_dephase_as_much_as_the_operator_itself) {
    StochasticEquation one{sigma_x(), {}, {}, {{sigma_z() + 0.3 * lowering(2), 0.5}}};
    StochasticEquation two = one;
    two.monitored = heterodyne_pair(one.monitored.front());
    EXPECT_LT((one.ensemble_generator({}) - two.ensemble_generator({})).norm(), 1e-14);
}

TEST(trajectory_equation, diagonal_operators_keep_their_basis) {
    EXPECT_TRUE(common_eigenbasis({{sigma_z(), 1}, {number(2), 1}}).isIdentity(0));
}

TEST(trajectory_equation, commuting_operators_with_degenerate_levels_share_a_basis) {
    const Matrix identity = Matrix::Identity(2, 2);
    const Matrix first = kron(sigma_x(), identity);
    const Matrix second = kron(identity, sigma_y());
    const Matrix basis = common_eigenbasis({{first, 1}, {second, 1}});
    ASSERT_EQ(basis.rows(), 4);
    for (const Matrix& op : {first, second}) {
        Matrix turned = basis.adjoint() * op * basis;
        turned.diagonal().setZero();
        EXPECT_LT(turned.norm(), 1e-12);
    }
}

TEST(trajectory_equation, no_basis_is_found_where_there_is_none) {
    EXPECT_EQ(common_eigenbasis({{lowering(2), 1}}).size(), 0);
    EXPECT_EQ(common_eigenbasis({{sigma_x(), 1}, {sigma_z(), 1}}).size(), 0);
}

TEST(trajectory_equation, normal_operators_with_complex_eigenvalues_have_a_basis) {
    EXPECT_EQ(common_eigenbasis({{Complex(0, 1) * sigma_x() + sigma_x(), 1}}).size(), 4);
}

TEST(trajectory_equation, refuses_what_is_no_hamiltonian_or_efficiency) {
    StochasticEquation equation = watched_qubit();
    equation.hamiltonian = lowering(2);
    EXPECT_THROW(equation.check(), InvalidArgument);
    equation = watched_qubit();
    equation.monitored.front().efficiency = 1.1;
    EXPECT_THROW(equation.check(), InvalidArgument);
    equation = watched_qubit();
    equation.collapse.push_back(lowering(3));
    EXPECT_THROW(equation.check(), ShapeMismatch);
    equation = watched_qubit();
    equation.modulated.push_back(Complex(0, 1) * sigma_x());
    EXPECT_THROW(equation.check(), InvalidArgument);
}

}  // namespace synqc
