#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/lindblad.h"
#include "synqc/dynamics/trajectory_equation.h"
#include "synqc/dynamics/trajectory_grid.h"

namespace synqc {

/// The generator of an open system averaged over consecutive intervals: still of Lindblad form, so that its exponential
/// is a channel.
class AveragedGenerator {
  public:
    AveragedGenerator(const OpenSystem& system, std::span<const Real> edges);

    /// What the average over an interval depends on: equal for intervals whose averages are equal. Empty if nothing
    /// depends on time.
    std::vector<Real> weights(Index interval) const;

    /// Z of rho -> Z rho + rho Z^dagger: -i H - sum_j C_j^dagger C_j / 2, (n, n).
    Matrix drift(std::span<const Real> weights) const;

    /// rho -> sum_j C_j rho C_j^dagger on Hermitian coordinates, (n*n, n*n).
    RealMatrix jumps(std::span<const Real> weights) const;

    /// Both on Hermitian coordinates.
    RealMatrix generator(std::span<const Real> weights) const;

  private:
    GeneratorParts parts_;
    std::vector<RealMatrix> jump_maps_;       // of the constant and each varying part, on Hermitian coordinates
    std::vector<RealMatrix> generator_maps_;  // likewise
    std::vector<std::vector<Real>> means_;    // (weights)(intervals)
};

/// A stochastic equation averaged over the steps of a grid, and over the halves of each: what steps are compiled from.
class StepAverages {
  public:
    StepAverages(const StochasticEquation& equation, const TrajectoryGrid& grid);

    const StochasticEquation& equation() const { return equation_; }
    const TrajectoryGrid& grid() const { return grid_; }
    Index levels() const { return equation_.levels(); }
    Index channels() const { return std::ssize(equation_.monitored); }

    /// Whether steps of one interval differ.
    bool vary() const { return !equation_.is_constant(); }
    Real duration(Index interval) const { return durations_[static_cast<std::size_t>(interval)]; }

    /// What leaves no record: H and the C_j.
    const AveragedGenerator& unmonitored() const { return unmonitored_; }
    /// Weights of the above in half 0 or 1 of a step.
    std::vector<Real> half_weights(Index step, Index half) const;
    std::vector<Real> whole_weights(Index step) const;

    /// One monitored operator over one step. The record of the step sees the mean of L alone; what L does to the state
    /// besides is dephasing that leaves no record.
    struct Monitored {
        Matrix op;          // mean of L
        Real efficiency;    // eta
        Matrix drift;       // minus half the mean of L^dagger L
        RealMatrix jumps;   // mean of rho -> L rho L^dagger
        RealMatrix unseen;  // mean of rho -> L rho L^dagger, without the share that the record sees
        RealMatrix gain() const { return measurement_gain(op, efficiency); }
        RealMatrix dissipator() const;
    };
    Monitored monitored(Index channel, Index step) const;
    /// What the monitored operators of a step depend on; empty if they do not depend on time.
    std::vector<Real> monitored_key(Index step) const;

  private:
    struct MonitoredChannel {
        AveragedGenerator generator;              // of L alone
        std::vector<std::vector<Complex>> means;  // (terms)(half steps) of the coefficients of L; empty: constant
    };

    StochasticEquation equation_;
    TrajectoryGrid grid_;
    std::vector<Real> durations_;
    std::vector<Real> edges_;
    AveragedGenerator unmonitored_;
    std::vector<MonitoredChannel> channels_;
};

}  // namespace synqc
