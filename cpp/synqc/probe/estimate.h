#pragma once

#include <span>

#include "synqc/base/numbers.h"

/// Numbers and how far they may be off.
///
/// What samples leave open about a true value is a distribution: mean `value + standard_error * skewness / 4`, one
/// deviation `standard_error`, third moment `skewness`. With counts of rare events it is Jeffreys' posterior, with
/// means it leads to intervals that are right to second order in 1 / sqrt(n) (Johnson 1978, Hall 1992): both are a
/// gamma distribution, whose quantiles Wilson and Hilferty give in closed form.
namespace synqc {

struct Estimate {
    Real value = 0;
    Real standard_error = 0;  // 0: exact. NaN: unknown, because a single sample shows no spread
    Real skewness = 0;        // positive: the true value may lie further above than below
};

/// Where the true value is, as sure as a normal value is above `deviations` of them.
Real quantile(const Estimate& estimate, Real deviations);

/// Sums over independent samples x.
struct SampleSums {
    Index count = 0;
    Real sum = 0;
    Real squares = 0;
    Real cubes = 0;
};

/// Mean of samples of any distribution, with the spread and the skewness that they show.
Estimate mean_of(const SampleSums& sums);

/// Independent trials of one chance.
struct Trials {
    Index successes = 0;
    Index count = 0;
    Real weight = 1;  // positive
};

/// sum_k weight_k chance_k, estimated by the shares of successes. Its error does not vanish where all trials agree.
Estimate weighted_chance(std::span<const Trials> trials);

/// Mean of independent estimates.
Estimate mean_of_independent(std::span<const Estimate> estimates);

/// offset + factor * estimate.
Estimate scaled(const Estimate& estimate, Real offset, Real factor);

}  // namespace synqc
