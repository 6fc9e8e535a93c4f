#pragma once

#include <optional>

#include "synqc/control/acquisition.h"
#include "synqc/control/controller.h"

namespace synqc {

/// Linear filter of a detuning that is a constant plus a slow process: x = c + u.
///
/// Random walk: c diffuses, u = 0. Ornstein-Uhlenbeck: c stays, u decays towards 0 and is driven so that its deviation
/// is stationary. With a certain c this is the scalar filter x' = a x + w.
class DetuningFilter {
  public:
    /// x is believed to be `mean` with `deviation`; u starts from its stationary law.
    DetuningFilter(const DriftPrior& drift, Real mean, Real deviation);
    /// The scalar process alone: c is 0 for certain and u starts from its stationary law (random walk: c from 0).
    static DetuningFilter without_offset(const DriftPrior& drift);

    void predict(Real seconds);

    struct Innovation {
        Real value;     // measurement minus prediction
        Real variance;  // its variance S; value / sqrt(S) is white and of unit variance for a matched filter
    };
    /// Innovation that `measured` with error variance R would have; changes nothing.
    Innovation innovation(Real measured, Real measurement_variance) const;
    Innovation update(Real measured, Real measurement_variance);

    Real estimate() const { return constant_ + slow_; }
    Real variance() const { return constant_variance_ + slow_variance_ + 2 * covariance_; }

    std::vector<Real> state() const;
    void restore(std::span<const Real> state);

  private:
    DriftPrior drift_;
    Real constant_ = 0;
    Real slow_ = 0;
    Real constant_variance_ = 0;
    Real slow_variance_ = 0;
    Real covariance_ = 0;
};

/// Steady state of the scalar filter x' = a x + w, var w = Q, measurement variance R.
struct RiccatiSteadyState {
    Real predicted;  // P-
    Real updated;    // P+
    Real gain;       // K
};
RiccatiSteadyState riccati_steady_state(Real a, Real process_variance, Real measurement_variance);

/// Rule "kalman": mid-fringe Ramsey rounds and the linear filter track the detuning; the next batch is driven at the
/// corrected frequency. No wait inside a shot.
///
/// Acquisition uses the grid of "bayes" until one fringe is certain (deviation * time < 0.3); then the evolution time
/// at most doubles from round to round while deviation * time stays below 0.3. An innovation beyond 4 deviations, or
/// two in a row beyond 3, starts a new acquisition.
class KalmanController : public Controller {
  public:
    explicit KalmanController(const ControlContext& context);

    std::string_view name() const override { return "kalman"; }
    Index calibration_shots(Index batch_shots) const override;
    std::optional<RamseyRound> next_ramsey(Index shots_left) override;
    void observe_ramsey(const RamseyRound& round, Index ones) override;
    ControlSettings deployed() const override;
    void advance(Real seconds) override;
    TrackerState tracker() const override;
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

    /// Last innovation over its deviation; 0 while acquiring.
    Real last_innovation() const { return last_innovation_; }

  private:
    bool acquiring() const { return !filter_.has_value(); }
    void lose(const RamseyModel& model);

    DetuningGrid grid_;
    std::optional<DetuningFilter> filter_;
    Real last_time_ = 0;  // µs
    Real last_innovation_ = 0;
    Index rounds_ = 0;
    Doubt doubt_;
};

}  // namespace synqc
