#pragma once

#include <atomic>

#include "synqc/base/numbers.h"

namespace synqc {

/// A number that goes up and down. One cell and not one per thread: `set` has to win over what others added before.
class Gauge {
  public:
    void set(Real value) { value_.store(value, std::memory_order_relaxed); }
    void add(Real amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
    Real value() const { return value_.load(std::memory_order_relaxed); }

    /// Back to zero, for the child of a fork.
    void start_again() { set(0); }

  private:
    std::atomic<Real> value_{0};
};

}  // namespace synqc
