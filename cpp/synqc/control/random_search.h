#pragma once

#include "synqc/control/search_space.h"

namespace synqc {

/// Rule "random-search", a baseline: the incumbent against fresh random settings, round after round.
///
/// All outcomes of the incumbent are pooled; a challenger replaces it when it beats the pooled share by two deviations.
class RandomSearchController : public Controller {
  public:
    explicit RandomSearchController(const ControlContext& context);

    std::string_view name() const override { return "random-search"; }
    Index learning_shots(Index batch_shots) const override;
    Index learning_rounds(Index batch_shots) const override;
    std::vector<ControlSettings> propose() override;
    void observe(std::span<const CandidateOutcome> outcomes) override;
    ControlSettings deployed() const override;
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

  private:
    SearchSpace space_;
    std::vector<Real> incumbent_;
    Real incumbent_shots_ = 0;
    Real incumbent_successes_ = 0;
    std::vector<Real> points_;
    std::uint32_t round_ = 0;
};

}  // namespace synqc
