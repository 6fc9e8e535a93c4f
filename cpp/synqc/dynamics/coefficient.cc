#include "synqc/dynamics/coefficient.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "synqc/dynamics/chebyshev_piece.h"

namespace synqc {

namespace {

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

/// Nodes and weights of Gauss and Legendre on [-1, 1], exact for polynomials up to degree 2 count - 1.
struct PieceQuadrature {
    std::vector<Real> nodes;
    std::vector<Real> weights;

    explicit PieceQuadrature(Index count) {
        for (Index k = 0; k < count; ++k) {
            Real x = std::cos(pi * (static_cast<Real>(k) + 0.75) / (static_cast<Real>(count) + 0.5));
            Real slope = 1;
            // Newton's method from Tricomi's estimate: three steps reach rounding, one more costs nothing.
            for (int step = 0; step < 4; ++step) {
                Real former = 1;
                Real value = x;
                for (Index degree = 2; degree <= count; ++degree) {
                    const Real n = static_cast<Real>(degree);
                    former = std::exchange(value, ((2 * n - 1) * x * value - (n - 1) * former) / n);
                }
                slope = static_cast<Real>(count) * (x * value - former) / (x * x - 1);
                x -= value / slope;
            }
            nodes.push_back(x);
            weights.push_back(2 / ((1 - x * x) * slope * slope));
        }
    }
};

/// Means between `edges` of a function that is a polynomial from t to `end_of_piece(t, latest)`.
template <typename EndOfPiece, typename Value>
std::vector<Complex> means_of_pieces(std::span<const Real> edges, const PieceQuadrature& rule,
                                     const EndOfPiece& end_of_piece, const Value& value) {
    std::vector<Complex> means;
    means.reserve(edges.size());
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
        const Real begin = edges[k];
        const Real end = edges[k + 1];
        if (!(end > begin)) {
            means.push_back(value(begin));
            continue;
        }
        Complex sum = 0;
        for (Real from = begin; from < end;) {
            const Real to = end_of_piece(from, end);
            // A share of exactly 1 leaves the value of a step as it is.
            const Real share = (to - from) / (end - begin);
            for (std::size_t node = 0; node < rule.nodes.size(); ++node) {
                const Real t = from + (to - from) * (1 + rule.nodes[node]) / 2;
                sum += rule.weights[node] / 2 * share * value(t);
            }
            from = to;
        }
        means.push_back(sum);
    }
    return means;
}

}  // namespace

Coefficient Coefficient::from_chebyshev(std::vector<Real> edges, std::span<const Complex> coefficients) {
    assert(std::ssize(coefficients) == (std::ssize(edges) - 1) * ChebyshevPiece::points);
    using Column = ChebyshevPiece::Column;
    Coefficient result;
    result.edges_ = std::move(edges);
    result.width_ = ChebyshevPiece::points;
    result.resolved_ = true;
    result.powers_.resize(coefficients.size());
    for (Index piece = 0; piece < result.pieces(); ++piece) {
        const Index first = piece * ChebyshevPiece::points;
        Eigen::Map<Column>(result.powers_.data() + first).noalias() =
            ChebyshevPiece::tables().to_powers * Eigen::Map<const Column>(coefficients.data() + first);
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
    result.stops = times;
    result.width_ = 1;
    result.powers_.assign(values.begin(), values.end() - (values.size() > 1 ? 1 : 0));
    result.edges_ = std::move(times);
    if (result.edges_.size() == 1) {
        result.edges_.push_back(result.edges_.front());
    }
    return result;
}

bool Coefficient::is_real() const {
    Real largest = 0;
    Real largest_imaginary = 0;
    for (const Complex& power : powers_) {
        largest = std::max(largest, std::abs(power.real()));
        largest_imaginary = std::max(largest_imaginary, std::abs(power.imag()));
    }
    return largest_imaginary <= 1e-14 * largest;
}

Index Coefficient::piece_at(Real t) const {
    return std::clamp<Index>(std::upper_bound(edges_.begin(), edges_.end(), t) - edges_.begin() - 1, 0, pieces() - 1);
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

Real Coefficient::end_of_piece(Real t, Real latest) const {
    const Index piece = piece_at(t);
    return piece + 1 < pieces() ? std::min(edges_[static_cast<std::size_t>(piece) + 1], latest) : latest;
}

Real Coefficient::smooth_until(Real t, Real latest) const {
    if (t < edges_.front()) {
        return std::min(edges_.front(), latest);
    }
    return t < edges_.back() ? std::min(edges_[static_cast<std::size_t>(piece_at(t)) + 1], latest) : latest;
}

void Coefficient::expand(Real t, Real length, std::span<Complex> powers) const {
    assert(std::ssize(powers) == width_);
    if (width_ == 1 || t < edges_.front() || t >= edges_.back()) {
        std::fill(powers.begin(), powers.end(), Complex(0));
        powers.front() = at(t);
        return;
    }
    const Index piece = piece_at(t);
    const Real left = edges_[static_cast<std::size_t>(piece)];
    const Real right = edges_[static_cast<std::size_t>(piece) + 1];
    const Real x = (2 * t - left - right) / (right - left);
    std::copy_n(powers_.begin() + piece * width_, width_, powers.begin());
    // Horner's scheme, repeated on its own quotients, shifts the origin to x.
    for (std::size_t lowest = 0; lowest + 1 < powers.size(); ++lowest) {
        for (std::size_t k = powers.size() - 1; k-- > lowest;) {
            powers[k] += x * powers[k + 1];
        }
    }
    const Real scale = 2 * length / (right - left);
    Real factor = 1;
    for (Complex& power : powers) {
        power *= factor;
        factor *= scale;
    }
}

std::vector<Complex> Coefficient::means_between(std::span<const Real> edges) const {
    return means_of_pieces(
        edges, PieceQuadrature((width_ + 1) / 2), [&](Real t, Real latest) { return end_of_piece(t, latest); },
        [&](Real t) { return at(t); });
}

std::vector<Complex> Coefficient::product_means_between(const Coefficient& conjugated,
                                                        std::span<const Real> edges) const {
    return means_of_pieces(
        edges, PieceQuadrature((width_ + conjugated.width_) / 2),
        [&](Real t, Real latest) { return conjugated.end_of_piece(t, end_of_piece(t, latest)); },
        [&](Real t) { return at(t) * std::conj(conjugated.at(t)); });
}

Real Coefficient::pieces_before(Real t) const {
    const Index piece = piece_at(t);
    const Real left = edges_[static_cast<std::size_t>(piece)];
    const Real right = edges_[static_cast<std::size_t>(piece) + 1];
    return static_cast<Real>(piece) + std::clamp((t - left) / (right - left), 0.0, 1.0);
}

Real Coefficient::longest_resolved_step(Real t) const {
    if (!resolved_) {
        return std::numeric_limits<Real>::infinity();
    }
    auto length = [&](Index piece) {
        return edges_[static_cast<std::size_t>(piece) + 1] - edges_[static_cast<std::size_t>(piece)];
    };
    Index piece = piece_at(t);
    Real longest = length(piece);
    for (++piece; piece < pieces(); ++piece) {
        const Real within = edges_[static_cast<std::size_t>(piece)] - t;
        if (within >= longest) {
            break;
        }
        longest = std::min(longest, std::max(length(piece), within));
    }
    return longest;
}

}  // namespace synqc
