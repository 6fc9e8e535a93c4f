#include "synqc/dynamics/coefficient.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "synqc/linalg/matrix.h"

namespace synqc {

namespace {

constexpr Index width_of_samples = Coefficient::samples_per_piece;
using Square = Eigen::Matrix<Real, width_of_samples, width_of_samples>;

/// Chebyshev points of the first kind on [-1, 1], the matrix from values there to Chebyshev coefficients, and the one
/// from Chebyshev coefficients to powers.
struct ChebyshevTables {
    std::array<Real, width_of_samples> fractions;
    Square to_chebyshev;
    Square to_powers;

    ChebyshevTables() {
        for (Index j = 0; j < width_of_samples; ++j) {
            const Real angle = pi * (static_cast<Real>(width_of_samples - 1 - j) + 0.5) / width_of_samples;
            fractions[static_cast<std::size_t>(j)] = (1 + std::cos(angle)) / 2;
            for (Index k = 0; k < width_of_samples; ++k) {
                to_chebyshev(k, j) = (k == 0 ? 1.0 : 2.0) / width_of_samples * std::cos(static_cast<Real>(k) * angle);
            }
        }
        to_powers.setZero();
        to_powers(0, 0) = 1;
        to_powers(1, 1) = 1;
        for (Index k = 2; k < width_of_samples; ++k) {
            to_powers.col(k) = -to_powers.col(k - 2);
            to_powers.col(k).tail(width_of_samples - 1) += 2 * to_powers.col(k - 1).head(width_of_samples - 1);
        }
    }
};

const ChebyshevTables& tables() {
    static const ChebyshevTables built;
    return built;
}

/// Second derivatives of the not-a-knot cubic spline, from its tridiagonal system with the end rows eliminated.
std::vector<Complex> spline_curvatures(const std::vector<Real>& x, std::span<const Complex> y) {
    const Index count = std::ssize(x);
    const Index inner = count - 2;
    auto gap = [&](Index k) { return x[k + 1] - x[k]; };
    auto slope = [&](Index k) { return (y[k + 1] - y[k]) / gap(k); };
    std::vector<Real> below(inner, 0);
    std::vector<Real> middle(inner, 0);
    std::vector<Real> above(inner, 0);
    std::vector<Complex> right(inner);
    for (Index k = 0; k < inner; ++k) {
        below[k] = gap(k);
        middle[k] = 2 * (gap(k) + gap(k + 1));
        above[k] = gap(k + 1);
        right[k] = 6.0 * (slope(k + 1) - slope(k));
    }
    // Not-a-knot: the third derivative is continuous at the second and the last but one point.
    const Real first_ratio = gap(0) / gap(1);
    middle[0] += gap(0) * (1 + first_ratio);
    above[0] -= gap(0) * first_ratio;
    const Real last_ratio = gap(count - 2) / gap(count - 3);
    middle[inner - 1] += gap(count - 2) * (1 + last_ratio);
    below[inner - 1] -= gap(count - 2) * last_ratio;
    for (Index k = 1; k < inner; ++k) {
        const Real factor = below[k] / middle[k - 1];
        middle[k] -= factor * above[k - 1];
        right[k] -= factor * right[k - 1];
    }
    std::vector<Complex> curvature(count);
    curvature[inner] = right[inner - 1] / middle[inner - 1];
    for (Index k = inner - 2; k >= 0; --k) {
        curvature[k + 1] = (right[k] - above[k] * curvature[k + 2]) / middle[k];
    }
    curvature[0] = curvature[1] + first_ratio * (curvature[1] - curvature[2]);
    curvature[count - 1] = curvature[count - 2] + last_ratio * (curvature[count - 2] - curvature[count - 3]);
    return curvature;
}

Real largest_magnitude(std::span<const Complex> values) {
    Real largest = 0;
    for (const Complex& value : values) {
        largest = std::max(largest, std::abs(value));
    }
    return largest;
}

}  // namespace

std::span<const Real> Coefficient::sample_fractions() {
    return tables().fractions;
}

Coefficient Coefficient::from_samples(std::vector<Real> edges, std::span<const Complex> values) {
    assert(std::ssize(values) == (std::ssize(edges) - 1) * samples_per_piece);
    Coefficient result;
    result.edges_ = std::move(edges);
    result.width_ = samples_per_piece;
    result.largest_ = largest_magnitude(values);
    result.powers_.resize(values.size());
    for (Index piece = 0; piece < result.pieces(); ++piece) {
        using Column = Eigen::Matrix<Complex, samples_per_piece, 1>;
        const Eigen::Map<const Column> samples(values.data() + piece * samples_per_piece);
        const Column chebyshev = tables().to_chebyshev * samples;
        Eigen::Map<Column>(result.powers_.data() + piece * samples_per_piece) = tables().to_powers * chebyshev;
        result.tails_.push_back(chebyshev.tail<2>().cwiseAbs().maxCoeff());
    }
    return result;
}

Coefficient Coefficient::from_spline(std::vector<Real> times, std::span<const Complex> values) {
    const Index count = std::ssize(times);
    assert(count >= 1 && std::ssize(values) == count);
    if (count == 1) {
        return from_steps(std::move(times), values);
    }
    Coefficient result;
    result.largest_ = largest_magnitude(values);
    result.stops = times;
    if (count < 4) {
        // Newton's polynomial through two or three points, on one piece with x in [-1, 1].
        const Real half = (times.back() - times.front()) / 2;
        const Real centre = (times.back() + times.front()) / 2;
        const Complex mean = (values.front() + values.back()) / 2.0;
        const Complex half_change = (values.back() - values.front()) / 2.0;
        Complex bend = 0;
        if (count == 3) {
            const Real x = (times[1] - centre) / half;
            bend = (values[1] - mean - half_change * x) / (x * x - 1);
        }
        result.width_ = 3;
        result.powers_ = {mean - bend, half_change, bend};
        result.edges_ = {times.front(), times.back()};
        return result;
    }
    const std::vector<Complex> curvature = spline_curvatures(times, values);
    result.width_ = 4;
    for (Index k = 0; k + 1 < count; ++k) {
        const Real half = (times[k + 1] - times[k]) / 2;
        const Complex mean_curvature = (curvature[k] + curvature[k + 1]) / 2.0;
        const Complex half_curvature_change = (curvature[k + 1] - curvature[k]) / 2.0;
        const Complex quadratic = mean_curvature * (half * half / 2);
        const Complex cubic = half_curvature_change * (half * half / 6);
        const Complex mean = (values[k] + values[k + 1]) / 2.0;
        const Complex half_change = (values[k + 1] - values[k]) / 2.0;
        result.powers_.insert(result.powers_.end(), {mean - quadratic, half_change - cubic, quadratic, cubic});
    }
    result.edges_ = std::move(times);
    return result;
}

Coefficient Coefficient::from_steps(std::vector<Real> times, std::span<const Complex> values) {
    assert(!times.empty() && values.size() == times.size());
    Coefficient result;
    result.largest_ = largest_magnitude(values);
    result.stops = times;
    result.width_ = 1;
    result.powers_.assign(values.begin(), values.end() - (values.size() > 1 ? 1 : 0));
    result.edges_ = std::move(times);
    if (result.edges_.size() == 1) {
        result.edges_.push_back(result.edges_.front());
    }
    return result;
}

Index Coefficient::piece_at(Real t) const {
    return std::clamp<Index>(std::upper_bound(edges_.begin(), edges_.end(), t) - edges_.begin() - 1, 0, pieces() - 1);
}

std::vector<Index> Coefficient::pieces_that_miss(std::span<const Real> times, std::span<const Complex> values,
                                                 Real tolerance) const {
    std::vector<Index> missed;
    for (std::size_t k = 0; k < times.size(); ++k) {
        if (!(std::abs(at(times[k]) - values[k]) <= tolerance * largest_)) {
            missed.push_back(piece_at(times[k]));
        }
    }
    std::sort(missed.begin(), missed.end());
    missed.erase(std::unique(missed.begin(), missed.end()), missed.end());
    return missed;
}

Complex Coefficient::at(Real t) const {
    const Index piece = piece_at(t);
    const Complex* power = powers_.data() + piece * width_;
    if (width_ == 1) {
        return *power;
    }
    const Real left = edges_[static_cast<std::size_t>(piece)];
    const Real right = edges_[static_cast<std::size_t>(piece) + 1];
    const Real x = std::clamp((2 * t - left - right) / (right - left), -1.0, 1.0);
    Real real = power[width_ - 1].real();
    Real imaginary = power[width_ - 1].imag();
    for (Index k = width_ - 2; k >= 0; --k) {
        real = real * x + power[k].real();
        imaginary = imaginary * x + power[k].imag();
    }
    return {real, imaginary};
}

Real Coefficient::unresolved_share(Index piece) const {
    return largest_ > 0 ? tails_[static_cast<std::size_t>(piece)] / largest_ : 0;
}

}  // namespace synqc
