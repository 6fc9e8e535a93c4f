#include "synqc/json/ibm_properties.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"
#include "synqc/json/assumed_parameters.h"
#include "synqc/json/document.h"
#include "synqc/json/ibm_snapshot.h"
#include "synqc/json/transmon_plausibility.h"

namespace synqc {

namespace {

/// What stands in for a parameter that no qubit of a snapshot has.
struct StandIn {
    std::string_view parameter;
    Real value;  // in the public unit
};

/// Parameters of a generation of processors: medians over the devices whose snapshots qiskit-ibm-runtime 0.51 ships.
struct GenerationParameters {
    IbmGeneration generation;
    std::string_view words;
    std::array<StandIn, 8> parameters;
};

// No snapshot of a Heron has an anharmonicity; ibm_sherbrooke's, an Eagle, stands in.
constexpr std::array generations = {
    GenerationParameters{IbmGeneration::cz,
                         "usual for Heron processors",
                         {{{"anharmonicity_mhz", -310},
                           {"gate_ns", 32},
                           {"gate_error", 2e-4},
                           {"two_qubit_gate_ns", 68},
                           {"two_qubit_gate_error", 2.7e-3},
                           {"readout_ns", 2280},
                           {"p0_given_1", 1.1e-2},
                           {"p1_given_0", 6e-3}}}},
    GenerationParameters{IbmGeneration::ecr,
                         "usual for Eagle processors",
                         {{{"anharmonicity_mhz", -308},
                           {"gate_ns", 60},
                           {"gate_error", 2.5e-4},
                           {"two_qubit_gate_ns", 594},
                           {"two_qubit_gate_error", 8.3e-3},
                           {"readout_ns", 1300},
                           {"p0_given_1", 1.4e-2},
                           {"p1_given_0", 1.8e-2}}}},
    GenerationParameters{IbmGeneration::cx,
                         "usual for IBM processors with cx gates, of 2020 to 2022",
                         {{{"anharmonicity_mhz", -336},
                           {"gate_ns", 35.6},
                           {"gate_error", 3.4e-4},
                           {"two_qubit_gate_ns", 402},
                           {"two_qubit_gate_error", 1.05e-2},
                           {"readout_ns", 4530},
                           {"p0_given_1", 3.5e-2},
                           {"p1_given_0", 1.55e-2}}}},
};

/// Without a two-qubit gate nothing tells the generation.
GenerationParameters parameters_of(IbmGeneration generation) {
    for (const GenerationParameters& known : generations) {
        if (known.generation == generation) {
            return known;
        }
    }
    GenerationParameters newest = generations.front();
    newest.words = "usual for Heron processors; which processor it is, the snapshot does not tell";
    return newest;
}

/// "qubit 3", "qubits 0 to 4, 7", "all 27 qubits"; `numbers` ascend.
std::string qubits_in_words(const std::vector<Index>& numbers, std::size_t all) {
    if (numbers.size() == all && all > 1) {
        return "all " + std::to_string(all) + " qubits";
    }
    std::string list;
    for (std::size_t first = 0; first < numbers.size();) {
        std::size_t last = first;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) {
            ++last;
        }
        list.append(list.empty() ? "" : ", ").append(std::to_string(numbers[first]));
        if (last > first) {
            list.append(last == first + 1 ? ", " : " to ").append(std::to_string(numbers[last]));
        }
        first = last + 1;
    }
    return (numbers.size() == 1 ? "qubit " : "qubits ") + list;
}

std::vector<Real> values_of(const std::vector<SnapshotQubit>& qubits, std::string_view parameter) {
    std::vector<Real> values;
    for (const SnapshotQubit& qubit : qubits) {
        if (auto value = qubit.find(parameter)) {
            values.push_back(*value);
        }
    }
    return values;
}

/// Why a parameter of a qubit is not known.
std::string reason_for_gap(const SnapshotQubit& qubit, std::string_view parameter) {
    auto doubt = qubit.doubts.find(parameter);
    return doubt == qubit.doubts.end() ? "not in the snapshot" : doubt->second;
}

/// Says of each parameter that some qubits have which others take over the median, and why.
void note_gaps(Device& device, const std::vector<SnapshotQubit>& qubits) {
    for (const auto& parameter : qubit_parameters()) {
        if (values_of(qubits, parameter.name).empty()) {
            continue;
        }
        std::map<std::string, std::vector<Index>> gaps;  // reason -> qubits
        for (const SnapshotQubit& qubit : qubits) {
            if (!qubit.find(parameter.name)) {
                gaps[reason_for_gap(qubit, parameter.name)].push_back(qubit.number);
            }
        }
        for (const auto& [reason, numbers] : gaps) {
            device.assumptions.push_back("`" + std::string(parameter.name) + "` is the median of the others, " +
                                         short_text(parameter.read(device.qubit)) + ", in " +
                                         qubits_in_words(numbers, 0) + ": " + reason + ".");
        }
    }
}

/// Why no qubit has a parameter: what most of them show.
std::string reason_for_all(const std::vector<SnapshotQubit>& qubits, std::string_view parameter) {
    std::map<std::string, Index> reasons;
    for (const SnapshotQubit& qubit : qubits) {
        ++reasons[reason_for_gap(qubit, parameter)];
    }
    auto most = std::max_element(reasons.begin(), reasons.end(),
                                 [](const auto& left, const auto& right) { return left.second < right.second; });
    std::string reason = most->first;
    return reason == "not in the snapshot"
               ? reason
               : reason + ", in " + std::to_string(most->second) + " of " + std::to_string(qubits.size()) + " qubits";
}

Device typical_device(const std::vector<SnapshotQubit>& qubits, IbmGeneration generation) {
    Device device;
    device.modality = "transmon";
    device.set_levels(3);
    // T2 may pass 2 T1 between two parameters; set once all are known.
    for (const auto& parameter : qubit_parameters()) {
        auto values = values_of(qubits, parameter.name);
        if (!values.empty()) {
            parameter.write(device.qubit, median(std::move(values)));
        }
    }
    device.qubit.t2 = std::min(device.qubit.t2, 2 * device.qubit.t1);
    const GenerationParameters usual = parameters_of(generation);
    for (auto [parameter, value] : usual.parameters) {
        if (values_of(qubits, parameter).empty()) {
            std::string reason = reason_for_all(qubits, parameter) + "; " + std::string(usual.words);
            if (parameter == "anharmonicity_mhz" && generation == IbmGeneration::cz) {
                reason = reason_for_all(qubits, parameter) + "; ibm_sherbrooke publishes -310.9 MHz";
            }
            assume(device, parameter, value, reason);
        }
    }
    if (values_of(qubits, "frequency_ghz").empty()) {
        device.assumptions.emplace_back("`frequency_ghz` is not in the snapshot and stays 0 (unknown).");
    }
    note_gaps(device, qubits);
    assume(device, "efficiency", 0.5, "not published; usual for a parametric amplifier chain");
    assume(device, "thermal_population", 0.01, "not published; a transmon near 50 mK");
    device.assumptions.emplace_back(
        "`prepared_population` is 0: the published P(1|0) already holds what reset leaves.");
    assume(device, "detuning_scale_khz", 100, "not published; hidden from controllers");
    assume(device, "amplitude_error_scale", 0.01, "not published; hidden from controllers");
    device.drift = default_transmon_drift();
    device.assumptions.emplace_back(
        "Drift is assumed: Ornstein-Uhlenbeck of 2 kHz over 100 s and a telegraph signal of +-3 kHz at 0.1 Hz.");
    return device;
}

/// Standard deviation of ln T1, so that qubits beyond the snapshot scatter as those in it.
Real scatter_of(const std::vector<Qubit>& calibrated_qubits) {
    Real sum = 0;
    Real squares = 0;
    for (const Qubit& calibrated : calibrated_qubits) {
        sum += std::log(calibrated.t1);
        squares += std::log(calibrated.t1) * std::log(calibrated.t1);
    }
    auto count = static_cast<Real>(calibrated_qubits.size());
    Real variance = squares / count - sum / count * (sum / count);
    return std::min(std::sqrt(std::max(variance, Real{0})), Real{1});
}

/// The qubits that can be used; why the others cannot.
std::vector<SnapshotQubit> working_qubits(const IbmSnapshot& snapshot, std::string& left_out) {
    std::vector<SnapshotQubit> working;
    for (const SnapshotQubit& qubit : snapshot.qubits) {
        if (qubit.defect.empty()) {
            working.push_back(qubit);
        } else {
            left_out.append(left_out.empty() ? "" : ", ").append(std::to_string(qubit.number));
            left_out.append(" (").append(qubit.defect).append(")");
        }
    }
    return working;
}

/// One calibrated qubit for each, as it is; the typical qubit's parameters where its own are not known.
void add_calibrated_qubits(Device& device, const std::vector<SnapshotQubit>& qubits) {
    std::vector<Index> cut;
    std::vector<Index> without_decay;
    for (const SnapshotQubit& qubit : qubits) {
        Qubit calibrated = device.qubit;
        for (const auto& parameter : qubit_parameters()) {
            if (auto value = qubit.find(parameter.name)) {
                parameter.write(calibrated, *value);
            }
        }
        if (calibrated.t2 > 2 * calibrated.t1) {
            calibrated.t2 = 2 * calibrated.t1;
            cut.push_back(qubit.number);
        }
        bool decay_left_out = false;
        calibrated.gamma_max = gamma_max_with_or_without_decay(calibrated, decay_left_out);
        if (decay_left_out) {
            without_decay.push_back(qubit.number);
        }
        device.calibrated_qubits.push_back(std::move(calibrated));
        device.calibrated_qubit_numbers.push_back(qubit.number);
    }
    if (!cut.empty()) {
        device.assumptions.push_back("T2 above 2 T1 was cut to 2 T1 in " + qubits_in_words(cut, qubits.size()) + ".");
    }
    if (!without_decay.empty()) {
        device.assumptions.push_back(
            "`gamma_max_per_us` leaves out decay during the readout, which alone exceeds the published assignment "
            "error, in " +
            qubits_in_words(without_decay, qubits.size()) + ".");
    }
}

}  // namespace

