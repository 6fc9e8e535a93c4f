#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synqc/cache/memory_store.h"

namespace synqc {

/// A value of a shard as it was when the shard's lock was held.
template <typename Value>
struct ShardAnswer {
    std::shared_ptr<const Value> value;  // null: the shard does not have it
    std::uint64_t bytes = 0;
    std::uint64_t epoch = 0;
};

/// What one thread keeps of the popular values of a concurrent cache. Pointers handed out share a count of references
/// that belongs to this thread, so a hit writes nothing that other threads read. Values are by content and cannot go
/// stale; one is asked of its shard again as soon as anything has left that shard (its epoch has moved), which is when
/// the shard's policy needs to know who is popular. Bounded by entries and bytes: at worst that much outlives its
/// eviction.
template <typename Value>
class ThreadFront {
  public:
    using Pointer = std::shared_ptr<const Value>;

    explicit ThreadFront(std::uint64_t most_bytes)
        : store_({.most_entries = most_entries, .most_bytes = most_bytes}, "s3-fifo", 0), asked_(most_entries, 0) {}

    /// Whether to ask here: not for a while after a quarter of the lookups went on to the shard, because then asking
    /// costs more than it saves.
    bool is_awake() {
        if (resting_ > 0) {
            --resting_;
            return false;
        }
        if (++lookups_ == lookups_of_a_trial) {
            resting_ = 4 * (hits() - hits_before_trial_) < 3 * lookups_of_a_trial ? lookups_of_a_rest : 0;
            lookups_ = 0;
            hits_before_trial_ = hits();
        }
        return true;
    }

    /// Where the value under `key` is kept, or no_slot.
    Slot find(std::string_view key, std::uint64_t hash) const {
        return store_.find(hash, [&](const std::string& other) { return other == key ? KeyMatch::yes : KeyMatch::no; })
            .first;
    }

    /// What is kept in the slot if it is from this `epoch` of its shard, else null.
    Pointer value_of(Slot slot, std::uint64_t epoch) {
        if (slot == no_slot || store_.at(slot).value.epoch != epoch) {
            return nullptr;
        }
        store_.hit(slot);
        // Only this thread writes; others may read.
        hits_.store(hits_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return store_.at(slot).value.pointer;
    }

    /// Takes note of what the shard answered for the key, which is kept in `slot` if anywhere; keeps the value of a key
    /// that is asked for again soon.
    void note(Slot slot, std::string_view key, std::uint64_t hash, const ShardAnswer<Value>& answer) {
        if (answer.value == nullptr) {
            if (slot != no_slot) {
                store_.remove(slot);
            }
        } else if (slot == no_slot) {
            if (asked_before(hash) && has_room_for(answer.bytes)) {
                store_.insert(hash, entry_of(key, answer), TimerWheel::never);
            }
        } else if (store_.at(slot).value.pointer == answer.value) {
            store_.at(slot).value.epoch = answer.epoch;
        } else {
            store_.replace(slot, entry_of(key, answer), TimerWheel::never);
        }
        for (Slot victim = store_.over_limit(); victim != no_slot; victim = store_.over_limit()) {
            store_.remove(victim);
        }
    }

    /// Lookups answered here. Any thread may ask.
    std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }

    std::uint64_t size() const { return store_.size(); }
    std::uint64_t bytes() const { return store_.bytes(); }

    static constexpr std::uint64_t most_entries = 4096;

  private:
    struct Kept {
        Pointer pointer;
        std::uint64_t epoch = 0;
    };
    using Store = MemoryStore<std::string, Kept>;

    static typename Store::Entry entry_of(std::string_view key, const ShardAnswer<Value>& answer) {
        // The holder's count is this thread's; the shard's is held once, by the holder.
        const auto holder = std::make_shared<const Pointer>(answer.value);
        return {.key = std::string(key),
                .value = {.pointer = Pointer(holder, holder->get()), .epoch = answer.epoch},
                .bytes = answer.bytes};
    }

    /// Whether the hash was last to be asked for in its place: a walk over more keys than fit here leaves no trace.
    bool asked_before(std::uint64_t hash) {
        const auto mark = static_cast<std::uint16_t>(hash >> 40);
        return std::exchange(asked_[(hash >> 26) % asked_.size()], mark) == mark;
    }

    /// Letting somebody into a full front costs as much as some ten hits save, so that many have to lie in between.
    bool has_room_for(std::uint64_t bytes) {
        if (store_.size() < most_entries && store_.bytes() + bytes <= store_.limits().most_bytes) {
            return true;
        }
        if (bytes > store_.limits().most_bytes || hits() - hits_before_newcomer_ < hits_per_newcomer) {
            return false;
        }
        hits_before_newcomer_ = hits();
        return true;
    }

    static constexpr std::uint64_t hits_per_newcomer = 16;
    static constexpr std::uint32_t lookups_of_a_trial = 2 * most_entries;
    static constexpr std::uint32_t lookups_of_a_rest = 8 * lookups_of_a_trial;

    Store store_;
    std::vector<std::uint16_t> asked_;
    std::uint64_t hits_before_newcomer_ = 0;
    std::uint64_t hits_before_trial_ = 0;
    std::uint32_t lookups_ = 0;  // of this trial
    std::uint32_t resting_ = 0;  // lookups still to come that are not asked here
    alignas(64) std::atomic<std::uint64_t> hits_ = 0;
};

}  // namespace synqc
