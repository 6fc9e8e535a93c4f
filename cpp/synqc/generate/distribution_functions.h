#pragma once

#include <vector>

#include "synqc/base/numbers.h"

/// Distribution functions without a closed form. What is small of the two is exact to a relative error of 1e-10 or
/// better, unless said otherwise.
namespace synqc::generate {

/// Probabilities on the left and on the right of a value.
struct Tails {
    Real below;
    Real above;
};

/// Of a standard normal.
Tails normal_tails(Real z);

/// Regularised incomplete gamma functions P and Q. Source: DLMF 8.7.1 (series), 8.9.2 (continued fraction, by Lentz).
Tails gamma_tails(Real shape, Real x);

/// Regularised incomplete beta function at x, with y = 1 - x.
Tails beta_tails(Real first_shape, Real second_shape, Real x, Real y);

/// Chi squared with `degrees` whose normals' means have squares of sum `noncentrality`: chi squared of degrees + 2 N
/// with N of Poisson's distribution. Source: DLMF 8.8.5 leads from one N to the next.
Tails noncentral_chi_squared_tails(Real degrees, Real noncentrality, Real x);

/// Share x / (x + second) of such a chi squared and a central one, with y = 1 - x.
/// Source: DLMF 8.17.20 leads from one N to the next.
Tails noncentral_beta_tails(Real first_degrees, Real second_degrees, Real noncentrality, Real x, Real y);

/// First passage of a Brownian motion with drift: mean 1, `shape` over its mean. Source: Chhikara, Folks, "The inverse
/// Gaussian distribution" (1989), section 2.3.
Tails wald_tails(Real shape, Real x);

/// Density 2 phi(z) Phi(slant z); absolute error 1e-15. Source: Azzalini, Scand. J. Statist. 12 (1985), 171.
Tails skew_normal_tails(Real slant, Real z);

/// Coefficients 2 I_j(k) / (j I_0(k)), j = 1, 2, ..., of von Mises' distribution function with concentration k.
std::vector<Real> von_mises_coefficients(Real concentration);
/// At an angle of [-pi, pi]; absolute error 1e-15. Source: DLMF 10.35.2.
Tails von_mises_tails(const std::vector<Real>& coefficients, Real angle);

}  // namespace synqc::generate
