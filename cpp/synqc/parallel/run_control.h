#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace synqc {

/// Cancellation token and progress of a long computation: the thread between it and whoever waits for it.
///
/// Workers poll `stop_requested` per block. `tick`, if set, is called on the thread that started the computation, at
/// most every 10 ms: the Python layer checks signals and draws progress there, so no other thread ever touches the
/// interpreter.
struct RunControl {
    std::atomic<bool> stop_requested{false};
    std::atomic<std::uint64_t> work_done{0};   // in shots
    std::atomic<std::uint64_t> work_total{0};  // in shots
    std::function<void()> tick;                // may set stop_requested; must not throw
};

}  // namespace synqc
