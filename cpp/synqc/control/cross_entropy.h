#pragma once

#include "synqc/control/search_space.h"

namespace synqc {

/// Rule "rl": the cross-entropy method over (theta1, theta2, phi2, DRAG beta, gain of the in-shot feedback).
///
/// Each round draws a population from a normal law with a diagonal covariance, keeps the quarter with the highest
/// measured success, and moves the law part of the way towards the elite's mean and spread. With a few dozen shots per
/// candidate the ranking is noisy, so the steps are short and shorten as 1 / sqrt(rounds): the mean averages over
/// rounds, and it, never a lucky candidate, is what is deployed. The widths keep a floor so that drift can still be
/// followed. Source: Rubinstein and Kroese, The Cross-Entropy Method, Springer 2004; reward as in Sivak et al., PRX 12,
/// 011059 (2022).
class CrossEntropyController : public Controller {
  public:
    explicit CrossEntropyController(const ControlContext& context);

    std::string_view name() const override { return "rl"; }
    Index learning_shots(Index batch_shots) const override;
    Index learning_rounds(Index batch_shots) const override;
    std::vector<ControlSettings> propose() override;
    void observe(std::span<const CandidateOutcome> outcomes) override;
    ControlSettings deployed() const override;
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

  private:
    SearchSpace space_;
    std::vector<Real> mean_;
    std::vector<Real> width_;
    std::vector<Real> points_;  // (population, dimensions) of the round under way
    std::uint32_t round_ = 0;
};

}  // namespace synqc
