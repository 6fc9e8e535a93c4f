#include "synqc/experiment/request.h"

#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/request_fields.h"
#include "synqc/experiment/resonator_probe.h"

namespace synqc {

namespace {

constexpr Index most_shots = Index{1} << 40;
constexpr Index most_iterations = 1'000'000;
/// A qubit that forgets within a tenth of its gate cannot be controlled by it; resolving such decay would only take
/// long.
constexpr Real least_gates_of_coherence = 0.1;

void check_coherence(const Qubit& qubit) {
    const Real least = least_gates_of_coherence * qubit.gate_duration;
    for (auto [name, time] : {std::pair{"t1_us", qubit.t1}, {"t2_us", qubit.t2}}) {
        if (time < least) {
            throw_invalid_argument(name, "at least a tenth of the gate's duration, " + text_of(least) + " µs",
                                   text_of(time));
        }
    }
}

/// A third level that no pulse tells from the second, or that the DRAG correction of a pulse turns upside down.
void check_third_level(const ExperimentRequest& request, const Qubit& qubit) {
    if (qubit.levels <= 2) {
        return;
    }
    const std::string given = text_of(in_public_unit(qubit.anharmonicity, radians_per_us_per_mhz));
    if (qubit.anharmonicity == 0) {
        throw_invalid_argument("anharmonicity_mhz",
                               "other than 0 where " + std::to_string(qubit.levels) + " levels are simulated", given);
    }
    for (Real angle : {request.first_angle, request.second_angle, pi / 2}) {
        Pulse pulse = control_pulse(request, qubit, angle, 0, request.drag_beta);
        const Real corrected = pulse.at(pulse.duration / 2).omega_x;
        pulse.drag.anharmonicity = 0;
        if (corrected * pulse.at(pulse.duration / 2).omega_x < 0) {
            throw_invalid_argument("anharmonicity_mhz",
                                   "further from 0 for the drag correction of a pulse of " +
                                       text_of(in_public_unit(qubit.gate_duration, us_per_ns)) + " ns",
                                   given);
        }
    }
}

/// What a probe through a resonator needs of device and target.
void check_resonator(const ExperimentRequest& request) {
    const std::string mapping = "\"resonator\"";
    if (!request.device.resonator) {
        throw_invalid_argument("probe_mapping", "\"rate\" or \"pulse\" on a device without a resonator", mapping);
    }
    if (request.target.classical) {
        throw_invalid_argument("probe_mapping", "\"rate\" on a classical plant, which has no resonator", mapping);
    }
    std::vector<const Qubit*> qubits{&request.device.qubit};
    for (const Qubit& calibrated : request.device.calibrated_qubits) {
        qubits.push_back(&calibrated);
    }
    for (const Qubit* qubit : qubits) {
        if (qubit->levels != 2) {
            throw_invalid_argument("levels", "2 where the probe goes through a resonator",
                                   std::to_string(qubit->levels));
        }
    }
    if (request.device.resonator->drive == 0) {
        throw_invalid_argument("drive_mhz", "other than 0 in the resonator of a probe", "0");
    }
    if (request.probes() && request.device.resonator->efficiency > 0) {
        const ResonatorProbe probe(request, request.device.qubit, 0);
        if (!probe.informs()) {
            throw_invalid_argument("phase", "one of a quadrature of the resonator that tells |0> from |1>",
                                   text_of(request.device.resonator->phase));
        }
    }
}

}  // namespace

void ExperimentRequest::check() const {
    device.check();
    target.check();
    check_coherence(device.qubit);
    for (const Qubit& calibrated : device.calibrated_qubits) {
        check_coherence(calibrated);
    }
    check_bounds(*this);
    if (probe_steps > 0 && probe_steps % probe_bins != 0) {
        throw_invalid_argument("probe_steps", "a multiple of probe_bins (" + std::to_string(probe_bins) + ")",
                               std::to_string(probe_steps));
    }
    if (probe_mapping() == ProbeMapping::pulse && probe_bins > 1) {
        throw_invalid_argument("probe_bins",
                               "1 on a target that probes through an ancilla, which shows one outcome per shot",
                               std::to_string(probe_bins));
    }
    if (probe_mapping() == ProbeMapping::pulse && target.classical) {
        throw_invalid_argument("probe_mapping", "\"rate\" on a classical plant, which has no ancilla", "\"pulse\"");
    }
    if (probe_mapping() == ProbeMapping::resonator) {
        check_resonator(*this);
    }
    control_pulse(*this, device.qubit, first_angle, first_axis, drag_beta).check();
    check_third_level(*this, device.qubit);
    for (const Qubit& calibrated : device.calibrated_qubits) {
        check_third_level(*this, calibrated);
    }
}

Index ExperimentRequest::entangling_gates() const {
    if (!probes_through_ancilla()) {
        return 0;
    }
    const bool one_gate = target.native_zz || device.modality == "ion" || probe_strength == 1;
    return one_gate ? 1 : 2;
}

Real ExperimentRequest::decision_wait(const Qubit& qubit) const {
    const Real ancilla = probes_through_ancilla() ? qubit.readout_duration : 0;
    const Real delay = probes_through_resonator() ? device.resonator->delay : 0;
    return ancilla + delay + target.path_latency + target.decision_latency;
}

void RunRequest::check() const {
    check_between("shots", shots, Index{0}, most_shots);
    check_between("iterations", iterations, Index{1}, most_iterations);
    check_between("threads", Index{threads}, Index{0}, Index{4096});
}

Index cost_law_shots(Real probe_duration) {
    constexpr CostLaw law;
    return law.shots + static_cast<Index>(std::floor(law.shots_per_ns * probe_duration / us_per_ns + 1e-9));
}

}  // namespace synqc
