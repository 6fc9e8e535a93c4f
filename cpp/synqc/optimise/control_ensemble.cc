#include "synqc/optimise/control_ensemble.h"

#include <cmath>
#include <string>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/optimise/closed_gradient.h"
#include "synqc/parallel/blocked_loop.h"

namespace synqc {

ControlEnsemble::ControlEnsemble(const std::vector<ControlSystem>& systems, ControlGoal goal, Real sample_us)
    : goal_(std::move(goal)), sample_us_(sample_us) {
    check_positive("sample_us", sample_us);
    check_at_least("systems", std::ssize(systems), 1);
    for (const ControlSystem& system : systems) {
        system.check();
        if (system.levels() != systems.front().levels() || system.controls.size() != systems.front().controls.size()) {
            throw ShapeMismatch("Argument `systems` must have members of one size, but has them of " +
                                std::to_string(systems.front().levels()) + " and " + std::to_string(system.levels()) +
                                " levels or of different numbers of controls.");
        }
        members_.push_back(
            {SampledHamiltonian(system), JumpTerms(system.jumps, system.levels()), !system.jumps.empty()});
    }
    goal_.check(systems.front().levels());
}

std::vector<ControlError> ControlEnsemble::errors(std::span<const Real> amplitudes, int threads,
                                                  std::span<Real> gradients) const {
    const Index size = std::ssize(amplitudes);
    if (size == 0 || size % controls() != 0) {
        throw ShapeMismatch("Argument `amplitudes` must have shape (" + std::to_string(controls()) + ", k), but has " +
                            std::to_string(size) + " elements.");
    }
    for (const Real amplitude : amplitudes) {
        check_finite("amplitudes", amplitude);
    }
    std::vector<ControlError> errors(members_.size());
    const auto evaluate = [&](Index number) {
        const Member& member = members_[number];
        const auto gradient = gradients.empty() ? gradients : gradients.subspan(number * size, size);
        errors[number] = member.is_open
                             ? open_error(member.hamiltonian, member.jumps, goal_, amplitudes, sample_us_, gradient)
                             : closed_error(member.hamiltonian, goal_, amplitudes, sample_us_, gradient);
    };
    if (members_.size() == 1) {
        evaluate(0);
    } else {
        RunControl control;
        for_each_block(members(), threads, control, evaluate);
    }
    return errors;
}

}  // namespace synqc
