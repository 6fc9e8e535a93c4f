#pragma once

#include <vector>

#include "synqc/linalg/matrix.h"

namespace synqc {

/// A linear map on Hermitian matrices, acting on hermitian_coordinates: the compiled form of a segment of a shot.
///
/// Columns are the images of the basis matrices; `after * before` composes in the order operators do.
struct Channel {
    Index levels = 2;   // n
    RealMatrix matrix;  // (n*n, n*n)

    static Channel identity(Index levels);

    /// From a row-stacking superoperator (n*n, n*n): vec(A rho B) = (A kron B^T) vec(rho). Must preserve Hermiticity.
    static Channel from_superoperator(const Matrix& superoperator);

    /// From a unitary U: rho -> U rho U^dagger.
    static Channel from_unitary(const Matrix& unitary);

    /// From Kraus operators: rho -> sum_k K_k rho K_k^dagger.
    static Channel from_kraus(const std::vector<Matrix>& operators);

    /// The state after the channel; `state` is a density matrix (n, n).
    Matrix apply(const Matrix& state) const;

    /// The row-stacking superoperator of the same map.
    Matrix superoperator() const;

    /// Choi matrix sum_ij |i><j| kron E(|i><j|), (n*n, n*n): positive iff the map is completely positive.
    Matrix choi() const;
};

/// `before`, then `after`.
Channel operator*(const Channel& after, const Channel& before);

/// The same map, moved by less than 1e-15 so that trace preservation holds in exact arithmetic: the entries that feed
/// the trace lie on a grid of 2^-53 and their columns sum to exactly 1 or 0. A million applications then drift by
/// rounding only.
Channel with_exact_trace(Channel channel);

/// How far a channel is from completely positive and trace preserving; both are 0 for an exact one.
struct ChannelAudit {
    Real lowest_choi_eigenvalue;  // >= -1e-12 is what every compiled segment must show
    Real trace_defect;            // largest |partial trace - identity| element
};
ChannelAudit audit(const Channel& channel);

}  // namespace synqc
