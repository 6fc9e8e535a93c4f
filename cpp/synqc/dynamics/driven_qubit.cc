#include "synqc/dynamics/driven_qubit.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"

namespace synqc {

namespace {

RealMatrix lowering_of(const Qubit& qubit) {
    if (qubit.lowering_elements.empty()) {
        return lowering(qubit.levels).real();
    }
    if (std::ssize(qubit.lowering_elements) != qubit.levels * qubit.levels) {
        throw ShapeMismatch("Argument `lowering_elements` must have " + std::to_string(qubit.levels * qubit.levels) +
                            " elements, but has " + std::to_string(qubit.lowering_elements.size()) + ".");
    }
    RealMatrix drive = RealMatrix::Zero(qubit.levels, qubit.levels);
    for (Index k = 0; k < qubit.levels; ++k) {
        for (Index l = k + 1; l < qubit.levels; ++l) {
            drive(k, l) = qubit.lowering_elements[static_cast<std::size_t>(k * qubit.levels + l)];
        }
    }
    return drive;
}

RealVector energies_of(const Qubit& qubit, Real detuning) {
    RealVector energies(qubit.levels);
    if (!qubit.level_energies.empty() && std::ssize(qubit.level_energies) != qubit.levels) {
        throw ShapeMismatch("Argument `level_energies` must have " + std::to_string(qubit.levels) +
                            " elements, but has " + std::to_string(qubit.level_energies.size()) + ".");
    }
    for (Index k = 0; k < qubit.levels; ++k) {
        const Real excitations = static_cast<Real>(k);
        const Real own = qubit.level_energies.empty() ? qubit.anharmonicity / 2 * excitations * (excitations - 1)
                                                      : qubit.level_energies[static_cast<std::size_t>(k)];
        energies(k) = detuning * excitations + own;
    }
    return energies;
}

}  // namespace

DrivenQubit DrivenQubit::from_qubit(const Qubit& qubit, Real detuning) {
    check_between("levels", qubit.levels, Index{2}, Index{27});
    check_finite("detuning", detuning);
    const RealVector excitations = RealVector::LinSpaced(qubit.levels, 0, static_cast<Real>(qubit.levels - 1));
    DrivenQubit driven{qubit.levels, energies_of(qubit, detuning), lowering_of(qubit), excitations.asDiagonal(), {}};
    const Real occupation = qubit.bath_occupation();
    const Real rate = 1 / (qubit.t1 * (1 + 2 * occupation));
    driven.jumps.push_back(std::sqrt(rate * (1 + occupation)) * driven.lowering);
    if (occupation > 0) {
        driven.jumps.push_back(std::sqrt(rate * occupation) * driven.lowering.transpose());
    }
    if (qubit.pure_dephasing_rate() > 0) {
        driven.jumps.push_back(std::sqrt(2 * qubit.pure_dephasing_rate()) * driven.number);
    }
    return driven;
}

Matrix DrivenQubit::hamiltonian(const DriveSample& drive, Real axis) const {
    const Complex raising_amplitude = Complex(drive.omega_x, drive.omega_y) * std::polar(0.5, axis);
    Matrix sum = raising_amplitude * lowering.transpose() + std::conj(raising_amplitude) * lowering;
    sum += drive.detuning * number;
    sum.diagonal() += energies;
    return sum;
}

RealMatrix DrivenQubit::dissipation() const {
    // Images of |i><j| are real because the jumps are: M_ij = sum L|i><j|L^T - (L^T L |i><j| + |i><j| L^T L) / 2.
    RealMatrix decay = RealMatrix::Zero(levels, levels);
    for (const RealMatrix& jump : jumps) {
        decay += jump.transpose() * jump / 2;
    }
    RealMatrix generator = RealMatrix::Zero(levels * levels, levels * levels);
    RealMatrix image(levels, levels);
    for (Index i = 0; i < levels; ++i) {
        for (Index j = i; j < levels; ++j) {
            image.setZero();
            for (const RealMatrix& jump : jumps) {
                image.noalias() += jump.col(i) * jump.col(j).transpose();
            }
            image.col(j) -= decay.col(i);
            image.row(i) -= decay.row(j);
            const Index column = i == j ? i : coherence_position(levels, i, j);
            for (Index a = 0; a < levels; ++a) {
                generator(a, column) = image(a, a) * (i == j ? 1 : 2);
                for (Index b = a + 1; b < levels; ++b) {
                    const Index row = coherence_position(levels, a, b);
                    if (i == j) {
                        generator(row, column) = image(a, b);
                    } else {
                        generator(row, column) = image(a, b) + image(b, a);
                        generator(row + 1, column + 1) = image(a, b) - image(b, a);
                    }
                }
            }
        }
    }
    return generator;
}

RealMatrix DrivenQubit::commutation_with(const Matrix& hamiltonian) {
    const Index levels = hamiltonian.rows();
    RealMatrix generator = RealMatrix::Zero(levels * levels, levels * levels);
    Matrix image(levels, levels);
    auto add_column = [&](Index column, Index i, Index j, Complex phase) {
        image.setZero();
        // -i H |i><j| + i |i><j| H and, for a pair, the adjoint of both.
        image.col(j) += Complex(0, -1) * phase * hamiltonian.col(i);
        image.row(i) += Complex(0, 1) * phase * hamiltonian.row(j);
        if (i != j) {
            image = (image + image.adjoint()).eval();
        }
        generator.col(column) = hermitian_coordinates(image);
    };
    for (Index i = 0; i < levels; ++i) {
        add_column(i, i, i, 1);
        for (Index j = i + 1; j < levels; ++j) {
            add_column(coherence_position(levels, i, j), i, j, 1);
            add_column(coherence_position(levels, i, j) + 1, i, j, Complex(0, 1));
        }
    }
    return generator;
}

}  // namespace synqc
