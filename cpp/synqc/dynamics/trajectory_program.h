#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/dynamics/trajectory_equation.h"

namespace synqc {

/// How a StochasticEquation is integrated.
enum class TrajectoryScheme {
    /// Exact Bayes update between exact half steps of everything unmonitored (scheme S). Completely positive and trace
    /// preserving for every step; weak order 2, strong order 1; exact if the two commute. Monitored operators must be
    /// normal and commute with each other.
    bayes_strang,
    /// Rouchon and Ralph, arXiv:1410.5345: any monitored operator, positive, strong order 1.
    rouchon,
    platen,          // explicit strong order 1; not positive, for comparison
    milstein,        // strong order 1 for one channel or commuting noise; not positive, for comparison
    euler_maruyama,  // strong order 1/2; not positive, for comparison
};

/// "bayes-strang", "rouchon", "platen", "milstein", "euler"; throws UnknownName listing them.
TrajectoryScheme scheme_from_name(std::string_view name);
std::string_view name_of(TrajectoryScheme scheme);

/// When states are wanted, and how finely each interval is cut.
struct TrajectoryGrid {
    std::vector<Real> times;   // µs, strictly increasing, t of them
    std::vector<Index> steps;  // per interval, >= 1, t - 1 of them
    /// Coefficients of the modulated parts of H for the first and the second half of every step, their means over that
    /// half: (2 * all steps, modulated). Empty if nothing is modulated.
    std::vector<Real> coefficients;

    /// Throws InvalidArgument unless lengths and order agree.
    void check(const StochasticEquation& equation) const;
    Index intervals() const { return static_cast<Index>(steps.size()); }
    Index all_steps() const;
};

struct TrajectoryOptions {
    TrajectoryScheme scheme = TrajectoryScheme::bayes_strang;
    /// A scheme that is not positive throws NonPhysicalState when a saved state's lowest eigenvalue falls below minus
    /// this, or a state overflows. Infinite: only overflow counts.
    Real eigenvalue_tolerance = 1e-6;
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

/// Consecutive trajectories at their saved times; trajectories innermost, `lanes` apart.
struct TrajectoryStates {
    Index lanes = 0;
    std::vector<Real> states;          // (n*n, lanes) Hermitian coordinates at the current time
    std::vector<Real> records;         // (channels, lanes): mean of dY / dt since the previous time; 0 at the first
    std::vector<Real> log_likelihood;  // (lanes), natural log of the record's density relative to that of white noise
};

/// One scheme compiled for one equation on one grid; immutable, so that any number of threads may run it.
class TrajectoryProgram {
  public:
    static constexpr Index block_size = 64;

    /// Throws InvalidArgument if the scheme cannot take the equation.
    TrajectoryProgram(StochasticEquation equation, TrajectoryGrid grid, const Matrix& initial_state,
                      TrajectoryOptions options);
    ~TrajectoryProgram();
    TrajectoryProgram(TrajectoryProgram&&) noexcept;
    TrajectoryProgram& operator=(TrajectoryProgram&&) noexcept;

    /// Runs `source.count` trajectories and shows them at every saved time, the first included. `keep_going` is asked
    /// every few hundred microseconds; once it says no, run returns false at once and later times are not shown.
    /// Throws NonPhysicalState as the options say.
    bool run(const TrajectorySource& source, bool want_log_likelihood,
             const std::function<void(Index time, const TrajectoryStates&)>& observe,
             const std::function<bool()>& keep_going) const;

    /// Largest trace distance, over the saved times, between the exact ensemble state and the one this scheme's steps
    /// give on average: the weak error, without sampling noise. Where parts of H are modulated, `exact` must hold the
    /// ensemble states (t of them) from elsewhere: the grid's own coefficients could not show what it overlooks.
    Real ensemble_error(std::span<const Matrix> exact = {}) const;

    Index levels() const;
    Index channels() const;
    const TrajectoryGrid& grid() const;

  private:
    class Scheme;
    class BayesStrang;
    class Rouchon;
    class Explicit;

    StochasticEquation equation_;
    TrajectoryGrid grid_;
    RealVector initial_state_;
    TrajectoryOptions options_;
    std::unique_ptr<Scheme> scheme_;
};

/// Whether the unmonitored evolution commutes with the measurement, so that scheme S is exact for every step.
bool is_measurement_undisturbed(const StochasticEquation& equation);

}  // namespace synqc
