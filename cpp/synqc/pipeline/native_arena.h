#pragma once

#include <functional>

namespace synqc::pipeline {

/// Runs `task` soon on one of oneTBB's threads; in a child of fork(), where those do not exist, here and now.
/// It must not throw.
void run_on_arena(std::function<void()> task);

}  // namespace synqc::pipeline
