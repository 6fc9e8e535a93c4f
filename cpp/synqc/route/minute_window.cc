#include "synqc/route/minute_window.h"

#include <algorithm>
#include <cmath>

namespace synqc::route {

namespace {

std::int64_t second_of(Real now_s) {
    return static_cast<std::int64_t>(std::floor(now_s));
}

}  // namespace

std::int64_t MinuteWindow::sum(Real now_s) {
    advance(second_of(now_s));
    return sum_;
}

bool MinuteWindow::has_room(std::int64_t amount, std::int64_t limit, Real now_s) {
    if (limit <= 0 || sum_ + amount <= limit) {  // what has grown old only makes more room
        return true;
    }
    advance(second_of(now_s));
    return sum_ + amount <= limit || sum_ == 0;
}

void MinuteWindow::add(std::int64_t amount, Real now_s) {
    advance(second_of(now_s));
    taken_[static_cast<std::size_t>(newest_ % bins)] += amount;
    sum_ += amount;
}

void MinuteWindow::correct(std::int64_t difference, Real added_at_s, Real now_s) {
    advance(second_of(now_s));
    const std::int64_t second = second_of(added_at_s);
    if (second <= newest_ - bins) {
        return;
    }
    taken_[static_cast<std::size_t>(second % bins)] += difference;
    sum_ += difference;
}

Real MinuteWindow::wait_s(std::int64_t amount, std::int64_t limit, Real now_s) {
    if (has_room(amount, limit, now_s)) {
        return 0;
    }
    std::int64_t left = sum_;
    for (std::int64_t second = newest_ - bins + 1; second <= newest_; ++second) {
        left -= second < 0 ? 0 : taken_[static_cast<std::size_t>(second % bins)];
        if (left + amount <= limit || left == 0) {
            return std::max(Real{0}, static_cast<Real>(second + bins) - now_s);
        }
    }
    return static_cast<Real>(bins);
}

void MinuteWindow::advance(std::int64_t second) {
    if (second <= newest_) {
        return;
    }
    if (second - newest_ >= bins) {
        taken_.fill(0);
        sum_ = 0;
    } else {
        for (std::int64_t passed = newest_ + 1; passed <= second; ++passed) {
            auto& bin = taken_[static_cast<std::size_t>(passed % bins)];
            sum_ -= bin;
            bin = 0;
        }
    }
    newest_ = second;
}

}  // namespace synqc::route
