#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>

#include "synqc/metrics/histogram_scale.h"
#include "synqc/metrics/histogram_snapshot.h"
#include "synqc/metrics/thread_shards.h"

namespace synqc {

/// Distribution of numbers, recorded by any thread without a lock and kept in constant memory: 16 KiB for each thread
/// that has recorded (at most 33 of them).
class Histogram {
  public:
    explicit Histogram(HistogramScale scale = HistogramScale()) : scale_(scale) {}

    /// Values outside the scale's range count, in a cell of their own at that end; infinities and NaN count apart.
    void record(Real value) {
        int slot = thread_slot();
        auto& shard = shards_.of_slot(slot);
        if (!std::isfinite(value)) {
            add_to<false>(shard.not_finite, std::uint64_t{1});
        } else if (slot != shared_slot) {
            shard.template record<true>(value, scale_.cell_of(value));
        } else {
            shard.template record<false>(value, scale_.cell_of(value));
        }
    }

    /// Every value in `cells` is also in `count`, `sum`, `smallest` and `largest`; the sum may already hold values that
    /// other threads are recording at this moment.
    HistogramSnapshot snapshot() const;

    const HistogramScale& scale() const { return scale_; }

    /// Back to nothing. No other thread may be recording: for the child of a fork.
    void start_again();

  private:
    struct alignas(64) Shard {
        std::atomic<Real> sum{0};
        std::atomic<Real> compensation{0};  // what rounding took from `sum`
        std::atomic<Real> smallest{std::numeric_limits<Real>::infinity()};
        std::atomic<Real> largest{-std::numeric_limits<Real>::infinity()};
        std::atomic<std::uint64_t> not_finite{0};
        std::array<std::atomic<std::uint64_t>, HistogramScale::cells> cells{};

        template <bool owned>
        void record(Real value, int cell);
    };
    static_assert(sizeof(Shard) <= 16384);

    HistogramScale scale_;
    ThreadShards<Shard> shards_;
};

// --- how a shard records ---

template <bool owned>
void Histogram::Shard::record(Real value, int cell) {
    constexpr auto relaxed = std::memory_order_relaxed;
    Real before;
    if constexpr (owned) {
        before = sum.load(relaxed);
        sum.store(before + value, relaxed);
    } else {
        before = sum.fetch_add(value, relaxed);
    }
    // What the addition lost (Knuth's two-sum); exact whichever of the two is larger.
    Real after = before + value;
    Real share = after - before;
    add_to<owned>(compensation, (before - (after - share)) + (value - share));

    Real least = smallest.load(relaxed);
    while (value < least && !smallest.compare_exchange_weak(least, value, relaxed)) {
    }
    Real most = largest.load(relaxed);
    while (value > most && !largest.compare_exchange_weak(most, value, relaxed)) {
    }
    // Last, and released: a reader that sees this count sees the value in all of the above.
    add_to<owned>(cells[static_cast<std::size_t>(cell)], std::uint64_t{1}, std::memory_order_release);
}

}  // namespace synqc
