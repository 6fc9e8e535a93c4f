#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "synqc/dynamics/trajectory_grid.h"
#include "synqc/dynamics/trajectory_steps.h"
#include "synqc/linalg/matrix.h"

namespace synqc {

/// Steps handled between two looks at the noise buffer: it stays in the second-level cache.
inline constexpr Index steps_per_chunk = 32;

/// The compiled steps of one scheme for one equation on one grid. Steps count over all intervals; states are in
/// Hermitian coordinates. Immutable once made.
class CompiledScheme {
  public:
    virtual ~CompiledScheme() = default;

    /// Advances the lanes over steps [first, first + run.steps) of one interval, at most steps_per_chunk. `opens` and
    /// `closes` say whether the chunk begins and ends at a saved time.
    virtual void advance(Index first, Index interval, bool opens, bool closes, const LaneRun& run) const = 0;

    /// Mean effect of one step on the ensemble, up to terms the scheme itself neglects.
    virtual RealMatrix mean_step(Index step, Index interval) const = 0;

    virtual bool is_positive() const { return true; }

    /// (n*n, n*n) between the coordinates of the caller and those of the scheme; empty if they are the same.
    RealMatrix from_caller;
    RealMatrix to_caller;
};

/// One value per step, or one per interval where nothing changes within it.
template <typename T>
class PerStep {
  public:
    explicit PerStep(bool changes) : changes_(changes) {}

    /// Calls make(step, interval, position within the interval) for every step, or for the first of every interval.
    template <typename Make>
    void fill(const TrajectoryGrid& grid, const Make& make) {
        Index step = 0;
        for (Index interval = 0; interval < grid.intervals(); ++interval) {
            const Index distinct = changes_ ? grid.steps[interval] : 1;
            for (Index k = 0; k < distinct; ++k) {
                values_.push_back(make(step + k, interval, k));
            }
            step += grid.steps[interval];
        }
    }

    const T& at(Index step, Index interval) const { return values_[changes_ ? step : interval]; }
    const T& latest() const { return values_.back(); }

  private:
    bool changes_;
    std::vector<T> values_;
};

/// Values that occur many times, computed once: keyed by all that goes into them.
template <typename T>
class Compiled {
  public:
    template <typename Make>
    Index position_of(const std::vector<Real>& key, const Make& make) {
        const auto found = positions_.find(key);
        if (found != positions_.end()) {
            return found->second;
        }
        values_.push_back(make());
        positions_.emplace(key, std::ssize(values_) - 1);
        return std::ssize(values_) - 1;
    }

    const T& operator[](Index position) const { return values_[position]; }

  private:
    std::vector<T> values_;
    std::map<std::vector<Real>, Index> positions_;
};

/// The key of what depends on a duration and on averages over it.
inline std::vector<Real> key_of(Real duration, std::vector<Real> weights) {
    weights.push_back(duration);
    return weights;
}

}  // namespace synqc
