#include "synqc/parallel/blocked_loop.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace synqc {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto tick_period = std::chrono::milliseconds(10);

/// One running loop, shared by its caller and the helpers that found their way to it in time.
class Loop {
  public:
    Loop(Index count, RunControl& control, const std::function<void(Index)>& body)
        : count_(count), control_(control), body_(body), next_tick_(Clock::now() + tick_period) {}

    /// False if the loop has closed already.
    bool run_as_helper() {
        if (!enter()) {
            return false;
        }
        run_blocks([] {});
        leave();
        return true;
    }

    void run_as_caller() {
        run_blocks([this] { tick_if_due(); });
        wait_for_helpers();
    }

    Index complete_blocks() const { return std::min(next_.load(), count_); }

    /// The caller takes the failure along: a helper that wakes up late must not be the one to destroy it.
    void rethrow_failure() {
        if (auto failure = std::exchange(failure_, nullptr)) {
            std::rethrow_exception(std::move(failure));
        }
    }

  private:
    // Blocks are claimed in order and every claimed block is finished, so that what is complete is always a prefix.
    template <typename BetweenBlocks>
    void run_blocks(const BetweenBlocks& between_blocks) {
        try {
            while (!failed_.load(std::memory_order_relaxed) &&
                   !control_.stop_requested.load(std::memory_order_relaxed)) {
                Index block = next_.fetch_add(1);
                if (block >= count_) {
                    return;
                }
                body_(block);
                between_blocks();
            }
        } catch (...) {
            std::lock_guard lock(mutex_);
            if (!failure_) {
                failure_ = std::current_exception();
            }
            failed_ = true;
        }
    }

    // The mutex also orders the caller's memory before the helper's, and the helper's before the caller's return.
    bool enter() {
        std::lock_guard lock(mutex_);
        helpers_ += closed_ ? 0 : 1;
        return !closed_;
    }

    void leave() {
        std::lock_guard lock(mutex_);
        helpers_ -= 1;
        helper_left_.notify_one();
    }

    void wait_for_helpers() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        while (helpers_ > 0) {
            helper_left_.wait_until(lock, next_tick_);
            lock.unlock();
            tick_if_due();
            lock.lock();
        }
    }

    void tick_if_due() {
        auto now = Clock::now();
        if (now < next_tick_) {
            return;
        }
        if (control_.tick) {
            control_.tick();
        }
        next_tick_ = Clock::now() + tick_period;
    }

    const Index count_;
    RunControl& control_;
    const std::function<void(Index)>& body_;
    Clock::time_point next_tick_;

    std::atomic<Index> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::condition_variable helper_left_;
    Index helpers_ = 0;
    bool closed_ = false;
    std::exception_ptr failure_;
};

/// The process's arenas, one per thread count, made when first asked for.
class Arenas {
  public:
    static Arenas& of_this_process() {
        // Never destroyed: at the exit of a forked child there are no workers to wait for.
        static Arenas& arenas = *new Arenas;
        return arenas;
    }

    /// False in a child of fork(), where the workers of the parent's arenas do not exist.
    bool enqueue(int threads, const std::shared_ptr<Loop>& loop, Index helpers) {
        std::lock_guard lock(mutex_);
        if (owner_ == 0) {
            owner_ = getpid();
        }
        if (owner_ != getpid()) {
            return false;
        }
        allow(threads);
        auto& arena = arena_of(threads);
        for (Index helper = 0; helper < helpers; ++helper) {
            waiting_.push_back(loop);
            // The loop travels through `waiting_` rather than in the task: our mutex then orders memory between the two
            // threads, which a thread sanitizer cannot see inside oneTBB.
            arena.enqueue([] { of_this_process().help_a_waiting_loop(); });
        }
        return true;
    }

  private:
    void help_a_waiting_loop() {
        while (auto loop = next_waiting()) {
            if (loop->run_as_helper()) {
                return;
            }
        }
    }

    std::shared_ptr<Loop> next_waiting() {
        std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            return nullptr;
        }
        auto loop = std::move(waiting_.front());
        waiting_.pop_front();
        return loop;
    }

    void allow(int threads) {
        if (threads > allowed_) {
            allowed_ = threads;
            limit_ = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism, threads);
        }
    }

    tbb::task_arena& arena_of(int threads) {
        for (auto& arena : arenas_) {
            if (arena->max_concurrency() == threads) {
                return *arena;
            }
        }
        return *arenas_.emplace_back(std::make_unique<tbb::task_arena>(threads, 1));
    }

    std::mutex mutex_;
    pid_t owner_ = 0;
    int allowed_ = 0;
    std::unique_ptr<tbb::global_control> limit_;
    std::deque<std::shared_ptr<Loop>> waiting_;  // once per helper asked for
    std::vector<std::unique_ptr<tbb::task_arena>> arenas_;
};

int available_threads() {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

Index for_each_block(Index count, int threads, RunControl& control, const std::function<void(Index)>& body) {
    int wanted = threads > 0 ? threads : available_threads();
    Index helpers = std::min<Index>(wanted, count) - 1;
    // Helpers that wake up after the loop has closed find this alive and leave at once.
    auto loop = std::make_shared<Loop>(count, control, body);
    std::vector<std::jthread> plain_threads;
    if (helpers > 0 && !Arenas::of_this_process().enqueue(wanted, loop, helpers)) {
        for (Index helper = 0; helper < helpers; ++helper) {
            plain_threads.emplace_back([loop] { loop->run_as_helper(); });
        }
    }
    loop->run_as_caller();
    plain_threads.clear();
    loop->rethrow_failure();
    return loop->complete_blocks();
}

}  // namespace synqc
