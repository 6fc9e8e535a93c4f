#pragma once

#include "synqc/base/numbers.h"

namespace synqc::route {

/// Peak-sensitive moving average of a latency: it rises to a higher observation at once and falls to lower ones, or
/// without any, with a time constant.
///
/// Source: the load metric "peak EWMA" of Finagle's balancers.
class PeakLatency {
  public:
    /// Longest that a penalty makes a latency, in s.
    static constexpr Real longest_penalty_s = 60;

    explicit PeakLatency(Real decay_s = 10) : decay_s_(decay_s) {}

    /// Whether anything was observed.
    bool known() const { return observed_at_s_ >= 0; }
    /// When the last observation was made, in s; negative: never.
    Real observed_at_s() const { return observed_at_s_; }
    /// The average at a time, in s; 0 if nothing was observed.
    Real at(Real now_s) const;

    void observe(Real latency_s, Real now_s);
    /// A failure after `latency_s`: twice the worse of that and the average, and never less than the average.
    void penalise(Real latency_s, Real now_s);
    /// Forget the past: a deployment that was out and is back is judged by what it does now.
    void start_again(Real latency_s, Real now_s);

  private:
    Real decay_s_;
    Real value_s_ = 0;
    Real observed_at_s_ = -1;
};

}  // namespace synqc::route
