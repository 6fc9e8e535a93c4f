#pragma once

#include <span>
#include <vector>

#include "synqc/infer/qubit_record_model.h"

namespace synqc {

/// The map of a bin whose record is known by its mean alone, and the derivatives of what depends on it.
///
/// With y the record's deviation from zero in units of white noise, a bin of duration T takes
///
///   rho -> sum_m He_m(y) B_m rho,  in which  exp(T L + v sqrt(T) M) = sum_m v^m B_m;
///
/// exact for any T (`dynamics/bin_average.h` derives it). Its trace is the probability density of y relative to white
/// noise. B_0 is the channel of the ensemble: what a bin without a record does.
class BinSeries {
  public:
    /// `degree`: the highest power kept.
    BinSeries(const QubitRecordModel& model, Real bin_duration, Index degree);

    Index degree() const { return degree_; }
    /// B_0, B_1, ..: (degree + 1, 4, 4).
    std::span<const Real> maps() const;

    /// Derivatives by detuning .. strength of a number whose derivatives by the elements of `maps` are `weights`
    /// (degree + 1, 4, 4): the Taylor series that made the maps, run backwards.
    std::array<Real, 6> pull_back(std::span<const Real> weights) const;

  private:
    using Series = std::vector<QubitMap>;

    Index degree_;
    Real bin_duration_;
    Index factors_;                           // exp(A) = exp(A / factors)^factors
    QubitMap still_;                          // T L / factors
    QubitMap moving_;                         // sqrt(T) M / factors
    std::vector<std::vector<Series>> terms_;  // (factors)(orders): terms of each Taylor series
    Series maps_;
};

/// Powers of records up to `largest_record` standard deviations of white noise that a bin needs: what is left out is
/// below 1e-12 of white noise.
Index bin_series_degree(const QubitRecordModel& model, Real bin_duration, Real largest_record);

/// Throws InvalidArgument where rounding would leave the series less than eight digits: a bin that sees several times
/// what one measurement time tells, or a record in other units.
void check_bin_growth(const QubitRecordModel& model, Real bin_duration, Real largest_record);

}  // namespace synqc
