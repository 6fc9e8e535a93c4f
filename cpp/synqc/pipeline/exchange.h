#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "synqc/pipeline/token.h"
#include "synqc/pipeline/wake_pipe.h"

namespace synqc::pipeline {

/// Tokens on their way to the workers of one stage: threads wait here, an event loop looks in and is woken by a pipe.
class Inbox {
  public:
    /// `loop_wake`: wakes the event loop that serves this stage; null for threads.
    explicit Inbox(std::shared_ptr<WakePipe> loop_wake = nullptr) : loop_wake_(std::move(loop_wake)) {}

    void put(const std::vector<Token*>& tokens);
    /// The next token, begun; null if there is none now. The next `put` will then wake the loop.
    Token* take();
    /// The next token, begun; waits for it. Null once the inbox is closed.
    Token* wait_and_take();
    /// What no worker has begun, for the driver to have back.
    std::vector<Token*> take_back();
    /// Waiting threads leave.
    void close();
    std::size_t size() const;
    /// The same, for an event loop that has places left: the next `put` will wake it, busy or not.
    std::size_t look();
    /// Threads that wait for a token.
    std::size_t waiting() const;

  private:
    Token* take_locked();

    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<Token*> tokens_;
    std::shared_ptr<WakePipe> loop_wake_;
    std::size_t waiting_ = 0;
    bool loop_sleeps_ = true;
    bool closed_ = false;
};

/// Tokens on their way back to the driver.
class Outbox {
  public:
    /// `loop_wake`: also wakes a driver that runs in an event loop; may be null.
    explicit Outbox(std::shared_ptr<WakePipe> loop_wake = nullptr) : loop_wake_(std::move(loop_wake)) {}

    /// False, and the token is the caller's to delete, if the driver has given it up. `hurry`: wake the driver now;
    /// otherwise it is woken by every 32nd token, or looks by itself within a millisecond.
    bool put(Token* token, bool hurry);
    /// Makes sure that `tokens` of them may come without any memory being asked for.
    void reserve(std::size_t tokens);
    /// Several that cannot have been given up.
    void put_all(const std::vector<Token*>& tokens);
    /// Appends what has come.
    void drain(std::vector<Token*>& into);
    /// Until something comes or somebody pokes, at most until `until`. Looks every millisecond.
    void wait(Nanoseconds until);
    /// An event-loop driver goes to sleep: false if something has come.
    bool sleep_in_loop();
    /// Wakes the driver.
    void poke();

  private:
    void wake_locked();

    std::mutex mutex_;
    std::condition_variable filled_;
    std::vector<Token*> tokens_;
    std::shared_ptr<WakePipe> loop_wake_;
    bool poked_ = false;
    bool loop_sleeps_ = false;
};

}  // namespace synqc::pipeline
