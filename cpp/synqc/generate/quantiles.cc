#include "synqc/generate/quantiles.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace synqc::generate {

namespace {

/// Ratio of two polynomials, coefficients from the constant on.
Real ratio_at(Real x, const std::array<Real, 8>& numerator, const std::array<Real, 8>& denominator) {
    Real above = 0;
    Real below = 0;
    for (std::size_t k = 8; k-- > 0;) {
        above = above * x + numerator[k];
        below = below * x + denominator[k];
    }
    return above / below;
}

/// Distance of a normal's quantile from its median, by the probability between them and the one beyond it.
Real normal_distance(Real between, Real beyond) {
    constexpr std::array<Real, 8> a = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                       1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
    constexpr std::array<Real, 8> b = {1,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
    constexpr std::array<Real, 8> c = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                       3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
    constexpr std::array<Real, 8> d = {1,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
    constexpr std::array<Real, 8> e = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                       2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
    constexpr std::array<Real, 8> f = {1,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
    if (between <= 0.425) {
        return between * ratio_at(0.180625 - between * between, a, b);
    }
    const Real root = std::sqrt(-std::log(beyond));
    return root <= 5 ? ratio_at(root - 1.6, c, d) : ratio_at(root - 5, e, f);
}

}  // namespace

Real normal_below(Real z) {
    return normal_tails(z).below;
}

Real normal_above(Real z) {
    return normal_tails(z).above;
}

Real normal_quantile(Real below, Real above) {
    const Real distance = normal_distance(0.5 * std::abs(above - below), std::min(below, above));
    return below < above ? -distance : distance;
}

Real half_normal_quantile(Real below, Real above) {
    return normal_distance(0.5 * below, 0.5 * above);
}

Real gamma_quantile(Real shape, Real below, Real above) {
    return positive_meeting_point(shape + 1, below, above, [&](Real x) { return gamma_tails(shape, x); });
}

BetaQuantile beta_quantile(Real first_shape, Real second_shape, Real below, Real above) {
    // The half where the quantile lies is searched, measured from its end.
    const Tails at_half = beta_tails(first_shape, second_shape, 0.5, 0.5);
    if (below <= above ? below <= at_half.below : above >= at_half.above) {
        const Real x = meeting_point(std::numeric_limits<Real>::min(), 0.5, below, above,
                                     [&](Real at) { return beta_tails(first_shape, second_shape, at, 1 - at); });
        return {x, 1 - x};
    }
    const Real y = meeting_point(std::numeric_limits<Real>::min(), 0.5, above, below,
                                 [&](Real at) { return beta_tails(second_shape, first_shape, at, 1 - at); });
    return {1 - y, y};
}

}  // namespace synqc::generate
