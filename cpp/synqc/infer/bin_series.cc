#include "synqc/infer/bin_series.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr Real left_out_of_series = 1e-12;
constexpr Real most_growth = 18;   // e^18 1e-16 is some 1e-8
constexpr Index least_degree = 2;  // means and variances of records are B_1 and B_2

/// to += factor a b.
void add_product(Real factor, const QubitMap& a, const QubitMap& b, QubitMap& to) {
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t k = 0; k < 4; ++k) {
            const Real left = factor * a[4 * row + k];
            for (std::size_t column = 0; column < 4; ++column) {
                to[4 * row + column] += left * b[4 * k + column];
            }
        }
    }
}

/// to += factor a b^T.
void add_outer(Real factor, const QubitMap& a, const QubitMap& b, QubitMap& to) {
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) {
            Real sum = 0;
            for (std::size_t k = 0; k < 4; ++k) {
                sum += a[4 * row + k] * b[4 * column + k];
            }
            to[4 * row + column] += factor * sum;
        }
    }
}

QubitMap transposed(const QubitMap& map) {
    QubitMap turned;
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) {
            turned[4 * column + row] = map[4 * row + column];
        }
    }
    return turned;
}

Real largest_row_sum(const QubitMap& map) {
    Real largest = 0;
    for (std::size_t row = 0; row < 4; ++row) {
        largest = std::max(largest, std::abs(map[4 * row]) + std::abs(map[4 * row + 1]) + std::abs(map[4 * row + 2]) +
                                        std::abs(map[4 * row + 3]));
    }
    return largest;
}

Real largest_element(const QubitMap& map) {
    Real largest = 0;
    for (const Real element : map) {
        largest = std::max(largest, std::abs(element));
    }
    return largest;
}

void add_series(const std::vector<QubitMap>& term, std::vector<QubitMap>& sum) {
    for (std::size_t m = 0; m < sum.size(); ++m) {
        for (std::size_t k = 0; k < 16; ++k) {
            sum[m][k] += term[m][k];
        }
    }
}

}  // namespace

BinSeries::BinSeries(const QubitRecordModel& model, Real bin_duration, Index degree)
    : degree_(degree), bin_duration_(bin_duration), still_(model.generator()), moving_(model.record_generator()) {
    const Real norm = bin_duration * largest_row_sum(still_) + std::sqrt(bin_duration) * largest_row_sum(moving_);
    factors_ = std::max<Index>(1, static_cast<Index>(std::ceil(norm)));
    for (std::size_t k = 0; k < 16; ++k) {
        still_[k] *= bin_duration / static_cast<Real>(factors_);
        moving_[k] *= std::sqrt(bin_duration) / static_cast<Real>(factors_);
    }
    const auto count = static_cast<std::size_t>(degree) + 1;
    maps_.assign(count, QubitMap{});
    maps_[0][0] = maps_[0][5] = maps_[0][10] = maps_[0][15] = 1;
    for (Index factor = 0; factor < factors_; ++factor) {
        std::vector<Series> terms{maps_};
        Real largest = 1;
        for (Index order = 1; largest > 1e-18; ++order) {
            const Series& before = terms.back();
            Series next(count, QubitMap{});
            largest = 0;
            for (std::size_t m = 0; m < count; ++m) {
                add_product(1 / static_cast<Real>(order), still_, before[m], next[m]);
                if (m > 0) {
                    add_product(1 / static_cast<Real>(order), moving_, before[m - 1], next[m]);
                }
                largest = std::max(largest, largest_element(next[m]));
            }
            add_series(next, maps_);
            terms.push_back(std::move(next));
        }
        terms_.push_back(std::move(terms));
    }
}

std::span<const Real> BinSeries::maps() const {
    return {maps_.front().data(), 16 * maps_.size()};
}

std::array<Real, 6> BinSeries::pull_back(std::span<const Real> weights) const {
    const std::size_t count = maps_.size();
    Series outer(count);
    for (std::size_t m = 0; m < count; ++m) {
        std::copy_n(weights.begin() + static_cast<Index>(16 * m), 16, outer[m].begin());
    }
    const QubitMap still_turned = transposed(still_);
    const QubitMap moving_turned = transposed(moving_);
    QubitMap still_weight{};
    QubitMap moving_weight{};
    for (Index factor = factors_ - 1; factor >= 0; --factor) {
        const std::vector<Series>& terms = terms_[static_cast<std::size_t>(factor)];
        Series weight = outer;
        for (std::size_t order = terms.size() - 1; order > 0; --order) {
            const Series& before = terms[order - 1];
            const Real share = 1 / static_cast<Real>(order);
            Series earlier = outer;
            for (std::size_t m = 0; m < count; ++m) {
                add_outer(share, weight[m], before[m], still_weight);
                add_product(share, still_turned, weight[m], earlier[m]);
                if (m > 0) {
                    add_outer(share, weight[m], before[m - 1], moving_weight);
                    add_product(share, moving_turned, weight[m], earlier[m - 1]);
                }
            }
            weight = std::move(earlier);
        }
        outer = std::move(weight);
    }
    for (std::size_t k = 0; k < 16; ++k) {
        still_weight[k] *= bin_duration_ / static_cast<Real>(factors_);
        moving_weight[k] *= std::sqrt(bin_duration_) / static_cast<Real>(factors_);
    }
    return QubitRecordModel::pull_back(still_weight, moving_weight);
}

Index bin_series_degree(const QubitRecordModel& model, Real bin_duration, Real largest_record) {
    // In the norm of traces |B_m| <= x^m / m!; `bounds` are those times |He_m|, all terms of it added up.
    const Real x = model.strength * std::sqrt(bin_duration);
    std::vector<Real> bounds{1, largest_record * x};
    // The bounds are the series of exp(growth), and fall at least as fast from some multiple of it on.
    const Real growth = x * (largest_record + x / 2);
    while (bounds.back() > left_out_of_series / 4 || static_cast<Real>(bounds.size()) < 2 * growth + 2) {
        const auto m = bounds.size() - 1;
        bounds.push_back(x / static_cast<Real>(m + 1) * (largest_record * bounds[m] + x * bounds[m - 1]));
    }
    Real rest = 0;
    Index degree = std::ssize(bounds) - 1;
    for (; degree > least_degree; --degree) {
        rest += bounds[static_cast<std::size_t>(degree)];
        if (rest > left_out_of_series / 2) {
            break;
        }
    }
    return std::max(degree, least_degree);
}

void check_bin_growth(const QubitRecordModel& model, Real bin_duration, Real largest_record) {
    const Real x = model.strength * std::sqrt(bin_duration);
    const Real growth = x * (largest_record + x / 2);
    if (!(growth <= most_growth)) {
        throw InvalidArgument(
            "Argument `records` must be in units in which white noise has the variance gain^2 / bin, and bins must see "
            "less than several times what one measurement time tells; but a bin reaches " +
            text_of(largest_record) + " standard deviations at a strength of " + text_of(x) + " per bin.");
    }
}

}  // namespace synqc
