#include "synqc/generate/distribution_functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "synqc/base/log_gamma.h"

namespace synqc::generate {

namespace {

constexpr Real tiny = std::numeric_limits<Real>::min();
constexpr Real resolution = std::numeric_limits<Real>::epsilon();

/// Continued fraction of the incomplete beta function, by Lentz. Source: DLMF 8.17.22.
Real beta_fraction(Real a, Real b, Real x) {
    Real c = 1;
    Real d = 1 - (a + b) * x / (a + 1);
    d = 1 / (std::abs(d) < tiny ? tiny : d);
    Real fraction = d;
    for (int m = 1; m < 100'000; ++m) {
        const Real even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (std::abs(1 + even * d) < tiny ? tiny : 1 + even * d);
        c = std::abs(1 + even / c) < tiny ? tiny : 1 + even / c;
        fraction *= d * c;
        const Real odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (std::abs(1 + odd * d) < tiny ? tiny : 1 + odd * d);
        c = std::abs(1 + odd / c) < tiny ? tiny : 1 + odd / c;
        fraction *= d * c;
        if (std::abs(d * c - 1) < resolution) {
            break;
        }
    }
    return fraction;
}

/// exp(x^2) erfc(x) for x > 0.
Real scaled_erfc(Real x) {
    if (x < 20) {
        return std::exp(x * x) * std::erfc(x);
    }
    const Real y = 1 / (2 * x * x);  // DLMF 7.12.1
    return (1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y)))) / (x * std::sqrt(std::numbers::pi));
}

/// Numbers of Poisson's distribution that are together all but 1e-20 likely: from `first` to `last`.
struct LikelyCounts {
    Real first;
    Real last;
};

LikelyCounts likely_counts(Real mean) {
    const Real reach = 9 * std::sqrt(mean) + 20;
    return {std::floor(std::max<Real>(0, mean - reach)), std::ceil(mean + reach)};
}

Real poisson_weight(Real mean, Real count) {
    return mean == 0 ? (count == 0 ? 1 : 0) : std::exp(count * std::log(mean) - mean - log_gamma(count + 1));
}

/// Both tails of a mixture over N of Poisson's distribution, each summed in the direction in which it grows, so that
/// nothing is taken off: `tails_at(n)` are those of N = n, and `step(n)` is what is below n but not below n + 1.
template <typename TailsAt, typename Step>
Tails poisson_mixture(Real mean, const TailsAt& tails_at, const Step& step) {
    const LikelyCounts counts = likely_counts(mean);
    Tails sum{0, 0};
    Real below = tails_at(counts.last).below;
    for (Real n = counts.last;; --n) {
        sum.below += poisson_weight(mean, n) * below;
        if (n == counts.first) {
            break;
        }
        below += step(n - 1);
    }
    Real above = tails_at(counts.first).above;
    for (Real n = counts.first;; ++n) {
        sum.above += poisson_weight(mean, n) * above;
        if (n == counts.last) {
            break;
        }
        above += step(n);
    }
    return {std::min<Real>(1, sum.below), std::min<Real>(1, sum.above)};
}

/// Owen's T(h, slope) for 0 <= slope <= 1, which is even in h, by Gauss and Legendre's rule of 16 points in 4 panels.
/// Source: Owen, Ann. Math. Statist. 27 (1956), 1075, equation 2.1.
Real owens_t(Real h, Real slope) {
    constexpr std::array<Real, 8> nodes = {0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
                                           0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
                                           0.9445750230732325761, 0.9894009349916499326};
    constexpr std::array<Real, 8> weights = {0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
                                             0.1495959888165767321, 0.1246289712555338720, 0.0951585116824927848,
                                             0.0622535239386478929, 0.0271524594117540949};
    // Beyond 9 / |h| the integrand is below 1e-17 of its greatest value.
    const Real reach = std::min(slope, 9 / std::max<Real>(std::abs(h), 1e-3));
    Real sum = 0;
    constexpr int panels = 4;
    for (int panel = 0; panel < panels; ++panel) {
        for (std::size_t k = 0; k < nodes.size(); ++k) {
            for (const Real side : {-1.0, 1.0}) {
                const Real x = reach * (panel + 0.5 * (1 + side * nodes[k])) / panels;
                sum += weights[k] * std::exp(-0.5 * h * h * (1 + x * x)) / (1 + x * x);
            }
        }
    }
    return sum * reach / (2 * panels) / (2 * std::numbers::pi);
}

}  // namespace

Tails normal_tails(Real z) {
    return {0.5 * std::erfc(-z * std::numbers::sqrt2 / 2), 0.5 * std::erfc(z * std::numbers::sqrt2 / 2)};
}

Tails gamma_tails(Real shape, Real x) {
    if (x <= 0) {
        return {0, 1};
    }
    const Real factor = std::exp(shape * std::log(x) - x - log_gamma(shape));
    if (x < shape + 1) {
        Real term = 1 / shape;
        Real sum = term;
        for (Real k = shape + 1; std::abs(term) > std::abs(sum) * resolution; ++k) {
            term *= x / k;
            sum += term;
        }
        const Real below = std::min<Real>(1, factor * sum);
        return {below, 1 - below};
    }
    Real b = x + 1 - shape;
    Real c = 1 / tiny;
    Real d = 1 / b;
    Real fraction = d;
    for (int k = 1; k < 100'000; ++k) {
        const Real a = -k * (k - shape);
        b += 2;
        d = 1 / (std::abs(a * d + b) < tiny ? tiny : a * d + b);
        c = std::abs(b + a / c) < tiny ? tiny : b + a / c;
        fraction *= d * c;
        if (std::abs(d * c - 1) < resolution) {
            break;
        }
    }
    const Real above = std::min<Real>(1, factor * fraction);
    return {1 - above, above};
}

