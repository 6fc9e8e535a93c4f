#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/linear_equation.h"

namespace synqc {

/// The weights of an equation over one stretch of time, on which each is a polynomial of u in [0, 1]. Holds its
/// workspace, so that repeated calls do not allocate.
class WeightPolynomials {
  public:
    explicit WeightPolynomials(const LinearEquation& equation);

    /// From t to t + length, which `LinearEquation::smooth_until` must allow; every value times `factor`.
    void expand(Real t, Real length, Real factor);

    /// The same from t to t + share * length, for a factor that shrinks alike.
    void shrink(Real share);

    Index stride() const { return stride_; }  // powers per weight

    /// Constant powers (weights).
    std::span<const Real> lowest() const { return lowest_; }
    /// Powers from the first on, (weights, stride).
    std::span<const Real> higher() const { return higher_; }
    /// Those of one weight.
    std::span<const Real> higher(std::size_t weight) const {
        return std::span(higher_).subspan(weight * static_cast<std::size_t>(stride_),
                                          static_cast<std::size_t>(stride_));
    }

  private:
    const LinearEquation& equation_;
    Index stride_ = 0;
    std::vector<Real> lowest_;
    std::vector<Real> higher_;
    std::vector<std::vector<Complex>> of_coefficients_;
    std::vector<Complex> product_;
};

}  // namespace synqc
