#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "synqc/cache/slot.h"

namespace synqc {

/// What a comparison of keys says. A comparison that runs foreign code may find the table changed under it.
enum class KeyMatch { no, yes, stop };

/// From hashes to slots: open addressing, linear probing, a place is eight bytes. Keys are compared by the caller.
class SlotTable {
  public:
    SlotTable() : places_(first_places) {}

    /// Slot whose hash begins like `hash` and for which `match(slot)` says yes. `stopped` if it said stop.
    template <typename Match>
    std::pair<Slot, bool> find(std::uint64_t hash, Match&& match) const {
        const auto tag = tag_of(hash);
        for (std::uint64_t at = home_of(tag);; at = (at + 1) & (places_.size() - 1)) {
            const Place place = places_[at];
            if (place.slot == no_slot) {
                return {no_slot, false};
            }
            if (place.tag == tag) {
                const KeyMatch found = match(place.slot);
                if (found != KeyMatch::no) {
                    return {found == KeyMatch::yes ? place.slot : no_slot, found == KeyMatch::stop};
                }
            }
        }
    }

    void insert(std::uint64_t hash, Slot slot) {
        if (8 * (held_ + 1) > 5 * places_.size()) {
            grow();
        }
        put({tag_of(hash), slot});
        ++held_;
    }

    void remove(std::uint64_t hash, Slot slot) {
        const std::uint64_t mask = places_.size() - 1;
        std::uint64_t hole = home_of(tag_of(hash));
        while (places_[hole].slot != slot) {
            hole = (hole + 1) & mask;
        }
        // Whoever stands behind the hole and wanted to stand at it or before it moves up, so that no probe breaks off.
        for (std::uint64_t at = (hole + 1) & mask; places_[at].slot != no_slot; at = (at + 1) & mask) {
            const std::uint64_t home = home_of(places_[at].tag);
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                places_[hole] = places_[at];
                hole = at;
            }
        }
        places_[hole] = {};
        --held_;
    }

    void clear() {
        places_.assign(first_places, {});
        held_ = 0;
    }

    std::size_t bytes() const { return places_.capacity() * sizeof(Place); }

  private:
    static constexpr std::size_t first_places = 16;
    struct Place {
        std::uint32_t tag = 0;
        Slot slot = no_slot;
    };

    /// The lower half of the hash: where an entry wants to stand can be told from its place alone.
    static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }
    std::uint64_t home_of(std::uint64_t hash) const { return hash & (places_.size() - 1); }

    void put(Place place) {
        std::uint64_t at = home_of(place.tag);
        while (places_[at].slot != no_slot) {
            at = (at + 1) & (places_.size() - 1);
        }
        places_[at] = place;
    }

    void grow() {
        auto old = std::move(places_);
        places_.assign(2 * old.size(), {});
        for (const Place& place : old) {
            if (place.slot != no_slot) {
                put(place);
            }
        }
    }

    std::vector<Place> places_;
    std::size_t held_ = 0;
};

}  // namespace synqc
