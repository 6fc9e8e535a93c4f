#pragma once

#include <span>
#include <utility>
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

    static VaryingOperator from_constant(Matrix constant) { return {{{std::move(constant), -1}}}; }

    bool is_constant() const;

    /// The operator at time t, (levels, levels).
    Matrix at(Real t, Index levels, std::span<const Coefficient> coefficients) const;
};

/// An open system of n levels, hbar = 1: d rho/dt = -i [H(t), rho] + sum_j D[L_j(t)] rho.
struct OpenSystem {
    Index levels = 0;
    VaryingOperator hamiltonian;
    std::vector<VaryingOperator> jumps;
    std::vector<Coefficient> coefficients;

    /// H(t).
    Matrix hamiltonian_at(Real t) const { return hamiltonian.at(t, levels, coefficients); }
};

/// One real-weighted part of a generator: rho -> Z rho + rho Z^dag + sum factor (A rho B^dag + B rho A^dag).
struct GeneratorPart {
    struct Sandwich {
        Matrix left;   // A
        Matrix right;  // B
        Real factor;
    };
    Matrix drift;  // Z
    std::vector<Sandwich> sandwiches;
};

/// A master equation taken apart: constant + sum_k w_k(t) varying[k]. An anti-Hermitian part of H(t) is ignored.
struct GeneratorParts {
    GeneratorPart constant;
    std::vector<GeneratorPart> varying;
    std::vector<LinearEquation::Weight> weights;
};

GeneratorParts generator_parts(const OpenSystem& system);

/// The master equation in hermitian_coordinates of rho. H(t) must be Hermitian: an anti-Hermitian part is ignored.
LinearEquation lindblad_equation(const OpenSystem& system);

/// The Schrodinger equation d psi/dt = -i H(t) psi in the coordinates (Re psi, Im psi); jumps are ignored.
LinearEquation schrodinger_equation(const OpenSystem& system);

}  // namespace synqc
