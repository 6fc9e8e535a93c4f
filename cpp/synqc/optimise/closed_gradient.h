#pragma once

#include <span>

#include "synqc/optimise/control_goal.h"
#include "synqc/optimise/sampled_hamiltonian.h"

namespace synqc {

/// Error of a closed system under piecewise-constant controls, and the exact gradient of the goal's cost.
///
/// Each sample's propagator is taken in the eigenbasis of its H. There the derivative of the exponential is the
/// element-wise product of dH with the divided differences of exp(-i E t), written as
/// -i t exp(-i (E_a + E_b) t / 2) sinc((E_a - E_b) t / 2), which loses no digits where eigenvalues meet. One pass
/// forward and one back cost the same for any number of controls.
///
/// Source: Machnes et al., Phys. Rev. A 84, 022305 (2011), equation 12, for the derivative in the eigenbasis.
///
/// `amplitudes` and `gradient` are (c, k) by rows, rad/µs and µs; `sample_us` is the length of a sample in µs. An empty
/// `gradient` is not computed.
ControlError closed_error(const SampledHamiltonian& hamiltonian, const ControlGoal& goal,
                          std::span<const Real> amplitudes, Real sample_us, std::span<Real> gradient);

}  // namespace synqc
