#include "synqc/dynamics/exponential_action.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/dynamics/dense_series.h"

namespace synqc {

namespace {

/// Beyond this norm per piece the terms of the series grow so much that cancellation costs digits.
constexpr Real longest_piece = 3;

Index pieces_of(Real norm) {
    if (!std::isfinite(norm)) {
        throw NumericalFailure("The generator has an infinite or undefined element.");
    }
    return std::max<Index>(1, static_cast<Index>(std::ceil(norm / longest_piece)));
}

Real largest_magnitude(const std::vector<Real>& x) {
    Real largest = 0;
    for (Real value : x) {
        largest = std::max(largest, std::abs(value));
    }
    return largest;
}

}  // namespace

ExponentialAction::ExponentialAction(const LinearEquation& equation) : equation_(equation) {
    if (DenseParts::suit(equation)) {
        dense_.emplace(equation);
        frozen_.resize(dense_->parts.front().size());
        term_.resize(static_cast<std::size_t>(dense_->padded), 0);
    } else {
        term_.resize(static_cast<std::size_t>(equation.dimension));
        next_.resize(static_cast<std::size_t>(equation.dimension));
    }
}

void ExponentialAction::apply(Real scale, Real share, std::span<const Real> weights, Real tolerance,
                              std::vector<Real>& y, CancellationCheck& cancellation) {
    if (dense_) {
        apply_dense(scale, share, weights, tolerance, y, cancellation);
    } else {
        apply_sparse(scale, share, weights, tolerance, y, cancellation);
    }
}

void ExponentialAction::apply_dense(Real scale, Real share, std::span<const Real> weights, Real tolerance,
                                    std::vector<Real>& y, CancellationCheck& cancellation) {
    const DenseSeriesKernels& kernels = dense_series_kernels();
    const Real norm = kernels.freeze(dense_->pointers.data(), dense_->count(), scale, share, weights.data(),
                                     equation_.dimension, dense_->padded, frozen_.data());
    const Index pieces = pieces_of(norm);
    std::copy(y.begin(), y.end(), term_.begin());
    for (Index piece = 0; piece < pieces; ++piece) {
        cancellation.check();
        applications_ += kernels.sum_series(frozen_.data(), equation_.dimension, dense_->padded, pieces,
                                            norm / static_cast<Real>(pieces), tolerance, term_.data());
    }
    std::copy_n(term_.begin(), y.size(), y.begin());
}

void ExponentialAction::apply_sparse(Real scale, Real share, std::span<const Real> weights, Real tolerance,
                                     std::vector<Real>& y, CancellationCheck& cancellation) {
    equation_.freeze(scale, share, weights, frozen_);
    const Real norm = equation_.norm(frozen_);
    const Index pieces = pieces_of(norm);
    const Real norm_of_piece = norm / static_cast<Real>(pieces);
    for (Index piece = 0; piece < pieces; ++piece) {
        std::copy(y.begin(), y.end(), term_.begin());
        const Real enough = tolerance * largest_magnitude(y);
        for (Index order = 1;; ++order) {
            cancellation.check();
            equation_.apply(frozen_, term_.data(), next_.data());
            ++applications_;
            const Real factor = 1 / static_cast<Real>(pieces * order);
            Real largest = 0;
            for (std::size_t k = 0; k < y.size(); ++k) {
                term_[k] = next_[k] * factor;
                y[k] += term_[k];
                largest = std::max(largest, std::abs(term_[k]));
            }
            // All later terms together are at most this one times q + q^2 + .., with q below one half.
            const Real ratio = norm_of_piece / static_cast<Real>(order + 1);
            if (ratio < 0.5 && largest * 2 * ratio <= enough) {
                break;
            }
        }
    }
}

}  // namespace synqc
