#pragma once

#include "synqc/base/numbers.h"

namespace synqc {

/// Bytes that write_shortest may touch from where it starts.
inline constexpr int shortest_number_room = 48;

/// Writes the shortest text that reads back as the finite `value`, of those the nearest to it, in the form of Python's
/// repr: 0.1, -0.0, 1e-05, 123456.0, 1e+16. Returns its end.
///
/// Source: R. Giulietti, The Schubfach way to render doubles (2020).
char* write_shortest(Real value, char* to);

}  // namespace synqc
