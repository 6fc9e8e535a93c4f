#pragma once

#include "synqc/dynamics/monitored_shots.h"

namespace synqc {

/// The plant of `classical-only`: a signal that decays and oscillates like the qubit's mean value and carries the
/// probe's noise, but does not react to being looked at. Every shot ends in the same state, and its record is the true
/// mean plus noise. For trying control code where measurement costs nothing. Bytes depend on the stream and the shot
/// alone.
void sample_classical_shots(const MonitoredProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            bool keep_bins, ShotBlock& block);

/// Every shot in `state`, with `bins` bins of a record that never was: what a probe of strength or duration 0 leaves.
void repeat_state(const Matrix& state, Index count, Index bins, ShotBlock& block);

}  // namespace synqc
