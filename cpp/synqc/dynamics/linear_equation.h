#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synqc/dynamics/coefficient.h"
#include "synqc/linalg/matrix.h"

namespace synqc {

/// dy/dt = (G_0 + sum_k w_k(t) G_k) y with real y: what an integrator sees of a master or Schrodinger equation.
///
/// All G_k share one pattern of compressed rows. A weight is the real or imaginary part of a coefficient, or of one
/// coefficient times the conjugate of another (time-dependent jump operators).
struct LinearEquation {
    struct Weight {
        Index left;             // position in `coefficients`
        Index conjugated = -1;  // position of the factor that enters conjugated; -1: none
        bool imaginary = false;

        /// Means over [edges[k], edges[k + 1]] for increasing `edges`, to rounding.
        std::vector<Real> means_between(std::span<const Coefficient> coefficients, std::span<const Real> edges) const;
    };

    Index dimension = 0;
    std::vector<std::int32_t> row_starts;    // (dimension + 1)
    std::vector<std::int32_t> columns;       // (elements)
    std::vector<Real> constant;              // (elements), 1 / time
    std::vector<std::vector<Real>> varying;  // (weights)(elements)
    std::vector<Weight> weights;
    std::vector<Coefficient> coefficients;

    /// From dense matrices G_0, G_1, .. of one shape, each after the first with its weight.
    static LinearEquation from_dense(std::span<const RealMatrix> parts, std::vector<Weight> weights,
                                     std::vector<Coefficient> coefficients);

    bool is_constant() const { return weights.empty(); }
    bool is_piecewise_constant() const;
    Index elements() const { return static_cast<Index>(columns.size()); }

    /// The weights at time t.
    void weights_at(Real t, std::span<Real> values) const;

    /// Elements of constant_share * G_0 + sum_k weight_values[k] * G_k, times `scale`.
    void freeze(Real scale, Real constant_share, std::span<const Real> weight_values, std::vector<Real>& frozen) const;

    /// y = G x with the elements `frozen`.
    void apply(const std::vector<Real>& frozen, const Real* x, Real* y) const;

    /// Largest row sum of magnitudes of `frozen`.
    Real norm(const std::vector<Real>& frozen) const;

    /// The dense matrix of `frozen`.
    RealMatrix dense(const std::vector<Real>& frozen) const;

    /// Longest step from t that no coefficient forbids.
    Real longest_resolved_step(Real t) const;

    /// Where the first polynomial that holds from t on ends, or `latest` if that comes first.
    Real smooth_until(Real t, Real latest) const;

    /// Hard stops of all coefficients strictly inside (begin, end), sorted, each once.
    std::vector<Real> stops_inside(Real begin, Real end) const;
};

}  // namespace synqc
