#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "synqc/metrics/histogram_scale.h"

namespace synqc {

/// The sum of two sums, each finite or beyond all numbers; the largest number there is stands for what is beyond, so
/// that text, JSON and merging say the same.
inline Real finite_sum(Real one, Real other) {
    constexpr Real most = std::numeric_limits<Real>::max();
    return std::clamp(std::clamp(one, -most, most) + std::clamp(other, -most, most), -most, most);
}

/// What a histogram held at one moment; a plain value that can be kept, sent and merged.
struct HistogramSnapshot {
    HistogramScale scale;
    std::uint64_t count = 0;                                // of all cells; infinities and NaN are not among them
    std::uint64_t not_finite = 0;                           // infinities and NaN offered
    Real sum = 0;                                           // rounded once: shards add with compensation; finite
    Real smallest = 0;                                      // exact; 0 if there is no value
    Real largest = 0;                                       // exact; 0 if there is no value
    std::vector<std::pair<int, std::uint64_t>> cells = {};  // those that are not empty, by number

    /// Throws InvalidArgument if a cell does not exist, is empty, out of order, or the counts overflow.
    static HistogramSnapshot from_cells(HistogramScale scale, std::vector<std::pair<int, std::uint64_t>> cells);

    /// 0 if there is no value.
    Real mean() const { return count == 0 ? 0 : sum / static_cast<Real>(count); }

    /// Nearest rank: the value at rank ceil(q * count), at least 1, of all values in order, to 1 % of itself if it lies
    /// in the scale's range. The lowest and the highest rank are exact; what lies below the range is given as the
    /// smallest value, what lies above as the largest. 0 if there is no value. `q` lies in [0, 1].
    Real quantile(Real q) const;

    /// As if all had been recorded in one histogram; sums agree to rounding, all else exactly, in whatever order.
    /// Throws InvalidArgument if the scales differ.
    void merge(const HistogramSnapshot& other);
};

}  // namespace synqc
