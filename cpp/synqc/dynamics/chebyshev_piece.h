#pragma once

#include <array>

#include "synqc/linalg/matrix.h"

namespace synqc {

/// Chebyshev points of the first kind across one piece of a function, and what leads from values there to polynomials.
struct ChebyshevPiece {
    static constexpr Index points = 12;
    using Square = Eigen::Matrix<Real, points, points>;
    using Column = Eigen::Matrix<Complex, points, 1>;

    std::array<Real, points> fractions;  // of the piece, in (0, 1), increasing
    Square to_chebyshev;                 // values at the points -> Chebyshev coefficients
    Square to_powers;                    // Chebyshev coefficients -> powers of x in [-1, 1]

    static const ChebyshevPiece& tables();

  private:
    ChebyshevPiece();
};

}  // namespace synqc
