#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/evolution.h"

namespace synqc {

/// Whether Taylor's series is cheaper than CF4: each of its terms costs one product per weight, while CF4 adds up the
/// weighted matrices once per exponential.
bool suits_taylor_series(const LinearEquation& equation);

/// Integration by Taylor's series in time, of whatever order is needed. While every weight is a polynomial, the terms
/// of the solution follow from one another, and what all later terms together can amount to is bounded by the last
/// ones: an error is not estimated but ruled out. Steps end where polynomials do; saved times are read off the series.
///
/// Appends the solution at times[1], times[2], .. to `evolution`, which holds the one at times[0] already, and reports
/// steps and terms.
///
/// Source: Corliss and Chang, ACM Trans. Math. Softw. 8, 114 (1982); Jorba and Zou, Exp. Math. 14, 99 (2005).
void evolve_by_taylor_series(const LinearEquation& equation, std::span<const Real> times,
                             const EvolutionOptions& options, CancellationCheck& cancellation, Evolution& evolution);

}  // namespace synqc
