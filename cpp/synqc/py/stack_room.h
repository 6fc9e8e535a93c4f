#pragma once

/// Depth is counted in stack, not in levels: a thread may have been given little.
namespace synqc {

/// Throws Python's RecursionError, with `where` (" while doing this") in its words, if less is left of this thread's
/// stack than a call of a Python function may need. Asked at each level of whatever is walked recursively.
void check_stack(const char* where);

}  // namespace synqc
