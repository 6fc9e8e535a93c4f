#include "synqc/linalg/distances.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

using namespace synqc;

TEST(distances, orthogonal_states_are_fully_distinguishable) {
    const Matrix zero = basis_projector(2, 0);
    const Matrix one = basis_projector(2, 1);
    EXPECT_NEAR(trace_distance(zero, one), 1, 1e-15);
    EXPECT_NEAR(fidelity(zero, one), 0, 1e-15);
    EXPECT_NEAR(fidelity(one, one), 1, 1e-14);
}

TEST(distances, fidelity_with_a_pure_state_is_its_population) {
    Matrix mixed(2, 2);
    mixed << 0.8, Complex(0.1, 0.2), Complex(0.1, -0.2), 0.2;
    EXPECT_NEAR(fidelity(basis_projector(2, 0), mixed), 0.8, 1e-14);
    EXPECT_NEAR(fidelity(mixed, basis_projector(2, 0)), 0.8, 1e-7);  // a square root of rounding in the null space
}

TEST(distances, fidelity_of_qubits_is_the_closed_form) {
    // tr(a b) + 2 sqrt(det a det b) for two levels (Hubner, Phys. Lett. A 163, 239).
    Matrix a(2, 2);
    Matrix b(2, 2);
    a << 0.6, Complex(0.2, 0.1), Complex(0.2, -0.1), 0.4;
    b << 0.3, Complex(-0.1, 0.3), Complex(-0.1, -0.3), 0.7;
    const Real expected = (a * b).trace().real() + 2 * std::sqrt(a.determinant().real() * b.determinant().real());
    EXPECT_NEAR(fidelity(a, b), expected, 1e-14);
}

TEST(distances, purity_is_one_over_n_for_the_maximally_mixed_state) {
    EXPECT_NEAR(purity(Matrix::Identity(5, 5) / 5), 0.2, 1e-15);
}

TEST(distances, idle_average_fidelity_is_the_six_state_mean) {
    // Case 10: (3 + e^(-t/T1) + 2 e^(-t/T2)) / 6 at T1 = 50, T2 = 30, t = 1.
    const Real t1 = 50;
    const Real t2 = 30;
    const Real dephasing = 1 / t2 - 1 / (2 * t1);
    const Matrix generator =
        dissipator(Matrix(std::sqrt(1 / t1) * lowering(2))) + dissipator(Matrix(std::sqrt(dephasing / 2) * sigma_z()));
    const Channel idle = Channel::from_superoperator(exponential(generator));
    EXPECT_NEAR(gate_quality(idle, Matrix::Identity(2, 2)).average_fidelity, 0.985771812378, 1e-12);
    EXPECT_NEAR(gate_quality(idle, Matrix::Identity(2, 2)).average_fidelity,
                (3 + std::exp(-1 / t1) + 2 * std::exp(-1 / t2)) / 6, 1e-14);
}

TEST(distances, channel_and_operator_agree_on_a_leaky_gate) {
    const Matrix h = 0.7 * (lowering(3) + lowering(3).adjoint()) + 3 * basis_projector(3, 2);
    const Matrix evolution = exponential(Matrix(Complex(0, -1) * h));
    const Matrix target = equatorial_rotation(1.4, 0);
    const GateQuality direct = gate_quality(evolution, target);
    const GateQuality by_channel = gate_quality(Channel::from_unitary(evolution), target);
    EXPECT_NEAR(direct.average_fidelity, by_channel.average_fidelity, 1e-14);
    EXPECT_NEAR(direct.leakage, by_channel.leakage, 1e-14);
    EXPECT_GT(direct.leakage, 0.01);
}

TEST(distances, refuses_different_sizes) {
    EXPECT_THROW(trace_distance(Matrix::Identity(2, 2), Matrix::Identity(3, 3)), ShapeMismatch);
    EXPECT_THROW(gate_quality(Channel::identity(2), Matrix::Identity(3, 3)), ShapeMismatch);
}
