#include "synqc/dynamics/superoperator_equation.h"

#include <gtest/gtest.h>

#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

using namespace synqc;

namespace {

const Complex i_unit(0, 1);

Matrix liouvillian() {
    return hamiltonian_superoperator(0.7 * sigma_x()) + dissipator(0.5 * lowering(2));
}

SuperoperatorSystem system_of(VaryingOperator superoperator) {
    SuperoperatorSystem given;
    given.superoperator = std::move(superoperator);
    given.system.levels = 2;
    given.system.coefficients = {Coefficient::from_steps({0, 1}, std::vector<Complex>{{0.3, 0.4}, {0.3, 0.4}})};
    return given;
}

Matrix any_operator() {
    Matrix x(2, 2);
    x << 0.3, Complex(0.2, -0.1), Complex(0.5, 0.7), Complex(0.1, 0.4);
    return x;
}

/// dX/dt at time 0.5, by the equation and by the superoperator.
void expect_slope(const SuperoperatorSystem& given, const Matrix& superoperator, const Matrix& x) {
    const SuperoperatorEquation made = superoperator_equation(given, x == x.adjoint());
    const LinearEquation& equation = made.equation;
    std::vector<Real> weights(equation.weights.size());
    equation.weights_at(0.5, weights);
    std::vector<Real> frozen;
    equation.freeze(1, 1, weights, frozen);
    std::vector<Real> slope(static_cast<std::size_t>(equation.dimension));
    equation.apply(frozen, made.coordinates(x).data(), slope.data());
    Matrix expected(2, 2);
    Eigen::Map<Vector>(expected.data(), 4) = superoperator * Eigen::Map<const Vector>(x.data(), 4);
    EXPECT_LT((made.from_coordinates(slope) - expected).cwiseAbs().maxCoeff(), 1e-14);
}

}  // namespace

TEST(superoperator_equation, follows_the_hermitian_part_alone_where_nothing_leaves_it) {
    const SuperoperatorSystem given = system_of({{{liouvillian(), -1}}});
    const Matrix state = from_hermitian_coordinates(RealVector::Unit(4, 0));
    EXPECT_EQ(superoperator_equation(given, true).equation.dimension, 4);
    EXPECT_EQ(superoperator_equation(given, false).equation.dimension, 8);
    expect_slope(given, liouvillian(), state);
    expect_slope(given, liouvillian(), any_operator());
}

TEST(superoperator_equation, takes_coefficients_and_superoperators_that_are_not_hermitian) {
    const Complex factor(0.3, 0.4);
    const Matrix tilted = i_unit * sandwich(lowering(2), lowering(2).adjoint());
    const SuperoperatorSystem given = system_of({{{liouvillian(), -1}, {liouvillian(), 0}, {tilted, 0}}});
    const Matrix whole = liouvillian() + factor * (liouvillian() + tilted);
    EXPECT_FALSE(superoperator_equation(given, true).keeps_hermitian);
    expect_slope(given, whole, from_hermitian_coordinates(RealVector::Unit(4, 1)));
    expect_slope(given, whole, any_operator());
}

TEST(superoperator_equation, adds_what_a_hamiltonian_and_jumps_do) {
    SuperoperatorSystem given = system_of({{{liouvillian(), 0}}});
    given.system.hamiltonian.terms = {{sigma_z(), -1}};
    given.system.jumps = {{{{lowering(2), 0}}}};
    const Matrix whole =
        Complex(0.3, 0.4) * liouvillian() + hamiltonian_superoperator(sigma_z()) + 0.25 * dissipator(lowering(2));
    expect_slope(given, whole, any_operator());
}
