#pragma once

#include <chrono>
#include <thread>

#include "synqc/parallel/run_control.h"

namespace synqc::text {

/// Thrown where a stop was requested; caught where the work began.
struct Stopped {};

/// Hears a request to stop within a block of work, however long one text is: on the thread that began, RunControl::tick
/// is called as it would be between blocks.
class StopCheck {
  public:
    explicit StopCheck(RunControl& control) : control_(control), starter_(std::this_thread::get_id()) {}

    /// To be called at least once in a few milliseconds. Throws Stopped.
    void check() {
        if (control_.stop_requested.load(std::memory_order_relaxed)) {
            throw Stopped{};
        }
        if (control_.tick && std::this_thread::get_id() == starter_) {
            const auto now = std::chrono::steady_clock::now();
            if (now >= next_tick_) {
                control_.tick();
                next_tick_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
            }
        }
    }

  private:
    RunControl& control_;
    const std::thread::id starter_;
    std::chrono::steady_clock::time_point next_tick_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
};

/// So many steps of a loop over letters or shingles between two checks: less than a millisecond.
inline constexpr std::size_t steps_between_checks = std::size_t{1} << 14;

}  // namespace synqc::text
