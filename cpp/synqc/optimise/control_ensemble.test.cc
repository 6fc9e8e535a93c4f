#include "synqc/optimise/control_ensemble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/superoperators.h"

using namespace synqc;

namespace {

constexpr unsigned control_seed = 20261130;
constexpr Real sample_us = 0.5e-3;

ControlSystem transmon(Index levels, bool open) {
    Matrix lower = Matrix::Zero(levels, levels);
    for (Index k = 1; k < levels; ++k) {
        lower(k - 1, k) = std::sqrt(static_cast<Real>(k));
    }
    const Matrix number = lower.adjoint() * lower;
    ControlSystem system;
    system.drift = -pi * 300 * (number * (number - Matrix::Identity(levels, levels)));
    system.controls = {0.5 * (lower + lower.adjoint()), Complex(0, 0.5) * (lower.adjoint() - lower)};
    if (open) {
        system.jumps = {3.0 * lower, 2.0 * number};
    }
    return system;
}

ControlGoal x_gate(Index levels, Real leakage_weight) {
    Matrix target = Matrix::Zero(levels, 2);
    target(0, 1) = target(1, 0) = 1;
    return {Matrix::Identity(levels, 2), target, Matrix::Identity(levels, 2), leakage_weight};
}

ControlGoal transfer(Index levels) {
    Matrix target = Matrix::Zero(levels, 1);
    target(0, 0) = 0.6;
    target(1, 0) = Complex(0, 0.8);
    return {Matrix::Identity(levels, 1), target, Matrix::Identity(levels, 2), 0.5};
}

std::vector<Real> random_amplitudes(Index count) {
    std::mt19937_64 generator(control_seed);
    std::normal_distribution<Real> normal(0, two_pi * 100);
    std::vector<Real> amplitudes(count);
    for (Real& amplitude : amplitudes) {
        amplitude = normal(generator);
    }
    return amplitudes;
}

/// Largest error of the gradient, per unit of a sample's angle, against differences of fourth order in the step.
void expect_exact_gradient(const ControlSystem& system, const ControlGoal& goal) {
    const ControlEnsemble ensemble({system}, goal, sample_us);
    const std::vector<Real> amplitudes = random_amplitudes(2 * 20);
    std::vector<Real> gradient(amplitudes.size());
    ensemble.errors(amplitudes, 1, gradient);
    const auto cost = [&](std::size_t place, Real step) {
        std::vector<Real> moved = amplitudes;
        moved[place] += step;
        const ControlError error = ensemble.errors(moved, 1, {}).front();
        return error.infidelity + goal.leakage_weight * error.leakage;
    };
    // Truncation (h t)^4 / 30 of derivatives of order 1 is 1e-11, rounding 1e-15 / (h t) is 1e-13 at h t = 5e-3.
    const Real step = 5e-3 / sample_us;
    for (std::size_t place = 0; place < amplitudes.size(); ++place) {
        const Real slope =
            (8 * (cost(place, step) - cost(place, -step)) - (cost(place, 2 * step) - cost(place, -2 * step))) /
            (12 * step);
        ASSERT_NEAR(gradient[place] / sample_us, slope / sample_us, 1e-9) << system.levels() << " levels, " << place;
    }
}

}  // namespace

TEST(control_ensemble, gradient_of_closed_gates_is_that_of_central_differences) {
    for (const Index levels : {2, 3, 5, 9}) {
        expect_exact_gradient(transmon(levels, false), x_gate(levels, 0.3));
    }
}

TEST(control_ensemble, gradient_of_closed_transfers_is_that_of_central_differences) {
    expect_exact_gradient(transmon(3, false), transfer(3));
}

TEST(control_ensemble, gradient_of_open_gates_and_transfers_is_that_of_central_differences) {
    expect_exact_gradient(transmon(3, true), x_gate(3, 0.3));
    expect_exact_gradient(transmon(4, true), transfer(4));
}

