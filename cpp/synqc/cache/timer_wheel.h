#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "synqc/cache/slot.h"

namespace synqc {

/// Slots by deadline, so that what has run out is found without looking at anything else: rings of 64 buckets whose
/// widths grow by 64 from 17 ms to 78 hours. A slot moves to a finer ring as its deadline comes nearer; setting,
/// removing, and each move cost constant time.
///
/// Source: G. Varghese, A. Lauck, Hashed and Hierarchical Timing Wheels (1987).
class TimerWheel {
  public:
    using Nanoseconds = std::int64_t;
    static constexpr Nanoseconds never = INT64_MAX;

    explicit TimerWheel(Nanoseconds now) : now_(now) {}

    /// Makes sure that setting deadlines of slots below `slots` asks for no memory.
    void ensure_room(Slot slots);

    /// Deadline of a slot; `never` takes it out.
    void set(Slot slot, Nanoseconds deadline) {
        if (deadline != never || held_ > 0) {
            put(slot, deadline);
        }
    }
    Nanoseconds deadline(Slot slot) const { return slot < deadlines_.size() ? deadlines_[slot] : never; }

    /// A slot whose deadline is at or before `now`, taken out of the wheel; no_slot if there is none. Time never goes
    /// back.
    Slot next_expired(Nanoseconds now);

    bool empty() const { return held_ == 0; }
    /// Takes all slots out and gives the memory back.
    void clear();

  private:
    static constexpr int rings = 5;
    static constexpr int buckets = 64;
    static constexpr int first_shift = 24;  // the finest bucket is 2^24 ns wide
    static constexpr int ring_bits = 6;

    void put(Slot slot, Nanoseconds deadline);
    SlotList& bucket_of(Nanoseconds deadline);
    void take_out(Slot slot);
    void advance(Nanoseconds now);

    std::array<std::array<SlotList, buckets>, rings> ring_;
    SlotList far_;  // beyond the widest ring
    SlotList due_;
    SlotList::Links links_;
    std::vector<Nanoseconds> deadlines_;
    std::vector<SlotList*> lists_;  // where the slot is, or null
    Nanoseconds now_;
    std::uint64_t held_ = 0;
};

}  // namespace synqc
