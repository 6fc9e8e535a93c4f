#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "synqc/base/errors.h"

namespace synqc {

/// Seconds as a whole number of units, of which `units_each` make a second: the one way from a double to a time in 64
/// bits. What is beyond 146 years becomes that, so that two of them can be added; throws InvalidArgument for NaN.
inline std::int64_t whole_units_of(const char* name, double seconds, double units_each) {
    constexpr double most = 0x1p62;
    const double units = seconds * units_each;
    if (std::isnan(units)) {
        throw InvalidArgument("Argument `" + std::string(name) + "` must be a number of seconds, but is nan.");
    }
    return units >= most    ? std::int64_t{1} << 62
           : units <= -most ? -(std::int64_t{1} << 62)
                            : static_cast<std::int64_t>(units);
}

inline std::int64_t nanoseconds_of(const char* name, double seconds) {
    return whole_units_of(name, seconds, 1e9);
}

inline std::int64_t milliseconds_of(const char* name, double seconds) {
    return whole_units_of(name, seconds, 1e3);
}

}  // namespace synqc
