#pragma once

#include <string_view>

#include "synqc/device/device.h"

namespace synqc {

/// Device from an IBM calibration snapshot (the BackendProperties document: backend_name, last_update_date, qubits,
/// gates).
///
/// The typical qubit has the median of each figure; every working qubit becomes an individual with its own figures, the
/// median standing in for what it lacks. A qubit is left out if it is not operational, if its T1 or T2 is missing, zero
/// or no number, or if its readout error is 1/2 or more. T2 above 2 T1 is cut to 2 T1. What the snapshot lacks is
/// assumed and listed in `assumptions`, and so is what was left out. Unknown members are ignored; NaN and Infinity
/// count as missing. Throws UnreadableDocument for another structure, an unknown unit, or if no qubit is left.
Device read_ibm_properties(std::string_view text);

}  // namespace synqc
