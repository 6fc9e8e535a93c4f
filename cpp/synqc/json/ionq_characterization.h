#pragma once

#include <string_view>

#include "synqc/device/device.h"

namespace synqc {

/// Device from an IonQ characterisation: {"backend": ..., "fidelity": {"1q", "2q", "spam": {"median" or "mean"}},
/// "timing": {"t1", "t2", "1q", "2q", "readout", "reset"} in seconds}, as versions 0.3 and 0.4 of IonQ's interface give
/// it, alone or in a list ("characterizations"), of which the newest by `date` (text, or seconds since 1970) counts. A
/// duration of 0 counts as missing. For a document that names an Aria, Aria's published figures stand in for missing
/// ones and `assumptions` says so; any other must have them all. Unknown members are ignored.
/// Throws UnreadableDocument for another structure, figures missing or out of range, or a list of several backends.
Device read_ionq_characterization(std::string_view text);

}  // namespace synqc
