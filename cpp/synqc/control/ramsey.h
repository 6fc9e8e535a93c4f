#pragma once

#include "synqc/control/controller.h"

/// What a Ramsey shot is believed to show.
namespace synqc {

/// P(read 1) = offset + contrast * (1 + visibility cos(x t + phase)) / 2 for the residual detuning x, rad/µs.
struct RamseyModel {
    Real offset = 0;      // probability to read 1 in |0>
    Real contrast = 1;    // 1 minus both assignment errors
    Real visibility = 1;  // V: decay during the evolution and imperfect preparation
    Real time = 0;        // µs, t: free evolution, the pulses' share included
    Real phase = -pi / 2;

    static RamseyModel of(const ControlContext& context, const RamseyRound& round);

    Real probability(Real residual) const;

    /// Estimate of the residual detuning from the share of ones in a mid-fringe round, rad/µs:
    /// asin((2 (share - offset) / contrast - 1) / V) / t, clamped to the fringe.
    Real mid_fringe_estimate(Real share_of_ones) const;
    /// Variance of that estimate at mid-fringe: 4 p (1 - p) / (N (contrast V t)^2), p the probability there;
    /// 1 / (N V^2 t^2) without assignment errors, the inverse of the Fisher information of N shots.
    Real mid_fringe_variance(Index shots) const;
};

/// What a round is expected to show.
struct RamseyExpectation {
    Real mean = 0.5;        // share of ones
    Real variance = 0.25;   // of the share of ones, the shots' own included
    Real log_evidence = 0;  // of the ones seen, without the binomial coefficient
};

/// Information (µs^2) of one mid-fringe shot about the detuning, (V t)^2 with perfect readout.
Real ramsey_fisher_information(const RamseyModel& model);

/// Longest evolution worth using: half of T2, and short enough that one jump of the drift prior stays on the fringe.
Real longest_useful_time(const ControlContext& context);

/// Axes of the second pulse: where the share of ones answers a small residual in proportion, and where it peaks.
constexpr Real mid_fringe = -pi / 2;
constexpr Real fringe_top = 0;

/// The round with total evolution time (pulses' share included) nearest to `time` that the generator can do.
RamseyRound ramsey_round(const ControlContext& context, Index shots, Real time, Real phase, Real drive_correction);

/// 10 % of the batch, at least 50, at most half of it.
Index tracker_calibration_shots(Index batch_shots);

}  // namespace synqc
