#pragma once

#include <cstdint>

#include "synqc/base/numbers.h"

namespace synqc {

/// Bytes that write_shortest may touch from where it starts.
inline constexpr int shortest_number_room = 48;

/// A decimal number digits * 10^exponent.
struct Decimal {
    std::uint64_t digits;
    int exponent;
};

/// The shortest decimal that reads back as `value`, which is finite and above zero; of those, the nearest to it. It
/// may end in zeros.
///
/// Source: R. Giulietti, The Schubfach way to render doubles (2020).
Decimal shortest_decimal(Real value);

/// Writes the shortest text that reads back as the finite `value`, in the form of Python's repr: 0.1, -0.0, 1e-05,
/// 123456.0, 1e+16. Returns its end.
char* write_shortest(Real value, char* to);

}  // namespace synqc
