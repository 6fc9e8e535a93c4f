#pragma once

#include "synqc/base/numbers.h"
#include "synqc/probe/information.h"

/// What records tell about the state at the probe's start when the qubit jumps during it, without any sampling.
///
/// A qubit that jumps at random is a telegraph signal; the mean of a bin depends on the share of the bin it spent in
/// |0>, whose law is known in closed form (Bessel functions). Bins chain to a hidden Markov model; the expectation of
/// the information over all its records is a linear map of a function of the log-likelihood ratio, applied once per
/// bin. Nothing is drawn: the error is that of quadratures and interpolation, below 1e-7 bit.
///
/// Source of the occupation times: Pedler, J. Appl. Prob. 8, 381 (1971).
namespace synqc {

/// Bits that the means of `bins` equal parts of the record tell together about |0> or |1>.
Real binned_information(const JumpingProbe& probe, Index bins);

/// Bits that the record tells before anything is averaged: the limit of ever shorter bins, to 1e-6 for doses up to some
/// hundreds.
Real continuous_information(const JumpingProbe& probe);

/// Bits that `bins` means tell where the record follows the decaying *mean* of the state and no single jump: a
/// classical plant. A Gaussian record whose levels approach each other; closed form.
Real relaxing_information(const JumpingProbe& probe, Index bins);

}  // namespace synqc
