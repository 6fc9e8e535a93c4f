#include "synqc/dynamics/superoperator_equation.h"

#include <algorithm>
#include <utility>

#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

/// What sums of Liouvillians leave where they should cancel, relative to their largest element.
constexpr Real rounding_of_sums = 1e-14;

constexpr Complex i_unit(0, 1);

/// A superoperator on A + i B: A' = keeping A - turning B, B' = turning A + keeping B.
struct RealParts {
    RealMatrix keeping;  // what keeps Hermitian operators Hermitian
    RealMatrix turning;  // what makes them anti-Hermitian
};

RealParts parts_of(const Matrix& superoperator) {
    RealParts parts{in_hermitian_coordinates(superoperator), in_hermitian_coordinates(-i_unit * superoperator)};
    const Real negligible = rounding_of_sums * superoperator.cwiseAbs().maxCoeff();
    parts.turning = (parts.turning.array().abs() <= negligible).select(0, parts.turning);
    return parts;
}

/// The same times i.
RealParts times_i(const RealParts& parts) {
    return {-parts.turning, parts.keeping};
}

RealMatrix on_both(const RealParts& parts) {
    const Index size = parts.keeping.rows();
    RealMatrix both(2 * size, 2 * size);
    both << parts.keeping, -parts.turning, parts.turning, parts.keeping;
    return both;
}

}  // namespace

SuperoperatorEquation superoperator_equation(const SuperoperatorSystem& given, bool starts_hermitian) {
    const LinearEquation system = lindblad_equation(given.system);
    const RealMatrix nothing = RealMatrix::Zero(system.dimension, system.dimension);
    std::vector<RealParts> parts{{system.dense(system.constant), nothing}};
    std::vector<LinearEquation::Weight> weights = system.weights;
    for (const std::vector<Real>& varying : system.varying) {
        parts.push_back({system.dense(varying), nothing});
    }
    for (const VaryingOperator::Term& term : given.superoperator.terms) {
        RealParts own = parts_of(term.operator_matrix);
        if (term.coefficient < 0) {
            parts.front().keeping += own.keeping;
            parts.front().turning += own.turning;
            continue;
        }
        if (!given.system.coefficients[static_cast<std::size_t>(term.coefficient)].is_real()) {
            weights.push_back({term.coefficient, -1, true});
            parts.push_back(times_i(own));
        }
        weights.push_back({term.coefficient, -1, false});
        parts.push_back(std::move(own));
    }
    const bool keeps_hermitian = starts_hermitian && std::all_of(parts.begin(), parts.end(), [](const RealParts& part) {
                                     return part.turning.isZero(0);
                                 });
    std::vector<RealMatrix> matrices;
    for (const RealParts& part : parts) {
        matrices.push_back(keeps_hermitian ? part.keeping : on_both(part));
    }
    return {given.system.levels, keeps_hermitian,
            LinearEquation::from_dense(matrices, std::move(weights), given.system.coefficients)};
}

std::vector<Real> SuperoperatorEquation::coordinates(const Matrix& x) const {
    const RealVector in_phase = hermitian_coordinates(x);
    std::vector<Real> coordinates(in_phase.begin(), in_phase.end());
    if (!keeps_hermitian) {
        const RealVector in_quadrature = hermitian_coordinates(-i_unit * x);
        coordinates.insert(coordinates.end(), in_quadrature.begin(), in_quadrature.end());
    }
    return coordinates;
}

Matrix SuperoperatorEquation::from_coordinates(std::span<const Real> coordinates) const {
    const Index size = levels * levels;
    Matrix x = from_hermitian_coordinates(Eigen::Map<const RealVector>(coordinates.data(), size));
    if (!keeps_hermitian) {
        x += i_unit * from_hermitian_coordinates(Eigen::Map<const RealVector>(coordinates.data() + size, size));
    }
    return x;
}

}  // namespace synqc
