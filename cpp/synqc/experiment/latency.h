#pragma once

#include <vector>

#include "synqc/experiment/request.h"
#include "synqc/experiment/result.h"

namespace synqc {

/// Terms of the latency of one shot (µs) in order: first drive, probe, ancilla readout (only if the second drive waits
/// for what an ancilla shows), decision (0 unless the second drive waits for the record), second drive, readout, result
/// path. The probe through an ancilla also takes its entangling gates.
std::vector<LatencyTerm> shot_latency_terms(const ExperimentRequest& request, bool waits);

/// Seconds an iteration spends in the target's network and queue: log-normal draws, 0 for a local target.
Real draw_network_latency(const Target& target, Seed seed, std::uint32_t iteration);

}  // namespace synqc
