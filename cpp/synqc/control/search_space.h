#pragma once

#include <vector>

#include "synqc/control/controller.h"

namespace synqc {

/// The parameters a learner moves, as plain coordinates: (value - ideal) / first width, so that 1 is one width
/// everywhere.
class SearchSpace {
  public:
    explicit SearchSpace(const ControlContext& context);

    Index dimensions() const { return std::ssize(chosen_); }
    ControlSettings settings_at(std::span<const Real> point) const;

  private:
    struct Coordinate {
        Real ControlSettings::*field;
        Real width;
    };
    ControlSettings ideal_;
    std::vector<Coordinate> chosen_;
};

/// Three quarters of a batch explore, the rest runs what has been learnt.
Index learner_shots(Index batch_shots);

/// Rounds so that each of `candidates` gets about `wanted` shots in each, at least one round if any shot is there for
/// all.
Index learner_rounds(Index learning_shots, Index candidates, Index wanted);

/// Measured share of successes; 0 for a candidate without shots.
Real success_share(const CandidateOutcome& outcome);

/// Throws InvalidArgument unless there is one outcome per candidate, with 0 <= successes <= shots.
void check_outcomes(std::span<const CandidateOutcome> outcomes, Index candidates);

}  // namespace synqc
