#pragma once

#include <span>

#include "synqc/readout/readout_model.h"

namespace synqc {

/// Logarithm of the likelihood of records (records, levels) for each level at their start, as `filter_levels`, but with
/// a hypothesis of its own for every bin in which the present level may have begun: O(bins^2). Exact for a first jump;
/// shots that reach a level in one bin from a level they had reached earlier go on with the mean of their fields.
void exact_likelihoods(const ReadoutModel& model, std::span<const Real> records, std::span<Real> likelihoods);

}  // namespace synqc
