#include "synqc/dynamics/trajectory_equation.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
        throw_invalid_argument(name, "finite in every element", "not");
    }
}

void check_hermitian(const std::string& when, const Matrix& hamiltonian) {
    const Real defect = (hamiltonian - hamiltonian.adjoint()).cwiseAbs().maxCoeff();
    if (defect > 1e-9 * std::max(Real{1}, hamiltonian.cwiseAbs().maxCoeff())) {
        throw_invalid_argument("H", "Hermitian",
                               "not" + when + ": an element differs from its conjugate partner by " + text_of(defect));
    }
}

bool is_diagonal(const Matrix& op, Real tolerance) {
    Matrix rest = op;
    rest.diagonal().setZero();
    return rest.cwiseAbs().maxCoeff() <= tolerance;
}

bool diagonalises_all(const Matrix& basis, const std::vector<Matrix>& operators) {
    return std::all_of(operators.begin(), operators.end(),
                       [&](const Matrix& op) { return is_diagonal(basis.adjoint() * op * basis, 1e-9 * op.norm()); });
}

void check_varying(const std::string& name, const VaryingOperator& op, Index levels) {
    for (std::size_t k = 0; k < op.terms.size(); ++k) {
        const bool is_alone = op.terms.size() == 1 && op.is_constant();
        check_operator(is_alone ? name : name + "[" + std::to_string(k) + "]", op.terms[k].operator_matrix, levels);
    }
}

VaryingOperator with_terms(const VaryingOperator& op, const auto& changed) {
    VaryingOperator result = op;
    for (VaryingOperator::Term& term : result.terms) {
        term.operator_matrix = changed(term.operator_matrix);
    }
    return result;
}

/// The largest rate(t) at `times` and at landmarks; at one time if nothing depends on it.
Real largest_along(const StochasticEquation& equation, std::span<const Real> times, const auto& rate) {
    if (equation.is_constant()) {
        return rate(times.front());
    }
    Real largest = 0;
    for (const Real t : times) {
        largest = std::max(largest, rate(t));
    }
    for (const Real t : equation.landmarks()) {
        largest = std::max(largest, rate(t));
    }
    return largest;
}

}  // namespace

StochasticEquation StochasticEquation::from_constants(const Matrix& hamiltonian, const std::vector<Matrix>& collapse,
                                                      const std::vector<std::pair<Matrix, Real>>& monitored) {
    StochasticEquation equation;
    equation.unmonitored.levels = hamiltonian.rows();
    equation.unmonitored.hamiltonian = VaryingOperator::from_constant(hamiltonian);
    for (const Matrix& jump : collapse) {
        equation.unmonitored.jumps.push_back(VaryingOperator::from_constant(jump));
    }
    for (const auto& [op, efficiency] : monitored) {
        equation.monitored.push_back({VaryingOperator::from_constant(op), efficiency});
    }
    return equation;
}

bool StochasticEquation::is_constant() const {
    const auto is_still = [](const VaryingOperator& op) { return op.is_constant(); };
    return is_still(unmonitored.hamiltonian) && std::ranges::all_of(unmonitored.jumps, is_still) &&
           std::ranges::all_of(monitored, is_still, &MonitoredOperator::op);
}

void StochasticEquation::check() const {
    check_between("levels", levels(), Index{2}, Index{27});
    check_varying("H", unmonitored.hamiltonian, levels());
    for (std::size_t j = 0; j < unmonitored.jumps.size(); ++j) {
        check_varying("c_ops[" + std::to_string(j) + "]", unmonitored.jumps[j], levels());
    }
    for (std::size_t k = 0; k < monitored.size(); ++k) {
        check_varying("sc_ops[" + std::to_string(k) + "]", monitored[k].op, levels());
        check_probability("eta", monitored[k].efficiency);
    }
    if (unmonitored.hamiltonian.is_constant()) {
        check_hermitian("", unmonitored.hamiltonian_at(0));
        return;
    }
    for (const Real t : landmarks()) {
        check_hermitian(" at time " + text_of(t), unmonitored.hamiltonian_at(t));
    }
}

OpenSystem StochasticEquation::ensemble() const {
    OpenSystem system = unmonitored;
    for (const MonitoredOperator& one : monitored) {
        system.jumps.push_back(one.op);
    }
    return system;
}

StochasticEquation StochasticEquation::in_basis(const Matrix& basis) const {
    const auto turned = [&](const VaryingOperator& op) {
        return with_terms(op, [&](const Matrix& term) -> Matrix { return basis.adjoint() * term * basis; });
    };
    StochasticEquation equation = *this;
    equation.unmonitored.hamiltonian = turned(unmonitored.hamiltonian);
    for (VaryingOperator& op : equation.unmonitored.jumps) {
        op = turned(op);
    }
    for (MonitoredOperator& one : equation.monitored) {
        one.op = turned(one.op);
    }
    return equation;
}

