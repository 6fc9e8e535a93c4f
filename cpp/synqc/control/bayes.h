#pragma once

#include "synqc/control/tracking.h"

namespace synqc {

/// Rule "bayes": a posterior on a grid tracks the detuning between batches; inside each shot the run's quantum Bayesian
/// filter sets the second angle (FeedForward::bayes). The grid that finds the fringe also follows it. Source: Berritta
/// et al., arXiv:2404.09212 (diffusing grid); Ferrie, Granade, Cory, QIP 12, 611 (2013) (time ~ 1/std).
class BayesController : public TrackingController {
  public:
    explicit BayesController(const ControlContext& context) : TrackingController(context) {}

    std::string_view name() const override { return "bayes"; }
    ControlSettings deployed() const override {
        ControlSettings settings = TrackingController::deployed();
        settings.feed_forward = FeedForward::bayes;
        return settings;
    }
};

}  // namespace synqc
