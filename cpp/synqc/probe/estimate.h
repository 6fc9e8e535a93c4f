#pragma once

#include "synqc/base/numbers.h"

namespace synqc {

/// A number and how far it may be off: one standard error, 0 for closed forms.
struct Estimate {
    Real value = 0;
    Real standard_error = 0;
};

}  // namespace synqc
