#include "synqc/dynamics/master_equation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "synqc/base/errors.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

const std::vector<Real> two_times{0, 0.7};

/// A qubit turning about x that decays, from |0>.
MasterEquationProblem decaying_qubit() {
    MasterEquationProblem problem;
    problem.system.levels = 2;
    problem.system.hamiltonian = VaryingOperator::from_constant(0.5 * (lowering(2) + lowering(2).adjoint()));
    problem.start = basis_projector(2, 0);
    problem.times = two_times;
    return problem;
}

std::string complaint_about(const MasterEquationProblem& problem) {
    NeverCancelled quiet;
    try {
        solve(problem, quiet);
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST(master_equation, kets_and_density_matrices_of_a_turning_qubit_follow_the_rotation) {
    MasterEquationProblem problem = decaying_qubit();
    problem.observables = {basis_projector(2, 1), lowering(2)};
    problem.keep_states = true;
    NeverCancelled quiet;
    const MasterEquationSolution mixed = solve(problem, quiet);
    problem.start = Vector(Vector::Unit(2, 0));
    const MasterEquationSolution pure = solve(problem, quiet);
    const Real angle = two_times.back();
    const Real excited = std::pow(std::sin(angle / 2), 2);
    const Complex coherence(0, -std::sin(angle) / 2);  // tr(a rho) = rho_10
    for (const auto* solution : {&mixed, &pure}) {
        EXPECT_NEAR(std::get<std::vector<Real>>(solution->means[0])[1], excited, 1e-12);
        EXPECT_LT(std::abs(std::get<std::vector<Complex>>(solution->means[1])[1] - coherence), 1e-12);
    }
    ASSERT_EQ(mixed.states.size(), 8u);
    ASSERT_EQ(pure.states.size(), 4u);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(pure.final_state[i], pure.states[2 + i]);
        for (int j = 0; j < 2; ++j) {
            const Complex product = pure.final_state[i] * std::conj(pure.final_state[j]);
            EXPECT_LT(std::abs(mixed.final_state[2 * i + j] - product), 1e-12);
            EXPECT_EQ(mixed.final_state[2 * i + j], mixed.states[4 + 2 * i + j]);
        }
    }
}

TEST(master_equation, states_are_left_out_unless_kept) {
    NeverCancelled quiet;
    const MasterEquationSolution solution = solve(decaying_qubit(), quiet);
    EXPECT_TRUE(solution.states.empty());
    EXPECT_EQ(solution.final_state.size(), 4u);
}

TEST(master_equation, an_operator_decays_as_states_do) {
    OperatorEquationProblem problem;
    problem.given.system.levels = 2;
    problem.given.system.jumps = {VaryingOperator::from_constant(lowering(2))};
    problem.start = Matrix::Zero(2, 2);
    problem.start(0, 1) = 1;
    problem.times = two_times;
    NeverCancelled quiet;
    const OperatorEquationSolution solution = solve(problem, quiet);
    EXPECT_LT(std::abs(solution.states[5] - std::exp(-two_times.back() / 2)), 1e-12);
    EXPECT_LT(std::abs(solution.states[6]), 1e-14);
}

TEST(master_equation, refusals_name_the_argument_of_the_door) {
    MasterEquationProblem problem = decaying_qubit();
    problem.system.levels = 28;
    EXPECT_EQ(complaint_about(problem), "Argument `rho0` must have at most 27 levels, but has 28.");
    problem = decaying_qubit();
    problem.system.hamiltonian = VaryingOperator::from_constant(lowering(2));
    EXPECT_EQ(complaint_about(problem), "Argument `H` must be Hermitian, but is different from its adjoint by 1.");
    problem = decaying_qubit();
    problem.start = Matrix(2 * basis_projector(2, 0));
    EXPECT_EQ(complaint_about(problem), "Argument `rho0` must be of trace 1, but is of trace 2.");
    problem.start = Vector(2 * Vector::Unit(2, 0));
    EXPECT_EQ(complaint_about(problem), "Argument `rho0` must be a ket of norm 1, but is of norm 2.");
    problem = decaying_qubit();
    const std::vector<Real> backwards{1, 0};
    problem.times = backwards;
    EXPECT_EQ(complaint_about(problem), "Argument `tlist` must be strictly increasing, but is 0 after 1.");
    problem = decaying_qubit();
    problem.options = {.absolute_tolerance = 0, .relative_tolerance = 0};
    EXPECT_EQ(complaint_about(problem), "Argument `atol + rtol` must be finite and greater than 0, but is 0.");
}
