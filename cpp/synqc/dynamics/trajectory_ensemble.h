#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "synqc/dynamics/trajectory_program.h"

namespace synqc {

/// Which per-trajectory results an ensemble keeps; memory grows with trajectories only for these.
struct TrajectoryKeep {
    bool watched = false;      // expectation values of every trajectory
    bool measurement = false;  // records and innovations
    bool states = false;       // states at all times
    bool final_states = false;
};

/// What many trajectories of one program have in common, and what was kept of each.
///
/// Blocks may be run in any order and by any thread; statistics are merged in the order of blocks, so the bytes depend
/// on the trajectories alone. What is reported is always a prefix: the trajectories [0, count()).
class TrajectoryEnsemble {
  public:
    /// `watched` are Hermitian operators (n, n); `seeds` has one seed, with which trajectory i is shot i, or one seed
    /// per trajectory, each of which is shot 0 of its own seed.
    TrajectoryEnsemble(const TrajectoryProgram& program, const std::vector<Matrix>& watched, std::vector<Seed> seeds,
                       Index trajectories, TrajectoryKeep keep);

    Index blocks() const { return (trajectories_ + TrajectoryProgram::block_size - 1) / TrajectoryProgram::block_size; }

    /// Runs one block. Thread-safe. A block that was stopped leaves no trace.
    void run_block(Index block, const std::function<bool()>& keep_going);

    /// How many trajectories the results below cover. Later rows of the kept arrays are zeros or unreported.
    Index count() const { return count_; }

    std::vector<Real> mean_states;       // (t, n*n) Hermitian coordinates
    std::vector<Real> watched_mean;      // (w, t)
    std::vector<Real> watched_variance;  // (w, t) over trajectories, divided by count
    std::vector<Real> watched;           // (w, ntraj, t)
    std::vector<Real> measurement;       // (ntraj, channels, t - 1) mean of dY / dt over each interval
    std::vector<Real> innovations;       // (ntraj, channels, t - 1) sum of dW over each interval
    std::vector<Real> states;            // (ntraj, t, n*n)
    std::vector<Real> final_states;      // (ntraj, n*n)

  private:
    struct BlockSums {
        Index count = 0;
        std::vector<Real> mean_states;
        std::vector<Real> watched_mean;
        std::vector<Real> watched_deviation;  // sum of squared deviations from the block's mean
    };

    void observe(Index time, const TrajectoryStates& shown, Index first, Index count, BlockSums& sums);
    void merge(Index block, BlockSums sums);
    void add(const BlockSums& sums);

    const TrajectoryProgram& program_;
    Index times_;
    Index square_;
    Index channels_;
    Index trajectories_;
    std::vector<Seed> seeds_;
    TrajectoryKeep keep_;
    RealMatrix watched_rows_;  // (w, n*n): expectation value as a row times Hermitian coordinates
    std::mutex mutex_;
    Index next_block_ = 0;
    std::map<Index, BlockSums> waiting_;
    Index count_ = 0;
};

/// tr(A rho) as a row that multiplies the Hermitian coordinates of rho; A Hermitian.
RealVector expectation_row(const Matrix& hermitian);

}  // namespace synqc
