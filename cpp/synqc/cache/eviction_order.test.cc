#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "synqc/cache/eviction_policy.h"
#include "synqc/cache/window_tinylfu.h"

// Each policy against a second, plain one that was written from its description alone: lists of keys, exact counts.
// They must let the same keys go at the same time.

namespace synqc {
namespace {

using Key = std::uint64_t;
using Keys = std::list<Key>;

/// A policy as its source describes it, over keys of weight 1. Newest first in every list.
class PlainPolicy {
  public:
    virtual ~PlainPolicy() = default;
    virtual void hit(Key key) = 0;
    virtual void insert(Key key) = 0;
    /// Who leaves; `incoming`: how many keys are about to come, and do not count as being there.
    virtual Key evict(std::size_t incoming) = 0;
    /// Who leaves a full cache for a key that comes.
    virtual Key insert_for_victim(Key key) {
        const Key gone = evict(1);
        insert(key);
        return gone;
    }
    virtual void remove(Key key) = 0;
};

bool holds(const Keys& keys, Key key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Key take_last(Keys& keys) {
    const Key last = keys.back();
    keys.pop_back();
    return last;
}

class PlainLru final : public PlainPolicy {
  public:
    void hit(Key key) override {
        keys_.remove(key);
        keys_.push_front(key);
    }
    void insert(Key key) override { keys_.push_front(key); }
    Key evict(std::size_t) override { return take_last(keys_); }
    void remove(Key key) override { keys_.remove(key); }

  private:
    Keys keys_;
};

/// Algorithm 1 of the paper; ghosts are as many as entries, at least 16.
class PlainS3Fifo final : public PlainPolicy {
  public:
    explicit PlainS3Fifo(std::size_t capacity)
        : most_small_(std::max<std::size_t>(capacity / 10, 1)), most_ghosts_(std::max<std::size_t>(capacity, 16)) {}

    void hit(Key key) override { uses_[key] = std::min(uses_[key] + 1, 3); }

    void insert(Key key) override {
        uses_[key] = 0;
        (take_ghost(key) ? main_ : small_).push_front(key);
    }

    /// Who returns does not come to the small queue.
    Key insert_for_victim(Key key) override {
        const bool returns = take_ghost(key);
        const Key gone = evict(returns ? 0 : 1);
        uses_[key] = 0;
        (returns ? main_ : small_).push_front(key);
        return gone;
    }

    Key evict(std::size_t incoming) override {
        while (true) {
            if (!small_.empty() && (small_.size() + incoming > most_small_ || main_.empty())) {
                const Key key = take_last(small_);
                if (uses_[key] <= 1) {
                    add_ghost(key);
                    return key;
                }
                uses_[key] = 0;
                main_.push_front(key);
            } else {
                const Key key = take_last(main_);
                if (uses_[key]-- == 0) {
                    return key;
                }
                main_.push_front(key);
            }
        }
    }

    void remove(Key key) override {
        small_.remove(key);
        main_.remove(key);
    }

  private:
    static constexpr Key nobody = ~Key{0};

    /// The list is of departures: one that has come back still takes its place.
    void add_ghost(Key key) {
        ghosts_.push_front(key);
        if (ghosts_.size() > most_ghosts_) {
            ghosts_.pop_back();
        }
    }

    bool take_ghost(Key key) {
        const bool was_there = holds(ghosts_, key);
        std::replace(ghosts_.begin(), ghosts_.end(), key, nobody);
        return was_there;
    }

    std::size_t most_small_;
    std::size_t most_ghosts_;
    Keys small_, main_, ghosts_;
    std::map<Key, int> uses_;
};

/// A window by recency, then a segmented LRU that admits whom it has seen more often than its own next victim.
class PlainTinyLfu final : public PlainPolicy {
  public:
    PlainTinyLfu(std::size_t capacity, double share)
        : most_window_(std::max<std::size_t>(static_cast<std::size_t>(share * static_cast<double>(capacity)), 1)),
          most_protected_(static_cast<std::size_t>(0.8 * (1 - share) * static_cast<double>(capacity))) {}

    void hit(Key key) override {
        uses_[key] = std::min(uses_[key] + 1, 15);
        if (holds(window_, key)) {
            to_front(window_, key);
        } else if (holds(protected_, key)) {
            to_front(protected_, key);
        } else {
            probation_.remove(key);
            protected_.push_front(key);
            while (protected_.size() > most_protected_) {
                probation_.push_front(take_last(protected_));
            }
        }
        pass();
    }

    void insert(Key key) override {
        window_.push_front(key);
        uses_[key] = 0;
        past_[key] = std::min(past_[key] + 1, 15);
        pass();
    }

    Key evict(std::size_t incoming) override {
        while (window_.size() + incoming > most_window_ && !window_.empty()) {
            candidate_ = take_last(window_);
            probation_.push_front(candidate_);
        }
        if (probation_.empty()) {
            return gone(take_last(protected_.empty() ? window_ : protected_));
        }
        const Key oldest = probation_.back();
        if (candidate_ == nobody || candidate_ == oldest) {
            return gone(take_last(probation_));
        }
        const Key loser = count(candidate_) > count(oldest) ? oldest : candidate_;
        candidate_ = nobody;
        probation_.remove(loser);
        return gone(loser);
    }

    void remove(Key key) override {
        window_.remove(key);
        probation_.remove(key);
        protected_.remove(key);
        gone(key);
    }

  private:
    static constexpr Key nobody = ~Key{0};

    static void to_front(Keys& keys, Key key) {
        keys.remove(key);
        keys.push_front(key);
    }

    int count(Key key) { return past_[key] + uses_[key]; }

    Key gone(Key key) {
        past_[key] = std::min(past_[key] + uses_[key], 15);
        uses_[key] = 0;
        candidate_ = candidate_ == key ? nobody : candidate_;
        return key;
    }

    /// Counts of a sketch that has room for 64 entries are halved after forty requests for each.
    void pass() {
        if (++passed_ < 40 * 64) {
            return;
        }
        for (auto* counts : {&past_, &uses_}) {
            for (auto& [key, count] : *counts) {
                count /= 2;
            }
        }
        passed_ /= 2;
    }

    std::size_t most_window_;
    std::size_t most_protected_;
    Keys window_, probation_, protected_;
    std::map<Key, int> past_, uses_;
    Key candidate_ = nobody;
    int passed_ = 0;
};

/// A policy with a window that stays as it is.
class FixedWindow final : public EvictionPolicy {
  public:
    FixedWindow(std::uint64_t capacity, double share) : policy_(capacity, share) {}
    void insert(Slot slot, std::uint64_t hash, std::uint64_t weight) override { policy_.insert(slot, hash, weight); }
    void hit(Slot slot) override { policy_.hit(slot); }
    void remove(Slot slot) override { policy_.remove(slot); }
    Slot victim() override { return policy_.victim(); }
    Slot insert_for_victim(std::uint64_t hash, std::uint64_t weight) override {
        return policy_.insert_for_victim(hash, weight);
    }

  private:
    WindowTinyLfu policy_;
};

constexpr std::uint64_t most_keys = 64;

/// A hash by which no two of the keys share a counter of the sketch or crowd a bucket of ghosts.
std::uint64_t hash_apart_of(Key key) {
    const std::uint64_t counter = key / 8;
    return key % 8 | key << 9 | counter << 32 | counter << 40 | counter << 48 | counter << 56;
}

/// What a cache of one policy does, by keys.
class Driven {
  public:
    Driven(std::unique_ptr<EvictionPolicy> policy, std::size_t capacity, bool in_one_step)
        : policy_(std::move(policy)), capacity_(capacity), in_one_step_(in_one_step) {
        for (Slot slot = 0; slot <= capacity; ++slot) {
            free_.push_back(slot);
        }
    }

    bool in_one_step() const { return in_one_step_; }
    bool holds_key(Key key) const { return slots_.contains(key); }
    bool is_full() const { return slots_.size() == capacity_; }
    void hit(Key key) { policy_->hit(slots_.at(key)); }
    void remove(Key key) { let_go(key, slots_.at(key)); }
    void insert(Key key) { enter(key); }

    /// Who left for the key.
    Key insert_into_full(Key key) {
        if (in_one_step_) {
            const Slot slot = policy_->insert_for_victim(hash_apart_of(key), 1);
            const Key gone = keys_.at(slot);
            slots_.erase(gone);
            keys_[slot] = key;
            slots_[key] = slot;
            return gone;
        }
        enter(key);
        const Slot slot = policy_->victim();
        const Key gone = keys_.at(slot);
        let_go(gone, slot);
        return gone;
    }

  private:
    void enter(Key key) {
        const Slot slot = free_.back();
        free_.pop_back();
        policy_->insert(slot, hash_apart_of(key), 1);
        slots_[key] = slot;
        keys_[slot] = key;
    }

    void let_go(Key key, Slot slot) {
        policy_->remove(slot);
        slots_.erase(key);
        keys_.erase(slot);
        free_.push_back(slot);
    }

    std::unique_ptr<EvictionPolicy> policy_;
    std::size_t capacity_;
    bool in_one_step_;
    std::map<Key, Slot> slots_;
    std::map<Slot, Key> keys_;
    std::vector<Slot> free_;
};

Key insert_and_evict(PlainPolicy& plain, Key key) {
    plain.insert(key);
    return plain.evict(0);
}

/// Everybody who left, in order; a negative request removes the key.
std::vector<Key> departures_of(const std::vector<int>& requests, Driven& driven, PlainPolicy& plain) {
    std::vector<Key> gone;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const Key key = static_cast<Key>(std::abs(requests[i]));
        if (requests[i] < 0) {
            if (driven.holds_key(key)) {
                driven.remove(key);
                plain.remove(key);
            }
        } else if (driven.holds_key(key)) {
            driven.hit(key);
            plain.hit(key);
        } else if (!driven.is_full()) {
            driven.insert(key);
            plain.insert(key);
        } else {
            gone.push_back(driven.insert_into_full(key));
            const Key expected = driven.in_one_step() ? plain.insert_for_victim(key) : insert_and_evict(plain, key);
            EXPECT_EQ(gone.back(), expected) << "request " << i << ", for key " << key;
            if (gone.back() != expected) {
                return gone;
            }
        }
    }
    return gone;
}

struct PolicyPair {
    std::string name;
    std::unique_ptr<EvictionPolicy> (*make)(std::uint64_t capacity);
    std::unique_ptr<PlainPolicy> (*make_plain)(std::size_t capacity);
};

template <int percent>
PolicyPair tinylfu_of_window() {
    return {"w-tinylfu of a window of " + std::to_string(percent) + " %",
            [](std::uint64_t capacity) -> std::unique_ptr<EvictionPolicy> {
                return std::make_unique<FixedWindow>(capacity, percent / 100.0);
            },
            [](std::size_t capacity) -> std::unique_ptr<PlainPolicy> {
                return std::make_unique<PlainTinyLfu>(capacity, percent / 100.0);
            }};
}

const std::vector<PolicyPair>& pairs() {
    static const std::vector<PolicyPair> all = {
        {"lru", [](std::uint64_t) { return make_lru(); },
         [](std::size_t) -> std::unique_ptr<PlainPolicy> { return std::make_unique<PlainLru>(); }},
        {"s3-fifo", make_s3_fifo,
         [](std::size_t capacity) -> std::unique_ptr<PlainPolicy> { return std::make_unique<PlainS3Fifo>(capacity); }},
        tinylfu_of_window<1>(),
        tinylfu_of_window<20>(),
        tinylfu_of_window<50>(),
        tinylfu_of_window<100>(),
    };
    return all;
}

std::vector<int> random_requests(std::uint64_t seed, int kind) {
    std::mt19937_64 chance(seed);
    std::vector<int> requests;
    for (int i = 0; i < 20'000; ++i) {
        const auto one = static_cast<int>(1 + chance() % (most_keys - 1));
        const auto other = static_cast<int>(1 + chance() % (most_keys - 1));
        const int favourite = std::min(one, other) / (1 + i / 5000 % 2);
        const int looped = 1 + i % 60;
        const int wanted = kind == 0    ? one
                           : kind == 1  ? favourite
                           : kind == 2  ? looped
                           : i % 3 == 0 ? looped
                                        : favourite;
        requests.push_back(chance() % 50 == 0 ? -wanted : wanted);
    }
    return requests;
}

TEST(eviction_order, is_that_of_the_plain_policy_entry_by_entry_on_random_requests) {
    const std::uint64_t seed = std::random_device{}();
    for (const PolicyPair& pair : pairs()) {
        for (const std::size_t capacity : {1, 2, 7, 20, 47}) {
            for (const bool in_one_step : {false, true}) {
                for (int kind = 0; kind < 4; ++kind) {
                    SCOPED_TRACE(pair.name + ", " + std::to_string(capacity) + " entries, requests of kind " +
                                 std::to_string(kind) + (in_one_step ? ", in one step, seed " : ", seed ") +
                                 std::to_string(seed));
                    Driven driven(pair.make(capacity), capacity, in_one_step);
                    const auto plain = pair.make_plain(capacity);
                    const auto gone = departures_of(random_requests(seed, kind), driven, *plain);
                    ASSERT_FALSE(testing::Test::HasFailure());
                    EXPECT_GT(gone.size(), 500u);
                }
            }
        }
    }
}

struct HandMade {
    std::string policy;
    std::size_t capacity;
    std::vector<int> requests;
    std::vector<Key> gone;
};

TEST(eviction_order, is_the_one_worked_out_by_hand) {
    const std::vector<HandMade> all = {
        // 1 is asked for again, so 2 is the oldest; then 3.
        {"lru", 3, {1, 2, 3, 1, 4, 5}, {2, 3}},
        // Asked for twice more, 1 moves on to the main queue; 2, asked for once more, does not.
        {"s3-fifo", 3, {1, 2, 3, 1, 1, 2, 4, 5}, {2, 3}},
        // 1 leaves and comes back soon: it is in the main queue at once, and 3, which is not, leaves before it.
        {"s3-fifo", 2, {1, 2, 3, 1, 4, 5}, {1, 2, 3, 4}},
        // The small queue holds one of ten; main is asked only when it is no larger. Main gives second chances: 1 was
        // used there, 2 was not.
        {"s3-fifo", 3, {1, 1, 1, 2, 2, 2, 3, 4, 1, 5, 6, -6, 7, 8}, {3, 4, 5, 7}},
        // 1 has more requests than whoever comes: newcomers leave one another's place, in the order they came.
        {"w-tinylfu of a window of 1 %", 2, {1, 1, 1, 2, 3, 4, 5}, {2, 3, 4}},
        // 3 is asked for more often than 1, which came first and nobody wanted again.
        {"w-tinylfu of a window of 1 %", 2, {1, 3, 3, 4, 5}, {1, 4}},
        // A window of everything is plain LRU.
        {"w-tinylfu of a window of 100 %", 3, {1, 2, 3, 1, 1, 1, 4, 5, 6}, {2, 3, 1}},
    };
    for (const HandMade& made : all) {
        const auto pair = std::find_if(pairs().begin(), pairs().end(),
                                       [&](const PolicyPair& one) { return one.name == made.policy; });
        ASSERT_NE(pair, pairs().end()) << made.policy;
        for (const bool in_one_step : {false, true}) {
            Driven driven(pair->make(made.capacity), made.capacity, in_one_step);
            const auto plain = pair->make_plain(made.capacity);
            EXPECT_EQ(departures_of(made.requests, driven, *plain), made.gone)
                << made.policy << " of " << made.capacity << (in_one_step ? ", in one step" : "");
        }
    }
}

}  // namespace
}  // namespace synqc
