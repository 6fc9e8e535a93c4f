#pragma once

#include "synqc/control/search_space.h"

namespace synqc {

/// What learners with a normal law of diagonal covariance over the search space share: the law, the split of a batch,
/// and what is carried from run to run. Its mean, never a lucky candidate, is what is deployed.
class GaussianSearch : public Controller {
  public:
    Index learning_shots(Index batch_shots) const override;
    Index learning_rounds(Index batch_shots) const override;
    ControlSettings deployed() const override { return space_.settings_at(mean_); }
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

  protected:
    /// `first_spread`: of every coordinate, in whatever form the learner keeps its widths.
    GaussianSearch(const ControlContext& context, Real first_spread);

    /// Throws InvalidArgument unless these are the outcomes of the population last proposed.
    void check_round(std::span<const CandidateOutcome> outcomes) const;

    /// 1 / sqrt(rounds): early rounds move the law, later ones average the noise away.
    Real step() const;

    SearchSpace space_;
    std::vector<Real> mean_;
    std::vector<Real> spread_;
    std::vector<Real> drawn_;  // (population, dimensions) of the round under way, in whatever form the learner needs
    std::uint32_t round_ = 0;
};

}  // namespace synqc
