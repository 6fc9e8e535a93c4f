#pragma once

#include <span>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// A complex function of time, piece by piece a polynomial: what became of a callable or of samples before an
/// integrator sees them. Beyond its ends it keeps the value at its nearest end.
class Coefficient {
  public:
    static constexpr Index samples_per_piece = 12;

    /// Chebyshev points of one piece, as fractions of it in (0, 1), increasing: where `from_samples` wants its values.
    static std::span<const Real> sample_fractions();

    /// From values at the Chebyshev points of every piece, (pieces, samples_per_piece).
    static Coefficient from_samples(std::vector<Real> edges, std::span<const Complex> values);

    /// Cubic spline through values at strictly increasing `times`, not-a-knot ends; fewer than four points are joined
    /// by the polynomial through all of them.
    static Coefficient from_spline(std::vector<Real> times, std::span<const Complex> values);

    /// Constant on [times[k], times[k + 1]) with values[k]; the last value holds at the last time alone.
    static Coefficient from_steps(std::vector<Real> times, std::span<const Complex> values);

    Complex at(Real t) const;

    /// Share of the largest sample that the two highest Chebyshev coefficients of a piece still carry: small once the
    /// piece is resolved. Only for coefficients made by `from_samples`.
    Real unresolved_share(Index piece) const;

    /// Pieces, in order and each once, in which the function differs from the samples given by more than `tolerance`
    /// times the largest sample.
    std::vector<Index> pieces_that_miss(std::span<const Real> times, std::span<const Complex> values,
                                        Real tolerance) const;

    Index pieces() const { return static_cast<Index>(edges_.size()) - 1; }
    const std::vector<Real>& edges() const { return edges_; }
    Real largest() const { return largest_; }
    bool is_piecewise_constant() const { return width_ == 1; }

    /// Hard stops for integrators: where the function or its slope may jump.
    std::vector<Real> stops;

  private:
    Index piece_at(Real t) const;

    std::vector<Real> edges_;      // pieces + 1, strictly increasing
    Index width_ = 1;              // polynomial coefficients per piece
    std::vector<Complex> powers_;  // (pieces, width), powers of x in [-1, 1] across the piece
    std::vector<Real> tails_;      // (pieces), magnitude of the highest Chebyshev coefficients
    Real largest_ = 0;             // largest magnitude among the samples
};

}  // namespace synqc
