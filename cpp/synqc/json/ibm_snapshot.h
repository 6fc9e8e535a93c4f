#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

class Node;

/// A qubit of an IBM calibration snapshot: what its document says, as far as it can be true of a transmon.
struct SnapshotQubit {
    using Figures = std::map<std::string, Real, std::less<>>;  // by public name, in public units

    Index number = 0;                                        // in the device's own count
    Figures figures;                                         // plausible ones
    std::map<std::string, std::string, std::less<>> doubts;  // public name -> why a published figure is not believed
    std::string defect;                                      // why the qubit cannot be used; empty if it can

    std::optional<Real> find(std::string_view figure) const;
};

/// What two-qubit gate a snapshot calibrates, which tells its generation of processors.
enum class IbmGeneration {
    unknown,
    cx,   // Falcon and before
    ecr,  // Eagle
    cz,   // Heron and later
};

/// An IBM calibration snapshot, read but not yet completed.
struct IbmSnapshot {
    std::string name;     // of the device
    std::string updated;  // date and time as written; empty if unknown
    IbmGeneration generation = IbmGeneration::unknown;
    std::vector<SnapshotQubit> qubits;
};

/// Reads the root of a BackendProperties document (backend_name, last_update_date, qubits, gates).
///
/// A one-qubit pulse is `sx` or `x`, or half of what the `u2`, `u3` and `u` of older snapshots take. A gate that is not
/// operational or has an error of 1/2 or more is out of order, and nothing it says is believed. Nor are figures that no
/// transmon has (a duration of 0, an anharmonicity near 0) and durations many times those of the device's other qubits.
/// Unknown members are ignored, and null counts as missing, as which the document must read NaN and Infinity. Throws
/// UnreadableDocument for another structure or an unknown unit.
IbmSnapshot read_ibm_snapshot(const Node& root);

}  // namespace synqc
