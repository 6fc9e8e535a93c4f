#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/dynamics/bin_average.h"
#include "synqc/dynamics/compiled_scheme.h"
#include "synqc/dynamics/trajectory_equation.h"
#include "synqc/dynamics/trajectory_grid.h"

namespace synqc {

/// How a StochasticEquation is integrated.
enum class TrajectoryScheme {
    bayes_strang,  // see bayes_strang.h
    rouchon,       // see rouchon.h
    platen,        // see explicit_schemes.h, as the following
    milstein,
    euler_maruyama,
    bin_average,  // see bin_average.h; only for records that are given
};

/// "bayes-strang", "rouchon", "platen", "milstein", "euler", "bin-average"; throws UnknownName listing them.
TrajectoryScheme scheme_from_name(std::string_view name);
std::string_view name_of(TrajectoryScheme scheme);

struct TrajectoryOptions {
    TrajectoryScheme scheme = TrajectoryScheme::bayes_strang;
    /// A scheme that is not positive throws NonPhysicalState when a saved state's lowest eigenvalue falls below minus
    /// this, or a state overflows. Infinite: only overflow counts.
    Real eigenvalue_tolerance = 1e-6;
    BinAverageOptions bins = {};  // of TrajectoryScheme::bin_average
};

/// Where the records of some consecutive trajectories come from.
struct TrajectorySource {
    Index count = 0;  // trajectories, 1 .. block_size
    /// Sampled: one seed, from which trajectory i draws as shot first_shot + i; or a seed for each, all as shot 0.
    std::vector<Seed> seeds;
    ShotIndex first_shot = 0;
    /// Filtered, if not null: dY / dt of every step, (count, channels, all steps).
    const Real* records = nullptr;
    Real record_scale = 1;  // records are multiplied by it: their unit in dY / dt
};

/// What a run reports besides states and records.
struct TrajectoryWishes {
    bool log_likelihood = false;
    /// dW = dY - (mean of dY by the state). That mean is the one before a step for schemes of Itô form, whose dW are
    /// independent normals of variance dt. "bayes-strang" takes the middle of those before and after the update: its dW
    /// have mean 0 whatever came before, and a variance that exceeds dt by about v^2 / 4 of it, with v = eta dt times
    /// the variance of L + L^dagger in the state.
    bool innovations = false;
};

/// Consecutive trajectories at their saved times; trajectories innermost, `lanes` apart.
struct TrajectoryStates {
    Index lanes = 0;
    std::vector<Real> states;          // (n*n, lanes) Hermitian coordinates at the current time
    std::vector<Real> records;         // (channels, lanes): mean of dY / dt since the previous time; 0 at the first
    std::vector<Real> innovations;     // (channels, lanes): sum of dW since the previous time; empty unless wanted
    std::vector<Real> log_likelihood;  // (lanes), natural log of the record's density relative to that of white noise
};

/// One scheme compiled for one equation on one grid; immutable, so that any number of threads may run it.
class TrajectoryProgram {
  public:
    static constexpr Index block_size = 64;

    /// Throws InvalidArgument if the scheme cannot take the equation.
    TrajectoryProgram(StochasticEquation equation, TrajectoryGrid grid, const Matrix& initial_state,
                      TrajectoryOptions options);
    /// Runs `source.count` trajectories and shows them at every saved time, the first included. `keep_going` is asked
    /// every few hundred microseconds; once it says no, run returns false at once and later times are not shown.
    /// Throws NonPhysicalState as the options say.
    bool run(const TrajectorySource& source, TrajectoryWishes wishes,
             const std::function<void(Index time, const TrajectoryStates&)>& observe,
             const std::function<bool()>& keep_going) const;

    /// Largest trace distance, over the saved times, between the exact ensemble state and the one this scheme's steps
    /// give on average: the weak error, without sampling noise. If the equation depends on time, `exact` must hold the
    /// ensemble states (t of them) from elsewhere: averages over the grid's own steps could not show what they
    /// overlook.
    Real ensemble_error(std::span<const Matrix> exact = {}) const;

    Index levels() const;
    Index channels() const;
    const TrajectoryGrid& grid() const;

  private:
    StochasticEquation equation_;
    TrajectoryGrid grid_;
    TrajectoryOptions options_;
    std::unique_ptr<CompiledScheme> scheme_;
    RealVector initial_state_;  // in the coordinates of the scheme
};

}  // namespace synqc
