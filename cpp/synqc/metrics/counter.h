#pragma once

#include <atomic>
#include <cstdint>

#include "synqc/base/numbers.h"
#include "synqc/metrics/thread_shards.h"

namespace synqc {

/// What a counter has counted: whole steps exactly, and the sum of what was not whole.
struct Count {
    std::uint64_t whole = 0;
    Real fractional = 0;

    Real value() const { return static_cast<Real>(whole) + fractional; }
};

/// A number that only grows, counted by any thread without a lock.
class Counter {
  public:
    void add(std::uint64_t amount = 1) {
        int slot = thread_slot();
        auto& shard = shards_.of_slot(slot);
        slot != shared_slot ? add_to<true>(shard.whole, amount) : add_to<false>(shard.whole, amount);
    }

    /// `amount` must be finite and not negative.
    void add_fraction(Real amount) {
        int slot = thread_slot();
        auto& shard = shards_.of_slot(slot);
        slot != shared_slot ? add_to<true>(shard.fractional, amount) : add_to<false>(shard.fractional, amount);
    }

    Count count() const {
        Count sum;
        shards_.for_each([&](const Shard& shard) {
            sum.whole += shard.whole.load(std::memory_order_relaxed);
            sum.fractional += shard.fractional.load(std::memory_order_relaxed);
        });
        return sum;
    }

    /// Back to zero. No other thread may be counting: for the child of a fork.
    void start_again() {
        shards_.for_each([](Shard& shard) {
            shard.whole.store(0, std::memory_order_relaxed);
            shard.fractional.store(0, std::memory_order_relaxed);
        });
    }

  private:
    struct alignas(64) Shard {
        std::atomic<std::uint64_t> whole{0};
        std::atomic<Real> fractional{0};
    };

    ThreadShards<Shard> shards_;
};

}  // namespace synqc