TEST(control_ensemble, gradient_is_exact_where_eigenvalues_meet) {
    ControlSystem system = transmon(3, false);
    system.drift.setZero();
    const ControlEnsemble ensemble({system}, x_gate(3, 0), sample_us);
    std::vector<Real> amplitudes(2 * 4, 0.0);
    amplitudes[1] = two_pi * 80;
    std::vector<Real> gradient(amplitudes.size());
    ensemble.errors(amplitudes, 1, gradient);
    const Real step = 5e-3 / sample_us;
    const auto cost = [&](Real moved) {
        std::vector<Real> other = amplitudes;
        other[0] += moved;  // all eigenvalues of this sample are 0
        return ensemble.errors(other, 1, {}).front().infidelity;
    };
    const Real slope = (8 * (cost(step) - cost(-step)) - (cost(2 * step) - cost(-2 * step))) / (12 * step);
    EXPECT_GT(std::abs(slope), 0);
    EXPECT_NEAR(gradient[0] / sample_us, slope / sample_us, 1e-9);
}

TEST(control_ensemble, open_system_without_rates_is_the_closed_one) {
    ControlSystem open = transmon(3, false);
    open.jumps = {Matrix::Zero(3, 3)};
    const std::vector<Real> amplitudes = random_amplitudes(2 * 20);
    for (const ControlGoal& goal : {x_gate(3, 0.3), transfer(3)}) {
        const auto both =
            std::vector{ControlEnsemble({open}, goal, sample_us).errors(amplitudes, 1, {}).front(),
                        ControlEnsemble({transmon(3, false)}, goal, sample_us).errors(amplitudes, 1, {}).front()};
        EXPECT_NEAR(both[0].infidelity, both[1].infidelity, 1e-12);
        EXPECT_NEAR(both[0].leakage, both[1].leakage, 1e-12);
    }
}

TEST(control_ensemble, open_system_is_the_exponential_of_its_superoperator) {
    const ControlSystem system = transmon(3, true);
    const ControlGoal goal = transfer(3);
    const std::vector<Real> amplitudes = random_amplitudes(2 * 6);
    Matrix state = goal.start * goal.start.adjoint();
    for (Index k = 0; k < 6; ++k) {
        Matrix generator = hamiltonian_superoperator(system.drift + amplitudes[k] * system.controls[0] +
                                                     amplitudes[6 + k] * system.controls[1]);
        for (const Matrix& jump : system.jumps) {
            generator += dissipator(jump);
        }
        const Matrix channel = exponential(Matrix(sample_us * generator));
        Eigen::Map<Vector>(state.data(), 9) = channel * Eigen::Map<const Vector>(state.data(), 9).eval();
    }
    const Real fidelity = (goal.target.adjoint() * state * goal.target)(0, 0).real();
    const ControlError error = ControlEnsemble({system}, goal, sample_us).errors(amplitudes, 1, {}).front();
    EXPECT_NEAR(error.infidelity, 1 - fidelity, 1e-12);
    EXPECT_NEAR(error.leakage, state(2, 2).real(), 1e-12);
}

TEST(control_ensemble, numbers_do_not_depend_on_threads) {
    std::vector<ControlSystem> systems(7, transmon(3, false));
    for (std::size_t k = 0; k < systems.size(); ++k) {
        systems[k].drift(1, 1) += static_cast<Real>(k);
    }
    const ControlEnsemble ensemble(systems, x_gate(3, 0), sample_us);
    const std::vector<Real> amplitudes = random_amplitudes(2 * 20);
    std::vector<Real> alone(7 * amplitudes.size());
    std::vector<Real> shared(7 * amplitudes.size());
    ensemble.errors(amplitudes, 1, alone);
    ensemble.errors(amplitudes, 3, shared);
    EXPECT_EQ(alone, shared);
}

TEST(control_ensemble, what_is_no_system_or_goal_is_refused) {
    ControlSystem system = transmon(3, false);
    system.drift(0, 1) = 1;
    EXPECT_THROW(ControlEnsemble({system}, x_gate(3, 0), sample_us), InvalidArgument);
    EXPECT_THROW(ControlEnsemble({transmon(10, false)}, x_gate(10, 0), sample_us), InvalidArgument);
    EXPECT_THROW(ControlEnsemble({transmon(3, false), transmon(4, false)}, x_gate(3, 0), sample_us), ShapeMismatch);
    ControlGoal goal = x_gate(3, 0);
    goal.target(2, 0) = 1;
    EXPECT_THROW(ControlEnsemble({transmon(3, false)}, goal, sample_us), InvalidArgument);
    const ControlEnsemble ensemble({transmon(3, false)}, x_gate(3, 0), sample_us);
    EXPECT_THROW(ensemble.errors(std::vector<Real>(3), 1, {}), ShapeMismatch);
}
