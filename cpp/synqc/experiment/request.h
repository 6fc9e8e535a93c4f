#pragma once

#include <optional>
#include <string>
#include <vector>

#include "synqc/device/device.h"
#include "synqc/device/target.h"
#include "synqc/pulse/pulse.h"

namespace synqc {

/// One Drive-Probe-Drive experiment: what is driven, how gently it is probed, and who adapts.
///
/// A shot is: prepare, first drive D1, probe P, wait (only if D2 depends on the record), second drive D2, readout R.
struct ExperimentRequest {
    Device device;
    Target target;

    EnvelopeShape envelope = EnvelopeShape::drag;
    Real drag_beta = 1;                // (1a.3)
    bool drag_detuning = true;         // higher-order amplitude and detuning correction (1a.4)
    Real edge_fraction = 0.25;         // flat-top envelopes
    std::vector<Complex> samples;      // EnvelopeShape::samples
    bool interpolate_samples = false;  // EnvelopeShape::samples

    Real first_angle = pi / 2;   // rad, theta_1
    Real first_axis = 0;         // rad from x, phi_1
    Real second_angle = pi / 2;  // rad, theta_2
    Real second_axis = 0;        // rad from x, phi_2

    Real probe_strength = 0.2;            // epsilon, [0, 1]
    Real probe_duration = 0.12;           // tau_p, µs
    std::optional<ProbeMapping> mapping;  // empty: the target's
    Real probe_ringdown = 0;              // µs after tau_p in which the resonator empties, recorded; of no other probe
    bool stark_correction = true;         // the second drive follows the ac-Stark phase a resonator's photons leave
    Index probe_bins = 1;                 // record bins per shot
    Index probe_steps = 0;                // scheme S steps over the probe; 0: chosen from the rates

    std::string adaptive_rule = "none";
    std::string objective = "maximize-fidelity";
    Index qubits = 4;
    Seed device_seed = 0;

    /// Throws InvalidArgument naming the field, as users know it, unless everything is in range.
    void check() const;

    ProbeMapping probe_mapping() const { return mapping.value_or(target.mapping); }
    bool probes() const { return probe_strength > 0 && probe_duration > 0; }
    bool probes_through_ancilla() const { return probes() && probe_mapping() == ProbeMapping::pulse; }
    bool probes_through_resonator() const { return probes() && probe_mapping() == ProbeMapping::resonator; }
    /// µs from the first drive to the end of the probe, a resonator's ring-down included.
    Real probe_window() const {
        return probe_duration + (probe_mapping() == ProbeMapping::resonator ? probe_ringdown : 0);
    }

    /// Entangling gates of the compiled ancilla circuit: its ZZ rotation by asin(strength) is one gate where the
    /// hardware has it (trapped ions) or where it is a CZ itself (strength 1), else two CZ about a rotation of the
    /// ancilla.
    Index entangling_gates() const;
    /// µs they take between the first drive and the ancilla's readout.
    Real entangling_time(const Qubit& qubit) const {
        return static_cast<Real>(entangling_gates()) * qubit.two_qubit_gate_duration;
    }
    /// µs between the end of the probe and the second drive of a shot that waits for its record: an ancilla is read
    /// first, a record arrives behind the resonator's delay.
    Real decision_wait(const Qubit& qubit) const;
};

/// How often to run an experiment, and with which randomness.
struct RunRequest {
    Index shots = 0;  // per iteration; 0: the cost law
    Index iterations = 1;
    Seed seed = 0;
    bool keep_bits = true;
    bool keep_records = false;
    int threads = 0;  // 0: all the machine offers

    void check() const;
};

/// What an iteration costs: shots + floor(shots_per_ns tau_p / ns).
struct CostLaw {
    Index shots = 800;
    Real shots_per_ns = 0.3;
};

/// Shots per iteration of the budget's cost law.
Index cost_law_shots(Real probe_duration);

}  // namespace synqc
