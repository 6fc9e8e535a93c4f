#pragma once

#include <span>

#include "synqc/readout/readout_model.h"

namespace synqc {

/// Likelihood of records for each level at their start, by the forward algorithm over the level of now, in O(bins).
///
/// Levels change between the middles of groups of bins, `ReadoutModel::stride` of them, or of bins where populations
/// are wanted. All that arrived in a level are one hypothesis,
/// whose field is the mean of theirs; `exact_likelihood.h` keeps them apart. Logarithms are relative to a record that
/// is nothing but noise. A bin that is NaN holds no data.
///
/// `start_weights` is (starts, levels), rows that add up to 1: one row, or one per level. Written are `likelihoods`
/// (records, starts), `weights` (records, starts, levels) of the levels at the end, and `populations` (records, bins +
/// 1, levels + 3) at the edges of the bins, behind them the logarithm of the likelihood until there and the mean
/// signal, real and imaginary, of the bin that follows; empty unless wanted, which needs one start, and 0 at first.
/// `records` as sampled. Two or three levels. Thread-safe.
///
/// Source: Gambetta et al., PRA 76, 012325 (2007), for fields that follow at once.
void filter_levels(const ReadoutModel& model, std::span<const Real> start_weights, std::span<const Real> records,
                   std::span<Real> likelihoods, std::span<Real> weights, std::span<Real> populations);

}  // namespace synqc
