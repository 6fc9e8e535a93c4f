#include "synqc/dynamics/chebyshev_piece.h"

#include <cmath>

namespace synqc {

ChebyshevPiece::ChebyshevPiece() {
    for (Index j = 0; j < points; ++j) {
        const Real angle = pi * (static_cast<Real>(points - 1 - j) + 0.5) / points;
        fractions[static_cast<std::size_t>(j)] = (1 + std::cos(angle)) / 2;
        for (Index k = 0; k < points; ++k) {
            to_chebyshev(k, j) = (k == 0 ? 1.0 : 2.0) / points * std::cos(static_cast<Real>(k) * angle);
        }
    }
    to_powers.setZero();
    to_powers(0, 0) = 1;
    to_powers(1, 1) = 1;
    for (Index k = 2; k < points; ++k) {
        to_powers.col(k) = -to_powers.col(k - 2);
        to_powers.col(k).tail(points - 1) += 2 * to_powers.col(k - 1).head(points - 1);
    }
}

const ChebyshevPiece& ChebyshevPiece::tables() {
    static const ChebyshevPiece built;
    return built;
}

}  // namespace synqc
