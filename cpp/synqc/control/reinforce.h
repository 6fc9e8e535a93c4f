#pragma once

#include "synqc/control/gaussian_search.h"

namespace synqc {

/// Rule "rl-reinforce": policy gradient with a diagonal normal policy over the parameters of "rl".
///
/// Advantages are measured successes minus the round's mean, over their deviation; the natural gradient of means and
/// log-widths is followed with a step clipped to 0.2 widths.
/// Source: Williams, Machine Learning 8, 229 (1992); clipping in the spirit of Schulman et al., arXiv:1707.06347.
class ReinforceController : public GaussianSearch {
  public:
    explicit ReinforceController(const ControlContext& context);

    std::string_view name() const override { return "rl-reinforce"; }
    std::vector<ControlSettings> propose() override;
    void observe(std::span<const CandidateOutcome> outcomes) override;
};

}  // namespace synqc
