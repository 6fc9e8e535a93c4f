#include "synqc/dynamics/taylor_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/dense_parts.h"
#include "synqc/dynamics/dense_series.h"
#include "synqc/dynamics/taylor_series.h"
#include "synqc/dynamics/weight_polynomials.h"

namespace synqc {

namespace {

/// What the generator may amount to over one step: terms grow up to e to the power of this before they fall, and cost
/// that many times the rounding.
constexpr Real most_per_step = 5;

/// A step whose series is longer is halved.
constexpr Index most_orders = 160;

constexpr std::size_t most_weights = 8;

StepTooSmall step_too_small(Real t) {
    return StepTooSmall("The tolerance cannot be met at time " + text_of(t) +
                        ": the step would fall below the spacing of numbers there.");
}

/// The series of one step at a time.
class TaylorSteps {
  public:
    TaylorSteps(const LinearEquation& equation, const EvolutionOptions& options, Real duration,
                CancellationCheck& cancellation)
        : equation_(equation),
          cancellation_(cancellation),
          error_rate_((options.absolute_tolerance + options.relative_tolerance) / duration),
          longest_step_(options.longest_step > 0 ? options.longest_step : std::numeric_limits<Real>::infinity()),
          weights_(equation),
          sizes_(static_cast<std::size_t>(most_orders) + 1) {
        if (DenseParts::suit(equation)) {
            dense_.emplace(equation);
            frozen_.resize(dense_->parts.front().size());
        } else {
            mixed_.resize(static_cast<std::size_t>(equation.dimension));
            product_.resize(static_cast<std::size_t>(equation.dimension));
        }
        for (const std::vector<Real>& elements : equation.varying) {
            norms_.push_back(equation.norm(elements));
        }
        row_ = (equation.dimension + 7) / 8 * 8;
        value_.resize(static_cast<std::size_t>(row_), 0);
        terms_.resize(static_cast<std::size_t>((most_orders + 1) * row_), 0);
    }

    void run(std::span<const Real> times, Evolution& evolution) {
        const auto save = [&] {
            evolution.states.insert(evolution.states.end(), value_.begin(), value_.begin() + equation_.dimension);
        };
        std::copy_n(evolution.states.begin(), equation_.dimension, terms_.begin());
        Real t = times.front();
        std::size_t next = 1;
        while (next < times.size()) {
            cancellation_.check();
            const Real end = step(t, times.back());
            for (; next < times.size() && times[next] < end; ++next) {
                evaluate((times[next] - t) / length_);
                save();
            }
            evaluate(1);
            for (; next < times.size() && times[next] == end; ++next) {
                save();
            }
            std::copy(value_.begin(), value_.end(), terms_.begin());
            t = end;
            ++evolution.report.steps;
        }
        evolution.report.applications = applications_;
    }

  private:
    /// Expands the solution from t on; returns where the series ends, at `latest` at the latest.
    Real step(Real t, Real latest) {
        Real end = equation_.smooth_until(t, std::min(latest, t + longest_step_));
        if (!(end > t)) {
            throw step_too_small(t);
        }
        length_ = end - t;
        weights_.expand(t, length_, length_);
        const Real tolerance = std::clamp(1e-3 * error_rate_ * length_, 1e-16, 1e-12);
        freeze(tolerance);
        if (!std::isfinite(tails_.front())) {
            throw NumericalFailure("The generator has an infinite or undefined element.");
        }
        if (tails_.front() > most_per_step) {
            end = shorten(t, end, 1 / std::ceil(tails_.front() / most_per_step), tolerance);
        }
        while (!expand(t, tolerance)) {
            end = shorten(t, end, 0.5, tolerance);
        }
        return end;
    }

    Real shorten(Real t, Real end, Real share, Real tolerance) {
        const Real shorter = t + share * (end - t);
        if (!(shorter - t >= 16 * std::numeric_limits<Real>::epsilon() * std::max(std::abs(t), std::abs(end)))) {
            throw step_too_small(t);
        }
        // The step is what lies between two numbers, not what was wished for.
        weights_.shrink((shorter - t) / length_);
        length_ = shorter - t;
        freeze(tolerance);
        return shorter;
    }

    /// Sets M, how many of the higher powers count, and `tails_`.
    void freeze(Real tolerance) {
        const std::span<const Real> lowest = weights_.lowest();
        Real norm = 0;
        if (dense_) {
            norm = dense_series_kernels().freeze(dense_->pointers.data(), dense_->count(), 1, length_, lowest.data(),
                                                 equation_.dimension, dense_->padded, frozen_.data());
        } else {
            equation_.freeze(1, length_, lowest, frozen_);
            norm = equation_.norm(frozen_);
        }
        // Norms of what multiplies u^j, from the highest power down: their sums from each power on.
        width_ = weights_.stride();
        tails_.assign(static_cast<std::size_t>(width_) + 1, 0);
        Real tail = 0;
        for (Index power = width_; power > 0; --power) {
            for (std::size_t k = 0; k < norms_.size(); ++k) {
                tail += norms_[k] * std::abs(weights_.higher(k)[static_cast<std::size_t>(power - 1)]);
            }
            if (power == width_ && tail <= 0.01 * tolerance) {
                --width_;
            }
            tails_[static_cast<std::size_t>(power)] = tail;
        }
        tails_.front() = tail + norm;
    }

