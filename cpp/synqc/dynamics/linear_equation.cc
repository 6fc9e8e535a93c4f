#include "synqc/dynamics/linear_equation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace synqc {

std::vector<Real> LinearEquation::Weight::means_between(std::span<const Coefficient> coefficients,
                                                        std::span<const Real> edges) const {
    const Coefficient& factor = coefficients[static_cast<std::size_t>(left)];
    const std::vector<Complex> means =
        conjugated < 0 ? factor.means_between(edges)
                       : factor.product_means_between(coefficients[static_cast<std::size_t>(conjugated)], edges);
    std::vector<Real> parts;
    for (const Complex& mean : means) {
        parts.push_back(imaginary ? mean.imag() : mean.real());
    }
    return parts;
}

LinearEquation LinearEquation::from_dense(std::span<const RealMatrix> parts, std::vector<Weight> weights,
                                          std::vector<Coefficient> coefficients) {
    LinearEquation equation;
    equation.dimension = parts.front().rows();
    equation.varying.resize(parts.size() - 1);
    equation.row_starts.push_back(0);
    for (Index row = 0; row < equation.dimension; ++row) {
        for (Index column = 0; column < equation.dimension; ++column) {
            if (std::all_of(parts.begin(), parts.end(),
                            [&](const RealMatrix& part) { return part(row, column) == 0; })) {
                continue;
            }
            equation.columns.push_back(static_cast<std::int32_t>(column));
            equation.constant.push_back(parts.front()(row, column));
            for (std::size_t k = 1; k < parts.size(); ++k) {
                equation.varying[k - 1].push_back(parts[k](row, column));
            }
        }
        equation.row_starts.push_back(static_cast<std::int32_t>(equation.columns.size()));
    }
    equation.weights = std::move(weights);
    if (parts.size() > 1) {
        equation.coefficients = std::move(coefficients);
    }
    return equation;
}

bool LinearEquation::is_piecewise_constant() const {
    return std::all_of(coefficients.begin(), coefficients.end(),
                       [](const Coefficient& coefficient) { return coefficient.is_piecewise_constant(); });
}

void LinearEquation::weights_at(Real t, std::span<Real> values) const {
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const Weight& weight = weights[k];
        Complex value = coefficients[static_cast<std::size_t>(weight.left)].at(t);
        if (weight.conjugated >= 0) {
            value *= std::conj(coefficients[static_cast<std::size_t>(weight.conjugated)].at(t));
        }
        values[k] = weight.imaginary ? value.imag() : value.real();
    }
}

void LinearEquation::freeze(Real scale, Real constant_share, std::span<const Real> weight_values,
                            std::vector<Real>& frozen) const {
    frozen.resize(constant.size());
    const Real share = scale * constant_share;
    for (std::size_t e = 0; e < constant.size(); ++e) {
        frozen[e] = share * constant[e];
    }
    for (std::size_t k = 0; k < varying.size(); ++k) {
        const Real factor = scale * weight_values[k];
        const Real* elements_of_term = varying[k].data();
        for (std::size_t e = 0; e < constant.size(); ++e) {
            frozen[e] += factor * elements_of_term[e];
        }
    }
}

void LinearEquation::apply(const std::vector<Real>& frozen, const Real* x, Real* y) const {
    for (Index row = 0; row < dimension; ++row) {
        Real sum = 0;
        const std::int32_t end = row_starts[static_cast<std::size_t>(row) + 1];
        for (std::int32_t e = row_starts[static_cast<std::size_t>(row)]; e < end; ++e) {
            sum += frozen[static_cast<std::size_t>(e)] * x[columns[static_cast<std::size_t>(e)]];
        }
        y[row] = sum;
    }
}

Real LinearEquation::norm(const std::vector<Real>& frozen) const {
    Real largest = 0;
    for (Index row = 0; row < dimension; ++row) {
        Real sum = 0;
        const std::int32_t end = row_starts[static_cast<std::size_t>(row) + 1];
        for (std::int32_t e = row_starts[static_cast<std::size_t>(row)]; e < end; ++e) {
            sum += std::abs(frozen[static_cast<std::size_t>(e)]);
        }
        largest = std::max(largest, sum);
    }
    return largest;
}

RealMatrix LinearEquation::dense(const std::vector<Real>& frozen) const {
    RealMatrix matrix = RealMatrix::Zero(dimension, dimension);
    for (Index row = 0; row < dimension; ++row) {
        const std::int32_t end = row_starts[static_cast<std::size_t>(row) + 1];
        for (std::int32_t e = row_starts[static_cast<std::size_t>(row)]; e < end; ++e) {
            matrix(row, columns[static_cast<std::size_t>(e)]) = frozen[static_cast<std::size_t>(e)];
        }
    }
    return matrix;
}

Real LinearEquation::longest_resolved_step(Real t) const {
    Real longest = std::numeric_limits<Real>::infinity();
    for (const Coefficient& coefficient : coefficients) {
        longest = std::min(longest, coefficient.longest_resolved_step(t));
    }
    return longest;
}

Real LinearEquation::smooth_until(Real t, Real latest) const {
    for (const Coefficient& coefficient : coefficients) {
        latest = coefficient.smooth_until(t, latest);
    }
    return latest;
}

std::vector<Real> LinearEquation::stops_inside(Real begin, Real end) const {
    std::vector<Real> stops;
    for (const Coefficient& coefficient : coefficients) {
        std::copy_if(coefficient.stops.begin(), coefficient.stops.end(), std::back_inserter(stops),
                     [&](Real stop) { return stop > begin && stop < end; });
    }
    std::sort(stops.begin(), stops.end());
    stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
    return stops;
}

}  // namespace synqc
