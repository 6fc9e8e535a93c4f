#include "synqc/cache/concurrent_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace synqc {
namespace {

using Cache = ConcurrentCache<std::vector<int>>;

std::uint64_t bytes_of(const std::vector<int>& values) {
    return values.size() * sizeof(int);
}

TEST(concurrent_cache, threads_that_ask_at_once_get_one_computation) {
    constexpr int threads = 8;
    constexpr int keys = 200;
    Cache cache(1 << 20);
    std::array<std::atomic<int>, keys> computed{};
    std::barrier all_at_once(threads);
    std::vector<std::jthread> crowd;
    for (int i = 0; i < threads; ++i) {
        crowd.emplace_back([&] {
            for (int key = 0; key < keys; ++key) {
                all_at_once.arrive_and_wait();
                auto value = cache.find_or_compute(
                    std::to_string(key),
                    [&] {
                        ++computed[static_cast<std::size_t>(key)];
                        return std::vector<int>(10, key);
                    },
                    bytes_of);
                ASSERT_EQ(value->at(9), key);
            }
        });
    }
    crowd.clear();
    for (const auto& count : computed) {
        EXPECT_EQ(count, 1);
    }
    EXPECT_EQ(cache.counts().entries, static_cast<std::uint64_t>(keys));
}

TEST(concurrent_cache, an_error_reaches_the_caller_and_is_not_stored) {
    Cache cache(1 << 20);
    EXPECT_THROW(cache.find_or_compute(
                     "key", []() -> std::vector<int> { throw std::runtime_error("no"); }, bytes_of),
                 std::runtime_error);
    EXPECT_EQ(cache.find("key"), nullptr);
    EXPECT_EQ(cache
                  .find_or_compute(
                      "key", [] { return std::vector<int>{1}; }, bytes_of)
                  ->front(),
              1);
}

TEST(concurrent_cache, holds_its_bytes_while_threads_fill_it_and_what_was_handed_out_stays_valid) {
    constexpr std::uint64_t most_bytes = 64 << 10;
    Cache cache(most_bytes);
    std::vector<std::jthread> crowd;
    for (int thread = 0; thread < 4; ++thread) {
        crowd.emplace_back([&cache, thread] {
            std::vector<Cache::Pointer> held;
            for (int i = 0; i < 2000; ++i) {
                const int key = (i * (thread + 1)) % 900;
                held.push_back(cache.find_or_compute(
                    std::to_string(key), [&] { return std::vector<int>(50, key); }, bytes_of));
                ASSERT_EQ(held.back()->at(49), key);
            }
            for (const auto& value : held) {
                ASSERT_EQ(value->front(), value->back());
            }
        });
    }
    crowd.clear();
    EXPECT_LE(cache.counts().bytes, most_bytes);
    EXPECT_GT(cache.counts().evictions, 0u);
}

/// Counts how many of its kind are alive.
struct Counted {
    static inline std::atomic<int> alive = 0;
    explicit Counted(int given) : number(given) { ++alive; }
    Counted(Counted&& other) noexcept : number(other.number) { ++alive; }
    ~Counted() { --alive; }
    int number;
};

using CountedCache = ConcurrentCache<Counted>;

CountedCache::Pointer ask(CountedCache& cache, int key, std::uint64_t bytes = 100) {
    return cache.find_or_compute(
        std::to_string(key), [&] { return Counted(key); }, [&](const Counted&) { return bytes; });
}

/// Asks often enough for the thread to keep the value.
CountedCache::Pointer ask_often(CountedCache& cache, int key) {
    CountedCache::Pointer found;
    for (int i = 0; i < 4; ++i) {
        found = ask(cache, key);
    }
    return found;
}

TEST(concurrent_cache, threads_share_popular_values_but_no_count_of_references) {
    CountedCache cache(1 << 20);
    const auto here = ask_often(cache, 1);
    CountedCache::Pointer there;
    std::jthread([&] { there = ask_often(cache, 1); }).join();
    EXPECT_EQ(here.get(), there.get());
    EXPECT_TRUE(here.owner_before(there) || there.owner_before(here));
    const auto again = ask(cache, 1);
    EXPECT_FALSE(here.owner_before(again) || again.owner_before(here));
}

TEST(concurrent_cache, counts_every_lookup_once_also_of_threads_that_are_gone) {
    CountedCache cache(1 << 20);
    for (int round = 0; round < 3; ++round) {
        std::vector<std::jthread> crowd;
        for (int thread = 0; thread < 3; ++thread) {
            crowd.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) {
                    ask(cache, i % 50);
                }
            });
        }
        cache.counts();
    }
    EXPECT_EQ(cache.counts().hits + cache.counts().misses, 9000u);
    EXPECT_GE(cache.counts().hits, 9000u - 3 * 50);
}