    /// Appends terms until all later ones together are below `tolerance` times the first; false if that takes too many.
    ///
    /// With norms a_j of what multiplies u^j, the sizes r_n of the terms obey n r_n <= sum_j a_j r_(n-1-j). Summed over
    /// all n beyond the newest, N, that bounds their total T: (N + 1 - sum_j a_j) T <= sum_i r_i (a_(N-i) + ..).
    bool expand(Real t, Real tolerance) {
        sizes_.front() = largest_magnitude(terms_.data());
        if (!std::isfinite(sizes_.front())) {
            throw NumericalFailure("The solution is no longer finite at time " + text_of(t) + ".");
        }
        const Real enough = tolerance * sizes_.front();
        for (order_ = 0; order_ < most_orders;) {
            append_term();
            const Real room = static_cast<Real>(order_ + 1) - tails_.front();
            if (room > 0 && remainder() <= enough * room) {
                return true;
            }
        }
        return false;
    }

    Real remainder() const {
        Real sum = 0;
        for (Index power = std::min(width_, order_); power >= 0; --power) {
            sum += sizes_[static_cast<std::size_t>(order_ - power)] * tails_[static_cast<std::size_t>(power)];
        }
        return sum;
    }

    void append_term() {
        sizes_[static_cast<std::size_t>(order_) + 1] = dense_ ? append_dense_term() : append_sparse_term();
        ++order_;
        ++applications_;
    }

    Real append_dense_term() {
        const PolynomialEquation equation = {.constant = frozen_.data(),
                                             .parts = dense_->pointers.data() + 1,
                                             .part_count = dense_->count() - 1,
                                             .powers = weights_.higher().data(),
                                             .stride = weights_.stride(),
                                             .width = width_,
                                             .columns = equation_.dimension,
                                             .padded = dense_->padded};
        return taylor_series_kernels().append_term(equation, order_, terms_.data());
    }

    Real append_sparse_term() {
        const Real* newest = terms_.data() + order_ * row_;
        Real* next = terms_.data() + (order_ + 1) * row_;
        equation_.apply(frozen_, newest, next);
        const Index reach = std::min(width_, order_);
        for (std::size_t k = 0; k < (reach > 0 ? norms_.size() : 0); ++k) {
            std::fill(mixed_.begin(), mixed_.end(), 0);
            for (Index power = 1; power <= reach; ++power) {
                const Real factor = weights_.higher(k)[static_cast<std::size_t>(power - 1)];
                const Real* former = newest - power * row_;
                for (std::size_t i = 0; i < mixed_.size(); ++i) {
                    mixed_[i] += factor * former[i];
                }
            }
            equation_.apply(equation_.varying[k], mixed_.data(), product_.data());
            for (std::size_t i = 0; i < product_.size(); ++i) {
                next[i] += product_[i];
            }
        }
        const Real factor = 1 / static_cast<Real>(order_ + 1);
        for (Index i = 0; i < equation_.dimension; ++i) {
            next[i] *= factor;
        }
        return largest_magnitude(next);
    }

    Real largest_magnitude(const Real* vector) const {
        Real largest = 0;
        for (Index i = 0; i < equation_.dimension; ++i) {
            // Written so that a NaN is the largest of all.
            const Real magnitude = std::abs(vector[i]);
            largest = magnitude <= largest ? largest : magnitude;
        }
        return largest;
    }

    void evaluate(Real u) { taylor_series_kernels().evaluate(terms_.data(), order_, row_, u, value_.data()); }

    const LinearEquation& equation_;
    CancellationCheck& cancellation_;
    Real error_rate_;
    Real longest_step_;
    WeightPolynomials weights_;
    std::optional<DenseParts> dense_;  // none: sparse
    std::vector<Real> norms_;          // of G_1, G_2, ..
    std::vector<Real> frozen_;         // M
    std::vector<Real> tails_;          // (1 + powers)
    std::vector<Real> sizes_;          // of the terms
    std::vector<Real> mixed_;
    std::vector<Real> product_;
    std::vector<Real> value_;  // (row)
    std::vector<Real> terms_;  // (orders + 1, row)
    Index row_ = 0;            // coordinates and what pads them
    Index width_ = 0;          // powers that count
    Index order_ = 0;
    Real length_ = 0;
    Index applications_ = 0;
};

}  // namespace

bool suits_taylor_series(const LinearEquation& equation) {
    return equation.weights.size() <= most_weights;
}

void evolve_by_taylor_series(const LinearEquation& equation, std::span<const Real> times,
                             const EvolutionOptions& options, CancellationCheck& cancellation, Evolution& evolution) {
    if (times.size() > 1) {
        TaylorSteps(equation, options, times.back() - times.front(), cancellation).run(times, evolution);
    }
}

}  // namespace synqc
