#pragma once

#include <atomic>
#include <memory>

#include "synqc/metrics/thread_slot.h"

namespace synqc {

/// Adds to a cell of a shard. A cell whose slot is owned has one writer, which may load and store (1 ns); threads on
/// the shared slot must exchange (6 ns). Either way readers see whole values.
template <bool owned, typename T>
void add_to(std::atomic<T>& cell, T amount, std::memory_order order = std::memory_order_relaxed) {
    if constexpr (owned) {
        cell.store(cell.load(std::memory_order_relaxed) + amount, order);
    } else {
        cell.fetch_add(amount, order);
    }
}

/// The parts of one metric, one for each slot that has recorded something; made when first written to, kept until the
/// metric ends.
template <typename Shard>
class ThreadShards {
  public:
    ThreadShards() = default;
    ThreadShards(const ThreadShards&) = delete;
    ThreadShards& operator=(const ThreadShards&) = delete;
    ~ThreadShards() {
        for (auto& shard : shards_) {
            delete shard.load(std::memory_order_relaxed);
        }
    }

    Shard& of_slot(int slot) {
        Shard* shard = shards_[slot].load(std::memory_order_acquire);
        return shard != nullptr ? *shard : make(slot);
    }

    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (auto& cell : shards_) {
            if (Shard* shard = cell.load(std::memory_order_acquire)) {
                visit(*shard);
            }
        }
    }

  private:
    [[gnu::noinline]] Shard& make(int slot) {
        auto made = std::make_unique<Shard>();
        Shard* existing = nullptr;
        // Threads on the shared slot may get here at the same time.
        if (shards_[slot].compare_exchange_strong(existing, made.get(), std::memory_order_acq_rel)) {
            return *made.release();
        }
        return *existing;
    }

    std::atomic<Shard*> shards_[owned_slots + 1] = {};
};

}  // namespace synqc
