#pragma once

#include <math.h>

#include "synqc/base/numbers.h"

namespace synqc {

/// Logarithm of the gamma function of a positive number. std::lgamma writes the sign into a variable of the whole
/// process besides, where threads would meet.
inline Real log_gamma(Real x) {
    int sign = 0;
    return ::lgamma_r(x, &sign);
}

}  // namespace synqc
