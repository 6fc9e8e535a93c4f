#pragma once

#include <span>
#include <vector>

#include "synqc/optimise/control_goal.h"
#include "synqc/optimise/open_gradient.h"
#include "synqc/optimise/sampled_hamiltonian.h"

namespace synqc {

/// Systems under the same controls and with the same goal, such as one qubit with several errors of amplitude.
class ControlEnsemble {
  public:
    /// Throws ShapeMismatch or InvalidArgument if a system or the goal is not one, or if sizes differ.
    ControlEnsemble(const std::vector<ControlSystem>& systems, ControlGoal goal, Real sample_us);

    Index members() const { return std::ssize(members_); }
    Index controls() const { return members_.front().hamiltonian.controls(); }

    /// Errors of each member, and their gradients as (members, c, k) unless `gradients` is empty. `amplitudes` is (c,
    /// k), rad/µs. Members are shared among up to `threads` threads (0: all); the numbers do not depend on how many.
    std::vector<ControlError> errors(std::span<const Real> amplitudes, int threads, std::span<Real> gradients) const;

  private:
    struct Member {
        SampledHamiltonian hamiltonian;
        JumpTerms jumps;
        bool is_open;
    };
    std::vector<Member> members_;
    ControlGoal goal_;
    Real sample_us_;
};

}  // namespace synqc
