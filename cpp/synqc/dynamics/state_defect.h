#pragma once

#include "synqc/base/numbers.h"

namespace synqc {

/// How far an initial state may be from one: in an element, its trace or an eigenvalue. States come from other solvers,
/// whose errors are of this order, and in single precision.
inline constexpr Real tolerated_state_defect = 1e-5;

}  // namespace synqc
