#include "synqc/dynamics/trajectory_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "synqc/base/checks.h"

namespace synqc {

void TrajectoryGrid::check() const {
    check_at_least("number of times", std::ssize(times), 2);
    if (std::ssize(steps) != std::ssize(times) - 1) {
        throw_invalid_argument("steps", "one shorter than `times`",
                               std::to_string(steps.size()) + " long for " + std::to_string(times.size()) + " times");
    }
    for (std::size_t k = 0; k < times.size(); ++k) {
        check_finite("times", times[k]);
        if (k > 0 && !(times[k] > times[k - 1])) {
            throw_invalid_argument("times", "strictly increasing",
                                   text_of(times[k - 1]) + " followed by " + text_of(times[k]));
        }
    }
    for (Index count : steps) {
        check_at_least("steps", count, 1);
    }
}

Index TrajectoryGrid::all_steps() const {
    return std::accumulate(steps.begin(), steps.end(), Index{0});
}

std::vector<Real> TrajectoryGrid::step_durations() const {
    const Real rounding =
        4 * std::numeric_limits<Real>::epsilon() * std::max(std::abs(times.front()), std::abs(times.back()));
    std::vector<Real> durations;
    Real length = 0;
    for (std::size_t interval = 0; interval < steps.size(); ++interval) {
        const Real exact = times[interval + 1] - times[interval];
        if (std::abs(exact - length) > rounding) {
            length = exact;
        }
        durations.push_back(length / static_cast<Real>(steps[interval]));
    }
    return durations;
}

std::vector<Real> TrajectoryGrid::half_step_edges() const {
    std::vector<Real> edges;
    for (std::size_t interval = 0; interval < steps.size(); ++interval) {
        const Real length = times[interval + 1] - times[interval];
        const Index halves = 2 * steps[interval];
        for (Index half = 0; half < halves; ++half) {
            edges.push_back(times[interval] + length * static_cast<Real>(half) / static_cast<Real>(halves));
        }
    }
    edges.push_back(times.back());
    return edges;
}

}  // namespace synqc
