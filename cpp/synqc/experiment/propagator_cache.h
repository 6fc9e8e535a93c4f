#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "synqc/cache/concurrent_cache.h"
#include "synqc/device/qubit.h"
#include "synqc/linalg/channel.h"
#include "synqc/pulse/pulse.h"

namespace synqc {

/// Cache of propagators, the channels of segments, by content: the same qubit, pulse and calibration are compiled once,
/// however often and from however many threads they are asked for. Holds at most `most_bytes`; forgetting only costs
/// time.
class PropagatorCache {
  public:
    explicit PropagatorCache(std::size_t most_bytes = std::size_t{256} << 20) : channels_(most_bytes) {}

    using Channels = std::shared_ptr<const std::vector<Channel>>;

    /// One channel: the qubit idles for `duration` µs at `detuning` rad/µs.
    Channels idle(const Qubit& qubit, Real duration, Real detuning);

    /// One channel: the pulse about its axis. Axes share a compilation: turning the axis is a frame change.
    Channels pulse(const Qubit& qubit, const Pulse& pulse, Real detuning, Real amplitude_error);

    /// One channel per angle, everything else as in `pulse`.
    Channels pulses(const Qubit& qubit, const Pulse& pulse, const std::vector<Real>& angles, Real detuning,
                    Real amplitude_error);

    CacheCounts counts() const { return channels_.counts(); }

  private:
    Channels find_or_compile(const std::string& key, const std::function<std::vector<Channel>()>& compile);

    ConcurrentCache<std::vector<Channel>> channels_;
};

/// The frame change that turns a drive axis by `angle` rad: rho_jk picks up exp(i (j - k) angle), and
/// `phase_rotation(angle) * pulse about x * phase_rotation(-angle)` is the pulse about the axis at `angle` from x
/// towards y.
Channel phase_rotation(Index levels, Real angle);

}  // namespace synqc
