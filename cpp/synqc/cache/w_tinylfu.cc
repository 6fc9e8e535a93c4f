#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <new>
#include <vector>

#include "synqc/cache/eviction_policy.h"
#include "synqc/cache/miniature_cache.h"
#include "synqc/cache/window_tinylfu.h"

namespace synqc {

namespace {

/// A small window suits loops and steady favourites, a large one favourites that move; 1 is plain LRU.
constexpr std::array<double, 4> window_shares{0.01, 0.2, 0.5, 1};

// Chosen on fourteen kinds of traces and caches of 50 to 3000 entries: faster trials follow phases sooner, but let
// chance choose where windows differ little.
constexpr double least_remembered = 500;  // requests of a trial over which its hit rate is averaged
constexpr double least_lead = 0.01;       // of the hit rate, that makes the window change

/// All window sizes tried in miniature on the same sample of requests. Comparing them on the same requests tells sizes
/// apart that a climb by the hit rate of one sample after the other cannot: there the workload changes more than the
/// window's effect.
class WindowTrials {
  public:
    WindowTrials(std::uint64_t capacity, std::uint64_t entries)
        // The larger the cache, the smaller the share of requests and the larger the miniature.
        : one_in_(std::bit_floor(
              std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::sqrt(static_cast<double>(entries) / 3)), 1,
                                        std::uint64_t{1} << sample_bits))),
          most_remembered_(worth_remembering(entries / one_in_)) {
        for (const double share : window_shares) {
            trials_.push_back({MiniatureCache(std::max<std::uint64_t>(capacity / one_in_, 1), share)});
        }
    }

    /// Takes a request; true when enough have come together to try the windows on.
    bool has_enough(std::uint64_t hash, std::uint64_t weight) {
        if ((hash >> first_sample_bit & (one_in_ - 1)) != 0) [[likely]] {
            return false;
        }
        samples_[held_++] = {hash, weight};
        return held_ == samples_.size();
    }

    /// The share of the capacity the window should have by the requests taken.
    double best_window() {
        const double before = remembered_;
        for (Trial& trial : trials_) {
            remembered_ = before;
            for (const Sample& sample : samples_) {
                remembered_ = std::min(remembered_ + 1, most_remembered_);
                trial.hit_rate +=
                    ((trial.cache.ask(sample.hash, sample.weight) ? 1 : 0) - trial.hit_rate) / remembered_;
            }
        }
        held_ = 0;
        const auto best = std::max_element(trials_.begin(), trials_.end(), [](const Trial& one, const Trial& other) {
            return one.hit_rate < other.hit_rate;
        });
        if (best->hit_rate > trials_[chosen_].hit_rate + least_lead) {
            chosen_ = static_cast<std::size_t>(best - trials_.begin());
        }
        return window_shares[chosen_];
    }

  private:
    // Bits of the hash by which neither the miniatures' tables nor their sketches find a place.
    static constexpr int first_sample_bit = 20;
    static constexpr int sample_bits = 12;

    struct Sample {
        std::uint64_t hash;
        std::uint64_t weight;
    };

    struct Trial {
        MiniatureCache cache;
        double hit_rate = 0;
    };
    const std::uint64_t one_in_;
    const double most_remembered_;
    std::vector<Trial> trials_;
    std::array<Sample, 32> samples_;  // one miniature after the other sees them all: its memory is read once
    std::size_t held_ = 0;
    double remembered_ = 0;
    std::size_t chosen_ = 0;

    /// Requests over which a miniature of so many entries averages its hit rate.
    static double worth_remembering(std::uint64_t entries) {
        return std::max(least_remembered, 4 * static_cast<double>(entries));
    }
};

/// TinyLFU whose window is as large as would have given the most hits lately.
class AdaptiveTinyLfu final : public EvictionPolicy {
  public:
    explicit AdaptiveTinyLfu(std::uint64_t capacity) : capacity_(capacity), policy_(capacity, window_shares[0]) {}

    void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) override {
        policy_.insert(slot, hash, weight);
        ++entries_;
        count_request(hash, weight);
    }

    void hit(Slot slot) override {
        policy_.hit(slot);
        if (trials_ != nullptr) {
            count_request(policy_.hash(slot), policy_.weight(slot));
        }
    }

    void remove(Slot slot) override {
        --entries_;
        policy_.remove(slot);
    }

    Slot victim() override {
        ensure_trials();
        return policy_.victim();
    }

    Slot insert_for_victim(std::uint64_t hash, std::uint64_t weight) override {
        ensure_trials();
        const Slot slot = policy_.insert_for_victim(hash, weight);
        count_request(hash, weight);
        return slot;
    }

  private:
    // Trials are advice: where memory ends the entry has come or gone all the same, and they begin anew with the next
    // victim.

    void ensure_trials() {
        if (trials_ == nullptr) [[unlikely]] {
            try {
                // Only now does the window matter, and is known how many entries the capacity holds.
                trials_ = std::make_unique<WindowTrials>(capacity_, entries_);
            } catch (const std::bad_alloc&) {
            }
        }
    }

    void count_request(std::uint64_t hash, std::uint64_t weight) {
        if (trials_ != nullptr && trials_->has_enough(hash, weight)) [[unlikely]] {
            choose_window();
        }
    }

    [[gnu::noinline]] void choose_window() {
        try {
            policy_.set_window(trials_->best_window());
        } catch (const std::bad_alloc&) {
            trials_ = nullptr;  // a miniature may be half changed
        }
    }

    const std::uint64_t capacity_;
    WindowTinyLfu policy_;
    std::unique_ptr<WindowTrials> trials_;  // null until somebody has to leave
    std::uint64_t entries_ = 0;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_w_tinylfu(std::uint64_t capacity) {
    return std::make_unique<AdaptiveTinyLfu>(capacity);
}

}  // namespace synqc
