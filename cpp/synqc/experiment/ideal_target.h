#pragma once

#include "synqc/control/feed_forward.h"
#include "synqc/experiment/request.h"
#include "synqc/linalg/matrix.h"

/// What a run is judged against: D2 D1 |0> with perfect pulses, no probe, no decay, no offset.
namespace synqc {

/// The pulse the request plays for a rotation by `angle` about `axis` (rad).
Pulse control_pulse(const ExperimentRequest& request, const Qubit& qubit, Real angle, Real axis, Real drag_beta);

/// |psi><psi| of the ideal final state, (levels, levels); |1><1| by default.
Matrix ideal_target_projector(const ExperimentRequest& request, Index levels);
BlochVector ideal_target_direction(const ExperimentRequest& request);

/// The bit the ideal final state shows more often: what a measured success is.
int ideal_bit(const ExperimentRequest& request);

}  // namespace synqc
