#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synqc/cache/eviction_policy.h"
#include "synqc/cache/slot.h"
#include "synqc/cache/slot_table.h"
#include "synqc/cache/timer_wheel.h"

namespace synqc {

/// Why an entry left.
enum class RemovalCause : std::uint8_t {
    expired,    // its time ran out
    explicit_,  // somebody deleted it
    replaced,   // another value took its key
    size,       // the cache was full
};

/// What a store may hold; at least one limit is finite if it is to be bounded.
struct StoreLimits {
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t most_entries = none;
    std::uint64_t most_bytes = none;

    /// What the policy weighs in: entries, unless only bytes are limited.
    bool weighs_bytes() const { return most_entries == none && most_bytes != none; }
    std::uint64_t capacity() const { return weighs_bytes() ? most_bytes : most_entries; }
};

/// Keys and values in memory with limits, deadlines and a policy. Not thread-safe, and never compares or hashes keys
/// itself: callers bring hashes and comparisons, so that keys may be anything, also objects whose comparison runs
/// foreign code. Nothing a caller gets back from here points into the store for longer than until the next change.
template <typename Key, typename Value>
class MemoryStore {
  public:
    using Nanoseconds = TimerWheel::Nanoseconds;

    struct Entry {
        Key key{};
        Value value{};
        std::uint64_t bytes = 0;
        Nanoseconds stored = 0;
        std::uint32_t kind = 0;
    };

    MemoryStore(StoreLimits limits, std::string_view policy, Nanoseconds now)
        : limits_(limits), policy_name_(policy), policy_(fresh_policy()), wheel_(now) {}

    template <typename Match>
    std::pair<Slot, bool> find(std::uint64_t hash, Match&& match) const {
        return table_.find(hash, [&](Slot slot) { return match(entries_[slot].key); });
    }

    Entry& at(Slot slot) { return entries_[slot]; }
    const Entry& at(Slot slot) const { return entries_[slot]; }
    Nanoseconds deadline(Slot slot) const { return wheel_.deadline(slot); }
    std::uint64_t hash(Slot slot) const { return hashes_[slot]; }

    /// Somebody asked for the entry and got it.
    void hit(Slot slot) { policy_->hit(slot); }

    /// The key must not be there. If memory ends, nothing has changed.
    Slot insert(std::uint64_t hash, Entry&& entry, Nanoseconds deadline) {
        const Slot slot = free_slot();
        enter(slot, hash, limits_.weighs_bytes() ? entry.bytes : 1, deadline);
        hashes_[slot] = hash;
        bytes_ += entry.bytes;
        entries_[slot] = std::move(entry);
        live_[slot] = true;
        ++size_;
        ++changes_;
        return slot;
    }

    /// Gives the key another value, which counts as a request for it; returns what was there, under the same key.
    Entry replace(Slot slot, Entry&& entry, Nanoseconds deadline) {
        // What may ask for memory comes first: policy and wheel know the slot already, and keep its place.
        wheel_.set(slot, deadline);
        if (limits_.weighs_bytes() && entries_[slot].bytes != entry.bytes) {
            policy_->remove(slot);
            policy_->insert(slot, hashes_[slot], entry.bytes);
        } else {
            policy_->hit(slot);
        }
        bytes_ += entry.bytes - entries_[slot].bytes;
        entry.key = entries_[slot].key;
        ++changes_;
        return std::exchange(entries_[slot], std::move(entry));
    }

    void set_deadline(Slot slot, Nanoseconds deadline) { wheel_.set(slot, deadline); }

    /// Takes the entry out.
    Entry remove(Slot slot) {
        table_.remove(hashes_[slot], slot);
        policy_->remove(slot);
        wheel_.set(slot, TimerWheel::never);
        live_[slot] = false;
        free_.push_back(slot);
        Entry entry = std::exchange(entries_[slot], {});
        bytes_ -= entry.bytes;
        --size_;
        ++changes_;
        return entry;
    }

