#pragma once

#include <array>
#include <span>
#include <vector>

#include "synqc/infer/qubit_record_model.h"
#include "synqc/parallel/run_control.h"

/// How likely parameters of a monitored qubit make its records, with gradients and what was expected bin by bin.
///
/// A record is a row of bin means, equally long bins; NaN stands for a bin that was not recorded, during which the
/// qubit goes through the channel of its ensemble. Bins may be of any length (`bin_series.h`).
namespace synqc {

struct Records {
    std::span<const Real> values;  // (count, bins)
    Index count = 0;
    Index bins = 0;
    Real bin_duration = 0;      // µs
    std::array<Real, 4> start;  // (rho_00, rho_11, Re rho_01, Im rho_01) when the first bin begins

    /// Throws InvalidArgument or ShapeMismatch; infinite values and states that are none are refused.
    void check() const;
};

struct RecordLikelihoods {
    std::vector<Real> log_densities;  // (models, records) ln of the density of each record, in 1/(record unit)^bins
    std::vector<Real> gradients;      // (models, 8) of their sums over records, by the coefficients; empty unless asked
};

/// Every model on every record; threads share blocks of eight records, and the result's bytes do not depend on them.
/// Where `control` asked for a stop, the result is not complete.
RecordLikelihoods record_likelihoods(const Records& records, std::span<const QubitRecordModel> models,
                                     bool with_gradients, int threads, RunControl& control);

/// What a model expects of each bin, given all bins before: mean and standard deviation of the record, in its unit.
struct RecordPredictions {
    std::vector<Real> means;       // (records, bins)
    std::vector<Real> deviations;  // (records, bins)
};
RecordPredictions predict_records(const Records& records, const QubitRecordModel& model, int threads,
                                  RunControl& control);

}  // namespace synqc
