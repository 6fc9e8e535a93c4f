#pragma once

#include <cmath>
#include <optional>

#include "synqc/control/tracking.h"

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

    /// What the drift prior says of `seconds`, and a random walk of so much variance more.
    void predict(Real seconds, Real more_variance = 0);

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
class KalmanController : public TrackingController {
  public:
    explicit KalmanController(const ControlContext& context) : TrackingController(context) {}

    std::string_view name() const override { return "kalman"; }

  protected:
    Real estimate() const override { return filter_->estimate(); }
    Real deviation() const override { return std::sqrt(filter_->variance()); }
    void settle() override { filter_.emplace(context_.drift, grid().mean(), grid().deviation()); }
    RamseyExpectation expect(const RamseyModel& model, const RamseyRound& round, Index ones) const override;
    /// The straight part of a fringe; its top says nothing to a linear filter.
    void learn(const RamseyModel& model, const RamseyRound& round, Index ones) override;
    void spread(Real seconds, Real more_variance) override;
    std::vector<Real> law() const override { return filter_->state(); }
    void restore_law(std::span<const Real> law) override;

  private:
    std::optional<DetuningFilter> filter_;
};

}  // namespace synqc
