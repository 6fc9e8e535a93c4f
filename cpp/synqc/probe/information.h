#pragma once

#include "synqc/base/numbers.h"
#include "synqc/probe/estimate.h"

/// What a record tells about whether the qubit was in |0> or |1>: I = H(Z) - E_r[H(Z|r)], in bits.
namespace synqc {

/// Binary entropy in bits; 0 at both ends.
Real binary_entropy(Real probability);

/// log2 of p(record | start) / p(record), from the log-likelihood ratio in favour of the start and the prior of the
/// other. Its mean over starts and records is the information.
Real information_density(Real ratio_for_start, Real prior_of_other);

/// Gaussian record of information dose s = 2 eta g >= 0 on a prior P(|0>): the binary-input Gaussian channel, by a
/// trapezoid sum whose error is below 1e-12. For small s and prior 1/2, I -> s / (2 ln 2).
Real gaussian_information(Real dose, Real prior_of_0 = 0.5);

/// One bit that is 1 ("plus") with these probabilities in |0> and in |1>: mutual information.
Real dichotomic_information(Real plus_given_0, Real plus_given_1, Real prior_of_0 = 0.5);

/// Noiseless two-outcome instrument: plus_given_0 = (1 + strength) / 2, plus_given_1 = (1 - strength) / 2.
Real dichotomic_information(Real strength);

/// Continuous probe during which the qubit jumps.
struct JumpingProbe {
    Real dose = 0;       // information dose s over the whole probe
    Real duration = 0;   // µs
    Real down_rate = 0;  // 1/µs, |1> -> |0>
    Real up_rate = 0;    // 1/µs, |0> -> |1>
    Real prior_of_0 = 0.5;
};

/// Information of the whole record about the state at the probe's *start*, counting jumps during it.
///
/// Monte Carlo over simulated records with the exact filter of the two-state jump process as likelihood. Samples are
/// stratified by start and by whether a jump happens; the entropy each record leaves is compared with that of the
/// record of the same noise without jumps, whose mean is known in closed form: a control variate that leaves only the
/// effect of the jumps to chance. Jumps happen between the bins of a record cut so that fewer than 0.06 are expected
/// per bin (64 bins at most); the error of that is second order in the bin. Deterministic: the noise stream is the
/// function's own. Without jumps it costs what the closed form costs and its standard error is 0.
Estimate jumping_information(const JumpingProbe& probe, Index samples = 2048);

}  // namespace synqc
