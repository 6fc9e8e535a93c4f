#pragma once

#include "synqc/base/numbers.h"

/// Telling |0> from |1> by a threshold on the integrated record.
namespace synqc {

/// Distance of the two record centres in deviations: |mu_0 - mu_1| / sigma = 2 sqrt(s) = sqrt(8 eta g).
Real signal_to_noise(Real dose);

/// erfc(sqrt(s / 2)) / 2: the midway threshold, no decay, equal priors.
Real assignment_error(Real dose);

/// Threshold on the record of centres +1 (|0>) and -1 (|1>) that errs least for this prior: log((1 - p) / p) / (2 s).
Real best_threshold(Real dose, Real prior_of_0);

/// Probabilities to be wrong.
struct AssignmentErrors {
    Real p1_given_0 = 0;
    Real p0_given_1 = 0;
    /// 1 - (p1_given_0 + p0_given_1) / 2.
    Real fidelity() const { return 1 - (p1_given_0 + p0_given_1) / 2; }
};

/// Midway or other threshold, with |1> decaying (never returning) during the integration: exact integral over the
/// moment of the jump. `decay` = duration / T1. For small errors p0_given_1 is about error + decay / 2.
AssignmentErrors assignment_errors(Real dose, Real decay, Real threshold = 0);

/// Threshold that minimises the sum of both errors with decay; `assignment_errors` of it.
Real best_threshold_with_decay(Real dose, Real decay);

/// QND-ness (P(0|0) + P(1|1)) / 2 of two readouts in a row, from counts [first][second].
Real qndness(Index n00, Index n01, Index n10, Index n11);

/// Efficiency from a measured signal-to-noise ratio and a measured dose: eta = SNR^2 / (8 g), g = -log of the Ramsey
/// contrast that the probe leaves. Source: Bultink et al., APL 112, 092601 (2018), whose SNR is ours / sqrt(2).
Real efficiency_from_snr(Real signal_to_noise, Real dose);

}  // namespace synqc
