#include "synqc/metrics/histogram_scale.h"

#include <cmath>
#include <limits>

#include "synqc/base/checks.h"

namespace synqc {

HistogramScale::HistogramScale(Real lowest) {
    constexpr Real smallest = std::numeric_limits<Real>::min();
    constexpr Real largest = 0x1p975;  // 2^48 times this is still a number
    check_between("lowest", lowest, smallest, largest);
    int exponent = std::ilogb(lowest);
    lowest_ = std::ldexp(1.0, exponent);
    highest_ = std::ldexp(1.0, exponent + octaves);
    lowest_exponent_bits_ = exponent + 1023;
}

Real HistogramScale::upper_edge(int cell) const {
    if (cell >= above) {
        return std::numeric_limits<Real>::infinity();
    }
    int octave = cell / per_octave;
    int step = cell % per_octave;
    Real in_octave = step <= per_lower_half ? 1 + step / 50.0 : 1 + (step - 8) / 34.0;
    return std::ldexp(lowest_ * in_octave, octave);
}

Real HistogramScale::representative(int cell) const {
    Real lower = upper_edge(cell - 1);
    Real upper = upper_edge(cell);
    return 2 * lower * (upper / (lower + upper));
}

}  // namespace synqc
