#pragma once

#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// What a laboratory believes about one qubit: published or calibrated parameters.
struct Qubit {
    Index levels = 2;                  // simulated levels, 2 to 5
    Real t1 = 100;                     // µs, may be infinite
    Real t2 = 100;                     // µs, at most 2 * t1; may be infinite
    Real equilibrium_population = 0;   // P(|1>) the bath pulls a two-level qubit to, [0, 0.5)
    Real prepared_population = 0;      // P(|1>) left by reset at the start of a shot, [0, 0.5)
    Real frequency = 0;                // rad/µs, |0> to |1>; enters only where stated (thermal parameters, labels)
    Real anharmonicity = 0;            // rad/µs, negative for a transmon; 0: no third level to avoid
    Real gate_duration = 0.02;         // µs, one-qubit pulse
    Real gate_error = 0;               // published average error of that gate, for comparison; not injected
    Real two_qubit_gate_duration = 0;  // µs, for the ancilla of digital targets
    Real two_qubit_gate_error = 0;     // average error, injected as depolarising noise on digital targets
    Real readout_duration = 1;         // µs
    Real p0_given_1 = 0;               // probability to read 0 in |1>
    Real p1_given_0 = 0;               // probability to read 1 in |0>
    Real efficiency = 1;               // quantum efficiency eta of the probe's measurement chain, (0, 1]
    Real gamma_max = 1;                // 1/µs, measurement-induced dephasing rate at probe strength 1

    /// Explicit level structure (fluxonium). Empty: a truncated oscillator with `anharmonicity`.
    /// Energies in rad/µs in the frame rotating at k times the |0>-|1> frequency (so the first two are 0), `levels` of
    /// them.
    std::vector<Real> level_energies;
    /// Lowering part of the drive operator: element [k * levels + l] for l = k + 1.. couples |l> to |k>;
    /// [0 * levels + 1] = 1.
    std::vector<Real> lowering_elements;

    /// Throws InvalidArgument unless every parameter is in range, T2 <= 2 T1, and the level structure fits `levels`.
    /// Messages use the public names and units of device/parameters.h.
    void check() const;

    /// 1/µs; 1/T2 - 1/(2 T1), never negative.
    Real pure_dephasing_rate() const;
    /// Bath occupation n_th with n_th / (1 + 2 n_th) = equilibrium_population.
    Real bath_occupation() const;
    /// Mean of the two assignment errors.
    Real assignment_error() const { return (p0_given_1 + p1_given_0) / 2; }
    /// Strength of the |1>-|2> drive element relative to |0>-|1>: sqrt(2) for an oscillator, else as listed (at least
    /// three levels).
    Real second_coupling() const;

    bool operator==(const Qubit&) const = default;
};

/// What the device really does and nobody is told: controllers see records and bits, never these numbers.
struct HiddenCalibration {
    Real detuning = 0;         // rad/µs, qubit minus drive frequency
    Real amplitude_error = 0;  // relative: a pulse of angle theta rotates by theta * (1 + amplitude_error)
    Real log_t1 = 0;           // T1 is exp(log_t1) times the calibrated one

    /// The qubit as it decays now: what of its decoherence does not come from T1 stays as calibrated.
    Qubit decaying_now(const Qubit& calibrated) const;
};

/// gamma_max such that a probe of strength 1 over the qubit's readout duration shows the qubit's assignment error,
/// counting decay during the readout: error = erfc(sqrt(eta Gamma T)) / 2 + T / (4 T1).
/// An assignment error of 0 would need an infinite rate and is taken as 1e-6.
/// Throws InvalidArgument if T1 decay alone exceeds the published error, or if the error is 1/2 or more.
Real gamma_max_from_assignment_error(const Qubit& qubit);

/// Bose occupation of a mode of `frequency` (rad/µs, > 0) at `temperature` (mK, >= 0).
Real thermal_occupation(Real frequency, Real temperature);
/// P(|1>) of a two-level system in that bath: 1 / (1 + exp(h f / k T)).
Real thermal_population(Real frequency, Real temperature);

}  // namespace synqc
