#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "synqc/control/controller.h"
#include "synqc/device/device.h"
#include "synqc/experiment/kpis.h"
#include "synqc/experiment/propagator_cache.h"
#include "synqc/experiment/request.h"
#include "synqc/experiment/result.h"
#include "synqc/parallel/run_control.h"

namespace synqc {

/// Records of a chunk of shots of one qubit for a user's in-shot rule.
struct RecordChunk {
    Index qubit = 0;
    Index shots = 0;
    Index bins = 0;
    const Real* records = nullptr;  // (shots, bins) in-phase bin means
};

/// A rule written outside the core. Its functions run on the thread that started the run, one at a time, and see what a
/// laboratory would see: bits and records, never the simulator's states.
struct ExternalRule {
    /// Settings of a qubit's next batch; `previous` is its last one, or null before the first.
    std::function<ControlSettings(Index qubit, const ControlSettings& ideal, const QubitIteration* previous)> settings;
    /// Corrections (rad, one per shot) of the second angle from the records; empty: the second drive ignores the
    /// record.
    std::function<void(const RecordChunk&, Real* corrections)> second_angle_corrections;
};

/// A Drive-Probe-Drive experiment on one device: where device, pulse, probe and control meet.
///
/// Holds the register drawn from the device seed. What it compiles goes into `segments`, so that a second run, or
/// another experiment that shares drives with it, costs little more than its shots. Thread-safe: runs share nothing but
/// the compiled segments.
class Experiment {
  public:
    /// `segments` may be shared by any number of experiments; null: its own. Throws InvalidArgument unless the request
    /// is in range.
    explicit Experiment(ExperimentRequest request, std::shared_ptr<PropagatorCache> segments = nullptr);

    /// Runs the batches one after another and adds up what happened. Bytes depend on the request and the seed alone,
    /// never on threads. When `control` asks to stop, returns within 50 ms what is complete, marked partial.
    /// `checkpoint`: go on with what rules have learnt and where the device has drifted; empty: start afresh.
    RunResult run(const RunRequest& request, RunControl& control, const Checkpoint& checkpoint = {},
                  const ExternalRule* rule = nullptr) const;

    const ExperimentRequest& request() const { return request_; }
    const std::vector<RegisterQubit>& qubits() const { return register_; }

    /// What the probe tells and breaks; computed at the first call.
    const ProbeDescription& probe_description() const;
    PropagatorCache& segments() const { return *segments_; }

    /// What a controller is told about qubit `index` of the register before it starts: beliefs, never the device's
    /// truth.
    ControlContext control_context(Index index, Seed seed) const;

  private:
    struct OnceDescribed {
        std::once_flag once;
        ProbeDescription value;
    };

    ExperimentRequest request_;
    std::vector<RegisterQubit> register_;
    std::vector<ControlContext> contexts_;  // one per qubit, but for the seed of the run
    std::shared_ptr<PropagatorCache> segments_;
    std::shared_ptr<OnceDescribed> description_ = std::make_shared<OnceDescribed>();
};

}  // namespace synqc