Device read_ibm_properties(std::string_view text) {
    const Document document(text, NotANumber::read_as_null);
    const Node root = document.root();
    const IbmSnapshot snapshot = read_ibm_snapshot(root);
    std::string left_out;
    const std::vector<SnapshotQubit> working = working_qubits(snapshot, left_out);
    if (working.empty()) {
        root.at("qubits").refuse("qubits of which at least one works",
                                 snapshot.qubits.empty() ? "empty" : "of broken ones only: " + left_out);
    }
    Device device = typical_device(working, snapshot.generation);
    device.name = snapshot.name.empty() ? "ibm" : snapshot.name;
    const std::string when = snapshot.updated.empty() ? "" : " of " + snapshot.updated;
    device.description = "Calibration snapshot of " + device.name + when + ": medians over " +
                         std::to_string(working.size()) + " of " + std::to_string(snapshot.qubits.size()) + " qubits.";
    device.sources = {"BackendProperties document of " + device.name + when};
    if (!left_out.empty()) {
        device.assumptions.push_back("Qubits left out: " + left_out + ".");
    }
    bool decay_left_out = false;
    device.qubit.gamma_max = gamma_max_with_or_without_decay(device.qubit, decay_left_out);
    if (decay_left_out) {
        device.assumptions.emplace_back(
            "`gamma_max_per_us` of the typical qubit leaves out decay during the readout, which alone exceeds the "
            "published assignment error.");
    }
    add_calibrated_qubits(device, working);
    device.spread = scatter_of(device.calibrated_qubits);
    root.checked([&] { device.check(); });
    return device;
}

}  // namespace synqc
