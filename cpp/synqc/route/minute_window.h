#pragma once

#include <array>
#include <cstdint>

#include "synqc/base/numbers.h"

namespace synqc::route {

/// What was taken in the last minute, in bins of a second. Whoever asks before taking never takes more than a limit
/// within any 60 s: the oldest second counts as a whole.
class MinuteWindow {
  public:
    /// The sum at a time, in which seconds long past no longer count.
    std::int64_t sum(Real now_s);
    /// Whether so much more fits a limit; 0: there is none. An amount above the limit fits an empty minute, or it would
    /// never be served.
    bool has_room(std::int64_t amount, std::int64_t limit, Real now_s);
    void add(std::int64_t amount, Real now_s);
    /// Puts right an amount that was added at a time, as far as that still counts.
    void correct(std::int64_t difference, Real added_at_s, Real now_s);
    /// Seconds until `amount` fits; 0: it does now.
    Real wait_s(std::int64_t amount, std::int64_t limit, Real now_s);

  private:
    static constexpr std::int64_t bins = 61;

    void advance(std::int64_t second);

    std::array<std::int64_t, bins> taken_{};
    std::int64_t sum_ = 0;
    std::int64_t newest_ = 0;  // the second that the newest bin is of
};

}  // namespace synqc::route
