#include "synqc/metrics/counter.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "synqc/metrics/gauge.h"

using namespace synqc;

TEST(counter, threads_lose_nothing_even_when_there_are_more_than_slots) {
    constexpr int threads = owned_slots + 8;
    Counter counter;
    Gauge gauge;
    std::barrier start(threads);
    {
        std::vector<std::jthread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&] {
                start.arrive_and_wait();
                for (int k = 0; k < 5000; ++k) {
                    counter.add(2);
                    counter.add_fraction(0.5);
                    gauge.add(k % 2 == 0 ? 1 : -1);
                }
                start.arrive_and_wait();
            });
        }
    }
    EXPECT_EQ(counter.count().whole, 2u * threads * 5000);
    EXPECT_EQ(counter.count().fractional, 0.5 * threads * 5000);
    EXPECT_EQ(gauge.value(), 0);
}

TEST(counter, whole_steps_are_exact_where_a_double_would_not_be) {
    Counter counter;
    counter.add(std::uint64_t{1} << 60);
    counter.add();
    EXPECT_EQ(counter.count().whole, (std::uint64_t{1} << 60) + 1);
}

TEST(counter, starts_again_from_zero) {
    Counter counter;
    counter.add(3);
    counter.add_fraction(0.5);
    counter.start_again();
    counter.add();
    EXPECT_EQ(counter.count().value(), 1);
}
