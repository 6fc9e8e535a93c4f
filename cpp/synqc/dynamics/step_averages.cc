#include "synqc/dynamics/step_averages.h"

#include <utility>

#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

/// rho -> sum factor (A rho B^dag + B rho A^dag), row-stacking.
Matrix sandwiches_of(const GeneratorPart& part) {
    const Index square = part.drift.size();
    Matrix sum = Matrix::Zero(square, square);
    for (const auto& [left, right, factor] : part.sandwiches) {
        sum += factor * (sandwich(left, right.adjoint()) + sandwich(right, left.adjoint()));
    }
    return sum;
}

/// rho -> Z rho + rho Z^dag, row-stacking.
Matrix drift_superoperator(const Matrix& drift) {
    const Matrix identity = Matrix::Identity(drift.rows(), drift.cols());
    return sandwich(drift, identity) + sandwich(identity, drift.adjoint());
}

/// first + sum_k weights[k] rest[k]
template <typename MatrixType>
MatrixType weighted_sum(const std::vector<MatrixType>& parts, std::span<const Real> weights) {
    MatrixType sum = parts.front();
    for (std::size_t k = 0; k < weights.size(); ++k) {
        sum += weights[k] * parts[k + 1];
    }
    return sum;
}

std::vector<Real> mean_of(std::vector<Real> first, const std::vector<Real>& second) {
    for (std::size_t k = 0; k < first.size(); ++k) {
        first[k] = (first[k] + second[k]) / 2;
    }
    return first;
}

OpenSystem system_of_one_jump(const OpenSystem& system, const VaryingOperator& jump) {
    return {system.levels, {}, {jump}, system.coefficients};
}

std::vector<Real> edges_unless_constant(const StochasticEquation& equation, const TrajectoryGrid& grid) {
    return equation.is_constant() ? std::vector<Real>() : grid.half_step_edges();
}

}  // namespace

AveragedGenerator::AveragedGenerator(const OpenSystem& system, std::span<const Real> edges)
    : parts_(generator_parts(system)) {
    const auto add_maps = [&](const GeneratorPart& part) {
        const Matrix jump_map = sandwiches_of(part);
        jump_maps_.push_back(in_hermitian_coordinates(jump_map));
        generator_maps_.push_back(in_hermitian_coordinates(drift_superoperator(part.drift) + jump_map));
    };
    add_maps(parts_.constant);
    for (const GeneratorPart& part : parts_.varying) {
        add_maps(part);
    }
    for (const LinearEquation::Weight& weight : parts_.weights) {
        means_.push_back(weight.means_between(system.coefficients, edges));
    }
}

std::vector<Real> AveragedGenerator::weights(Index interval) const {
    std::vector<Real> weights;
    for (const std::vector<Real>& mean : means_) {
        weights.push_back(mean[static_cast<std::size_t>(interval)]);
    }
    return weights;
}

Matrix AveragedGenerator::drift(std::span<const Real> weights) const {
    Matrix sum = parts_.constant.drift;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        sum += weights[k] * parts_.varying[k].drift;
    }
    return sum;
}

RealMatrix AveragedGenerator::jumps(std::span<const Real> weights) const {
    return weighted_sum(jump_maps_, weights);
}

RealMatrix AveragedGenerator::generator(std::span<const Real> weights) const {
    return weighted_sum(generator_maps_, weights);
}

StepAverages::StepAverages(const StochasticEquation& equation, const TrajectoryGrid& grid)
    : equation_(equation),
      grid_(grid),
      durations_(grid.step_durations()),
      edges_(edges_unless_constant(equation, grid)),
      unmonitored_(equation.unmonitored, edges_) {
    const std::vector<Coefficient>& coefficients = equation_.unmonitored.coefficients;
    for (const MonitoredOperator& one : equation_.monitored) {
        MonitoredChannel channel{{system_of_one_jump(equation_.unmonitored, one.op), edges_}, {}};
        if (!one.op.is_constant()) {
            for (const VaryingOperator::Term& term : one.op.terms) {
                channel.means.push_back(
                    term.coefficient < 0
                        ? std::vector<Complex>(edges_.size() - 1, 1)
                        : coefficients[static_cast<std::size_t>(term.coefficient)].means_between(edges_));
            }
        }
        channels_.push_back(std::move(channel));
    }
}

std::vector<Real> StepAverages::half_weights(Index step, Index half) const {
    return unmonitored_.weights(2 * step + half);
}

std::vector<Real> StepAverages::whole_weights(Index step) const {
    return mean_of(half_weights(step, 0), half_weights(step, 1));
}

RealMatrix StepAverages::Monitored::dissipator() const {
    return in_hermitian_coordinates(drift_superoperator(drift)) + jumps;
}

StepAverages::Monitored StepAverages::monitored(Index channel, Index step) const {
    const auto& [op, efficiency] = equation_.monitored[static_cast<std::size_t>(channel)];
    const auto& [generator, means] = channels_[static_cast<std::size_t>(channel)];
    const std::vector<Real> weights = mean_of(generator.weights(2 * step), generator.weights(2 * step + 1));
    Matrix mean = Matrix::Zero(levels(), levels());
    for (std::size_t k = 0; k < op.terms.size(); ++k) {
        const Complex factor = means.empty() ? 1 : (means[k][2 * step] + means[k][2 * step + 1]) / 2.0;
        mean += factor * op.terms[k].operator_matrix;
    }
    RealMatrix jumps = generator.jumps(weights);
    RealMatrix unseen = (1 - efficiency) * jumps;
    if (!means.empty()) {
        unseen += efficiency * (jumps - in_hermitian_coordinates(sandwich(mean, mean.adjoint())));
    }
    return {std::move(mean), efficiency, generator.drift(weights), std::move(jumps), std::move(unseen)};
}

std::vector<Real> StepAverages::monitored_key(Index step) const {
    std::vector<Real> key;
    for (const auto& [generator, means] : channels_) {
        const std::vector<Real> weights = mean_of(generator.weights(2 * step), generator.weights(2 * step + 1));
        key.insert(key.end(), weights.begin(), weights.end());
        for (const std::vector<Complex>& mean : means) {
            const Complex factor = mean[2 * step] + mean[2 * step + 1];
            key.insert(key.end(), {factor.real(), factor.imag()});
        }
    }
    return key;
}

}  // namespace synqc
