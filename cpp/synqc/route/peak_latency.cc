#include "synqc/route/peak_latency.h"

#include <algorithm>
#include <cmath>

namespace synqc::route {

Real PeakLatency::at(Real now_s) const {
    return known() ? value_s_ * std::exp(-std::max(Real{0}, now_s - observed_at_s_) / decay_s_) : 0;
}

void PeakLatency::observe(Real latency_s, Real now_s) {
    if (!known() || latency_s >= at(now_s)) {
        value_s_ = latency_s;
    } else {
        const Real kept = std::exp(-std::max(Real{0}, now_s - observed_at_s_) / decay_s_);
        value_s_ = value_s_ * kept + latency_s * (1 - kept);
    }
    observed_at_s_ = now_s;
}

void PeakLatency::penalise(Real latency_s, Real now_s) {
    const Real average_s = at(now_s);
    value_s_ = std::max(average_s, std::min(longest_penalty_s, 2 * std::max(average_s, latency_s)));
    observed_at_s_ = now_s;
}

void PeakLatency::start_again(Real latency_s, Real now_s) {
    value_s_ = latency_s;
    observed_at_s_ = now_s;
}

}  // namespace synqc::route
