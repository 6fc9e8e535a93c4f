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
    return StochasticEquation::from_constants(pi * sigma_x(), {lowering(2)}, {{sigma_z(), 0.4}});
}

}  // namespace

TEST(trajectory_equation, gain_adds_what_the_record_says_from_both_sides) {
    const Matrix state = some_state();
    const Matrix expected = 0.6 * (lowering(2) * state + state * lowering(2).adjoint());
    const RealVector image = measurement_gain(lowering(2), 0.36) * hermitian_coordinates(state);
    EXPECT_LT((from_hermitian_coordinates(image) - expected).norm(), 1e-15);
}

TEST(trajectory_equation, two_quadratures_dephase_as_much_as_the_operator_itself) {
    const auto one = StochasticEquation::from_constants(sigma_x(), {}, {{sigma_z() + 0.3 * lowering(2), 0.5}});
    StochasticEquation two = one;
    two.monitored = heterodyne_pair(one.monitored.front());
    const LinearEquation a = lindblad_equation(one.ensemble());
    const LinearEquation b = lindblad_equation(two.ensemble());
    EXPECT_LT((a.dense(a.constant) - b.dense(b.constant)).norm(), 1e-14);
}

TEST(trajectory_equation, rates_are_those_of_the_fastest_moment) {
    StochasticEquation equation = watched_qubit();
    equation.unmonitored.coefficients = {
        Coefficient::from_steps({0, 1, 2, 3}, std::vector<Complex>{1.0, 5.0, 1.0, 1.0})};
    equation.unmonitored.hamiltonian.terms[0].coefficient = 0;
    const std::vector<Real> ends = {0, 3};
    EXPECT_NEAR(equation.fastest_rate(ends), 10 * pi, 1e-12);
    EXPECT_NEAR(equation.turning_rate(ends), 10 * pi, 1e-12);
    equation.unmonitored.hamiltonian.terms[0].coefficient = -1;
    equation.monitored[0].op.terms[0].coefficient = 0;
    EXPECT_NEAR(equation.fastest_rate(ends), 25, 1e-12);
}

TEST(trajectory_equation, diagonal_operators_keep_their_basis) {
    EXPECT_TRUE(common_eigenbasis({sigma_z(), number(2)}).isIdentity(0));
}

TEST(trajectory_equation, commuting_operators_with_degenerate_levels_share_a_basis) {
    const Matrix identity = Matrix::Identity(2, 2);
    const Matrix first = kron(sigma_x(), identity);
    const Matrix second = kron(identity, sigma_y());
    const Matrix basis = common_eigenbasis({first, second});
    ASSERT_EQ(basis.rows(), 4);
    for (const Matrix& op : {first, second}) {
        Matrix turned = basis.adjoint() * op * basis;
        turned.diagonal().setZero();
        EXPECT_LT(turned.norm(), 1e-12);
    }
}

TEST(trajectory_equation, no_basis_is_found_where_there_is_none) {
    EXPECT_EQ(common_eigenbasis({lowering(2)}).size(), 0);
    EXPECT_EQ(common_eigenbasis({sigma_x(), sigma_z()}).size(), 0);
}

TEST(trajectory_equation, normal_operators_with_complex_eigenvalues_have_a_basis) {
    EXPECT_EQ(common_eigenbasis({Complex(0, 1) * sigma_x() + sigma_x()}).size(), 4);
}

TEST(trajectory_equation, refuses_what_is_no_hamiltonian_or_efficiency) {
    StochasticEquation equation = watched_qubit();
    equation.unmonitored.hamiltonian = VaryingOperator::from_constant(lowering(2));
    EXPECT_THROW(equation.check(), InvalidArgument);
    equation = watched_qubit();
    equation.monitored.front().efficiency = 1.1;
    EXPECT_THROW(equation.check(), InvalidArgument);
    equation = watched_qubit();
    equation.unmonitored.jumps.push_back(VaryingOperator::from_constant(lowering(3)));
    EXPECT_THROW(equation.check(), ShapeMismatch);
    equation = watched_qubit();
    equation.unmonitored.coefficients = {
        Coefficient::from_steps({0, 1, 2}, std::vector<Complex>{1.0, Complex(0, 1), 1.0})};
    equation.unmonitored.hamiltonian.terms[0].coefficient = 0;
    EXPECT_THROW(equation.check(), InvalidArgument);
}

}  // namespace synqc
