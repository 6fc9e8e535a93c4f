#pragma once

#include <span>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// A complex function of time, piece by piece a polynomial: what became of a callable or of samples before an
/// integrator sees them. Beyond its ends it keeps the value at its nearest end.
class Coefficient {
  public:
    /// From the Chebyshev coefficients of every piece, (pieces, ChebyshevPiece::points).
    static Coefficient from_chebyshev(std::vector<Real> edges, std::span<const Complex> coefficients);

    /// Cubic spline through values at strictly increasing `times`, not-a-knot ends; fewer than four points are joined
    /// by the polynomial through all of them.
    static Coefficient from_spline(std::vector<Real> times, std::span<const Complex> values);

    /// Constant on [times[k], times[k + 1]) with values[k]; the last value holds at the last time alone.
    static Coefficient from_steps(std::vector<Real> times, std::span<const Complex> values);

    Complex at(Real t) const;

    /// Means over [edges[k], edges[k + 1]] for increasing `edges`, to rounding.
    std::vector<Complex> means_between(std::span<const Real> edges) const;

    /// Means of this times the conjugate of another, likewise.
    std::vector<Complex> product_means_between(const Coefficient& conjugated, std::span<const Real> edges) const;

    /// How far a step from t may reach without being longer than a piece it touches. A piece made by `from_chebyshev`
    /// holds at most 0.4 of a cycle of whatever oscillates, so that such a step cannot be blind to it. Infinite for
    /// splines and steps, whose pieces are bounded by stops.
    Real longest_resolved_step(Real t) const;

    /// Where the polynomial that holds from t on ends, or `latest` if that comes first.
    Real smooth_until(Real t, Real latest) const;

    /// How many powers `expand` writes.
    Index powers() const { return width_; }

    /// The powers of u in [0, 1] that the function is made of from t to t + length, which `smooth_until` must allow.
    void expand(Real t, Real length, std::span<Complex> powers) const;

    /// How many pieces lie before t, the one about it counted by the share of it that does.
    Real pieces_before(Real t) const;

    Index pieces() const { return static_cast<Index>(edges_.size()) - 1; }
    const std::vector<Real>& edges() const { return edges_; }
    /// Whether pieces are as short as what the function does, which is so for those made by `from_chebyshev`.
    bool has_resolved_pieces() const { return resolved_; }
    bool is_piecewise_constant() const { return width_ == 1; }
    /// Whether no value has an imaginary part beyond the rounding of the largest one.
    bool is_real() const;

    /// Hard stops for integrators: where the function or its slope may jump.
    std::vector<Real> stops;

  private:
    Index piece_at(Real t) const;
    /// Where the piece at t ends, or `latest` if that comes first; the last piece does not end.
    Real end_of_piece(Real t, Real latest) const;

    std::vector<Real> edges_;      // pieces + 1, strictly increasing
    Index width_ = 1;              // polynomial coefficients per piece
    std::vector<Complex> powers_;  // (pieces, width), powers of x in [-1, 1] across the piece
    bool resolved_ = false;
};

}  // namespace synqc
