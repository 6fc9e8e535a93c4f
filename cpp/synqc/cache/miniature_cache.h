#pragma once

#include <cstdint>
#include <vector>

#include "synqc/cache/slot_table.h"
#include "synqc/cache/window_tinylfu.h"

namespace synqc {

/// What a cache with a window of another size would do: holds hashes alone, for a sample of the requests and with a
/// capacity that is as much smaller.
///
/// Source: C. Waldspurger et al., Cache Modeling and Optimization using Miniature Simulations (USENIX ATC 2017).
class MiniatureCache {
  public:
    MiniatureCache(std::uint64_t capacity, double window_share)
        : capacity_(capacity), policy_(capacity, window_share) {}

    /// Whether it has what is asked for; if not, it has then, unless that is heavier than everything it may hold.
    bool ask(std::uint64_t hash, std::uint64_t weight) {
        const Slot found =
            table_.find(hash, [&](Slot slot) { return policy_.hash(slot) == hash ? KeyMatch::yes : KeyMatch::no; })
                .first;
        if (found != no_slot) {
            policy_.hit(found);
            return true;
        }
        if (weight > capacity_) {
            return false;
        }
        const Slot slot = free_slot();
        table_.insert(hash, slot, [&](Slot other) { return policy_.hash(other); });
        policy_.insert(slot, hash, weight);
        held_ += weight;
        while (held_ > capacity_) {
            const Slot victim = policy_.victim();
            table_.remove(policy_.hash(victim), victim);
            held_ -= policy_.weight(victim);
            policy_.remove(victim);
            free_.push_back(victim);
        }
        return false;
    }

  private:
    Slot free_slot() {
        if (free_.empty()) {
            return slots_++;
        }
        const Slot slot = free_.back();
        free_.pop_back();
        return slot;
    }

    const std::uint64_t capacity_;
    WindowTinyLfu policy_;
    SlotTable table_;
    std::vector<Slot> free_;
    Slot slots_ = 0;  // ever used
    std::uint64_t held_ = 0;
};

}  // namespace synqc
