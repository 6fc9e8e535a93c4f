#pragma once

#include "synqc/dynamics/monitored_shots.h"
#include "synqc/experiment/request.h"

namespace synqc {

/// How finely scheme S resolves the probe, and what that costs in accuracy.
struct ProbeSteps {
    Index count;
    /// Estimated mean trace distance between the simulated conditioned state and the one of infinitely fine steps. Only
    /// T1 jumps inside a step fail to commute with the measurement: a share tau_p / T1 of the shots is misjudged by
    /// what one step tells, at most sqrt(dt / tau_m) / 4. Ensemble means are second order and far better.
    Real error;
};

/// The request's number of steps, or the fewest whose error stays below 1e-3; always a multiple of the record bins.
ProbeSteps plan_probe_steps(const ExperimentRequest& request, const Qubit& qubit);

/// What the readout chain shows of each level while probing: +1 and -1 for |0> and |1>; higher levels where a
/// dispersive shift of (2 k - 1) chi at chi = kappa / 2 puts them in the IQ plane (Gambetta et al., PRA 76, 012325).
ContinuousMeasurement probe_monitor(const ExperimentRequest& request, const Qubit& qubit);

/// Ensemble effect of a measurement by `monitor` for `duration` µs: rho_ij decays by Gamma |l_i - l_j|^2 / 4.
Channel ensemble_dephasing(const ContinuousMeasurement& monitor, Index levels, Real duration);

}  // namespace synqc
