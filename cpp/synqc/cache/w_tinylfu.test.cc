#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "synqc/cache/memory_store.h"
#include "synqc/cache/miniature_cache.h"

namespace synqc {
namespace {

constexpr std::uint64_t capacity = 600;
constexpr int requests = 100'000;

using Trace = std::vector<std::uint64_t>;

struct Kind {
    std::string name;
    std::function<Trace(std::mt19937_64&)> trace;
};

Trace zipf(std::mt19937_64& random, int keys, double exponent) {
    std::vector<double> weights;
    for (int key = 1; key <= keys; ++key) {
        weights.push_back(std::pow(key, -exponent));
    }
    std::discrete_distribution<std::uint64_t> draw(weights.begin(), weights.end());
    Trace trace;
    for (int i = 0; i < requests; ++i) {
        trace.push_back(draw(random));
    }
    return trace;
}

/// Asks again for what was asked for shortly before, or for something new.
Trace recent(std::mt19937_64& random) {
    Trace trace;
    std::geometric_distribution<std::size_t> back(1.0 / 300);
    for (int i = 0; i < requests; ++i) {
        const std::size_t distance = back(random) + 1;
        const bool is_new = random() % 5 == 0 || distance > trace.size();
        trace.push_back(is_new ? 1'000'000 + static_cast<std::uint64_t>(i) : trace[trace.size() - distance]);
    }
    return trace;
}

Trace each_by_turns(std::mt19937_64& random, const Trace& one, const Trace& other) {
    Trace trace;
    for (std::size_t i = 0; i < one.size(); ++i) {
        trace.push_back(random() % 2 == 0 ? one[i] : other[i]);
    }
    return trace;
}

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"steady favourites", [](std::mt19937_64& random) { return zipf(random, 6000, 0.9); }},
        {"loop",
         [](std::mt19937_64&) {
             Trace trace(requests);
             std::generate(trace.begin(), trace.end(), [at = 0]() mutable { return ++at % (capacity * 3 / 2); });
             return trace;
         }},
        {"moving favourites",
         [](std::mt19937_64& random) {
             Trace trace = zipf(random, 1500, 1.0);
             for (std::size_t i = 0; i < trace.size(); ++i) {
                 trace[i] += i / 50;
             }
             return trace;
         }},
        {"recent ones", recent},
        {"recent ones and favourites",
         [](std::mt19937_64& random) { return each_by_turns(random, recent(random), zipf(random, 6000, 1.0)); }},
    };
    return all;
}

double hit_rate_of_store(const Trace& trace, std::uint64_t seed, StoreLimits limits, std::uint64_t bytes) {
    MemoryStore<std::uint64_t, char> store(limits, "w-tinylfu", 0);
    int hits = 0;
    for (const std::uint64_t key : trace) {
        const std::uint64_t hash = mixed_hash(key, seed);
        const Slot slot =
            store.find(hash, [&](std::uint64_t other) { return other == key ? KeyMatch::yes : KeyMatch::no; }).first;
        if (slot != no_slot) {
            store.hit(slot);
            ++hits;
            continue;
        }
        store.insert(hash, {.key = key, .bytes = bytes}, TimerWheel::never);
        for (Slot victim = store.over_limit(); victim != no_slot; victim = store.over_limit()) {
            store.remove(victim);
        }
    }
    return static_cast<double>(hits) / requests;
}

/// The best that a window of fixed size gets.
double hit_rate_of_best_window(const Trace& trace, std::uint64_t seed) {
    double best = 0;
    for (const double share : {0.01, 0.1, 0.3, 0.6, 1.0}) {
        MiniatureCache fixed(capacity, share);
        int hits = 0;
        for (const std::uint64_t key : trace) {
            hits += fixed.ask(mixed_hash(key, seed), 1) ? 1 : 0;
        }
        best = std::max(best, static_cast<double>(hits) / requests);
    }
    return best;
}

TEST(w_tinylfu, finds_the_window_within_two_points_of_the_best_fixed_one) {
    const std::uint64_t first_seed = std::random_device()();
    for (const Kind& kind : kinds()) {
        for (std::uint64_t seed = first_seed; seed < first_seed + 3; ++seed) {
            std::mt19937_64 random(seed);
            const Trace trace = kind.trace(random);
            const double best = hit_rate_of_best_window(trace, seed);
            EXPECT_GT(hit_rate_of_store(trace, seed, {.most_entries = capacity}, 1), best - 0.02)
                << kind.name << ", seed " << seed;
            EXPECT_GT(hit_rate_of_store(trace, seed, {.most_bytes = 100 * capacity}, 100), best - 0.02)
                << kind.name << " by bytes, seed " << seed;
        }
    }
}

TEST(miniature_cache, refuses_what_is_heavier_than_itself_and_keeps_the_rest) {
    MiniatureCache cache(10, 0.5);
    EXPECT_FALSE(cache.ask(mixed_hash(1, 7), 5));
    EXPECT_FALSE(cache.ask(mixed_hash(2, 7), 11));
    EXPECT_FALSE(cache.ask(mixed_hash(2, 7), 11));
    EXPECT_TRUE(cache.ask(mixed_hash(1, 7), 5));
}

}  // namespace
}  // namespace synqc
