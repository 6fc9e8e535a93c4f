#include "synqc/cache/concurrent_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
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

}  // namespace
}  // namespace synqc
