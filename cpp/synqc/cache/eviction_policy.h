#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "synqc/cache/slot.h"

namespace synqc {

/// Decides who leaves a full cache. Knows slots, hashes and weights; never keys, values or time.
class EvictionPolicy {
  public:
    virtual ~EvictionPolicy() = default;

    /// A new entry. Its weight is in the unit of the capacity.
    virtual void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) = 0;
    virtual void hit(Slot slot) = 0;
    /// The entry is gone, whoever wanted that.
    virtual void remove(Slot slot) = 0;
    /// Who leaves next; the cache removes it. There is at least one entry.
    virtual Slot victim() = 0;
    /// A new entry that comes when another has to leave for it, whose slot it takes: like `insert`, `victim` and
    /// `remove` in one step. If memory ends, nothing has changed.
    virtual Slot insert_for_victim(std::uint64_t hash, std::uint64_t weight) = 0;
};

/// "w-tinylfu", "s3-fifo" or "lru" for a cache that holds `capacity` in weights. Throws UnknownName.
std::unique_ptr<EvictionPolicy> make_eviction_policy(std::string_view name, std::uint64_t capacity);

std::unique_ptr<EvictionPolicy> make_lru();
std::unique_ptr<EvictionPolicy> make_s3_fifo(std::uint64_t capacity);
std::unique_ptr<EvictionPolicy> make_w_tinylfu(std::uint64_t capacity);

}  // namespace synqc
