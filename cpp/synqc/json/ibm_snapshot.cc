#include "synqc/json/ibm_snapshot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "synqc/json/document.h"
#include "synqc/json/transmon_plausibility.h"

namespace synqc {

namespace {

/// What a unit of the snapshot is worth in the unit of the public name it goes to.
Real unit_of(const Node& parameter, std::string_view wanted) {
    auto node = parameter.find("unit");
    std::string unit = node && !node->is_null() ? node->text() : "";
    constexpr std::pair<std::string_view, Real> seconds[] = {{"s", 1},     {"ms", 1e-3},      {"us", 1e-6},
                                                             {"µs", 1e-6}, {"\u03bcs", 1e-6}, {"ns", 1e-9}};
    constexpr std::pair<std::string_view, Real> hertz[] = {{"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}};
    for (auto table : {std::span<const std::pair<std::string_view, Real>>(seconds),
                       std::span<const std::pair<std::string_view, Real>>(hertz)}) {
        auto value_of = [&](std::string_view name) -> std::optional<Real> {
            for (auto [known, value] : table) {
                if (known == name) {
                    return value;
                }
            }
            return std::nullopt;
        };
        if (auto scale = value_of(wanted)) {
            if (auto given = value_of(unit)) {
                return *given / *scale;
            }
            std::string list;
            for (auto [known, value] : table) {
                list.append(list.empty() ? "'" : ", '").append(known).append("'");
            }
            (node ? *node : parameter).refuse("one of " + list, "'" + unit + "'");
        }
    }
    if (!unit.empty()) {
        node->refuse("empty for a probability", "'" + unit + "'");
    }
    return 1;
}

struct PublishedParameter {
    std::string_view name;    // in the snapshot
    std::string_view figure;  // public name it goes to
    std::string_view unit;    // of that public name; empty: a pure number
};

constexpr PublishedParameter published_qubit_parameters[] = {
    {"T1", "t1_us", "us"},
    {"T2", "t2_us", "us"},
    {"frequency", "frequency_ghz", "GHz"},
    {"anharmonicity", "anharmonicity_mhz", "MHz"},
    {"readout_error", "readout_error", ""},
    {"prob_meas0_prep1", "p0_given_1", ""},
    {"prob_meas1_prep0", "p1_given_0", ""},
    {"readout_length", "readout_ns", "ns"},
    {"operational", "operational", ""},
};
constexpr PublishedParameter one_qubit_parameters[] = {
    {"gate_length", "gate_ns", "ns"}, {"gate_error", "gate_error", ""}, {"operational", "operational", ""}};
constexpr PublishedParameter two_qubit_parameters[] = {{"gate_length", "two_qubit_gate_ns", "ns"},
                                                       {"gate_error", "two_qubit_gate_error", ""},
                                                       {"operational", "operational", ""}};

/// Gates that tell what one pulse takes, the best first, and how many pulses each is.
struct PulseGate {
    std::string_view name;
    Real pulses;
};
constexpr std::array pulse_gates = {PulseGate{"sx", 1}, PulseGate{"x", 1}, PulseGate{"u2", 1}, PulseGate{"u3", 2},
                                    PulseGate{"u", 2}};

using Figures = SnapshotQubit::Figures;

/// The parameters that are known by name and have a finite value.
Figures read_parameters(const Node& list, std::span<const PublishedParameter> known) {
    Figures figures;
    for (const Node& item : list.items()) {
        std::string name = item.at("name").text();
        auto parameter =
            std::find_if(known.begin(), known.end(), [&](const PublishedParameter& one) { return one.name == name; });
        auto value = item.find("value");
        if (parameter == known.end() || !value || value->is_null()) {
            continue;
        }
        Real number = value->number() * unit_of(item, parameter->unit);
        if (std::isfinite(number)) {
            figures.insert_or_assign(std::string(parameter->figure), number);
        }
    }
    return figures;
}

Real value_or(const Figures& figures, std::string_view name, Real otherwise) {
    auto found = figures.find(name);
    return found == figures.end() ? otherwise : found->second;
}

std::vector<Index> members_of(const Node& gate, Index qubit_count) {
    std::vector<Index> members;
    for (const Node& member : gate.at("qubits").items()) {
        Index index = member.integer();
        if (index < 0 || index >= qubit_count) {
            member.refuse("the number of a qubit below " + std::to_string(qubit_count), std::to_string(index));
        }
        members.push_back(index);
    }
    return members;
}

/// An error of 1/2 or more, usually 1, marks a gate that was not calibrated.
bool out_of_order(const Figures& gate, std::string_view error) {
    return value_or(gate, "operational", 1) == 0 || value_or(gate, error, 0) >= 0.5;
}

/// Takes over what is plausible; remembers why the rest is not.
void take(SnapshotQubit& qubit, const std::string& figure, Real value) {
    std::string doubt = doubt_about(figure, value);
    if (doubt.empty()) {
        qubit.figures[figure] = value;
        qubit.doubts.erase(figure);
    } else if (!qubit.figures.contains(figure)) {
        qubit.doubts.try_emplace(figure, std::move(doubt));
    }
}

/// One-qubit gates by how well they tell what a pulse takes.
using PulseCalibrations = std::array<std::optional<Figures>, pulse_gates.size()>;

void take_pulse(SnapshotQubit& qubit, const PulseCalibrations& calibrations) {
    bool calibrated = false;
    bool usable = false;
    for (std::size_t rank = 0; rank < pulse_gates.size(); ++rank) {
        if (!calibrations[rank]) {
            continue;
        }
        calibrated = true;
        if (out_of_order(*calibrations[rank], "gate_error")) {
            continue;
        }
        usable = true;
        for (const char* figure : {"gate_ns", "gate_error"}) {
            auto value = calibrations[rank]->find(figure);
            if (value != calibrations[rank]->end() && !qubit.figures.contains(figure)) {
                take(qubit, figure, value->second / pulse_gates[rank].pulses);
            }
        }
    }
    if (calibrated && !usable) {
        qubit.defect = "one-qubit gates out of order";
    }
}

IbmGeneration generation_of(std::string_view two_qubit_gate) {
    return two_qubit_gate == "cz"    ? IbmGeneration::cz
           : two_qubit_gate == "ecr" ? IbmGeneration::ecr
           : two_qubit_gate == "cx"  ? IbmGeneration::cx
                                     : IbmGeneration::unknown;
}

/// Collects the gates of each qubit; several two-qubit gates of one qubit are reduced to their medians.
void read_gates(const Node& gates, IbmSnapshot& snapshot) {
    const auto count = std::ssize(snapshot.qubits);
    std::vector<PulseCalibrations> pulses(count);
    std::vector<std::map<std::string, std::vector<Real>, std::less<>>> pairs(count);
    for (const Node& gate : gates.items()) {
        const std::string name = gate.at("gate").text();
        const std::vector<Index> members = members_of(gate, count);
        auto pulse = std::find_if(pulse_gates.begin(), pulse_gates.end(),
                                  [&](const PulseGate& one) { return one.name == name; });
        if (members.size() == 1 && pulse != pulse_gates.end()) {
            pulses[members[0]][pulse - pulse_gates.begin()] =
                read_parameters(gate.at("parameters"), one_qubit_parameters);
        } else if (members.size() == 2 && generation_of(name) != IbmGeneration::unknown) {
            snapshot.generation = std::max(snapshot.generation, generation_of(name));
            Figures figures = read_parameters(gate.at("parameters"), two_qubit_parameters);
            if (out_of_order(figures, "two_qubit_gate_error")) {
                continue;
            }
            figures.erase("operational");
            for (const auto& [figure, value] : figures) {
                for (Index member : members) {
                    if (doubt_about(figure, value).empty()) {
                        pairs[member][figure].push_back(value);
                    } else {
                        take(snapshot.qubits[member], figure, value);
                    }
                }
            }
        }
    }
    for (Index index = 0; index < count; ++index) {
        take_pulse(snapshot.qubits[index], pulses[index]);
        for (const auto& [figure, values] : pairs[index]) {
            take(snapshot.qubits[index], figure, median(values));
        }
    }
}

/// The two assignment errors follow the common one where only that is given. Errors of exactly 0 stand where no readout
/// was calibrated, unless the common one shows that the other way has them all.
void complete_readout(SnapshotQubit& qubit) {
    if (auto error = qubit.find("readout_error")) {
        qubit.figures.try_emplace("p0_given_1", *error);
        qubit.figures.try_emplace("p1_given_0", *error);
    }
    if (qubit.find("p0_given_1").value_or(1) == 0 && qubit.find("p1_given_0").value_or(1) == 0) {
        for (const char* figure : {"p0_given_1", "p1_given_0"}) {
            qubit.figures.erase(figure);
            qubit.doubts[figure] = "0 in the snapshot, both ways";
        }
    }
}

/// Why the qubit's own parameters rule it out, or empty.
std::string defect_of(const SnapshotQubit& qubit) {
    if (qubit.find("operational").value_or(1) == 0) {
        return "not operational";
    }
    for (auto [figure, name] : {std::pair("t1_us", "T1"), std::pair("t2_us", "T2")}) {
        if (auto doubt = qubit.doubts.find(figure); doubt != qubit.doubts.end()) {
            return std::string(name) + " " + doubt->second;
        }
        if (!qubit.find(figure)) {
            return std::string(name) + " missing";
        }
    }
    for (auto [figure, name] : {std::pair("p0_given_1", "P(0|1)"), std::pair("p1_given_0", "P(1|0)"),
                                std::pair("readout_error", "readout error")}) {
        Real error = qubit.find(figure).value_or(0);
        if (!(error >= 0 && error < 0.5)) {
            return std::string(name) + " " + short_text(error);
        }
    }
    return "";
}

/// Doubts durations many times those of the device's other qubits, or that small a share of them.
void compare_with_sisters(std::vector<SnapshotQubit>& qubits) {
    for (const std::string figure : {"gate_ns", "readout_ns", "two_qubit_gate_ns"}) {
        std::vector<Real> values;
        for (const SnapshotQubit& qubit : qubits) {
            if (auto value = qubit.find(figure)) {
                values.push_back(*value);
            }
        }
        if (values.size() < 3) {
            continue;
        }
        const Real usual = median(values);
        for (SnapshotQubit& qubit : qubits) {
            Real value = qubit.find(figure).value_or(usual);
            if (value > sisters_factor * usual || value * sisters_factor < usual) {
                qubit.figures.erase(figure);
                qubit.doubts[figure] =
                    short_text(value) + " ns in the snapshot, where the device's median is " + short_text(usual);
            }
        }
    }
}

}  // namespace

std::optional<Real> SnapshotQubit::find(std::string_view figure) const {
    auto found = figures.find(figure);
    return found == figures.end() ? std::nullopt : std::optional(found->second);
}

IbmSnapshot read_ibm_snapshot(const Node& root) {
    auto text_at = [&](std::string_view key) {
        auto node = root.find(key);
        return node && !node->is_null() ? node->text() : std::string();
    };
    IbmSnapshot snapshot;
    snapshot.name = text_at("backend_name");
    snapshot.updated = text_at("last_update_date");
    for (const Node& parameters : root.at("qubits").items()) {
        SnapshotQubit& qubit = snapshot.qubits.emplace_back();
        qubit.number = std::ssize(snapshot.qubits) - 1;
        for (const auto& [figure, value] : read_parameters(parameters, published_qubit_parameters)) {
            take(qubit, figure, value);
        }
    }
    if (auto gates = root.find("gates")) {
        read_gates(*gates, snapshot);
    }
    for (SnapshotQubit& qubit : snapshot.qubits) {
        if (std::string defect = defect_of(qubit); !defect.empty()) {
            qubit.defect = std::move(defect);
        }
        complete_readout(qubit);
    }
    compare_with_sisters(snapshot.qubits);
    return snapshot;
}

}  // namespace synqc
