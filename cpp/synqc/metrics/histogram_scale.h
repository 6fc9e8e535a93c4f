#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "synqc/base/numbers.h"

namespace synqc {

/// Where the buckets of a histogram lie: log-linear, with a relative error below 1 %.
///
/// The range (lowest, 2^48 lowest] is cut into octaves (b, 2b]. The lower half of an octave is cut into 25 equal
/// buckets of width b/50, the upper half into 17 of width b/34. A bucket (l, u] stands for r = 2lu / (l + u); a value v
/// in it is off by |v - r| / v <= (u - l) / (u + l), reached at both ends. That is largest in the first bucket of each
/// half:
///   lower half, l = b:     (1/50) / (2 + 1/50)   = 1/101  = 0.990 %
///   upper half, l = 1.5 b: (1/34) / (3 + 1/34)   = 1/103  = 0.971 %
/// so the relative error is at most 0.991 %, rounding (1e-15) included. One step of width per octave, as usual, would
/// need 50 buckets instead of 42 for the same promise, and 16 KiB would hold 40 octaves instead of 48.
class HistogramScale {
  public:
    static constexpr int octaves = 48;
    static constexpr int per_octave = 42;
    static constexpr int per_lower_half = 25;
    /// Cell 0 counts what is at or below `lowest`, the last cell what is above `highest`; buckets lie between.
    static constexpr int cells = octaves * per_octave + 2;
    static constexpr int below = 0;
    static constexpr int above = cells - 1;

    /// 2^-30, about 1 ns in seconds: the range then ends at 2^18 s, about 3 days.
    static constexpr Real default_lowest = 0x1p-30;

    /// `lowest` is rounded down to a power of two. Throws InvalidArgument unless it and the range's end are normal
    /// numbers.
    explicit HistogramScale(Real lowest = default_lowest);

    Real lowest() const { return lowest_; }    // excluded
    Real highest() const { return highest_; }  // included

    /// Cell of a number that is not NaN.
    int cell_of(Real value) const {
        if (!(value > lowest_)) {
            return below;
        }
        if (value > highest_) {
            return above;
        }
        // One unit in the last place less makes octaves end with their upper edge, as `le` in Prometheus means it.
        std::uint64_t bits = std::bit_cast<std::uint64_t>(value) - 1;
        int octave = static_cast<int>(bits >> 52) - lowest_exponent_bits_;
        Real x = std::bit_cast<Real>((bits & 0x000fffffffffffff) | 0x3ff0000000000000) - 1;
        // Two lines that cross in the middle of the octave; the lower one counts.
        return 1 + octave * per_octave + static_cast<int>(std::min(50 * x, 34 * x + 8));
    }

    /// Upper edge of a bucket, included in it; of cell 0 it is `lowest`, of the last one infinity.
    Real upper_edge(int cell) const;
    /// The number that stands for all in a bucket between the first and the last cell.
    Real representative(int cell) const;
    /// The last cell of those that lie at or below lowest * 2^octave.
    static constexpr int last_cell_of_octaves(int octave) { return octave * per_octave; }
    /// The same for half octaves; an odd one ends at 1.5 times where its octave begins, where the two widths meet.
    static constexpr int last_cell_of_half_octaves(int half) {
        return last_cell_of_octaves(half / 2) + (half % 2 == 0 ? 0 : per_lower_half);
    }

    bool operator==(const HistogramScale&) const = default;

  private:
    Real lowest_;
    Real highest_;
    int lowest_exponent_bits_;
};

}  // namespace synqc
