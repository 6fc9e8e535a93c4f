#pragma once

#include <span>
#include <vector>

#include "synqc/device/device.h"
#include "synqc/experiment/propagator_cache.h"
#include "synqc/experiment/request.h"
#include "synqc/experiment/result.h"
#include "synqc/experiment/shot_batch.h"
#include "synqc/probe/instrument.h"

/// Figures of a run that do not come from counting shots, and the arithmetic of those that do.
namespace synqc {

/// What the shots of one qubit in one batch say. Their errors cover what other shots of the same device, in the same
/// states of its drift, under the same settings would have said.
QubitIteration kpis_of_shots(const ExperimentRequest& request, const Qubit& qubit, const BatchSums& sums,
                             const ControlSettings& settings, bool has_external_rule);

/// Bits of one qubit, and how often its readout is wrong.
struct ReadBits {
    Index ones = 0;
    Index shots = 0;
    Real p0_given_1 = 0;
    Real p1_given_0 = 0;
};

/// Mean over qubits of the share of bits showing the ideal one, corrected for assignment errors: for the ideal bit 1,
/// (f - p10) / (1 - p10 - p01) of the fraction f of ones. Not clipped to [0, 1]: clipping would bias its mean.
Estimate corrected_success(std::span<const ReadBits> qubits, int ideal_bit);

/// Means over the register of an iteration whose qubits are complete.
void add_register_means(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                        Iteration& iteration);

/// What the probe of an experiment tells and breaks: register means at the device's time zero.
struct ProbeDescription {
    ProbeSummary summary;
    Estimate backaction;  // exact
    Real backaction_mean_per_shot = 0;
    Estimate information_bits;  // exact, but for what jumps change behind a resonator
};

/// Ensemble states and closed forms, without sampling, but for what jumps change in the information of a resonator's
/// record.
ProbeDescription describe_probe(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                                PropagatorCache& segments);

/// The two-outcome instrument a request plays on a digital target, with the noise of an ancilla like the qubit itself.
Instrument probe_instrument(const ExperimentRequest& request, const Qubit& qubit);

/// Mean over the register of what the record would tell that nothing had averaged into bins; exact.
Real continuous_information_bits(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits);

/// The run's objective, with the error the fidelities' carry over to it.
Estimate objective_estimate(const ExperimentRequest& request, const RunResult& result);

}  // namespace synqc
