#pragma once

#include <memory>

#include "synqc/dynamics/compiled_scheme.h"
#include "synqc/dynamics/trajectory_equation.h"

namespace synqc {

/// Scheme S: the exact Bayes update of a step's record between exact half steps of everything unmonitored. Completely
/// positive and trace preserving for every step; weak order 2, strong order 1; exact where the two commute.
///
/// Throws InvalidArgument unless all monitored operators are normal and commute with each other at all times.
std::unique_ptr<CompiledScheme> compile_bayes_strang(const StochasticEquation& equation, const TrajectoryGrid& grid);

/// Whether it takes the equation.
bool takes_bayes_strang(const StochasticEquation& equation);

}  // namespace synqc
