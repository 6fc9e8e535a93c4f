#include "synqc/route/circuit_breaker.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "synqc/base/errors.h"

namespace synqc::route {

namespace {

constexpr int kept_results = 32;
constexpr int fewest_results = 20;

}  // namespace

std::string_view name_of(BreakerState state) {
    switch (state) {
        case BreakerState::closed:
            return "closed";
        case BreakerState::open:
            return "open";
        case BreakerState::half_open:
            return "half_open";
    }
    throw InvalidArgument("Argument `state` must be a state of a circuit breaker, but is none.");
}

BreakerState CircuitBreaker::state(Real now_s) const {
    if (!is_open_) {
        return BreakerState::closed;
    }
    return now_s < open_until_s_ ? BreakerState::open : BreakerState::half_open;
}

bool CircuitBreaker::begin() {
    probing_ = is_open_;
    return is_open_;
}

bool CircuitBreaker::succeed(bool is_probe) {
    if (is_open_ && !is_probe) {
        return false;
    }
    failures_in_row_ = 0;
    if (is_probe) {
        *this = [this] {
            CircuitBreaker closed(policy_);
            closed.openings_ = openings_;
            return closed;
        }();
        return true;
    }
    last_results_ <<= 1;
    results_ = std::min(results_ + 1, kept_results);
    return false;
}

void CircuitBreaker::fail(bool is_probe, Real now_s) {
    if (is_probe) {
        probing_ = false;
        open(now_s);
        return;
    }
    if (is_open_) {
        return;
    }
    ++failures_in_row_;
    last_results_ = last_results_ << 1 | 1;
    results_ = std::min(results_ + 1, kept_results);
    const bool many = results_ >= fewest_results &&
                      std::popcount(last_results_) >= policy_.failure_share * static_cast<Real>(results_);
    if (failures_in_row_ >= policy_.failures_to_open || many) {
        open_since_s_ = now_s;
        open(now_s);
    }
}

void CircuitBreaker::abandon(bool is_probe) {
    if (is_probe) {
        probing_ = false;
    }
}

void CircuitBreaker::open(Real now_s) {
    const Real doubled_s = policy_.open_s * std::exp2(static_cast<Real>(std::min<Index>(openings_in_row_, 30)));
    is_open_ = true;
    open_until_s_ = now_s + std::min(doubled_s, policy_.longest_open_s);
    ++openings_in_row_;
    ++openings_;
}

}  // namespace synqc::route
