#pragma once

#include <vector>

#include "synqc/device/device.h"
#include "synqc/experiment/compiled_segments.h"
#include "synqc/experiment/request.h"
#include "synqc/experiment/result.h"
#include "synqc/probe/instrument.h"

/// Figures of a run that do not come from counting shots, and the arithmetic of those that do.
namespace synqc {

/// Mean and its standard error of n values from their sum and sum of squares.
Estimate mean_of(Real sum, Real sum_of_squares, Index count);

/// Mean of independent estimates with its standard error.
Estimate register_mean(const std::vector<Estimate>& estimates);

/// Share of bits showing the ideal one, corrected for assignment errors: for the ideal bit 1, (f - p10) / (1 - p10 -
/// p01) of the fraction f of ones. Not clipped to [0, 1]: clipping would bias its mean.
Estimate corrected_success(Index ones, Index shots, int ideal_bit, const Qubit& qubit);

/// What the probe of an experiment tells and breaks: register means at the device's time zero.
struct ProbeDescription {
    ProbeSummary summary;
    Estimate backaction;  // exact
    Real backaction_mean_per_shot = 0;
    Estimate information_bits;
};

/// Ensemble states and closed forms; the only sampling noise is that of information under decay, and it is stated.
ProbeDescription describe_probe(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                                CompiledSegments& segments);

/// The two-outcome instrument a request plays on a digital target, with the noise of an ancilla like the qubit itself.
Instrument probe_instrument(const ExperimentRequest& request, const Qubit& qubit);

/// The run's objective, with the standard error the fidelity's carries over to it.
Estimate objective_estimate(const ExperimentRequest& request, const RunResult& result);

}  // namespace synqc
