#include "synqc/metrics/histogram.h"

#include <algorithm>

namespace synqc {

HistogramSnapshot Histogram::snapshot() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    // Only cells between the extremes can hold anything: a tenth of them as a rule. What arrives outside meanwhile is
    // left to the next snapshot.
    Real smallest = std::numeric_limits<Real>::infinity();
    Real largest = -smallest;
    shards_.for_each([&](const Shard& shard) {
        smallest = std::min(smallest, shard.smallest.load(relaxed));
        largest = std::max(largest, shard.largest.load(relaxed));
    });
    bool is_empty = !(smallest <= largest);
    int first = is_empty ? 0 : scale_.cell_of(smallest);
    int last = is_empty ? -1 : scale_.cell_of(largest);

    HistogramSnapshot taken{.scale = scale_};
    std::array<std::uint64_t, HistogramScale::cells> counts;
    std::fill(counts.begin() + first, counts.begin() + last + 1, 0);
    Real compensation = 0;
    shards_.for_each([&](const Shard& shard) {
        for (int cell = first; cell <= last; ++cell) {
            counts[cell] += shard.cells[cell].load(std::memory_order_acquire);
        }
        // After the cells, so that what they count is in these.
        taken.sum = finite_sum(taken.sum, shard.sum.load(relaxed));
        compensation += shard.compensation.load(relaxed);
        smallest = std::min(smallest, shard.smallest.load(relaxed));
        largest = std::max(largest, shard.largest.load(relaxed));
        taken.not_finite += shard.not_finite.load(relaxed);
    });
    for (int cell = first; cell <= last; ++cell) {
        if (counts[cell] > 0) {
            taken.cells.emplace_back(cell, counts[cell]);
            taken.count += counts[cell];
        }
    }
    if (taken.count == 0) {
        taken.sum = 0;  // of a value whose count is not to be seen yet
        return taken;
    }
    // A sum beyond all numbers leaves none to compensate.
    taken.sum = finite_sum(taken.sum, std::isfinite(compensation) ? compensation : 0);
    taken.smallest = smallest;
    taken.largest = largest;
    return taken;
}

void Histogram::start_again() {
    constexpr auto relaxed = std::memory_order_relaxed;
    shards_.for_each([](Shard& shard) {
        shard.sum.store(0, relaxed);
        shard.compensation.store(0, relaxed);
        shard.smallest.store(std::numeric_limits<Real>::infinity(), relaxed);
        shard.largest.store(-std::numeric_limits<Real>::infinity(), relaxed);
        shard.not_finite.store(0, relaxed);
        for (auto& cell : shard.cells) {
            cell.store(0, relaxed);
        }
    });
}

}  // namespace synqc
