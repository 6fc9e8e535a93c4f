#include "synqc/dynamics/exponential_action.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

/// Beyond this norm per piece the terms of the series grow so much that cancellation costs digits.
constexpr Real longest_piece = 3;

Real largest_magnitude(const Real* x, Index count) {
    Real largest = 0;
    for (Index k = 0; k < count; ++k) {
        largest = std::max(largest, std::abs(x[k]));
    }
    return largest;
}

}  // namespace

ExponentialAction::ExponentialAction(const LinearEquation& equation)
    : equation_(equation),
      term_(static_cast<std::size_t>(equation.dimension)),
      next_(static_cast<std::size_t>(equation.dimension)) {}

void ExponentialAction::apply(const std::vector<Real>& frozen, Real tolerance, Real* y, Heartbeat& heartbeat) {
    const Index size = equation_.dimension;
    const Real norm = equation_.norm(frozen);
    if (!std::isfinite(norm)) {
        throw NumericalFailure("The generator has an infinite or undefined element.");
    }
    const Index pieces = std::max<Index>(1, static_cast<Index>(std::ceil(norm / longest_piece)));
    const Real norm_of_piece = norm / static_cast<Real>(pieces);
    for (Index piece = 0; piece < pieces; ++piece) {
        std::copy_n(y, size, term_.begin());
        const Real enough = tolerance * largest_magnitude(y, size);
        for (Index order = 1;; ++order) {
            heartbeat.beat();
            equation_.apply(frozen, term_.data(), next_.data());
            ++applications_;
            const Real factor = 1 / static_cast<Real>(pieces * order);
            Real largest = 0;
            for (Index k = 0; k < size; ++k) {
                const Real element = next_[static_cast<std::size_t>(k)] * factor;
                term_[static_cast<std::size_t>(k)] = element;
                y[k] += element;
                largest = std::max(largest, std::abs(element));
            }
            // All later terms together are at most this one times q + q^2 + ..., with q below one half.
            const Real ratio = norm_of_piece / static_cast<Real>(order + 1);
            if (ratio < 0.5 && largest * 2 * ratio <= enough) {
                break;
            }
        }
    }
}

}  // namespace synqc
