#include "synqc/cache/timer_wheel.h"

#include <algorithm>

namespace synqc {

SlotList& TimerWheel::bucket_of(Nanoseconds deadline) {
    if (deadline <= now_) {
        return due_;
    }
    for (int ring = 0; ring < rings; ++ring) {
        const int shift = first_shift + ring_bits * ring;
        if ((deadline >> shift) - (now_ >> shift) < buckets) {
            return ring_[static_cast<std::size_t>(ring)][static_cast<std::size_t>(deadline >> shift) % buckets];
        }
    }
    return far_;
}

void TimerWheel::take_out(Slot slot) {
    if (lists_[slot] != nullptr) {
        lists_[slot]->remove(links_, slot);
        lists_[slot] = nullptr;
        --held_;
    }
}

void TimerWheel::ensure_room(Slot slots) {
    if (slots > deadlines_.size()) {
        links_.resize(slots);
        lists_.resize(slots, nullptr);
        deadlines_.resize(slots, never);  // last: its size says that the others have grown
    }
}

void TimerWheel::clear() {
    ring_ = {};
    far_ = {};
    due_ = {};
    links_ = SlotList::Links();  // not {}, which would keep the memory
    deadlines_ = std::vector<Nanoseconds>();
    lists_ = std::vector<SlotList*>();
    held_ = 0;
}

void TimerWheel::put(Slot slot, Nanoseconds deadline) {
    if (slot >= deadlines_.size()) {
        if (deadline == never) {
            return;
        }
        ensure_room(slot + 1);
    }
    take_out(slot);
    deadlines_[slot] = deadline;
    if (deadline != never) {
        lists_[slot] = &bucket_of(deadline);
        lists_[slot]->push_first(links_, slot);
        ++held_;
    }
}

void TimerWheel::advance(Nanoseconds now) {
    const Nanoseconds before = now_;
    now_ = now;
    auto replace_all = [&](SlotList& list) {
        // Taken from the far end, and those that stay come back at the near one: each is seen once.
        const Slot stop = list.first();
        for (Slot slot = list.last(); slot != no_slot;) {
            const Slot next = slot == stop ? no_slot : links_[slot].before;
            set(slot, deadlines_[slot]);
            slot = next;
        }
    };
    for (int ring = 0; ring < rings; ++ring) {
        const int shift = first_shift + ring_bits * ring;
        const Nanoseconds first = before >> shift;
        const Nanoseconds last = std::min(now >> shift, first + buckets - 1);
        for (Nanoseconds bucket = first; bucket <= last; ++bucket) {
            replace_all(ring_[static_cast<std::size_t>(ring)][static_cast<std::size_t>(bucket) % buckets]);
        }
        if (now >> shift == first) {
            return;  // coarser rings have not moved either
        }
    }
    replace_all(far_);
}

Slot TimerWheel::next_expired(Nanoseconds now) {
    if (held_ == 0) {
        now_ = std::max(now_, now);
        return no_slot;
    }
    if (due_.empty() && now > now_) {
        advance(now);
    }
    const Slot slot = due_.last();
    if (slot != no_slot) {
        take_out(slot);
        deadlines_[slot] = never;
    }
    return slot;
}

}  // namespace synqc
