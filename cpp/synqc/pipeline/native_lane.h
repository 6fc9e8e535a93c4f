#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "synqc/pipeline/exchange.h"

namespace synqc::pipeline {

/// Runs batches of tokens on oneTBB's threads, at most `limit` batches at a time, and gives them back to the driver.
///
/// `feed` and `send` belong to the driver's thread. Nothing here touches Python.
class NativeLane {
  public:
    using Body = std::function<void(const std::vector<Token*>&)>;

    /// `body` takes tokens through its stages and must not throw. `outbox` has room for every token that is fed.
    NativeLane(int limit, Body body, std::shared_ptr<Outbox> outbox);

    /// A token joins the next batch.
    void feed(Token* token) { pending_.push_back(token); }
    /// Starts as many batches as may run, each worth about 100 µs by what tokens cost lately. What is worth less than
    /// 20 µs in all runs here.
    void send();
    /// What no thread has begun, for the driver to have back.
    std::vector<Token*> take_back();
    /// Until no thread is at work on a batch.
    void wait_until_idle() const;

  private:
    struct Shared;  // outlives the lane as long as a batch runs

    std::size_t batch_size() const;

    int limit_;
    std::deque<Token*> pending_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace synqc::pipeline
