#include "synqc/pipeline/native_lane.h"

#include <algorithm>
#include <new>
#include <thread>

#include "synqc/pipeline/native_arena.h"

namespace synqc::pipeline {

namespace {

constexpr Nanoseconds batch_time = 100'000;
constexpr Nanoseconds largest_batch = 512;
constexpr Nanoseconds not_worth_a_thread = 20'000;  // what handing a batch over and back may cost

/// False if there was no memory to hand it over.
bool hand_over(const std::function<void()>& task) {
    try {
        run_on_arena(task);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace

struct NativeLane::Shared {
    Body body;
    std::shared_ptr<Outbox> outbox;
    std::atomic<int> running{0};
    std::atomic<Nanoseconds> token_time{batch_time};  // of the batch that ended last

    void run(const std::vector<Token*>& tokens) noexcept {
        Nanoseconds start = monotonic_now();
        body(tokens);
        token_time = (monotonic_now() - start) / static_cast<Nanoseconds>(tokens.size());
        // First the place, then the tokens: whoever is woken by them finds the place free.
        running -= 1;
        outbox->put_all(tokens);
    }
};

NativeLane::NativeLane(int limit, Body body, std::shared_ptr<Outbox> outbox)
    : limit_(limit), shared_(std::make_shared<Shared>()) {
    shared_->body = std::move(body);
    shared_->outbox = std::move(outbox);
}

std::size_t NativeLane::batch_size() const {
    Nanoseconds cost = std::max<Nanoseconds>(1, shared_->token_time.load());
    return static_cast<std::size_t>(std::clamp<Nanoseconds>(batch_time / cost, 1, largest_batch));
}

void NativeLane::send() {
    while (!pending_.empty() && shared_->running < limit_) {
        auto size = static_cast<std::ptrdiff_t>(std::min(batch_size(), pending_.size()));
        std::vector<Token*> batch(pending_.begin(), pending_.begin() + size);
        const bool is_worth_a_thread = shared_->token_time * size >= not_worth_a_thread;
        std::function<void()> task;
        if (is_worth_a_thread) {
            task = [shared = shared_, batch] { shared->run(batch); };
        }
        shared_->running += 1;
        if (is_worth_a_thread && hand_over(task)) {
            pending_.erase(pending_.begin(), pending_.begin() + size);
            continue;
        }
        pending_.erase(pending_.begin(), pending_.begin() + size);
        shared_->run(batch);
        return;
    }
}

void NativeLane::wait_until_idle() const {
    while (shared_->running > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

std::vector<Token*> NativeLane::take_back() {
    std::vector<Token*> left(pending_.begin(), pending_.end());
    pending_.clear();
    return left;
}

}  // namespace synqc::pipeline
