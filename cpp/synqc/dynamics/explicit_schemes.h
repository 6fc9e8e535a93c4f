#pragma once

#include <memory>

#include "synqc/dynamics/compiled_scheme.h"
#include "synqc/dynamics/trajectory_equation.h"

namespace synqc {

/// Explicit Itô schemes, for comparison; none of them keeps states positive.
enum class ExplicitScheme {
    euler_maruyama,  // strong order 1/2
    milstein,        // strong order 1 for one channel or commuting noise
    platen,          // strong order 1 without derivatives
};

/// rho' = rho + a dt + sum_k b_k dW_k + corrections on the equation as it stands, with a = G rho and
/// b_k = gain_k rho - tr(gain_k rho) rho.
std::unique_ptr<CompiledScheme> compile_explicit(const StochasticEquation& equation, const TrajectoryGrid& grid,
                                                 ExplicitScheme scheme);

}  // namespace synqc
