#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synqc/device/device.h"
#include "synqc/json/document.h"

/// Devices as documents in public units. Every reader throws UnreadableDocument, with the path, on what it cannot read.
namespace synqc {

/// Members: name, modality, description, sources, assumptions, qubit {levels, the parameters of device/parameters.h,
/// level_energies_mhz, lowering_elements}, spread, detuning_scale_khz, amplitude_error_scale, detuning_khz,
/// amplitude_error, drift [{kind, its parameters}], individuals [qubit_number, parameters that differ from
/// `qubit`].
/// Required: name and, of the qubit, t1_us, t2_us, gate_ns and readout_ns. A t1_us or t2_us of null is infinite.
/// `gamma_max_per_us` left out is derived from the assignment error. Unknown keys are refused.
Device read_device(std::string_view text);

/// Drift processes as in a device document, or "none".
std::vector<DriftProcess> read_drift_processes(const Node& list);

/// Document that reads back equal if the device's parameters came from public units, else to one unit in the last
/// place.
std::string write_device(const Device& device);

}  // namespace synqc
