#pragma once

#include <cstdint>
#include <vector>

namespace synqc {

/// Where an entry of a cache lives: its place in every array kept beside the entries. Reused once the entry is gone.
using Slot = std::uint32_t;

inline constexpr Slot no_slot = ~Slot{0};

/// A list through an array of links that several lists may share, as long as a slot is in one of them at a time.
class SlotList {
  public:
    struct Link {
        Slot before = no_slot;
        Slot after = no_slot;
    };
    using Links = std::vector<Link>;

    bool empty() const { return first_ == no_slot; }
    Slot first() const { return first_; }
    Slot last() const { return last_; }

    void push_first(Links& links, Slot slot) {
        links[slot] = {no_slot, first_};
        (first_ == no_slot ? last_ : links[first_].before) = slot;
        first_ = slot;
    }

    void remove(Links& links, Slot slot) {
        const auto [before, after] = links[slot];
        (before == no_slot ? first_ : links[before].after) = after;
        (after == no_slot ? last_ : links[after].before) = before;
    }

    void move_first(Links& links, Slot slot) {
        if (slot != first_) {
            remove(links, slot);
            push_first(links, slot);
        }
    }

  private:
    Slot first_ = no_slot;
    Slot last_ = no_slot;
};

}  // namespace synqc
