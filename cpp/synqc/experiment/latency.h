#pragma once

#include <vector>

#include "synqc/experiment/request.h"
#include "synqc/experiment/result.h"

namespace synqc {

/// Terms of the latency of one shot (µs) in order: first drive, probe, decision (0 unless the second drive waits for
/// the record), second drive, readout, result path. An ancilla probe also takes its two-qubit gate.
std::vector<LatencyTerm> shot_latency_terms(const ExperimentRequest& request, bool waits);

/// Seconds an iteration spends in the target's network and queue: log-normal draws, 0 for a local target.
Real draw_network_latency(const Target& target, Seed seed, std::uint32_t iteration);

}  // namespace synqc
