#pragma once

#include <memory>
#include <span>
#include <vector>

#include "synqc/control/controller.h"
#include "synqc/control/feed_forward.h"
#include "synqc/device/device.h"
#include "synqc/dynamics/monitored_shots.h"
#include "synqc/dynamics/shot_readout.h"
#include "synqc/experiment/propagator_cache.h"
#include "synqc/experiment/request.h"
#include "synqc/experiment/resonator_probe.h"
#include "synqc/probe/instrument.h"

namespace synqc {

/// What holds still during a batch: one qubit, its hidden calibration of the moment, and one setting of the controls.
struct BatchConditions {
    const ExperimentRequest* request;
    const Qubit* qubit;        // as the laboratory knows it from calibration
    HiddenCalibration hidden;  // of the moment, drift included
    ControlSettings settings;
    bool external_second_angle = false;  // the second drive depends on the record through a user's function
};

/// Randomness of a batch: shot k of the iteration draws from streams that depend on nothing else.
struct BatchStreams {
    Seed seed = 0;
    std::uint32_t iteration = 0;
    std::uint32_t qubit = 0;
    std::uint32_t purpose = 0;  // 0: evaluation shots; 1 + r: round r of exploration
};

/// Sums over the shots of a block; added in block order, so that results do not depend on threads.
struct BatchSums {
    Index shots = 0;
    Real infidelity = 0;  // sum of 1 - F: near 0, where sums of squares keep their digits
    Real infidelity_squared = 0;
    Real infidelity_cubed = 0;
    Index ones = 0;
    Real record = 0;  // integrated in-phase record
    Real record_squared = 0;
    Real record_cubed = 0;

    BatchSums& operator+=(const BatchSums& other);
};

/// Where a block writes per-shot results; null pointers are not written.
struct ShotOutputs {
    std::uint8_t* bits = nullptr;  // (shots)
    Real* records_i = nullptr;     // (shots, bins)
    Real* records_q = nullptr;
    Real* record_moments = nullptr;
};

/// Records of a block from (bins, lanes) to (shots, bins).
void copy_shot_major(const std::vector<Real>& rows, const ShotBlock& block, Real* destination);

/// Shots of one qubit that differ only in their randomness: everything else is compiled once.
class ShotBatch {
  public:
    ShotBatch(const BatchConditions& conditions, const BatchStreams& streams, PropagatorCache& segments);

    /// Simulates shots [first, first + count), count <= block_shots, and adds them to `sums`.
    void simulate(ShotIndex first, Index count, ShotBlock& workspace, BatchSums& sums,
                  const ShotOutputs& outputs) const;

    /// The two halves of `simulate` for a second drive chosen outside: states and records up to the end of the wait ...
    void drive_and_probe(ShotIndex first, Index count, bool keep_bins, ShotBlock& block) const;
    /// ... and the rest, with the correction of the second angle (rad) of each shot.
    void drive_again(ShotIndex first, std::span<const Real> second_angle_corrections, ShotBlock& block, BatchSums& sums,
                     const ShotOutputs& outputs) const;

    /// Sub-block that stays in the first-level cache with its states.
    static constexpr Index block_shots = 256;

  private:
    void read_and_sum(ShotIndex first, ShotBlock& block, BatchSums& sums, const ShotOutputs& outputs) const;

    enum class Plant { untouched, monitored, instrument, classical, resonator } plant_;
    MonitoredProgram program_;      // Plant::monitored, classical; of Plant::untouched only the state
    InstrumentProgram instrument_;  // Plant::instrument, and what follows it:
    std::vector<Channel> after_instrument_, believed_after_instrument_;
    std::shared_ptr<const ResonatorProbe> resonator_, believed_resonator_;  // Plant::resonator
    std::vector<Channel> wait_;                                             // empty if the second drive does not wait
    std::vector<Channel> believed_wait_;  // what the controller thinks happens meanwhile
    FeedForward feed_forward_;
    Real feedback_gain_;
    Real theta2_, phi2_;
    Index bins_;
    BlochVector target_;
    PropagatorCache::Channels second_drives_;  // one, or one per grid angle
    Real grid_start_ = 0, grid_step_ = 0;      // rad, angle corrections the channels belong to
    Readout readout_;
    ShotStream probe_stream_, readout_stream_;
};

}  // namespace synqc
