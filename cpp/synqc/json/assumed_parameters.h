#pragma once

#include <string>

#include "synqc/device/device.h"

namespace synqc {

/// Fills a parameter no source gave and says so: "`name` is assumed to be value unit: reason."
void assume(Device& device, std::string_view parameter, Real value, std::string_view reason);

/// gamma_max from the assignment error; if decay during the readout exceeds that error already, decay is left out of
/// account and `decay_left_out` is set.
Real gamma_max_with_or_without_decay(Qubit qubit, bool& decay_left_out);

}  // namespace synqc
