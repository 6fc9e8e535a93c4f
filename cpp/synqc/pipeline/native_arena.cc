#include "synqc/pipeline/native_arena.h"

#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace synqc::pipeline {

namespace {

class Arena {
  public:
    static Arena& of_this_process() {
        // Never destroyed: at the exit of a forked child there are no workers to wait for.
        static Arena& arena = *new Arena;
        return arena;
    }

    /// False in a child of fork().
    bool enqueue(const std::function<void()>& task) {
        std::lock_guard lock(mutex_);
        if (owner_ == 0) {
            owner_ = getpid();
        }
        if (owner_ != getpid()) {
            return false;
        }
        if (!arena_) {
            // One place is kept for a thread that never comes: oneTBB has one worker less than the machine has cores.
            arena_.emplace(std::max(2, static_cast<int>(std::thread::hardware_concurrency())), 1);
        }
        // The task travels through `waiting_` rather than in oneTBB's: our mutex then orders memory between the two
        // threads, which a thread sanitizer cannot see inside oneTBB.
        waiting_.push_back(task);
        try {
            arena_->enqueue([] { of_this_process().run_one(); });
        } catch (...) {
            waiting_.pop_back();
            throw;
        }
        return true;
    }

  private:
    void run_one() {
        std::function<void()> task;
        {
            std::lock_guard lock(mutex_);
            task = std::move(waiting_.front());
            waiting_.pop_front();
        }
        task();
    }

    std::mutex mutex_;
    pid_t owner_ = 0;
    std::deque<std::function<void()>> waiting_;
    std::optional<tbb::task_arena> arena_;
};

}  // namespace

void run_on_arena(std::function<void()> task) {
    if (!Arena::of_this_process().enqueue(task)) {
        task();
    }
}

}  // namespace synqc::pipeline
