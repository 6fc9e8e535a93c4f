#pragma once

#include <array>

#include "synqc/base/numbers.h"

namespace synqc {

/// A 4 x 4 map on the coordinates (rho_00, rho_11, Re rho_01, Im rho_01) of a qubit, row by row.
using QubitMap = std::array<Real, 16>;

/// A monitored qubit and its record, in the coefficients that its equation of motion is linear in.
///
///   H = detuning |1><1| + (rabi_x sigma_x + rabi_y sigma_y) / 2,
///   record = offset + gain dY / dt,  dY = strength <sigma_z> dt + dW
struct QubitRecordModel {
    Real detuning = 0;        // rad/µs
    Real rabi_x = 0;          // rad/µs
    Real rabi_y = 0;          // rad/µs
    Real decay = 0;           // 1/µs, |1> -> |0>
    Real coherence_loss = 0;  // 1/µs, of everything: decay, pure dephasing and the measurement
    Real strength = 0;        // 1/sqrt(µs): sqrt(2 efficiency gamma)
    Real gain = 1;            // record units per unit of dY / dt
    Real offset = 0;          // record units

    static constexpr Index size = 8;

    /// The coefficients in the order above.
    static QubitRecordModel from(const Real* coefficients);

    /// Throws InvalidArgument for what no qubit does: coherences that outlive decay and measurement among it.
    void check() const;

    /// d rho / dt of the ensemble, 1/µs.
    QubitMap generator() const;
    /// What a record dY multiplies: sqrt(eta) (L rho + rho L^dagger), 1/sqrt(µs).
    QubitMap record_generator() const;

    /// Derivatives by detuning .. strength of a number whose derivatives by the elements of both generators are given.
    static std::array<Real, 6> pull_back(const QubitMap& generator, const QubitMap& record_generator);
};

}  // namespace synqc