    /// Who must leave for the limits to hold; no_slot if they do.
    Slot over_limit() {
        return size_ > limits_.most_entries || bytes_ > limits_.most_bytes ? policy_->victim() : no_slot;
    }

    /// An entry whose time has run out; no_slot if there is none. The caller removes it.
    Slot next_expired(Nanoseconds now) { return wheel_.next_expired(now); }
    bool anything_expires() const { return !wheel_.empty(); }

    /// Takes everything out.
    std::vector<Entry> clear() {
        std::vector<Entry> all;
        for (Slot slot = 0; slot < entries_.size(); ++slot) {
            if (live_[slot]) {
                all.push_back(remove(slot));
            }
        }
        return all;
    }

    /// First live slot at or after `slot`, or no_slot: for walking through all entries.
    Slot next_live(Slot slot) const {
        while (slot < entries_.size() && !live_[slot]) {
            ++slot;
        }
        return slot < entries_.size() ? slot : no_slot;
    }

    std::uint64_t size() const { return size_; }
    std::uint64_t bytes() const { return bytes_; }
    /// Bytes beside keys and values, of one entry.
    static constexpr std::uint64_t overhead() {
        // The entry, its hash, two places of the table at its usual load, and what policy and wheel keep beside it.
        return sizeof(Entry) + 8 + 2 * 8 + 1 + 24 + 8 + 8;
    }
    /// Counts insertions, replacements and removals: who let foreign code run can tell whether slots are still what
    /// they were.
    std::uint64_t changes() const { return changes_; }
    const StoreLimits& limits() const { return limits_; }
    std::string_view policy_name() const { return policy_name_; }

  private:
    std::unique_ptr<EvictionPolicy> fresh_policy() const {
        auto policy = make_eviction_policy(policy_name_, limits_.capacity());
        return limits_.capacity() == StoreLimits::none ? make_lru() : std::move(policy);  // nobody is ever chosen
    }

    Slot free_slot() {
        if (!free_.empty()) {
            const Slot slot = free_.back();
            free_.pop_back();
            return slot;
        }
        const std::size_t slots = entries_.size() + 1;
        grow(free_, slots);  // so that letting go never asks for memory
        grow(entries_, slots);
        grow(hashes_, slots);
        grow(live_, slots);
        entries_.emplace_back();
        hashes_.push_back(0);
        live_.push_back(false);
        return static_cast<Slot>(entries_.size() - 1);
    }

    template <typename Vector>
    static void grow(Vector& values, std::size_t size) {
        if (values.capacity() < size) {
            values.reserve(std::max(size, 2 * values.capacity()));
        }
    }

    /// Makes table, policy and wheel know a free slot; all of them or none.
    void enter(Slot slot, std::uint64_t hash, std::uint64_t weight, Nanoseconds deadline) {
        int done = 0;
        try {
            table_.insert(hash, slot);
            done = 1;
            policy_->insert(slot, hash, weight);
            done = 2;
            wheel_.set(slot, deadline);
        } catch (...) {
            if (done == 2) {
                policy_->remove(slot);
            }
            if (done >= 1) {
                table_.remove(hash, slot);
            }
            free_.push_back(slot);
            throw;
        }
    }

    StoreLimits limits_;
    std::string policy_name_;
    std::vector<Entry> entries_;
    std::vector<std::uint64_t> hashes_;
    std::vector<char> live_;
    std::vector<Slot> free_;
    SlotTable table_;
    std::unique_ptr<EvictionPolicy> policy_;
    TimerWheel wheel_;
    std::uint64_t size_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t changes_ = 0;
};

/// Spreads a hash over 64 bits under a seed, so that callers' hashes may be poor and attackers cannot choose
/// collisions.
inline std::uint64_t mixed_hash(std::uint64_t hash, std::uint64_t seed) {
    hash = (hash ^ seed) * 0xd6e8feb86659fd93;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
    return hash ^ (hash >> 32);
}

}  // namespace synqc