std::vector<Real> StochasticEquation::landmarks() const {
    std::vector<Real> times;
    for (const Coefficient& coefficient : unmonitored.coefficients) {
        const std::vector<Real>& edges = coefficient.edges();
        times.insert(times.end(), edges.begin(), edges.end());
        for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
            times.push_back(edges[k] + (edges[k + 1] - edges[k]) / 2);
        }
    }
    std::ranges::sort(times);
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
}

std::vector<Real> StochasticEquation::pieces_between(std::span<const Real> times) const {
    std::vector<Real> pieces(times.size() - 1, 0);
    for (const Coefficient& coefficient : unmonitored.coefficients) {
        if (!coefficient.has_resolved_pieces()) {
            continue;
        }
        Real before = coefficient.pieces_before(times.front());
        for (std::size_t k = 0; k < pieces.size(); ++k) {
            const Real after = coefficient.pieces_before(times[k + 1]);
            pieces[k] = std::max(pieces[k], after - before);
            before = after;
        }
    }
    return pieces;
}

Real StochasticEquation::fastest_rate(std::span<const Real> times) const {
    const OpenSystem system = ensemble();
    return largest_along(*this, times, [&](Real t) {
        const RealVector energies = hermitian_eigenvalues(system.hamiltonian_at(t));
        Real rate = energies.maxCoeff() - energies.minCoeff();
        for (const VaryingOperator& jump : system.jumps) {
            rate = std::max(rate, std::pow(operator_norm(jump.at(t, levels(), system.coefficients)), 2));
        }
        return rate;
    });
}

Real StochasticEquation::turning_rate(std::span<const Real> times) const {
    const Matrix identity = Matrix::Identity(levels(), levels());
    return largest_along(*this, times, [&](Real t) {
        const Matrix hamiltonian = unmonitored.hamiltonian_at(t);
        Real rate = 0;
        for (const MonitoredOperator& one : monitored) {
            const Matrix op = one.op.at(t, levels(), unmonitored.coefficients);
            const Real spread = operator_norm(op - op.trace() / static_cast<Real>(levels()) * identity);
            if (spread > 0) {
                rate = std::max(rate, operator_norm(hamiltonian * op - op * hamiltonian) / spread);
            }
        }
        return rate;
    });
}

RealMatrix measurement_gain(const Matrix& op, Real efficiency) {
    const Matrix identity = Matrix::Identity(op.rows(), op.cols());
    return std::sqrt(efficiency) * in_hermitian_coordinates(sandwich(op, identity) + sandwich(identity, op.adjoint()));
}

std::vector<MonitoredOperator> heterodyne_pair(const MonitoredOperator& monitored) {
    const auto scaled = [&](Complex factor) {
        return with_terms(monitored.op, [&](const Matrix& term) -> Matrix { return factor * term; });
    };
    return {{scaled(1 / std::sqrt(2.0)), monitored.efficiency},
            {scaled(Complex(0, -1 / std::sqrt(2.0))), monitored.efficiency}};
}

Matrix common_eigenbasis(const std::vector<Matrix>& operators) {
    if (operators.empty()) {
        return {};
    }
    const Index levels = operators.front().rows();
    const Matrix identity = Matrix::Identity(levels, levels);
    if (diagonalises_all(identity, operators)) {
        return identity;
    }
    // Commuting normal operators share the eigenvectors of almost every real combination of their Hermitian parts;
    // multiples of the golden ratio make an accidental degeneracy of one combination vanish in the next.
    for (int attempt = 1; attempt <= 3; ++attempt) {
        Matrix combination = Matrix::Zero(levels, levels);
        Real weight = attempt * 0.6180339887498949;
        for (const Matrix& op : operators) {
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

bool is_measurement_undisturbed(const StochasticEquation& equation) {
    if (!equation.is_constant()) {
        return false;
    }
    const auto generator_of = [](const OpenSystem& system) {
        const LinearEquation linear = lindblad_equation(system);
        return linear.dense(linear.constant);
    };
    const RealMatrix unmonitored = generator_of(equation.unmonitored);
    const auto commutes = [&](const RealMatrix& other) {
        return (unmonitored * other - other * unmonitored).norm() <= 1e-12 * unmonitored.norm() * other.norm();
    };
    return std::ranges::all_of(equation.monitored, [&](const MonitoredOperator& one) {
        const Matrix op = one.op.at(0, equation.levels(), {});
        return commutes(measurement_gain(op, one.efficiency)) && commutes(in_hermitian_coordinates(dissipator(op)));
    });
}

}  // namespace synqc
