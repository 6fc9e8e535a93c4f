#pragma once

#include "synqc/control/search_space.h"

namespace synqc {

/// Rule "nelder-mead", a baseline: the simplex method on measured successes.
///
/// A round tries all four moves of the worst corner (reflection, expansion, both contractions) at once and takes the
/// best if it beats that corner; otherwise the simplex shrinks towards its best corner, and the next round measures it
/// anew. The best corner by measured share is deployed: noise makes it optimistic, as it does in every laboratory that
/// tunes so. Source: Nelder and Mead, Computer Journal 7, 308 (1965).
class NelderMeadController : public Controller {
  public:
    explicit NelderMeadController(const ControlContext& context);

    std::string_view name() const override { return "nelder-mead"; }
    Index learning_shots(Index batch_shots) const override;
    Index learning_rounds(Index batch_shots) const override;
    std::vector<ControlSettings> propose() override;
    void observe(std::span<const CandidateOutcome> outcomes) override;
    ControlSettings deployed() const override;
    std::vector<Real> state() const override;
    void restore(std::span<const Real> state) override;

  private:
    struct Corner {
        std::vector<Real> point;
        Real share;
    };
    std::vector<Real> moved_worst(Real factor) const;
    void sort_corners();
    void shrink();

    SearchSpace space_;
    std::vector<Corner> corners_;  // dimensions + 1, best first once measured
    std::vector<std::vector<Real>> points_;
    bool measured_ = false;
};

}  // namespace synqc
