#pragma once

#include "synqc/control/acquisition.h"
#include "synqc/control/controller.h"

namespace synqc {

/// Rule "bayes": a posterior on a grid tracks the detuning between batches; inside each shot the run's quantum Bayesian
/// filter sets the second angle (FeedForward::bayes).
///
/// Evolution times follow the posterior, one radian per deviation, so fringe ambiguities show as several modes that the
/// next round, at another time, tells apart. A round that contradicts the posterior is not used;
/// a second one soon after starts a new acquisition. Source:
/// Berritta et al., arXiv:2404.09212 (diffusing grid); Ferrie, Granade, Cory, QIP 12, 611 (2013) (time ~ 1/std).
class BayesController : public Controller {
  public:
    explicit BayesController(const ControlContext& context);

    std::string_view name() const override { return "bayes"; }
    Index calibration_shots(Index batch_shots) const override;
    std::optional<RamseyRound> next_ramsey(Index shots_left) override;
    void observe_ramsey(const RamseyRound& round, Index ones) override;
    ControlSettings deployed() const override;
    void advance(Real seconds) override;
    TrackerState tracker() const override;
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

    const DetuningGrid& posterior() const { return grid_; }

  private:
    bool locked() const;

    DetuningGrid grid_;
    Index rounds_ = 0;
    Doubt doubt_;
};

}  // namespace synqc