Tails beta_tails(Real a, Real b, Real x, Real y) {
    if (x <= 0 || y <= 0) {
        return x <= 0 ? Tails{0, 1} : Tails{1, 0};
    }
    const Real factor = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) + b * std::log(y));
    if (x < (a + 1) / (a + b + 2)) {
        const Real below = std::min<Real>(1, factor * beta_fraction(a, b, x) / a);
        return {below, 1 - below};
    }
    const Real above = std::min<Real>(1, factor * beta_fraction(b, a, y) / b);
    return {1 - above, above};
}

Tails noncentral_chi_squared_tails(Real degrees, Real noncentrality, Real x) {
    if (x <= 0) {
        return {0, 1};
    }
    return poisson_mixture(
        noncentrality / 2, [&](Real n) { return gamma_tails(degrees / 2 + n, x / 2); },
        [&](Real n) {
            const Real shape = degrees / 2 + n;
            return std::exp(shape * std::log(x / 2) - x / 2 - log_gamma(shape + 1));
        });
}

Tails noncentral_beta_tails(Real first_degrees, Real second_degrees, Real noncentrality, Real x, Real y) {
    if (x <= 0 || y <= 0) {
        return x <= 0 ? Tails{0, 1} : Tails{1, 0};
    }
    const Real second = second_degrees / 2;
    return poisson_mixture(
        noncentrality / 2, [&](Real n) { return beta_tails(first_degrees / 2 + n, second, x, y); },
        [&](Real n) {
            const Real first = first_degrees / 2 + n;
            return std::exp(log_gamma(first + second) - log_gamma(first + 1) - log_gamma(second) + first * std::log(x) +
                            second * std::log(y));
        });
}

Tails wald_tails(Real shape, Real x) {
    if (x <= 0) {
        return {0, 1};
    }
    const Real a = std::sqrt(shape / x) * (x - 1) * std::numbers::sqrt2 / 2;
    const Real b = std::sqrt(shape / x) * (x + 1) * std::numbers::sqrt2 / 2;
    // exp(2 shape) Phi(-b sqrt 2) = exp(-a^2) scaled_erfc(b) / 2, which does not overflow.
    const Real reflected = 0.5 * std::exp(-a * a) * scaled_erfc(b);
    const Real above =
        a > 0 ? 0.5 * std::exp(-a * a) * (scaled_erfc(a) - scaled_erfc(b)) : 0.5 * std::erfc(a) - reflected;
    return {std::min<Real>(1, 0.5 * std::erfc(-a) + reflected), std::max<Real>(0, above)};
}

Tails skew_normal_tails(Real slant, Real z) {
    const Real magnitude = std::abs(slant);
    const Tails normal = normal_tails(z);
    Real owen = 0;  // T(|z|, magnitude); beyond 1 by the rectangle that both slopes share
    if (magnitude <= 1) {
        owen = owens_t(z, magnitude);
    } else {
        const Tails steep = normal_tails(magnitude * z);
        owen = 0.5 * (normal.below * steep.above + normal.above * steep.below) - owens_t(magnitude * z, 1 / magnitude);
    }
    const Real twice = slant < 0 ? -2 * owen : 2 * owen;
    return {std::clamp<Real>(normal.below - twice, 0, 1), std::clamp<Real>(normal.above + twice, 0, 1)};
}

std::vector<Real> von_mises_coefficients(Real concentration) {
    // Ratios I_(j+1) / I_j from far out inwards (Miller's way); beyond 9 deviations of j nothing is left.
    const auto terms = static_cast<std::size_t>(40 + 10 * std::sqrt(concentration));
    std::vector<Real> ratios(terms + 1, 0);
    Real ratio = 0;
    for (std::size_t j = 2 * terms; j >= 1; --j) {
        ratio = 1 / (2 * static_cast<Real>(j) / concentration + ratio);
        if (j <= terms) {
            ratios[j] = ratio;  // I_j / I_(j-1)
        }
    }
    std::vector<Real> coefficients;
    Real share = 1;
    for (std::size_t j = 1; j <= terms; ++j) {
        share *= ratios[j];
        coefficients.push_back(2 * share / static_cast<Real>(j));
    }
    return coefficients;
}

Tails von_mises_tails(const std::vector<Real>& coefficients, Real angle) {
    // Clenshaw's sum of sines.
    const Real twice = 2 * std::cos(angle);
    Real next = 0;
    Real after = 0;
    for (std::size_t j = coefficients.size(); j >= 1; --j) {
        const Real now = coefficients[j - 1] + twice * next - after;
        after = next;
        next = now;
    }
    const Real from_middle = (angle + next * std::sin(angle)) / (2 * std::numbers::pi);
    return {std::clamp<Real>(0.5 + from_middle, 0, 1), std::clamp<Real>(0.5 - from_middle, 0, 1)};
}

}  // namespace synqc::generate
