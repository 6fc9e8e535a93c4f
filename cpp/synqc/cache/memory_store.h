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
        return table_.find(hash, [&](Slot slot) {
            const Record& record = records_[slot];
            return record.hash == hash ? match(record.entry.key) : KeyMatch::no;
        });
    }

    /// Asks for what `find` will read first, so that it is there when the caller has done what else there is to do.
    void prefetch(std::uint64_t hash) const { table_.prefetch(hash); }

    Entry& at(Slot slot) { return records_[slot].entry; }
    const Entry& at(Slot slot) const { return records_[slot].entry; }
    Nanoseconds deadline(Slot slot) const { return wheel_.deadline(slot); }
    std::uint64_t hash(Slot slot) const { return records_[slot].hash; }

    /// Somebody asked for the entry and got it.
    void hit(Slot slot) { policy_->hit(slot); }

    /// The key must not be there. If memory ends, nothing has changed.
    Slot insert(std::uint64_t hash, Entry&& entry, Nanoseconds deadline) {
        const Slot slot = free_slot();
        enter(slot, hash, weight_of(entry), deadline);
        Record& record = records_[slot];
        free_ = record.next_free;
        record.next_free = taken;
        record.hash = hash;
        bytes_ += entry.bytes;
        record.entry = std::move(entry);
        ++size_;
        ++changes_;
        return slot;
    }

    /// Whether an entry can only come if another one leaves.
    bool is_full() const { return size_ == limits_.most_entries; }

    /// Like `insert`, into a store that is full: the policy's victim leaves, and is returned.
    Entry insert_for_victim(std::uint64_t hash, Entry&& entry, Nanoseconds deadline) {
        if (deadline != TimerWheel::never) {
            wheel_.ensure_room(static_cast<Slot>(records_.size()));
        }
        const Slot slot = policy_->insert_for_victim(hash, weight_of(entry));
        Record& record = records_[slot];
        table_.change(record.hash, slot, hash);
        wheel_.set(slot, deadline);
        record.hash = hash;
        bytes_ += entry.bytes - record.entry.bytes;
        ++changes_;
        return std::exchange(record.entry, std::move(entry));
    }

    /// Gives the key another value, which counts as a request for it; returns what was there, under the same key.
    Entry replace(Slot slot, Entry&& entry, Nanoseconds deadline) {
        // What may ask for memory comes first: policy and wheel know the slot already, and keep its place.
        wheel_.set(slot, deadline);
        Record& record = records_[slot];
        if (limits_.weighs_bytes() && record.entry.bytes != entry.bytes) {
            policy_->remove(slot);
            policy_->insert(slot, record.hash, entry.bytes);
        } else {
            policy_->hit(slot);
        }
        bytes_ += entry.bytes - record.entry.bytes;
        entry.key = record.entry.key;
        ++changes_;
        return std::exchange(record.entry, std::move(entry));
    }

    void set_deadline(Slot slot, Nanoseconds deadline) { wheel_.set(slot, deadline); }

    /// Takes the entry out.
    Entry remove(Slot slot) {
        Record& record = records_[slot];
        table_.remove(record.hash, slot);
        policy_->remove(slot);
        wheel_.set(slot, TimerWheel::never);
        record.next_free = free_;
        free_ = slot;
        Entry entry = std::exchange(record.entry, {});
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

    /// Takes everything out and gives the memory back; the policy starts anew. If memory ends, nothing has changed.
    std::vector<Entry> clear() {
        std::vector<Entry> all;
        all.reserve(size_);
        SlotTable table;
        policy_ = fresh_policy();
        table_ = std::move(table);
        wheel_.clear();
        for (Slot slot = next_live(0); slot != no_slot; slot = next_live(slot + 1)) {
            all.push_back(std::move(records_[slot].entry));
        }
        records_ = std::vector<Record>();  // not {}, which would keep the memory
        free_ = no_slot;
        size_ = 0;
        bytes_ = 0;
        ++changes_;
        return all;
    }

    /// First live slot at or after `slot`, or no_slot: for walking through all entries.
    Slot next_live(Slot slot) const {
        while (slot < records_.size() && records_[slot].next_free != taken) {
            ++slot;
        }
        return slot < records_.size() ? slot : no_slot;
    }

    std::uint64_t size() const { return size_; }
    std::uint64_t bytes() const { return bytes_; }
    /// Bytes beside keys and values, of one entry.
    static constexpr std::uint64_t overhead() {
        // The record, its share of the table, and what policy and wheel keep beside it.
        return sizeof(Record) + SlotTable::usual_bytes + 24 + 8 + 8;
    }
    /// Counts insertions, replacements and removals: who let foreign code run can tell whether slots are still what
    /// they were.
    std::uint64_t changes() const { return changes_; }
    const StoreLimits& limits() const { return limits_; }
    std::string_view policy_name() const { return policy_name_; }

  private:
    static constexpr Slot taken = no_slot - 1;

    /// All that a lookup or a change reads of an entry, in one cache line for those of pointers.
    struct alignas(sizeof(Entry) <= 48 ? 64 : alignof(Entry)) Record {
        Entry entry;
        std::uint64_t hash = 0;
        Slot next_free = no_slot;  // `taken`: the slot is not free
    };

    std::unique_ptr<EvictionPolicy> fresh_policy() const {
        auto policy = make_eviction_policy(policy_name_, limits_.capacity());
        return limits_.capacity() == StoreLimits::none ? make_lru() : std::move(policy);  // nobody is ever chosen
    }

    /// One of those that are free; it stays so until somebody has taken it.
    Slot free_slot() {
        if (free_ == no_slot) {
            records_.emplace_back();
            free_ = static_cast<Slot>(records_.size() - 1);
        }
        return free_;
    }

    std::uint64_t weight_of(const Entry& entry) const { return limits_.weighs_bytes() ? entry.bytes : 1; }

    /// Makes table, policy and wheel know a free slot; all of them or none.
    void enter(Slot slot, std::uint64_t hash, std::uint64_t weight, Nanoseconds deadline) {
        int done = 0;
        try {
            table_.insert(hash, slot, [&](Slot other) { return records_[other].hash; });
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
            throw;
        }
    }

    StoreLimits limits_;
    std::string policy_name_;
    std::vector<Record> records_;
    Slot free_ = no_slot;  // the first of a chain through the records
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
