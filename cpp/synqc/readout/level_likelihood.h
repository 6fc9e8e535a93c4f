#pragma once

#include <span>
#include <vector>

#include "synqc/readout/readout_model.h"

namespace synqc {

/// Derivatives of a sum of log-likelihoods by every entry of a model's tables: f changes by Re(conj(g) dx) with a
/// complex entry x. What parameters do to the tables is the caller's to know.
struct LevelLikelihoodGradient {
    std::vector<Complex> means;     // (bins, levels), as in ReadoutModel, like all below
    std::vector<Complex> decays;    // (bins, levels)
    std::vector<Complex> shares;    // (bins, levels)
    std::vector<Complex> signals;   // (bins + 1, levels)
    std::vector<Real> transitions;  // (bins + 1, levels, levels)

    explicit LevelLikelihoodGradient(const ReadoutModel& model);
    void add(const LevelLikelihoodGradient& other);
};

/// Logarithms of the likelihoods of records by the forward algorithm of `level_filter.h` with levels that change
/// between bins, whatever their length, so that the value is a smooth function of parameters; and its derivatives by
/// the adjoint: one pass back over the bins, whatever the number of parameters.
///
/// `start_weights` is (records, levels), rows that add up to 1. Written are `likelihoods` (records) and, unless
/// `gradient` is null, what is added to it, and `by_records`, the derivatives by the elements of `records`, which are 0
/// in bins that are NaN. Two or three levels. Thread-safe.
void level_likelihoods(const ReadoutModel& model, std::span<const Real> start_weights, std::span<const Real> records,
                       std::span<Real> likelihoods, LevelLikelihoodGradient* gradient, std::span<Real> by_records);

}  // namespace synqc
