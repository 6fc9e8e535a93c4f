#pragma once

#include <memory>

#include "synqc/dynamics/compiled_scheme.h"
#include "synqc/dynamics/trajectory_equation.h"

namespace synqc {

/// Rouchon and Ralph, arXiv:1410.5345: a Kraus operator quadratic in the record. Any monitored operator; positive;
/// strong order 1.
std::unique_ptr<CompiledScheme> compile_rouchon(const StochasticEquation& equation, const TrajectoryGrid& grid);

}  // namespace synqc
