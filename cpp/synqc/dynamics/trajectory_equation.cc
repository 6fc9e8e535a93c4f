#include "synqc/dynamics/trajectory_equation.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

void check_operator(const std::string& name, const Matrix& op, Index levels) {
    if (op.rows() != levels || op.cols() != levels) {
        throw ShapeMismatch("Argument `" + name + "` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(op.rows()) + ", " +
                            std::to_string(op.cols()) + ").");
    }
    if (!op.allFinite()) {
        refuse(name, "finite in every element", "not");
    }
}

void check_hermitian(const std::string& name, const Matrix& op, Index levels) {
    check_operator(name, op, levels);
    const Real defect = (op - op.adjoint()).cwiseAbs().maxCoeff();
    if (defect > 1e-9 * std::max(Real{1}, op.cwiseAbs().maxCoeff())) {
        refuse(name, "Hermitian", "not: an element differs from its conjugate partner by " + text_of(defect));
    }
}

bool is_diagonal(const Matrix& op, Real tolerance) {
    Matrix rest = op;
    rest.diagonal().setZero();
    return rest.cwiseAbs().maxCoeff() <= tolerance;
}

bool diagonalises_all(const Matrix& basis, const std::vector<MonitoredOperator>& operators) {
    for (const auto& [op, _] : operators) {
        if (!is_diagonal(basis.adjoint() * op * basis, 1e-9 * op.norm())) {
            return false;
        }
    }
    return true;
}

}  // namespace

void StochasticEquation::check() const {
    check_between("levels", levels(), Index{2}, Index{27});
    check_hermitian("H", hamiltonian, levels());
    for (std::size_t m = 0; m < modulated.size(); ++m) {
        check_hermitian("H[" + std::to_string(m + 1) + "][0]", modulated[m], levels());
    }
    for (std::size_t j = 0; j < collapse.size(); ++j) {
        check_operator("c_ops[" + std::to_string(j) + "]", collapse[j], levels());
    }
    for (std::size_t k = 0; k < monitored.size(); ++k) {
        check_operator("sc_ops[" + std::to_string(k) + "]", monitored[k].op, levels());
        check_probability("eta", monitored[k].efficiency);
    }
}

Matrix StochasticEquation::hamiltonian_at(std::span<const Real> coefficients) const {
    Matrix sum = hamiltonian;
    for (std::size_t m = 0; m < modulated.size(); ++m) {
        sum += coefficients[m] * modulated[m];
    }
    return sum;
}

RealMatrix StochasticEquation::unmonitored_generator(std::span<const Real> coefficients) const {
    Matrix generator = hamiltonian_superoperator(hamiltonian_at(coefficients));
    for (const Matrix& jump : collapse) {
        generator += dissipator(jump);
    }
    return in_hermitian_coordinates(generator);
}

RealMatrix StochasticEquation::ensemble_generator(std::span<const Real> coefficients) const {
    RealMatrix generator = unmonitored_generator(coefficients);
    for (const auto& [op, _] : monitored) {
        generator += in_hermitian_coordinates(dissipator(op));
    }
    return generator;
}

RealMatrix StochasticEquation::gain(Index monitored_index) const {
    const auto& [op, efficiency] = monitored[monitored_index];
    const Matrix identity = Matrix::Identity(levels(), levels());
    return std::sqrt(efficiency) * in_hermitian_coordinates(sandwich(op, identity) + sandwich(identity, op.adjoint()));
}

StochasticEquation StochasticEquation::in_basis(const Matrix& basis) const {
    const auto turned = [&](const Matrix& op) -> Matrix { return basis.adjoint() * op * basis; };
    StochasticEquation equation{turned(hamiltonian), modulated, collapse, monitored};
    for (Matrix& op : equation.modulated) {
        op = turned(op);
    }
    for (Matrix& op : equation.collapse) {
        op = turned(op);
    }
    for (MonitoredOperator& one : equation.monitored) {
        one.op = turned(one.op);
    }
    return equation;
}

Real StochasticEquation::fastest_rate(std::span<const Real> coefficients) const {
    const RealVector energies = hermitian_eigenvalues(hamiltonian_at(coefficients));
    Real rate = energies.maxCoeff() - energies.minCoeff();
    for (const Matrix& jump : collapse) {
        rate = std::max(rate, std::pow(operator_norm(jump), 2));
    }
    for (const auto& [op, _] : monitored) {
        rate = std::max(rate, std::pow(operator_norm(op), 2));
    }
    return rate;
}

std::vector<MonitoredOperator> heterodyne_pair(const MonitoredOperator& monitored) {
    return {{monitored.op / std::sqrt(2.0), monitored.efficiency},
            {monitored.op * Complex(0, -1 / std::sqrt(2.0)), monitored.efficiency}};
}

Matrix common_eigenbasis(const std::vector<MonitoredOperator>& operators) {
    if (operators.empty()) {
        return {};
    }
    const Index levels = operators.front().op.rows();
    const Matrix identity = Matrix::Identity(levels, levels);
    if (diagonalises_all(identity, operators)) {
        return identity;
    }
    // Commuting normal operators share the eigenvectors of almost every real combination of their Hermitian parts;
    // multiples of the golden ratio make an accidental degeneracy of one combination vanish in the next.
    for (int attempt = 1; attempt <= 3; ++attempt) {
        Matrix combination = Matrix::Zero(levels, levels);
        Real weight = attempt * 0.6180339887498949;
        for (const auto& [op, _] : operators) {
            const Real scale = std::max(op.norm(), std::numeric_limits<Real>::min());
            combination += (0.5 + weight - std::floor(weight)) / scale * (op + op.adjoint());
            weight = 1.6180339887498949 * (weight + 1);
            combination += (0.5 + weight - std::floor(weight)) / scale * Complex(0, -1) * (op - op.adjoint());
            weight = 1.6180339887498949 * (weight + 1);
        }
        const Matrix basis = hermitian_eigenvectors(combination);
        if (diagonalises_all(basis, operators)) {
            return basis;
        }
    }
    return {};
}

}  // namespace synqc
