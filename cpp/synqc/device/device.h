#pragma once

#include <string>
#include <vector>

#include "synqc/device/drift.h"
#include "synqc/device/qubit.h"

namespace synqc {

/// A kind of device: a typical qubit, how far individuals stray from it, and how they drift.
struct Device {
    std::string name;
    std::string description;             // what it is and where the figures come from, for a person
    std::string modality;                // "transmon", "fluxonium", "ion", "neutral-atom"
    std::vector<std::string> sources;    // one reference per line
    Qubit qubit;                         // the typical one
    Real spread = 0;                     // relative deviation of T1 and T2 among individuals (log-normal)
    Real detuning_scale = 0;             // rad/µs, deviation of the hidden detuning
    Real amplitude_error_scale = 0;      // deviation of the hidden amplitude error
    std::vector<DriftProcess> drift;     // of the detuning

    void check() const;
};

/// One qubit of a register: what is believed, what is true, and how it drifts.
struct RegisterQubit {
    Qubit qubit;                // true decay figures of this individual
    HiddenCalibration hidden;   // at the device's time zero, without drift
    DriftPath drift;
};

/// `count` individuals drawn around the device; the same for the same device_seed, and the first k of a longer
/// register are the register of k. Spread and scales of 0 give identical, perfectly calibrated qubits.
std::vector<RegisterQubit> make_register(const Device& device, Index count, Seed device_seed);

}  // namespace synqc
