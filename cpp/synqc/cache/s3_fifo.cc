#include <algorithm>
#include <bit>
#include <vector>

#include "synqc/cache/eviction_policy.h"

namespace synqc {

namespace {

constexpr std::uint64_t share_of_small = 10;  // the small queue holds a tenth
constexpr std::uint8_t most_uses = 3;
constexpr std::uint64_t least_ghosts = 16;

/// Hashes of entries that left lately, in the order they left; bounded, and forgets the oldest.
class Ghosts {
  public:
    void add(std::uint64_t hash, std::uint64_t most) {
        if (4 * most > times_.size()) {
            grow(std::bit_ceil(std::max<std::uint64_t>(4 * most, 64)));
        }
        most_ = most;
        ++now_;
        auto oldest = bucket_of(hash);
        for (std::size_t way = 0; way < ways; ++way) {
            const std::size_t place = bucket_of(hash) + way;
            if (times_[place] < times_[oldest]) {
                oldest = place;
            }
        }
        hashes_[oldest] = hash;
        times_[oldest] = now_;
    }

    /// Whether the hash left lately; if so it is forgotten.
    bool take(std::uint64_t hash) {
        if (times_.empty()) {
            return false;
        }
        for (std::size_t way = 0; way < ways; ++way) {
            const std::size_t place = bucket_of(hash) + way;
            if (times_[place] != 0 && hashes_[place] == hash) {
                const bool lately = now_ - times_[place] < most_;
                times_[place] = 0;
                return lately;
            }
        }
        return false;
    }

  private:
    static constexpr std::size_t ways = 4;

    std::size_t bucket_of(std::uint64_t hash) const { return (hash >> 7) & (times_.size() - ways) & ~(ways - 1); }

    void grow(std::size_t places) {
        auto old_hashes = std::move(hashes_);
        auto old_times = std::move(times_);
        hashes_.assign(places, 0);
        times_.assign(places, 0);
        for (std::size_t old = 0; old < old_times.size(); ++old) {
            for (std::size_t way = 0; old_times[old] != 0 && way < ways; ++way) {
                const std::size_t place = bucket_of(old_hashes[old]) + way;
                if (times_[place] == 0) {
                    hashes_[place] = old_hashes[old];
                    times_[place] = old_times[old];
                    break;
                }
            }
        }
    }

    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint64_t> times_;  // when the hash left, counted in departures; 0: empty
    std::uint64_t now_ = 0;
    std::uint64_t most_ = 0;
};

/// New entries pass a small queue; who is asked for there again, or comes back soon after leaving, enters the main one.
///
/// Source: J. Yang et al., FIFO Queues are All You Need for Cache Eviction (SOSP 2023).
class S3Fifo final : public EvictionPolicy {
  public:
    explicit S3Fifo(std::uint64_t capacity) : most_small_(std::max<std::uint64_t>(capacity / share_of_small, 1)) {}

    void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) override {
        if (slot >= links_.size()) {
            nodes_.resize(slot + 1);
            links_.resize(slot + 1);  // last: its size says that the others have grown
        }
        nodes_[slot] = {hash, weight, 0, ghosts_.take(hash)};
        ++entries_;
        push(slot);
    }

    void hit(Slot slot) override {
        // Nothing is written for who is known to be popular: threads that share a store then share the cache line.
        Node& node = nodes_[slot];
        if (node.uses < most_uses) {
            ++node.uses;
        }
    }

    void remove(Slot slot) override {
        pull(slot);
        --entries_;
    }

    Slot victim() override { return victim_for(0, entries_ - 1); }

    Slot insert_for_victim(std::uint64_t hash, std::uint64_t weight) override {
        const bool returns = ghosts_.take(hash);
        const Slot slot = victim_for(returns ? 0 : weight, entries_);
        pull(slot);
        nodes_[slot] = {hash, weight, 0, returns};
        push(slot);
        return slot;
    }

  private:
    struct Node {
        std::uint64_t hash = 0;
        std::uint64_t weight = 0;
        std::uint8_t uses = 0;
        bool in_main = false;
    };

    /// Who leaves when `incoming` is about to be added to the small queue; then there will be so many `entries`, and as
    /// many ghosts.
    Slot victim_for(std::uint64_t incoming, std::uint64_t entries) {
        for (;;) {
            const bool from_small = !small_.empty() && (small_weight_ + incoming > most_small_ || main_.empty());
            const Slot slot = from_small ? small_.last() : main_.last();
            Node& node = nodes_[slot];
            if (from_small ? node.uses <= 1 : node.uses == 0) {
                if (from_small) {
                    ghosts_.add(node.hash, std::max(entries, least_ghosts));
                }
                return slot;
            }
            pull(slot);
            node.uses = from_small ? 0 : static_cast<std::uint8_t>(node.uses - 1);
            node.in_main = true;
            push(slot);
        }
    }

    void push(Slot slot) {
        const Node& node = nodes_[slot];
        (node.in_main ? main_ : small_).push_first(links_, slot);
        small_weight_ += node.in_main ? 0 : node.weight;
    }

    void pull(Slot slot) {
        const Node& node = nodes_[slot];
        (node.in_main ? main_ : small_).remove(links_, slot);
        small_weight_ -= node.in_main ? 0 : node.weight;
    }

    const std::uint64_t most_small_;
    SlotList::Links links_;
    std::vector<Node> nodes_;
    SlotList small_;
    SlotList main_;
    Ghosts ghosts_;
    std::uint64_t small_weight_ = 0;
    std::uint64_t entries_ = 0;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_s3_fifo(std::uint64_t capacity) {
    return std::make_unique<S3Fifo>(capacity);
}

}  // namespace synqc
