#pragma once

#include <vector>

#include "synqc/dynamics/linear_equation.h"

namespace synqc {

/// An operator that may depend on time: sum_k f_k(t) O_k.
struct VaryingOperator {
    struct Term {
        Matrix operator_matrix;
        Index coefficient = -1;  // position among the coefficients of its system; -1: constant 1
    };
    std::vector<Term> terms;
};

/// An open system of n levels, hbar = 1: d rho/dt = -i [H(t), rho] + sum_j D[L_j(t)] rho.
struct OpenSystem {
    Index levels = 0;
    VaryingOperator hamiltonian;
    std::vector<VaryingOperator> jumps;
    std::vector<Coefficient> coefficients;

    /// H(t).
    Matrix hamiltonian_at(Real t) const;
};

/// The master equation in hermitian_coordinates of rho. H(t) must be Hermitian: an anti-Hermitian part is ignored.
LinearEquation lindblad_equation(const OpenSystem& system);

/// The Schrodinger equation d psi/dt = -i H(t) psi in the coordinates (Re psi, Im psi); jumps are ignored.
LinearEquation schrodinger_equation(const OpenSystem& system);

}  // namespace synqc
