#pragma once

#include "synqc/base/numbers.h"

namespace synqc {

/// Writes a finite value as ECMAScript's Number::toString, the form of RFC 8785: the digits of write_shortest, but 1, 0
/// for -0.0, 1e-7, 0.000001, 100000000000000000000 and 1e+21. Touches at most shortest_number_room bytes; returns its
/// end.
///
/// Source: ECMA-262, Number::toString; RFC 8785, section 3.2.2.3.
char* write_ecmascript_number(Real value, char* to);

}  // namespace synqc
