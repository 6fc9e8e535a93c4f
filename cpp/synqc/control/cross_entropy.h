#pragma once

#include "synqc/control/gaussian_search.h"

namespace synqc {

/// Rule "rl": the cross-entropy method over (theta1, theta2, phi2, DRAG beta, gain of the in-shot feedback).
///
/// Each round draws a population from a normal law with a diagonal covariance, keeps the quarter with the highest
/// measured success, and moves the law part of the way towards the elite's mean and spread. With a few dozen shots per
/// candidate the ranking is noisy, so the steps are short and shorten as 1 / sqrt(rounds): the mean averages over
/// rounds, and it, never a lucky candidate, is what is deployed. The widths keep a floor so that drift can still be
/// followed. Source: Rubinstein and Kroese, The Cross-Entropy Method, Springer 2004; reward as in Sivak et al., PRX 12,
/// 011059 (2022).
class CrossEntropyController : public GaussianSearch {
  public:
    explicit CrossEntropyController(const ControlContext& context);

    std::string_view name() const override { return "rl"; }
    std::vector<ControlSettings> propose() override;
    void observe(std::span<const CandidateOutcome> outcomes) override;
};

}  // namespace synqc
