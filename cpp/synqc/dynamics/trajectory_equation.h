#pragma once

#include <span>
#include <vector>

#include "synqc/linalg/matrix.h"

namespace synqc {

/// An operator whose emission is detected, and how well.
struct MonitoredOperator {
    Matrix op;            // L, (n, n), 1/sqrt(µs)
    Real efficiency = 1;  // eta in [0, 1]
};

/// The diffusive stochastic master equation of a continuously monitored system of n levels (Itô form):
///
///   d rho = (-i [H(t), rho] + sum_j D[C_j] rho + sum_k D[L_k] rho) dt + sum_k sqrt(eta_k) H[L_k] rho dW_k
///   dY_k = sqrt(eta_k) tr[(L_k + L_k^dagger) rho] dt + dW_k
///
/// with H(t) = hamiltonian + sum_m f_m(t) modulated[m]. It says what happens, never how it is integrated.
struct StochasticEquation {
    Matrix hamiltonian;                        // (n, n), rad/µs
    std::vector<Matrix> modulated;             // (n, n) each; their coefficients come with the time grid
    std::vector<Matrix> collapse;              // C_j, unmonitored, 1/sqrt(µs)
    std::vector<MonitoredOperator> monitored;  // L_k with eta_k

    Index levels() const { return hamiltonian.rows(); }

    /// Throws ShapeMismatch or InvalidArgument unless every operator fits, H is Hermitian and 0 <= eta <= 1.
    void check() const;

    /// H with these coefficients of the modulated parts.
    Matrix hamiltonian_at(std::span<const Real> coefficients) const;

    /// Generator, in Hermitian coordinates, of everything that leaves no record: H and the C_j.
    RealMatrix unmonitored_generator(std::span<const Real> coefficients) const;

    /// Generator of the ensemble mean: the above and the monitored operators as if nobody looked.
    RealMatrix ensemble_generator(std::span<const Real> coefficients) const;

    /// rho -> sqrt(eta_k) (L_k rho + rho L_k^dagger) in Hermitian coordinates. The trace of the image is the record's
    /// drift, and the image minus that trace times rho is the coefficient of dW_k.
    RealMatrix gain(Index monitored_index) const;

    /// The same physics in another orthonormal basis: every operator A becomes basis^dagger A basis.
    StochasticEquation in_basis(const Matrix& basis) const;

    /// Largest rate at which anything moves (1/µs): the spread of H's eigenvalues and the norms of all L^dagger L.
    Real fastest_rate(std::span<const Real> coefficients) const;
};

/// Both quadratures of a field: heterodyne detection of L is homodyne detection of L / sqrt(2) and -i L / sqrt(2).
std::vector<MonitoredOperator> heterodyne_pair(const MonitoredOperator& monitored);

/// An orthonormal basis in which all `operators` are diagonal, as columns; the identity if they already are.
/// Empty if there is none, because an operator is not normal or two do not commute (relative tolerance 1e-9).
Matrix common_eigenbasis(const std::vector<MonitoredOperator>& operators);

}  // namespace synqc
