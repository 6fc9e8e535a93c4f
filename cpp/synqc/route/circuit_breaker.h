#pragma once

#include <cstdint>
#include <string_view>

#include "synqc/base/numbers.h"

namespace synqc::route {

enum class BreakerState { closed, open, half_open };

std::string_view name_of(BreakerState state);

/// When a circuit breaker opens, and for how long.
struct BreakerPolicy {
    Index failures_to_open = 3;  // in a row
    Real failure_share = 0.5;    // of the last 32 results, once there are 20
    Real open_s = 5;             // the first time; twice as long after each probe that fails
    Real longest_open_s = 300;
};

/// Keeps requests from a deployment that fails: closed, then open for a time, then half-open, when one request at a
/// time probes it. A probe that succeeds closes it, one that fails opens it for twice as long.
///
/// Only results of requests that began while it was closed, and those of probes, change it: what comes in late says
/// nothing about now.
class CircuitBreaker {
  public:
    explicit CircuitBreaker(BreakerPolicy policy = {}) : policy_(policy) {}

    BreakerState state(Real now_s) const;
    /// Whether a request may begin.
    bool admits(Real now_s) const { return !is_open_ || (now_s >= open_until_s_ && !probing_); }
    /// Since when it has not been closed, and until when it admits nobody; in s, of use unless it is closed.
    Real open_since_s() const { return open_since_s_; }
    Real open_until_s() const { return is_open_ ? open_until_s_ : 0; }
    /// How often it has opened.
    std::uint64_t openings() const { return openings_; }

    /// A request begins, which `admits` must have allowed; whether it is a probe.
    bool begin();
    /// A request ended well; whether the breaker closed by it.
    bool succeed(bool is_probe);
    void fail(bool is_probe, Real now_s);
    /// A request ended without telling anything.
    void abandon(bool is_probe);

  private:
    void open(Real now_s);

    BreakerPolicy policy_;
    bool is_open_ = false;  // or half-open
    bool probing_ = false;
    Index failures_in_row_ = 0;
    Index openings_in_row_ = 0;
    std::uint32_t last_results_ = 0;  // one bit each, set: failed; the newest is the lowest
    int results_ = 0;                 // how many bits of them count
    Real open_since_s_ = 0;
    Real open_until_s_ = 0;
    std::uint64_t openings_ = 0;
};

}  // namespace synqc::route
