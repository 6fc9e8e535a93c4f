#pragma once

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"

/// Taylor's series of a small dense linear equation whose weights are polynomials of time: the inner loop of
/// `evolve_by_taylor_series` on systems of a few levels.
///
/// Matrices and vectors lie as those of `dense_series.h`.
namespace synqc {

/// dy/du = (M + sum_k (sum_j q_kj u^j) G_k) y, where j begins at 1: the constant powers are in M.
struct PolynomialEquation {
    const Real* constant;      // M, (columns, padded)
    const Real* const* parts;  // G_k, (columns, padded) each
    Index part_count;
    const Real* powers;  // q_kj, rows of `stride`, of which the first `width` count
    Index stride;
    Index width;
    Index columns;
    Index padded;
};

struct TaylorSeriesKernels {
    /// From y_0 .. y_order of y(u) = sum_n y_n u^n, rows of `padded`, the next row; returns its largest magnitude.
    Real (*append_term)(const PolynomialEquation& equation, Index order, Real* terms);

    /// y = sum_n terms[n] u^n up to n = `order`.
    void (*evaluate)(const Real* terms, Index order, Index padded, Real u, Real* y);
};

SYNQC_KERNELS_PER_LEVEL(TaylorSeriesKernels, taylor_series_kernels)

}  // namespace synqc
