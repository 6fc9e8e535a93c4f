#pragma once

#include <optional>
#include <string>
#include <vector>

#include "synqc/device/drift.h"
#include "synqc/device/qubit.h"
#include "synqc/device/readout_resonator.h"

namespace synqc {

/// A level scheme of which a qubit simulates the lowest `Qubit::levels`.
struct LevelScheme {
    std::vector<Real> energies;  // rad/µs, as Qubit::level_energies, 2 to 5 of them
    std::vector<Real> lowering;  // energies.size()^2, as Qubit::lowering_elements

    bool operator==(const LevelScheme&) const = default;
};

/// A kind of device: a typical qubit, how far others stray from it, and how they drift.
struct Device {
    std::string name;
    std::string description;                    // what it is and where the parameters come from, for a person
    std::string modality;                       // "transmon", "fluxonium", "ion", "neutral-atom"
    std::vector<std::string> sources;           // one reference per line
    std::vector<std::string> assumptions;       // what no source gave and was assumed, one sentence per line
    Qubit qubit;                                // the typical one
    std::optional<LevelScheme> level_scheme;    // published levels beyond an oscillator's; empty for an oscillator
    Real spread = 0;                            // relative deviation of T1 and of the pure dephasing time (log-normal)
    Real detuning_scale = 0;                    // rad/µs, deviation of the hidden detuning
    Real amplitude_error_scale = 0;             // deviation of the hidden amplitude error
    std::optional<Real> exact_detuning;         // rad/µs; set: every qubit has it, nothing is drawn
    std::optional<Real> exact_amplitude_error;  // set: every qubit has it, nothing is drawn
    std::vector<DriftProcess> drift;            // of the detuning and of T1
    std::optional<ReadoutResonator> resonator;  // that every qubit is read out through; empty if unknown
    std::vector<Qubit> calibrated_qubits;       // real, individually calibrated qubits, if any are known
    std::vector<Index>
        calibrated_qubit_numbers;  // what their source counts them as; as many as `calibrated_qubits`, or none

    /// Keeps only the calibrated qubits of these numbers (or, where the source numbers none, of these places), in this
    /// order. Throws InvalidArgument if one is not there or comes twice.
    void select_calibrated_qubits(const std::vector<Index>& numbers);

    /// Throws InvalidArgument unless every parameter is in range and the parameters fit each other.
    void check() const;

    /// Simulates this many levels, 2 to 5, of the oscillator or of the level scheme. Throws InvalidArgument if the
    /// scheme has fewer.
    void set_levels(Index levels);

    bool operator==(const Device&) const = default;
};

/// One qubit of a register: what is believed, what is true, and how it drifts.
struct RegisterQubit {
    Qubit qubit;               // true decay parameters of this qubit
    HiddenCalibration hidden;  // at the device's time zero, without drift
    DriftPath drift;
};

/// `count` qubits; the same for the same device_seed, and the first k of a longer register are the register of k.
/// The first members are `device.calibrated_qubits` as they are; the others are drawn around the typical qubit: T1 and
/// the pure dephasing time 1 / (1/T2 - 1/(2 T1)) are multiplied by independent log-normal factors, so T2 <= 2 T1 always
/// holds. Hidden detuning and amplitude error are normal draws of their scales unless given exactly. Spread 0 gives
/// identical qubits: all share the hidden calibration drawn for the first. Each drifts on its own path.
std::vector<RegisterQubit> make_register(const Device& device, Index count, Seed device_seed);

}  // namespace synqc
