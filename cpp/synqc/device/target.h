#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// How the probe of a target is realised.
enum class ProbeMapping {
    rate,       // continuous weak measurement, Gamma = strength^2 * gamma_max
    pulse,      // two-outcome instrument through an ancilla qubit
    resonator,  // continuous, through the device's resonator: its fields ring up, and decay moves them
};

/// "rate", "pulse", "resonator".
std::string_view name_of(ProbeMapping mapping);

/// Where an experiment runs: the control stack's latencies and the kind of plant behind it.
struct Target {
    std::string name;         // "sim-local", ...
    std::string description;  // one sentence a person reads
    bool emulated = false;    // true: a provider's parameters simulated here; shown wherever a person looks
    bool classical = false;   // true: a classical signal plant, no collapse
    ProbeMapping mapping = ProbeMapping::rate;
    bool native_zz = false;  // a ZZ rotation of any angle is one gate; otherwise it is compiled to two CZ

    // Latency terms. Inside a shot, all µs:
    Real path_latency = 0;      // readout signal to decision logic and trigger back to the generator
    Real decision_latency = 0;  // state estimation and choice of the second drive
    Real result_latency = 0;    // readout bit to the host
    // Between iterations, s: median and log-normal spread; reported beside the shot latency, never inside.
    Real network_median = 0;
    Real network_log_sigma = 0;
    Real queue_median = 0;
    Real queue_log_sigma = 0;

    std::vector<std::string> sources;  // where the latency parameters come from, one per line

    /// Throws InvalidArgument unless every term is finite and not negative.
    void check() const;
};

/// The five targets: sim-local, classical-only, ibm-qpu, aws-braket, ionq. Throws InvalidArgument listing the names.
const Target& target_from_name(std::string_view name);
std::vector<std::string> target_names();

}  // namespace synqc
