#pragma once

#include "synqc/control/search_space.h"

namespace synqc {

/// Rule "rl-reinforce": policy gradient with a diagonal normal policy over the parameters of "rl".
///
/// Advantages are measured successes minus the round's mean, over their deviation; the natural gradient of means and
/// log-widths is followed with a step clipped to 0.2 widths.
/// Source: Williams, Machine Learning 8, 229 (1992); clipping in the spirit of Schulman et al., arXiv:1707.06347.
class ReinforceController : public Controller {
  public:
    explicit ReinforceController(const ControlContext& context);

    std::string_view name() const override { return "rl-reinforce"; }
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
    std::vector<Real> log_width_;
    std::vector<Real> deviates_;  // (population, dimensions) standard deviates of the round under way
    std::uint32_t round_ = 0;
};

}  // namespace synqc
