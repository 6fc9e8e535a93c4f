#pragma once

#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// When states of a trajectory are wanted, and how finely each interval between them is cut.
struct TrajectoryGrid {
    std::vector<Real> times;   // µs, strictly increasing, t of them
    std::vector<Index> steps;  // per interval, >= 1, t - 1 of them

    /// Throws InvalidArgument unless lengths and order agree.
    void check() const;

    Index intervals() const { return static_cast<Index>(steps.size()); }
    Index all_steps() const;

    /// Step length of each interval. Intervals that differ only by the rounding of their ends count as equal, so that
    /// they share compiled maps.
    std::vector<Real> step_durations() const;

    /// Beginnings, middles and ends of all steps, (2 * all steps + 1).
    std::vector<Real> half_step_edges() const;
};

}  // namespace synqc
