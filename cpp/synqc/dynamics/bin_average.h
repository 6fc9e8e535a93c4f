#pragma once

#include <memory>
#include <vector>

#include "synqc/dynamics/compiled_scheme.h"
#include "synqc/dynamics/trajectory_equation.h"

namespace synqc {

/// What the exact map of a bin must be prepared for.
struct BinAverageOptions {
    /// Averages over this many equal parts of each bin stand for what depends on time; unused where nothing does.
    std::vector<Index> parts;
    /// Largest |mean of dY / dt| sqrt(bin) among the records: how many deviations of white noise they reach.
    Real largest_record = 0;
};

/// What a bin says whose record is known by its mean alone, for any operators and any length of the bin.
///
/// Averaged over all records in a bin T that add up to Y, the linear equation d rho = (L dt + M dY) rho, with the
/// generator L of the ensemble and M rho = sqrt(eta) (L_m rho + rho L_m^dagger), becomes
///
///   rho -> sum_m He_m(Y / sqrt(T)) B_m rho,  in which  exp(T L + v sqrt(T) M) = sum_m v^m B_m
///
/// (likewise with a power for each channel): both sides have the characteristic function exp(T (L + i k M)), up to that
/// of white noise, whose Hermite polynomials are orthogonal. Its trace is the probability of Y relative to white noise.
/// The series is cut where what is left out is below 1e-12 for the largest record.
///
/// Records must be given, one per bin: a grid with more than one step to an interval is refused.
std::unique_ptr<CompiledScheme> compile_bin_average(const StochasticEquation& equation, const TrajectoryGrid& grid,
                                                    const BinAverageOptions& options);

/// ln of the largest sum of magnitudes in the series of the longest bin: exp of it times 1e-16 is what rounding leaves
/// of its digits, relative to white noise.
Real bin_average_growth(const StochasticEquation& equation, const TrajectoryGrid& grid, Real largest_record);

/// Powers of the records that the series of the longest bin needs, of all channels together.
Index bin_average_degree(const StochasticEquation& equation, const TrajectoryGrid& grid, Real largest_record);

}  // namespace synqc
