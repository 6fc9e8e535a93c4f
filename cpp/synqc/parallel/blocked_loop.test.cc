#include "synqc/parallel/blocked_loop.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace synqc;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

TEST(blocked_loop, every_block_runs_exactly_once) {
    for (int threads : {0, 1, 2, 7}) {
        RunControl control;
        std::vector<int> calls(1000, 0);
        Index complete = for_each_block(1000, threads, control, [&](Index block) { calls[block] += 1; });
        EXPECT_EQ(complete, 1000);
        EXPECT_EQ(calls, std::vector<int>(1000, 1)) << "threads " << threads;
    }
}

TEST(blocked_loop, what_bodies_wrote_is_visible_afterwards) {
    std::vector<std::uint64_t> squares(4096);
    for (int repetition = 0; repetition < 50; ++repetition) {
        RunControl control;
        for_each_block(64, 4, control, [&](Index block) {
            for (Index k = block * 64; k < block * 64 + 64; ++k) {
                squares[k] = static_cast<std::uint64_t>(k) * k + repetition;
            }
        });
        for (std::uint64_t k = 0; k < squares.size(); ++k) {
            ASSERT_EQ(squares[k], k * k + repetition);
        }
    }
}

TEST(blocked_loop, no_blocks_is_complete_at_once) {
    RunControl control;
    EXPECT_EQ(for_each_block(0, 3, control, [](Index) { FAIL(); }), 0);
}

TEST(blocked_loop, asked_for_threads_are_used_and_no_more) {
    for (int threads : {1, 2, 5}) {
        RunControl control;
        std::mutex mutex;
        std::condition_variable another_came;
        std::set<std::thread::id> seen;
        for_each_block(200, threads, control, [&](Index) {
            std::unique_lock lock(mutex);
            seen.insert(std::this_thread::get_id());
            another_came.notify_all();
            // A busy machine may be slow to send a thread; blocks wait for it, so that it finds some left.
            another_came.wait_for(lock, 20s, [&] { return static_cast<int>(seen.size()) >= threads; });
        });
        EXPECT_EQ(static_cast<int>(seen.size()), threads);
    }
}

TEST(blocked_loop, stop_leaves_a_complete_prefix_within_fifty_milliseconds) {
    RunControl control;
    std::vector<std::atomic<int>> done(100000);
    std::atomic<std::int64_t> asked_at{0};
    std::jthread impatient([&] {
        std::this_thread::sleep_for(30ms);
        asked_at = Clock::now().time_since_epoch().count();
        control.stop_requested = true;
    });
    Index complete = for_each_block(100000, 2, control, [&](Index block) {
        std::this_thread::sleep_for(1ms);
        done[block] = 1;
    });
    auto delay = Clock::now().time_since_epoch() - Clock::duration(asked_at.load());
    EXPECT_LT(delay, 50ms);
    EXPECT_GT(complete, 0);
    EXPECT_LT(complete, 100000);
    for (Index block = 0; block < complete; ++block) {
        ASSERT_EQ(done[block], 1) << block;
    }
}

TEST(blocked_loop, stop_before_the_start_runs_nothing) {
    RunControl control;
    control.stop_requested = true;
    EXPECT_EQ(for_each_block(10, 2, control, [](Index) { FAIL(); }), 0);
}

TEST(blocked_loop, tick_stays_on_the_calling_thread_and_can_stop_the_loop) {
    for (int threads : {1, 3}) {
        RunControl control;
        int ticks = 0;
        auto caller = std::this_thread::get_id();
        std::vector<Clock::time_point> moments;
        control.tick = [&] {
            EXPECT_EQ(std::this_thread::get_id(), caller);
            moments.push_back(Clock::now());
            if (++ticks == 5) {
                control.stop_requested = true;
            }
        };
        Index complete = for_each_block(1000000, threads, control, [](Index) { std::this_thread::sleep_for(1ms); });
        EXPECT_GE(ticks, 5);  // the caller ticks on while helpers end their blocks
        EXPECT_LT(complete, 1000000);
        for (std::size_t k = 1; k < moments.size(); ++k) {
            EXPECT_GE(moments[k] - moments[k - 1], 10ms);
        }
    }
}

TEST(blocked_loop, caller_ticks_while_it_waits_for_the_last_block) {
    RunControl control;
    int ticks = 0;
    control.tick = [&] { ++ticks; };
    auto caller = std::this_thread::get_id();
    std::atomic<int> arrived{0};
    for_each_block(2, 2, control, [&](Index) {
        ++arrived;
        auto deadline = Clock::now() + 5s;
        while (arrived < 2 && Clock::now() < deadline) {
            std::this_thread::yield();
        }
        std::this_thread::sleep_for(std::this_thread::get_id() == caller ? 0ms : 100ms);
    });
    EXPECT_GE(ticks, 4);
}

TEST(blocked_loop, failure_of_a_body_stops_the_loop_and_reaches_the_caller) {
    for (int threads : {1, 4}) {
        RunControl control;
        std::atomic<int> calls{0};
        EXPECT_THROW(for_each_block(100000, threads, control,
                                    [&](Index block) {
                                        ++calls;
                                        if (block == 17) {
                                            throw std::runtime_error("block 17");
                                        }
                                        std::this_thread::sleep_for(100us);
                                    }),
                     std::runtime_error);
        EXPECT_LT(calls, 1000);
    }
}

TEST(blocked_loop, loops_may_nest) {
    RunControl control;
    std::atomic<int> calls{0};
    for_each_block(8, 2, control, [&](Index) { for_each_block(8, 2, control, [&](Index) { ++calls; }); });
    EXPECT_EQ(calls, 64);
}

// The allocator of GCC 12's address sanitizer may be locked when a process forks, and stays so in the child.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(blocked_loop, a_forked_child_still_computes_on_all_its_threads) {
    RunControl control;
    for_each_block(16, 2, control, [](Index) {});
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        RunControl own;
        std::mutex mutex;
        std::set<std::thread::id> seen;
        Index complete = for_each_block(50, 3, own, [&](Index) {
            std::this_thread::sleep_for(1ms);
            std::lock_guard lock(mutex);
            seen.insert(std::this_thread::get_id());
        });
        _exit(complete == 50 && seen.size() == 3 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif
