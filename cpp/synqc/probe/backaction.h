#pragma once

#include <span>

#include "synqc/linalg/matrix.h"

/// What a probe breaks: distances between the states with and without it, and the bounds no probe can beat.
namespace synqc {

/// B = D(with, without), trace distance of the *ensemble* states at the same time.
Real ensemble_backaction(const Matrix& with_probe, const Matrix& without_probe);

/// Closed form for a probe that commutes with everything else: |rho_01| (1 - exp(-g)), two levels.
Real qnd_backaction(Real coherence, Real dose);

/// Mean over records of what one shot feels.
struct ShotBackaction {
    Real trace_distance = 0;  // mean of D(rho_r, rho)
    Real infidelity = 0;      // mean of 1 - Uhlmann fidelity between rho_r and rho
};

/// Continuous probe of dephasing dose g and efficiency eta on the two-level state, nothing else acting: quadrature over
/// the mixture of records, exact Bayes update for each.
ShotBackaction gaussian_shot_backaction(const Matrix& state, Real dose, Real efficiency);

/// Noiseless two-outcome instrument on the two-level state.
ShotBackaction dichotomic_shot_backaction(const Matrix& state, Real strength);

/// Mean of D(shot, reference) over simulated two-level shots; states as hermitian_coordinates (4, lanes).
Real mean_trace_distance(std::span<const Real> states, Index lanes, Index shots, const Matrix& reference);

/// Estimation fidelity G and operation fidelity F of a measurement, averaged over all pure states.
struct FidelityPair {
    Real operation = 1;     // F: how much of the state survives
    Real estimation = 0.5;  // G: how well the state is guessed from the outcome alone
};

/// Two-outcome instrument of that strength: F = (2 + sqrt(1 - eps^2)) / 3, G = (3 + eps) / 6.
FidelityPair dichotomic_fidelities(Real strength);
/// Of two-level Kraus operators, one per outcome: F = (2 + sum |tr K|^2) / 6, G = (2 + sum of largest eigenvalues of
/// K^dag K) / 6.
FidelityPair fidelities_of(std::span<const Matrix> kraus);
/// sqrt(G - 1/3) + sqrt(2/3 - G) - sqrt(F - 1/3): not negative for any measurement on one qubit, 0 for an optimal one.
/// Source: Banaszek, PRL 86, 1366 (2001), eq. (13), d = 2.
Real banaszek_slack(const FidelityPair& pair);

/// Which-state knowledge against remaining interference. D^2 + V^2 <= 1, equality for a pure ancilla read ideally.
/// Source: Englert, PRL 77, 2154 (1996).
struct Duality {
    Real distinguishability = 0;  // D: 1 - 2 * error of the best guess, equal priors
    Real visibility = 1;          // V: factor on the 0-1 coherence
};
/// Two-outcome instrument: (eps, sqrt(1 - eps^2)).
Duality dichotomic_duality(Real strength);
/// Gaussian record: (erf(sqrt(eta g)), exp(-g)).
Duality gaussian_duality(Real dose, Real efficiency);

}  // namespace synqc
