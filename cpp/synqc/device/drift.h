#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

enum class DriftKind {
    ornstein_uhlenbeck,  // of the detuning
    random_walk,
    random_telegraph,
    one_over_f,
    t1_ornstein_uhlenbeck,  // of ln T1
    t1_random_telegraph,    // of ln T1: a two-level system that comes and goes
};

/// Whether it is T1 that drifts, not the detuning.
bool is_of_t1(DriftKind kind);

/// One source of slow change of a qubit's detuning or T1, in the device's own wall time.
struct DriftProcess {
    DriftKind kind = DriftKind::ornstein_uhlenbeck;
    Real sigma = 0;             // rad/µs: stationary deviation (OU), half jump (RTN), deviation of the whole sum (1/f)
    Real correlation_time = 0;  // s: OU; longest time constant of 1/f
    Real shortest_time = 0;     // s: shortest time constant of 1/f
    Real switching_rate = 0;    // 1/s each way: RTN
    Real diffusion = 0;         // (rad/µs)^2/s: random walk, var = diffusion * t
    Real log_sigma = 0;         // of ln T1: stationary deviation (OU), half jump (RTN)

    /// Throws InvalidArgument unless every field its kind uses is in range.
    void check() const;
    /// Longest step (s) over which the process may be held constant: a hundredth of its fastest time scale, and no
    /// longer than it takes to move by 2 pi * 0.5 kHz or a thirtieth of its deviation, whichever is more. A random walk
    /// has no time scale; its step is the time in which it moves by 2 pi * 0.1 kHz (6e-4 rad in a 1 µs probe). T1 may
    /// move by 1 % instead, or by a thirtieth of its deviation; one that does not drift at all never needs a step.
    Real quasi_static_interval() const;
    /// Time constants (s) of its components: one for OU, two per octave from shortest to longest for 1/f, else none.
    std::vector<Real> time_constants() const;

    bool operator==(const DriftProcess&) const = default;
};

/// What a transmon's frequency does when nobody has measured it: OU of 2 kHz over 100 s and a telegraph signal of
/// +-3 kHz at 0.1 Hz. Orders of magnitude of Burnett et al. arXiv:1901.04417 and Schlor et al. arXiv:1901.05352.
std::vector<DriftProcess> default_transmon_drift();

/// Sampled path of a sum of processes: exact updates over any time step, reproducible for (seed, stream).
///
/// OU: x' = a x + sigma sqrt(1 - a^2) xi, a = exp(-dt / tau). RTN: flips with probability (1 - exp(-2 rate dt)) / 2.
/// T1 drifts by the same laws in its logarithm, with noise of its own, so that the detuning does not notice: T1 is
/// exp(log_t1()) times what the device says, which is its median. What does not come from T1 in the decay of coherence
/// stays.
/// 1/f: a sum of OU processes of equal variance, log-spaced in time constant, two per octave; its one-sided spectrum
/// follows A/f within 1 dB well between 1 / (2 pi longest) and 1 / (2 pi shortest).
class DriftPath {
  public:
    /// Starts each process from its stationary law (random walk: 0), drawn from (device_seed, stream).
    DriftPath(std::vector<DriftProcess> processes, Seed device_seed, std::uint32_t stream);

    /// Sum of all processes of the detuning now, rad/µs.
    Real value() const;
    /// Sum of all processes of ln T1 now.
    Real log_t1() const;
    bool moves_t1() const;
    /// Moves `seconds` >= 0 on, with noise drawn from (seed, stream, step counter). 0 changes nothing. Returns whether
    /// a telegraph signal switched: no quasi-static interval covers that.
    bool advance(Real seconds, Seed seed);
    /// Of the fastest process, s; infinite without processes.
    Real quasi_static_interval() const;

    /// Step counter and all components: `restore` on a path of the same processes goes on from there.
    std::vector<Real> state() const;
    /// Throws InvalidArgument if the state does not fit this path's processes.
    void restore(std::span<const Real> state);

  private:
    /// An elementary process: one OU, one walk, or one telegraph signal.
    struct Component {
        DriftKind kind;  // of the detuning, although T1 drifts by the same law
        bool of_t1;
        Real sigma;  // rad/µs; for a walk (rad/µs)/sqrt(s); a number for T1
        Real rate;   // 1/s: 1/tau, or the switching rate
        Real value;  // rad/µs, or a number
    };

    Real sum_of(bool of_t1) const;

    std::vector<Component> components_;
    Real quasi_static_interval_;
    std::uint32_t stream_;
    std::uint64_t step_ = 0;
};

}  // namespace synqc
