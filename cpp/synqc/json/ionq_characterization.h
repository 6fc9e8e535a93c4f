#pragma once

#include <string_view>

#include "synqc/device/device.h"

namespace synqc {

/// Device from an IonQ characterisation: {"backend": ..., "fidelity": {"1q", "2q", "spam": {"median" or "mean"}},
/// "timing": {"t1", "t2", "1q", "2q", "readout", "reset"} in seconds}.
/// Missing figures are those of IonQ Aria and listed in `assumptions`. Unknown members are ignored.
/// Throws UnreadableDocument for another structure or figures out of range.
Device read_ionq_characterization(std::string_view text);

}  // namespace synqc
