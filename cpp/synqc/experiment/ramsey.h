#pragma once

#include "synqc/control/controller.h"
#include "synqc/dynamics/monitored_shots.h"
#include "synqc/experiment/propagator_cache.h"
#include "synqc/experiment/request.h"

/// The calibration shots of trackers, on the same device as everything else: 90 degrees about x, free evolution, 90
/// degrees about the axis at `phase`, readout with assignment errors.
namespace synqc {

/// Probability that a shot of the round reads 1, assignment errors included, for a qubit as the laboratory knows it.
Real ramsey_one_probability(const ExperimentRequest& request, const Qubit& known, const HiddenCalibration& hidden,
                            const RamseyRound& round, PropagatorCache& segments);

/// How many of `shots` readouts, starting with number `first` of the stream, read 1.
Index count_ones(Real one_probability, const ShotStream& stream, ShotIndex first, Index shots);

/// µs from one shot of the round to the next.
Real ramsey_cycle(const ExperimentRequest& request, const Qubit& qubit, const RamseyRound& round);

/// Free evolution (µs) that one 90 degree pulse of the request is worth: the integral of sin(angle so far).
Real pulse_evolution_time(const ExperimentRequest& request, const Qubit& qubit);

}  // namespace synqc
