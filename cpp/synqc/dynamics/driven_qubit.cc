#include "synqc/dynamics/driven_qubit.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

Matrix lowering_of(const Qubit& qubit) {
    if (qubit.lowering_elements.empty()) {
        return lowering(qubit.levels);
    }
    if (std::ssize(qubit.lowering_elements) != qubit.levels * qubit.levels) {
        throw ShapeMismatch("Argument `lowering_elements` must have " + std::to_string(qubit.levels * qubit.levels) +
                            " elements, but has " + std::to_string(qubit.lowering_elements.size()) + ".");
    }
    Matrix drive = Matrix::Zero(qubit.levels, qubit.levels);
    for (Index k = 0; k < qubit.levels; ++k) {
        for (Index l = k + 1; l < qubit.levels; ++l) {
            drive(k, l) = qubit.lowering_elements[static_cast<std::size_t>(k * qubit.levels + l)];
        }
    }
    return drive;
}

Matrix static_hamiltonian_of(const Qubit& qubit, Real detuning) {
    Matrix hamiltonian = Matrix::Zero(qubit.levels, qubit.levels);
    if (!qubit.level_energies.empty() && std::ssize(qubit.level_energies) != qubit.levels) {
        throw ShapeMismatch("Argument `level_energies` must have " + std::to_string(qubit.levels) +
                            " elements, but has " + std::to_string(qubit.level_energies.size()) + ".");
    }
    for (Index k = 0; k < qubit.levels; ++k) {
        const Real excitations = static_cast<Real>(k);
        const Real own = qubit.level_energies.empty() ? qubit.anharmonicity / 2 * excitations * (excitations - 1)
                                                      : qubit.level_energies[static_cast<std::size_t>(k)];
        hamiltonian(k, k) = detuning * excitations + own;
    }
    return hamiltonian;
}

}  // namespace

DrivenQubit DrivenQubit::from_qubit(const Qubit& qubit, Real detuning) {
    check_between("levels", qubit.levels, Index{2}, Index{27});
    check_finite("detuning", detuning);
    DrivenQubit driven{
        qubit.levels, static_hamiltonian_of(qubit, detuning), lowering_of(qubit), synqc::number(qubit.levels), {}};
    const Real occupation = qubit.bath_occupation();
    const Real rate = 1 / (qubit.t1 * (1 + 2 * occupation));
    driven.jumps.push_back(std::sqrt(rate * (1 + occupation)) * driven.lowering);
    if (occupation > 0) {
        driven.jumps.push_back(std::sqrt(rate * occupation) * driven.lowering.adjoint());
    }
    if (qubit.pure_dephasing_rate() > 0) {
        driven.jumps.push_back(std::sqrt(2 * qubit.pure_dephasing_rate()) * driven.number);
    }
    return driven;
}

Matrix DrivenQubit::hamiltonian(const DriveSample& drive, Real axis) const {
    const Complex raising_amplitude = Complex(drive.omega_x, drive.omega_y) * std::polar(0.5, axis);
    const Matrix raising_part = raising_amplitude * lowering.adjoint();
    return static_hamiltonian + raising_part + raising_part.adjoint() + drive.detuning * number;
}

Matrix DrivenQubit::idle_generator() const {
    return hamiltonian_superoperator(static_hamiltonian) + dissipation();
}

Matrix DrivenQubit::dissipation() const {
    Matrix sum = Matrix::Zero(levels * levels, levels * levels);
    for (const Matrix& jump : jumps) {
        sum += dissipator(jump);
    }
    return sum;
}

}  // namespace synqc
