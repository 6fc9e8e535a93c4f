#include "synqc/pipeline/exchange.h"

#include <algorithm>

namespace synqc::pipeline {

namespace {

constexpr std::size_t unhurried_tokens = 32;
constexpr Nanoseconds look_every = 1'000'000;

/// Gives a token back to the driver; false if the driver has taken it already.
bool release(Token* token) {
    auto held = Hold::worker;
    return token->hold.compare_exchange_strong(held, Hold::driver);
}

}  // namespace

void Inbox::put(const std::vector<Token*>& tokens) {
    bool wake_loop = false;
    {
        std::lock_guard lock(mutex_);
        tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
        for (std::size_t k = std::min(tokens.size(), waiting_); k > 0; --k) {
            filled_.notify_one();
        }
        wake_loop = loop_wake_ && loop_sleeps_;
        loop_sleeps_ = loop_sleeps_ && !wake_loop;
    }
    if (wake_loop) {
        loop_wake_->wake();
    }
}

Token* Inbox::take_locked() {
    Token* token = tokens_.front();
    tokens_.pop_front();
    token->begin(monotonic_now());
    token->hold.store(Hold::worker);
    return token;
}

Token* Inbox::take() {
    std::lock_guard lock(mutex_);
    if (tokens_.empty()) {
        loop_sleeps_ = true;
        return nullptr;
    }
    return take_locked();
}

Token* Inbox::wait_and_take() {
    std::unique_lock lock(mutex_);
    waiting_ += 1;
    filled_.wait(lock, [this] { return closed_ || !tokens_.empty(); });
    waiting_ -= 1;
    return tokens_.empty() ? nullptr : take_locked();
}

std::vector<Token*> Inbox::take_back() {
    std::lock_guard lock(mutex_);
    std::vector<Token*> left(tokens_.begin(), tokens_.end());
    tokens_.clear();
    return left;
}

void Inbox::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
}

std::size_t Inbox::look() {
    std::lock_guard lock(mutex_);
    loop_sleeps_ = true;
    return tokens_.size();
}

std::size_t Inbox::size() const {
    std::lock_guard lock(mutex_);
    return tokens_.size();
}

std::size_t Inbox::waiting() const {
    std::lock_guard lock(mutex_);
    return waiting_;
}

void Outbox::reserve(std::size_t tokens) {
    std::lock_guard lock(mutex_);
    if (tokens > tokens_.capacity()) {
        tokens_.reserve(std::max(tokens, 2 * tokens_.capacity()));
    }
}

bool Outbox::put(Token* token, bool hurry) {
    std::lock_guard lock(mutex_);
    if (!release(token)) {
        return false;
    }
    tokens_.push_back(token);
    if (hurry || loop_sleeps_ || tokens_.size() % unhurried_tokens == 0) {
        wake_locked();
    }
    return true;
}

void Outbox::put_all(const std::vector<Token*>& tokens) {
    std::lock_guard lock(mutex_);
    for (Token* token : tokens) {
        token->hold.store(Hold::driver);
    }
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    wake_locked();
}

void Outbox::drain(std::vector<Token*>& into) {
    std::lock_guard lock(mutex_);
    into.insert(into.end(), tokens_.begin(), tokens_.end());
    tokens_.clear();
    poked_ = false;
}

void Outbox::wait(Nanoseconds until) {
    std::unique_lock lock(mutex_);
    while (tokens_.empty() && !poked_) {
        Nanoseconds left = until - monotonic_now();
        if (left <= 0) {
            return;
        }
        filled_.wait_for(lock, std::chrono::nanoseconds(std::min(left, look_every)));
    }
}

bool Outbox::sleep_in_loop() {
    std::lock_guard lock(mutex_);
    loop_sleeps_ = tokens_.empty() && !poked_;
    return loop_sleeps_;
}

void Outbox::poke() {
    std::lock_guard lock(mutex_);
    poked_ = true;
    wake_locked();
}

void Outbox::wake_locked() {
    filled_.notify_one();
    if (loop_sleeps_) {
        loop_sleeps_ = false;
        loop_wake_->wake();
    }
}

}  // namespace synqc::pipeline
