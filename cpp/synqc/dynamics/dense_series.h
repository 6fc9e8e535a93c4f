#pragma once

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"

/// Exponential series of small dense matrices: the inner loop of CF4 on systems of a few levels.
///
/// Matrices lie column by column, each column padded with zeros to `padded` rows, a multiple of 8 up to 32; vectors
/// likewise.
namespace synqc {

inline constexpr Index most_dense_rows = 32;

struct DenseSeriesKernels {
    /// frozen = scale * (share * parts[0] + sum_k weights[k] * parts[k + 1]); returns the largest row sum of
    /// magnitudes.
    Real (*freeze)(const Real* const* parts, Index part_count, Real scale, Real share, const Real* weights,
                   Index columns, Index padded, Real* frozen);

    /// y <- sum_k (frozen / pieces)^k / k! y, cut where a term falls below tolerance * |y|; returns the number of
    /// terms. norm: of frozen / pieces.
    Index (*sum_series)(const Real* frozen, Index columns, Index padded, Index pieces, Real norm, Real tolerance,
                        Real* y);
};

SYNQC_KERNELS_PER_LEVEL(DenseSeriesKernels, dense_series_kernels)

}  // namespace synqc
