#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/monitored_shots.h"

/// Scheme S run on given records: the state an observer infers from them, and how likely the program made them.
///
/// The log-likelihood is sum_k log tr(K_k rho K_k^dagger) with the Gaussian normalisation, i.e. the log of the
/// probability density of the bin means, in 1/(record unit)^bins. A bin of several steps is taken as one constant
/// record over the bin: exact if the channels commute with the measured operator, else an error of (bin length)^(3/2).
///
/// Evidence a state calls impossible (a level of probability 0) leaves a physical state, never a NaN.
namespace synqc {

/// What records say; lane l belongs to record or program l.
struct FilteredShots {
    Index shots = 0;
    Index lanes = 0;
    std::vector<Real> states;           // (levels^2, lanes) hermitian_coordinates
    std::vector<Real> log_likelihoods;  // (lanes); 0 if the monitor does not look
};

/// Many records, one program. `bins_i` and `bins_q` are (bins, lanes) as a ShotBlock keeps them, lanes a multiple of 8;
/// `bins_q` may be empty if all level_q are equal, and is ignored then. Throws InvalidArgument for records that are not
/// finite or do not fit the program. The program's belief plays no part.
void filter_monitored_records(const MonitoredProgram& program, std::span<const Real> bins_i,
                              std::span<const Real> bins_q, Index lanes, Index shots, FilteredShots& filtered);

/// One record, many programs (a grid of parameters): lane l of `filtered` is what programs[l] makes of it. The programs
/// share levels, steps and steps_per_bin. The record has one value per bin.
void filter_monitored_record(std::span<const MonitoredProgram> programs, std::span<const Real> record_i,
                             std::span<const Real> record_q, FilteredShots& filtered);

}  // namespace synqc
