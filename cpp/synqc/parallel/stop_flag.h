#pragma once

#include <atomic>

namespace synqc {

/// A request to stop that another thread, or a signal handler, may raise.
struct StopFlag {
    std::atomic<bool> requested{false};
};

}  // namespace synqc
