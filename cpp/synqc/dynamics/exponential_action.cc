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

std::vector<Real> padded_columns(const LinearEquation& equation, const std::vector<Real>& elements, Index padded) {
    std::vector<Real> columns(static_cast<std::size_t>(equation.dimension * padded), 0);
    const RealMatrix dense = equation.dense(elements);
    for (Index row = 0; row < dense.rows(); ++row) {
        for (Index column = 0; column < dense.cols(); ++column) {
            columns[static_cast<std::size_t>(column * padded + row)] = dense(row, column);
        }
    }
    return columns;
}

}  // namespace

ExponentialAction::ExponentialAction(const LinearEquation& equation) : equation_(equation) {
    if (equation.dimension <= most_dense_rows) {
        padded_ = (equation.dimension + 7) / 8 * 8;
        dense_parts_.push_back(padded_columns(equation, equation.constant, padded_));
        for (const std::vector<Real>& elements : equation.varying) {
            dense_parts_.push_back(padded_columns(equation, elements, padded_));
        }
        for (const std::vector<Real>& part : dense_parts_) {
            dense_pointers_.push_back(part.data());
        }
        frozen_.resize(dense_parts_.front().size());
        term_.resize(static_cast<std::size_t>(padded_), 0);
    } else {
        term_.resize(static_cast<std::size_t>(equation.dimension));
        next_.resize(static_cast<std::size_t>(equation.dimension));
    }
}

void ExponentialAction::apply(Real scale, Real share, std::span<const Real> weights, Real tolerance,
                              std::vector<Real>& y, CancellationCheck& cancellation) {
    if (padded_ > 0) {
        apply_dense(scale, share, weights, tolerance, y, cancellation);
    } else {
        apply_sparse(scale, share, weights, tolerance, y, cancellation);
    }
}

void ExponentialAction::apply_dense(Real scale, Real share, std::span<const Real> weights, Real tolerance,
                                    std::vector<Real>& y, CancellationCheck& cancellation) {
    const DenseSeriesKernels& kernels = dense_series_kernels();
    const Real norm = kernels.freeze(dense_pointers_.data(), static_cast<Index>(dense_pointers_.size()), scale, share,
                                     weights.data(), equation_.dimension, padded_, frozen_.data());
    const Index pieces = pieces_of(norm);
    std::copy(y.begin(), y.end(), term_.begin());
    for (Index piece = 0; piece < pieces; ++piece) {
        cancellation.check();
        applications_ += kernels.sum_series(frozen_.data(), equation_.dimension, padded_, pieces,
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
