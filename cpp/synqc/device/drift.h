#pragma once

#include <string>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

enum class DriftKind { ornstein_uhlenbeck, random_walk, random_telegraph, one_over_f };

/// One source of slow change of a qubit's detuning, in the device's own wall time.
struct DriftProcess {
    DriftKind kind = DriftKind::ornstein_uhlenbeck;
    Real sigma = 0;             // rad/µs: stationary deviation (OU), half jump (RTN), deviation of the whole sum (1/f)
    Real correlation_time = 0;  // s: OU; longest time constant of 1/f
    Real shortest_time = 0;     // s: shortest time constant of 1/f
    Real switching_rate = 0;    // 1/s each way: RTN
    Real diffusion = 0;         // (rad/µs)^2/s: random walk, var = diffusion * t

    void check() const;
    /// Longest step (s) over which the process may be held constant: a hundredth of its fastest time scale.
    Real hold_time() const;
};

/// Sampled path of a sum of processes: exact updates over any time step, reproducible for (seed, stream).
class DriftPath {
  public:
    /// Starts each process from its stationary law (random walk: 0), drawn from (device_seed, stream).
    DriftPath(std::vector<DriftProcess> processes, Seed device_seed, std::uint32_t stream);

    /// Sum of all processes now, rad/µs.
    Real value() const;
    /// Moves `seconds` on, with noise drawn from (seed, stream, step counter).
    void advance(Real seconds, Seed seed);
    Real hold_time() const;

  private:
    struct State;
    std::vector<DriftProcess> processes_;
    std::vector<std::vector<Real>> values_;  // per process: its components (1/f has many)
    std::uint32_t stream_;
    std::uint64_t step_ = 0;
};

}  // namespace synqc
