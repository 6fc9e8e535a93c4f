#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synqc/cache/eviction_policy.h"
#include "synqc/cache/frequency_sketch.h"

namespace synqc {

namespace {

constexpr double first_window_share = 0.01;
constexpr double most_window_share = 0.8;
constexpr double protected_share = 0.8;  // of what is not window
constexpr std::uint8_t most_uses = 15;

// Hill climbing of the window. Samples are short and steps long, because a workload that shifts faster than the window
// follows costs more than a restless window: chosen on six kinds of traces (loops, scans, shifting and Zipf-like ones).
constexpr double first_step_share = 0.12;
constexpr double step_decay = 0.95;
constexpr double restart_change = 0.02;  // of the hit rate
constexpr std::uint64_t requests_per_entry_and_sample = 3;

/// New entries pass a window by recency; who leaves it must have been asked for more often than the main region's next
/// victim to replace it. The window's size follows the hit rate.
///
/// Source: G. Einziger, R. Friedman, B. Manes, TinyLFU (2017); G. Einziger et al., Adaptive Software Cache Management
/// (2018).
class WindowTinyLfu final : public EvictionPolicy {
  public:
    explicit WindowTinyLfu(std::uint64_t capacity) : capacity_(static_cast<double>(capacity)) {
        step_ = -first_step_share * capacity_;
        set_window(first_window_share * capacity_);
        sketch_.ensure_room(64);
    }

    void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) override {
        if (slot >= links_.size()) {
            links_.resize(slot + 1);
            nodes_.resize(slot + 1);
            sketch_.ensure_room(slot + 1);
        }
        nodes_[slot] = {.hash = hash, .weight = weight, .epoch = epoch_};
        ++entries_;
        sketch_.add(hash, 1);
        push(slot);
        count_request(false);
    }

    void hit(Slot slot) override {
        Node& node = nodes_[slot];
        age(node);
        node.uses += node.uses < most_uses ? 1 : 0;
        if (node.region != probation) {
            regions_[node.region].move_first(links_, slot);
        } else {
            move(slot, protected_region);
            while (weights_[protected_region] > most_protected_) {
                move(regions_[protected_region].last(), probation);
            }
        }
        count_request(true);
    }

    void remove(Slot slot) override {
        pull(slot);
        --entries_;
        age(nodes_[slot]);
        if (nodes_[slot].uses > 0) {
            sketch_.add(nodes_[slot].hash, nodes_[slot].uses);
        }
        if (slot == candidate_) {
            candidate_ = no_slot;
        }
    }

    Slot victim() override {
        was_full_ = true;
        while (weights_[window] > most_window_ && regions_[window].first() != regions_[window].last()) {
            candidate_ = regions_[window].last();
            move(candidate_, probation);
        }
        const Slot oldest = regions_[probation].last();
        if (oldest == no_slot) {
            return regions_[protected_region].empty() ? regions_[window].last() : regions_[protected_region].last();
        }
        if (candidate_ == no_slot || candidate_ == oldest) {
            return oldest;
        }
        const Slot loser = admits(candidate_, oldest) ? oldest : candidate_;
        candidate_ = no_slot;
        return loser;
    }

  private:
    enum Region : std::uint8_t { window, probation, protected_region };
    struct Node {
        std::uint64_t hash = 0;
        std::uint64_t weight = 0;
        Region region = window;
        std::uint8_t uses = 0;  // hits the sketch has not been told of: counting them here costs a hit next to nothing
        std::uint32_t epoch = 0;  // of the sketch when uses was last touched
    };

    /// The sketch has halved its counters since; so must the hits counted beside it.
    void age(Node& node) const {
        if (node.epoch != epoch_) {
            node.uses = static_cast<std::uint8_t>(node.uses >> std::min<std::uint32_t>(epoch_ - node.epoch, 8));
            node.epoch = epoch_;
        }
    }

    int frequency(Slot slot) {
        age(nodes_[slot]);
        return sketch_.frequency(nodes_[slot].hash) + nodes_[slot].uses;
    }

    void push(Slot slot) {
        const Node& node = nodes_[slot];
        regions_[node.region].push_first(links_, slot);
        weights_[node.region] += node.weight;
    }

    void pull(Slot slot) {
        const Node& node = nodes_[slot];
        regions_[node.region].remove(links_, slot);
        weights_[node.region] -= node.weight;
    }

    void move(Slot slot, Region region) {
        pull(slot);
        nodes_[slot].region = region;
        push(slot);
    }

    /// Hashes carry the cache's own seed, so that nobody can keep entries out by asking for collisions; admitting
    /// by chance as well would cost a loop a tenth of its hits.
    bool admits(Slot candidate, Slot oldest) { return frequency(candidate) > frequency(oldest); }

    void set_window(double share) {
        const double bounded = std::clamp(share, first_window_share * capacity_, most_window_share * capacity_);
        most_window_ = std::max<std::uint64_t>(static_cast<std::uint64_t>(bounded), 1);
        most_protected_ = static_cast<std::uint64_t>(protected_share * std::max(capacity_ - bounded, 0.0));
    }

    void count_request(bool was_hit) {
        epoch_ += sketch_.pass() ? 1 : 0;
        ++requests_;
        hits_ += was_hit ? 1 : 0;
        if (requests_ >= requests_per_entry_and_sample * std::max<std::uint64_t>(entries_, 16)) {
            climb();
        }
    }

    void climb() {
        if (!std::exchange(was_full_, false)) {
            requests_ = 0;  // with room for all, the window's size means nothing
            hits_ = 0;
            return;
        }
        const double rate = static_cast<double>(hits_) / static_cast<double>(requests_);
        const double change = rate - last_rate_;
        if (change < 0) {
            step_ = -step_;
        }
        set_window(static_cast<double>(most_window_) + step_);
        if (std::abs(change) >= restart_change) {
            step_ = std::copysign(first_step_share * capacity_, step_);
        } else {
            step_ *= step_decay;
        }
        last_rate_ = rate;
        requests_ = 0;
        hits_ = 0;
    }

    const double capacity_;
    FrequencySketch sketch_;
    std::uint32_t epoch_ = 0;  // halvings of the sketch
    SlotList::Links links_;
    std::vector<Node> nodes_;
    std::array<SlotList, 3> regions_;
    std::array<std::uint64_t, 3> weights_{};
    std::uint64_t most_window_ = 1;
    std::uint64_t most_protected_ = 0;
    Slot candidate_ = no_slot;  // left the window last and has not been weighed against a victim
    std::uint64_t entries_ = 0;

    double step_ = 0;  // of the window, in weights; its sign is where the hit rate seemed to grow
    double last_rate_ = 0;
    bool was_full_ = false;  // somebody had to leave during this sample
    std::uint64_t requests_ = 0;
    std::uint64_t hits_ = 0;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_w_tinylfu(std::uint64_t capacity) {
    return std::make_unique<WindowTinyLfu>(capacity);
}

}  // namespace synqc
