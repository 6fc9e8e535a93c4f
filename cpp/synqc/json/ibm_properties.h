#pragma once

#include <string_view>

#include "synqc/device/device.h"

namespace synqc {

/// Device from an IBM calibration snapshot (the BackendProperties document: backend_name, last_update_date, qubits,
/// gates).
///
/// The typical qubit has the median of each parameter; every working qubit becomes a calibrated qubit with its own
/// parameters and its number, the median standing in for what it lacks. A qubit is left out if it or all its one-qubit
/// gates are out of order, if its T1 or T2 is missing or cannot be, or if it reads a bit wrong half of the time or
/// more. T2 above 2 T1 is cut to 2 T1. Parameters that cannot be true (see read_ibm_snapshot) count as missing. What is
/// assumed, cut or left out is listed in `assumptions`, with the numbers of the qubits. Throws UnreadableDocument for
/// another structure, an unknown unit, or if no qubit is left.
Device read_ibm_properties(std::string_view text);

}  // namespace synqc
