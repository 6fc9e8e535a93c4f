#pragma once

#include <vector>

#include "synqc/base/at_every_level.h"
#include "synqc/dynamics/monitored_shots.h"
#include "synqc/random/philox.h"

/// Programs and plain formulas that the tests of monitored shots, filters and readout share.
namespace synqc::examples {

Matrix random_matrix(Index rows, Index columns, PhiloxStream& stream);

/// Random orthonormal columns; a unitary if there are as many rows.
Matrix random_isometry(Index rows, Index columns, PhiloxStream& stream);

/// A channel of two Kraus operators without any structure.
Channel random_channel(Index levels, PhiloxStream& stream);

Matrix random_state(Index levels, PhiloxStream& stream);

/// exp(-i angle sigma_x / 2) as a channel.
Channel rotation_about_x(Real angle);

/// Decay of |1> with probability 1 - exp(-time / t1).
Channel relaxation(Real time, Real t1);

Matrix qubit_state(Real ground, Complex coherence = 0);

ContinuousMeasurement qubit_monitor(Real dephasing_rate, Real efficiency);

/// Nothing but the probe: `steps` steps of dt.
MonitoredProgram probe_only(Matrix initial, Index steps, Real step_duration, ContinuousMeasurement monitor);

/// The probe on a qubit turning about x.
MonitoredProgram driven_probe(Real rabi_frequency, Index steps, Real step_duration, ContinuousMeasurement monitor);

/// Everything at once: unstructured channels and centres, for `levels` levels.
MonitoredProgram unstructured_program(Index levels, Index steps, bool quadrature, PhiloxStream& stream);

Matrix state_of(const std::vector<Real>& states, Index levels, Index lanes, Index shot);

Matrix state_of(const ShotBlock& block, Index levels, Index shot);

struct MeanAndError {
    Real mean;
    Real error;
};

MeanAndError mean_of(const std::vector<Real>& values);

}  // namespace synqc::examples
