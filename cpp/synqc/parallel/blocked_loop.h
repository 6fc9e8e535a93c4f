#pragma once

#include <functional>

#include "synqc/base/numbers.h"
#include "synqc/parallel/run_control.h"

namespace synqc {

/// Calls body(block) once for every block in [0, count), in no promised order, on up to `threads` threads (0: all the
/// machine offers). Returns how many leading blocks are complete: `count`, or fewer once a stop was requested (blocks
/// after that prefix may also have run). An exception from a body stops the loop and is rethrown here.
Index for_each_block(Index count, int threads, RunControl& control, const std::function<void(Index)>& body);

}  // namespace synqc
