#pragma once

#include <vector>

#include "synqc/device/qubit.h"
#include "synqc/linalg/matrix.h"
#include "synqc/pulse/pulse.h"

namespace synqc {

/// One qubit in the frame rotating at its drive, as operators: the equation (1a.1) with the dissipators (1a.2).
///
/// H(t) = diag(energies) + (Omega_x / 2)(b + b^dag) + (Omega_y / 2) i (b^dag - b) + delta(t) b^dag b.
struct DrivenQubit {
    Index levels;
    RealVector energies;            // rad/µs: detuning, anharmonicity or explicit level energies
    RealMatrix lowering;            // b, or the drive matrix of a qubit with explicit levels
    RealMatrix number;              // diag(0, 1, ..)
    std::vector<RealMatrix> jumps;  // 1/sqrt(µs); decay, heating and pure dephasing, those with a rate

    /// detuning: qubit minus drive frequency, rad/µs.
    static DrivenQubit from_qubit(const Qubit& qubit, Real detuning);

    /// H at one instant of a drive given in the frame of `axis` (rad from x towards y).
    Matrix hamiltonian(const DriveSample& drive, Real axis) const;

    /// Generator of the dissipators alone, (n*n, n*n) on hermitian_coordinates.
    RealMatrix dissipation() const;

    /// Generator of -i [H, .] for a Hermitian H, (n*n, n*n) on hermitian_coordinates.
    static RealMatrix commutation_with(const Matrix& hamiltonian);
};

}  // namespace synqc
