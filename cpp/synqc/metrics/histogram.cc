#include "synqc/metrics/histogram.h"

#include <algorithm>

namespace synqc {

HistogramSnapshot Histogram::snapshot() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    std::array<std::uint64_t, HistogramScale::cells> counts{};
    int first = HistogramScale::cells;
    int last = -1;
    Real sum = 0;
    Real compensation = 0;
    Real smallest = std::numeric_limits<Real>::infinity();
    Real largest = -smallest;
    HistogramSnapshot taken{.scale = scale_};
    shards_.for_each([&](const Shard& shard) {
        taken.not_finite += shard.not_finite.load(relaxed);
        Real least = shard.smallest.load(relaxed);
        Real most = shard.largest.load(relaxed);
        if (!(least <= most)) {
            return;
        }
        // Only cells between the extremes can hold anything: a tenth of them as a rule. What arrives outside meanwhile
        // is left to the next snapshot.
        int shard_first = scale_.cell_of(least);
        int shard_last = scale_.cell_of(most);
        for (int cell = shard_first; cell <= shard_last; ++cell) {
            counts[cell] += shard.cells[cell].load(std::memory_order_acquire);
        }
        first = std::min(first, shard_first);
        last = std::max(last, shard_last);
        sum += shard.sum.load(relaxed);
        compensation += shard.compensation.load(relaxed);
        smallest = std::min(smallest, shard.smallest.load(relaxed));
        largest = std::max(largest, shard.largest.load(relaxed));
    });
    for (int cell = first; cell <= last; ++cell) {
        if (counts[cell] > 0) {
            taken.cells.emplace_back(cell, counts[cell]);
            taken.count += counts[cell];
        }
    }
    if (taken.count > 0) {
        // An infinite sum leaves no number to compensate.
        taken.sum = std::isfinite(sum) ? sum + compensation : sum;
        taken.smallest = smallest;
        taken.largest = largest;
    }
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
