#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "synqc/cache/frequency_sketch.h"
#include "synqc/cache/slot.h"

namespace synqc {

/// New entries pass a window by recency; who leaves it must have been asked for more often than the main region's next
/// victim to replace it. Has the members of an EvictionPolicy.
///
/// Source: G. Einziger, R. Friedman, B. Manes, TinyLFU: A Highly Efficient Cache Admission Policy (2017).
class WindowTinyLfu {
  public:
    WindowTinyLfu(std::uint64_t capacity, double window_share) : capacity_(static_cast<double>(capacity)) {
        set_window(window_share);
        sketch_.ensure_room(64);
    }

    void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) {
        if (slot >= links_.size()) {
            nodes_.resize(slot + 1);
            origins_.resize(slot + 1);
            sketch_.ensure_room(slot + 1);
            links_.resize(slot + 1);  // last: its size says that the others have grown
        }
        nodes_[slot] = {.epoch = epoch_};
        origins_[slot] = {.hash = hash, .weight = weight};
        sketch_.add(hash, 1);
        push(slot);
        count_request();
    }

    void hit(Slot slot) {
        Node& node = nodes_[slot];
        age(node);
        node.uses += node.uses < most_uses ? 1 : 0;
        if (node.region != probation) [[likely]] {
            regions_[node.region].move_first(links_, slot);
        } else {
            promote(slot);
        }
        count_request();
    }

    void remove(Slot slot) {
        pull(slot);
        age(nodes_[slot]);
        if (nodes_[slot].uses > 0) {
            sketch_.add(hash(slot), nodes_[slot].uses);
        }
        if (slot == candidate_) {
            candidate_ = no_slot;
        }
    }

    Slot victim() { return victim_for(0); }

    Slot insert_for_victim(std::uint64_t hash, std::uint64_t weight) {
        const Slot slot = victim_for(weight);
        remove(slot);
        insert(slot, hash, weight);
        return slot;
    }

    std::uint64_t hash(Slot slot) const { return origins_[slot].hash; }
    std::uint64_t weight(Slot slot) const { return origins_[slot].weight; }

    /// Share of the capacity that is window, from now on: 1 is plain LRU.
    void set_window(double share) {
        most_window_ = std::max<std::uint64_t>(static_cast<std::uint64_t>(share * capacity_), 1);
        most_protected_ = static_cast<std::uint64_t>(protected_share * (1 - share) * capacity_);
    }

  private:
    static constexpr double protected_share = 0.8;  // of what is not window
    static constexpr std::uint8_t most_uses = 15;

    enum Region : std::uint8_t { window, probation, protected_region };
    /// What a hit changes, and no more: eight of them share a line of the processor's cache.
    struct Node {
        Region region = window;
        std::uint8_t uses = 0;  // hits the sketch has not been told of: counting them here costs a hit next to nothing
        std::uint32_t epoch = 0;  // of the sketch when uses was last touched
    };
    struct Origin {
        std::uint64_t hash = 0;
        std::uint64_t weight = 0;
    };

    /// Apart, so that most hits save no registers for it.
    [[gnu::noinline]] void promote(Slot slot) {
        move(slot, protected_region);
        while (weights_[protected_region] > most_protected_) {
            move(regions_[protected_region].last(), probation);
        }
    }

    /// The sketch has halved its counters since; so must the hits counted beside it.
    void age(Node& node) const {
        if (node.epoch != epoch_) {
            node.uses = static_cast<std::uint8_t>(node.uses >> std::min<std::uint32_t>(epoch_ - node.epoch, 8));
            node.epoch = epoch_;
        }
    }

    /// Who leaves when `incoming` is about to be added to the window; 0: when it holds the newcomer.
    Slot victim_for(std::uint64_t incoming) {
        SlotList& newest = regions_[window];
        while (weights_[window] + incoming > most_window_ &&
               newest.last() != (incoming > 0 ? no_slot : newest.first())) {
            candidate_ = newest.last();
            move(candidate_, probation);
        }
        const Slot oldest = regions_[probation].last();
        if (oldest == no_slot) {
            return regions_[protected_region].empty() ? newest.last() : regions_[protected_region].last();
        }
        if (candidate_ == no_slot || candidate_ == oldest) {
            return oldest;
        }
        const Slot loser = admits(candidate_, oldest) ? oldest : candidate_;
        candidate_ = no_slot;
        return loser;
    }

    int frequency(Slot slot) {
        age(nodes_[slot]);
        return sketch_.frequency(hash(slot)) + nodes_[slot].uses;
    }

    void push(Slot slot) {
        const Region region = nodes_[slot].region;
        regions_[region].push_first(links_, slot);
        weights_[region] += weight(slot);
    }

    void pull(Slot slot) {
        const Region region = nodes_[slot].region;
        regions_[region].remove(links_, slot);
        weights_[region] -= weight(slot);
    }

    void move(Slot slot, Region region) {
        pull(slot);
        nodes_[slot].region = region;
        push(slot);
    }

    /// Hashes carry the cache's own seed, so that nobody can keep entries out by asking for collisions; admitting
    /// by chance as well would cost a loop a tenth of its hits.
    bool admits(Slot candidate, Slot oldest) { return frequency(candidate) > frequency(oldest); }

    void count_request() {
        if (sketch_.pass()) [[unlikely]] {
            ++epoch_;
        }
    }

    const double capacity_;
    FrequencySketch sketch_;
    std::uint32_t epoch_ = 0;  // halvings of the sketch
    SlotList::Links links_;
    std::vector<Node> nodes_;
    std::vector<Origin> origins_;
    std::array<SlotList, 3> regions_;
    std::array<std::uint64_t, 3> weights_{};
    std::uint64_t most_window_ = 1;
    std::uint64_t most_protected_ = 0;
    Slot candidate_ = no_slot;  // left the window last and has not been weighed against a victim
};

}  // namespace synqc
