#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace synqc::pipeline {

using Nanoseconds = std::int64_t;

/// A monotonic clock.
inline Nanoseconds monotonic_now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

/// How an item ended.
enum class Outcome : std::uint8_t { pending, ok, error, timeout, cancelled, skipped };

/// Who may touch a token. The driver may take it from a worker that is too slow; both try, one succeeds.
enum class Hold : std::uint8_t { driver, worker, abandoned };

/// What a native function reads and writes. Which of the fields count depends on its kind.
struct NativeValue {
    double number = 0;

    std::string text;               // bytes after the first stage
    const char* text_in = nullptr;  // bytes before it, borrowed from the item
    std::size_t text_size = 0;

    const double* array_in = nullptr;  // borrowed from the item, or `array_out` after the first stage
    double* array_out = nullptr;       // borrowed from `result`
    std::size_t array_size = 0;
};

/// An item on its way. Owned by the driver, or by the worker once it is abandoned.
struct Token {
    std::uint64_t sequence = 0;          // position in the input
    std::uint32_t stage = 0;             // the stage it is at, or ended at
    std::uint32_t attempts = 0;          // begun at this stage
    std::uint32_t most_attempts = 0;     // of all stages
    Outcome outcome = Outcome::pending;  // of the attempt that ended last
    Nanoseconds queued_at = 0;
    Nanoseconds queue_time = 0;  // waited before and between stages
    Nanoseconds run_time = 0;    // spent in attempts
    std::atomic<Nanoseconds> started_at{0};
    std::atomic<Hold> hold{Hold::driver};
    std::size_t place = 0;   // among the driver's tokens
    void* item = nullptr;    // what the stage is given; belongs to the driver
    void* result = nullptr;  // what it answered, or the error
    bool lent = false;       // to native functions
    NativeValue native;
    int native_code = 0;          // what a native function returned instead of success
    std::size_t native_room = 0;  // bytes it asked for that memory could not give; 0: none
    bool native_threw = false;    // it threw, which it must not

    /// An attempt begins.
    void begin(Nanoseconds now) {
        queue_time += now - queued_at;
        attempts += 1;
        started_at.store(now, std::memory_order_relaxed);
    }

    /// An attempt ended.
    void end(Outcome how, Nanoseconds now) {
        run_time += now - started_at.load(std::memory_order_relaxed);
        outcome = how;
        queued_at = now;
    }

    /// To the next stage.
    void move_on() {
        most_attempts = attempts > most_attempts ? attempts : most_attempts;
        attempts = 0;
        stage += 1;
    }
};

}  // namespace synqc::pipeline
