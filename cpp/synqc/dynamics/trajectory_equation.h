#pragma once

#include <span>
#include <utility>
#include <vector>

#include "synqc/dynamics/lindblad.h"
#include "synqc/linalg/matrix.h"

namespace synqc {

/// An operator whose emission is detected, and how well.
struct MonitoredOperator {
    VaryingOperator op;   // L(t), 1/sqrt(µs)
    Real efficiency = 1;  // eta in [0, 1]
};

/// The diffusive stochastic master equation of a continuously monitored system of n levels (Itô form):
///
///   d rho = (-i [H, rho] + sum_j D[C_j] rho + sum_k D[L_k] rho) dt + sum_k sqrt(eta_k) H[L_k] rho dW_k
///   dY_k = sqrt(eta_k) tr[(L_k + L_k^dagger) rho] dt + dW_k
///
/// in which H, C_j and L_k may depend on time. It says what happens, never how it is integrated.
struct StochasticEquation {
    OpenSystem unmonitored;                    // n, H and the C_j, and the coefficients of all operators
    std::vector<MonitoredOperator> monitored;  // L_k with eta_k

    /// Of operators that do not depend on time; `monitored` are L_k with eta_k.
    static StochasticEquation from_constants(const Matrix& hamiltonian, const std::vector<Matrix>& collapse,
                                             const std::vector<std::pair<Matrix, Real>>& monitored);

    Index levels() const { return unmonitored.levels; }
    bool is_constant() const;

    /// Throws ShapeMismatch or InvalidArgument unless every operator fits, H is Hermitian wherever a coefficient was
    /// looked at, and 0 <= eta <= 1.
    void check() const;

    /// The master equation of the ensemble mean: monitored operators act as if nobody looked.
    OpenSystem ensemble() const;

    /// The same physics in another orthonormal basis: every operator A becomes basis^dagger A basis.
    StochasticEquation in_basis(const Matrix& basis) const;

    /// Ends and middles of the pieces of all coefficients: times among which they do nothing unforeseen.
    std::vector<Real> landmarks() const;

    /// How many pieces as short as what the coefficients do lie between `times`, (t - 1): at least 2.5 a cycle of
    /// whatever oscillates.
    std::vector<Real> pieces_between(std::span<const Real> times) const;

    /// Largest rate at which anything moves (1/µs), at `times` and at landmarks: the spread of H's eigenvalues and the
    /// norms of all C^dagger C and L^dagger L.
    Real fastest_rate(std::span<const Real> times) const;

    /// How fast H turns what is monitored, at `times` and at landmarks: |[H, L]| / |L - tr L / n|, the Rabi rate
    /// (rad/µs) of a driven qubit whose sigma_z is watched.
    Real turning_rate(std::span<const Real> times) const;
};

/// rho -> sqrt(eta) (L rho + rho L^dagger) in Hermitian coordinates. The trace of the image is the record's drift, and
/// the image minus that trace times rho is the coefficient of dW.
RealMatrix measurement_gain(const Matrix& op, Real efficiency);

/// Both quadratures of a field: heterodyne detection of L is homodyne detection of L / sqrt(2) and -i L / sqrt(2).
std::vector<MonitoredOperator> heterodyne_pair(const MonitoredOperator& monitored);

/// An orthonormal basis in which all `operators` are diagonal, as columns; the identity if they already are.
/// Empty if there is none, because an operator is not normal or two do not commute (relative tolerance 1e-9).
Matrix common_eigenbasis(const std::vector<Matrix>& operators);

/// Whether the unmonitored evolution commutes with the measurement and nothing depends on time, so that an exact update
/// between exact steps of the rest is exact for every step.
bool is_measurement_undisturbed(const StochasticEquation& equation);

}  // namespace synqc