TEST(concurrent_cache, lets_go_of_everything_when_it_goes_before_the_threads_that_asked) {
    std::barrier step(2);
    auto cache = std::make_unique<CountedCache>(1 << 20);
    std::jthread asking([&] {
        ask_often(*cache, 1);
        step.arrive_and_wait();
        step.arrive_and_wait();
        EXPECT_EQ(ask_often(*cache, 2)->number, 2);
    });
    ask_often(*cache, 1);
    step.arrive_and_wait();
    cache.reset();
    EXPECT_EQ(Counted::alive, 0);
    cache = std::make_unique<CountedCache>(1 << 20);
    EXPECT_EQ(cache->find("1"), nullptr);
    step.arrive_and_wait();
    asking.join();
    cache.reset();
    EXPECT_EQ(Counted::alive, 0);
}

TEST(concurrent_cache, of_many_caches_each_has_its_own_values) {
    std::vector<std::unique_ptr<ConcurrentCache<int>>> caches;
    for (int which = 0; which < 20; ++which) {
        caches.push_back(std::make_unique<ConcurrentCache<int>>(1 << 20));
    }
    for (int round = 0; round < 5; ++round) {
        for (int which = 0; which < 20; ++which) {
            auto& cache = *caches[static_cast<std::size_t>(which)];
            const auto found = cache.find_or_compute(
                "key", [&] { return which; }, [](int) { return sizeof(int); });
            ASSERT_EQ(*found, which);
        }
    }
}

TEST(concurrent_cache, what_threads_keep_of_evicted_values_is_bounded_and_not_found) {
    constexpr std::uint64_t most_bytes = std::uint64_t{64} * 64 * 100;
    {
        CountedCache cache(most_bytes);
        std::barrier step(3);
        std::vector<std::jthread> crowd;
        for (int thread = 0; thread < 2; ++thread) {
            crowd.emplace_back([&] {
                for (int key = 0; key < 1000; ++key) {
                    ask_often(cache, key);
                }
                step.arrive_and_wait();
                step.arrive_and_wait();
            });
        }
        step.arrive_and_wait();
        for (int key = 1000; key < 20'000; ++key) {
            ask_often(cache, key);
        }
        EXPECT_LE(Counted::alive, static_cast<int>(most_bytes * 5 / 4 / 100));
        EXPECT_GT(cache.counts().evictions, 10'000u);
        EXPECT_EQ(cache.find("0"), nullptr);
        step.arrive_and_wait();
    }
    EXPECT_EQ(Counted::alive, 0);
}

TEST(concurrent_cache, who_is_asked_for_all_the_time_stays_while_others_come_and_go) {
    CountedCache cache(std::uint64_t{64} * 20 * 100);
    const auto first = ask_often(cache, -1);
    for (int key = 0; key < 20'000; ++key) {
        ask(cache, key);
        ASSERT_EQ(ask(cache, -1), first) << "after " << key << " others";
    }
    EXPECT_GT(cache.counts().evictions, 10'000u);
}

}  // namespace
}  // namespace synqc
