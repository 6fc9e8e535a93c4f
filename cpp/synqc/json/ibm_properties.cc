#include "synqc/json/ibm_properties.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/device/figures.h"
#include "synqc/json/assumed_figures.h"
#include "synqc/json/document.h"

namespace synqc {

namespace {

using Figures = std::map<std::string, Real, std::less<>>;  // by public name, in public units

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

struct Parameter {
    std::string_view name;    // in the snapshot
    std::string_view figure;  // public name it goes to
    std::string_view unit;    // of that public name; empty: a pure number
};

constexpr Parameter qubit_parameters[] = {
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
constexpr Parameter one_qubit_parameters[] = {{"gate_length", "gate_ns", "ns"}, {"gate_error", "gate_error", ""}};
constexpr Parameter two_qubit_parameters[] = {{"gate_length", "two_qubit_gate_ns", "ns"},
                                              {"gate_error", "two_qubit_gate_error", ""}};

/// Reads the parameters that are known by name and have a finite value.
void read_parameters(const Node& list, std::span<const Parameter> known, Figures& figures) {
    for (const Node& item : list.items()) {
        std::string name = item.at("name").text();
        auto parameter =
            std::find_if(known.begin(), known.end(), [&](const Parameter& one) { return one.name == name; });
        auto value = item.find("value");
        if (parameter == known.end() || !value || value->is_null()) {
            continue;
        }
        Real number = value->number() * unit_of(item, parameter->unit);
        if (std::isfinite(number)) {
            figures.insert_or_assign(std::string(parameter->figure), number);
        }
    }
}

std::optional<Real> find(const Figures& figures, std::string_view name) {
    auto found = figures.find(name);
    return found == figures.end() ? std::nullopt : std::optional(found->second);
}

Real median(std::vector<Real> values) {
    std::sort(values.begin(), values.end());
    std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Collects the gates of each qubit; several two-qubit gates of one qubit are reduced to their medians.
void read_gates(const Node& gates, std::vector<Figures>& qubits) {
    std::vector<std::map<std::string, std::vector<Real>, std::less<>>> pairs(qubits.size());
    for (const Node& gate : gates.items()) {
        std::string name = gate.at("gate").text();
        std::vector<Index> members;
        for (const Node& member : gate.at("qubits").items()) {
            Index index = member.integer();
            if (index < 0 || index >= std::ssize(qubits)) {
                member.refuse("the number of a qubit below " + std::to_string(qubits.size()), std::to_string(index));
            }
            members.push_back(index);
        }
        Figures figures;
        if (members.size() == 1 && (name == "sx" || name == "x")) {
            read_parameters(gate.at("parameters"), one_qubit_parameters, figures);
            // sx wins over x, whatever stands first.
            for (const auto& [figure, value] : figures) {
                if (name == "sx") {
                    qubits[members[0]].insert_or_assign(figure, value);
                } else {
                    qubits[members[0]].try_emplace(figure, value);
                }
            }
        } else if (members.size() == 2 && (name == "cz" || name == "ecr" || name == "cx")) {
            read_parameters(gate.at("parameters"), two_qubit_parameters, figures);
            // An error of 1 marks a coupler that is out of order.
            if (find(figures, "two_qubit_gate_error").value_or(0) >= 0.5) {
                continue;
            }
            for (Index member : members) {
                for (const auto& [figure, value] : figures) {
                    pairs[member][figure].push_back(value);
                }
            }
        }
    }
    for (std::size_t index = 0; index < qubits.size(); ++index) {
        for (const auto& [figure, values] : pairs[index]) {
            qubits[index][figure] = median(values);
        }
    }
}

/// Why a qubit cannot be used, or empty.
std::string defect_of(const Figures& qubit) {
    if (find(qubit, "operational").value_or(1) == 0) {
        return "not operational";
    }
    for (auto [figure, name] : {std::pair("t1_us", "T1"), std::pair("t2_us", "T2")}) {
        auto time = find(qubit, figure);
        if (!time) {
            return std::string(name) + " missing";
        }
        if (!(*time > 0)) {
            return std::string(name) + " not positive";
        }
    }
    Real both = (find(qubit, "p0_given_1").value_or(0) + find(qubit, "p1_given_0").value_or(0)) / 2;
    if (std::max(both, find(qubit, "readout_error").value_or(0)) >= 0.5) {
        return "readout error of 1/2 or more";
    }
    return "";
}

/// The two assignment errors follow the common one where only that is given.
void complete_readout(Figures& qubit) {
    if (auto error = find(qubit, "readout_error")) {
        qubit.try_emplace("p0_given_1", *error);
        qubit.try_emplace("p1_given_0", *error);
    }
}

void drop_nonsense(Figures& qubit) {
    std::erase_if(qubit, [](const auto& entry) {
        for (const auto& figure : qubit_figures()) {
            if (figure.name == entry.first) {
                try {
                    figure.check(entry.second);
                } catch (const InvalidArgument&) {
                    return true;
                }
            }
        }
        return false;
    });
}

std::vector<Real> values_of(const std::vector<Figures>& qubits, std::string_view figure) {
    std::vector<Real> values;
    for (const Figures& qubit : qubits) {
        if (auto value = find(qubit, figure)) {
            values.push_back(*value);
        }
    }
    return values;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text.append(text.empty() ? "" : ", ").append(word);
    }
    return text;
}

struct Assumption {
    std::string_view figure;
    Real value;
    std::string_view reason;
};

constexpr Assumption standing_in[] = {
    {"anharmonicity_mhz", -310, "not in the snapshot; ibm_sherbrooke publishes -310.9 MHz"},
    {"gate_ns", 32, "not in the snapshot; usual for Heron processors"},
    {"gate_error", 2.5e-4, "not in the snapshot; usual for Heron processors"},
    {"two_qubit_gate_ns", 68, "not in the snapshot; usual for Heron processors"},
    {"two_qubit_gate_error", 4e-3, "not in the snapshot; usual for Heron processors"},
    {"readout_ns", 1560, "not in the snapshot; usual for Heron processors"},
    {"p0_given_1", 1e-2, "not in the snapshot; usual for Heron processors"},
    {"p1_given_0", 1e-2, "not in the snapshot; usual for Heron processors"},
};

Device typical_device(const std::vector<Figures>& qubits) {
    Device device;
    device.modality = "transmon";
    device.set_levels(3);
    // T2 may pass 2 T1 between two figures; set once all are known.
    for (const auto& figure : qubit_figures()) {
        auto values = values_of(qubits, figure.name);
        if (!values.empty()) {
            figure.write(device.qubit, median(std::move(values)));
        }
    }
    device.qubit.t2 = std::min(device.qubit.t2, 2 * device.qubit.t1);
    for (auto [figure, value, reason] : standing_in) {
        if (values_of(qubits, figure).empty()) {
            assume(device, figure, value, reason);
        }
    }
    if (values_of(qubits, "frequency_ghz").empty()) {
        device.assumptions.emplace_back("`frequency_ghz` is not in the snapshot and stays 0 (unknown).");
    }
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

/// Standard deviation of ln T1, so that individuals beyond the snapshot scatter as those in it.
Real scatter_of(const std::vector<Qubit>& individuals) {
    Real sum = 0;
    Real squares = 0;
    for (const Qubit& individual : individuals) {
        sum += std::log(individual.t1);
        squares += std::log(individual.t1) * std::log(individual.t1);
    }
    auto count = static_cast<Real>(individuals.size());
    Real variance = squares / count - sum / count * (sum / count);
    return std::min(std::sqrt(std::max(variance, Real{0})), Real{1});
}

}  // namespace

Device read_ibm_properties(std::string_view text) {
    Document document(text, NotANumber::read_as_null);
    Node root = document.root();
    Node list = root.at("qubits");
    std::vector<Figures> all;
    for (const Node& qubit : list.items()) {
        read_parameters(qubit, qubit_parameters, all.emplace_back());
    }
    if (auto gates = root.find("gates")) {
        read_gates(*gates, all);
    }

    std::vector<Figures> working;
    std::vector<std::string> left_out;
    for (std::size_t index = 0; index < all.size(); ++index) {
        std::string defect = defect_of(all[index]);
        if (!defect.empty()) {
            left_out.push_back(std::to_string(index) + " (" + defect + ")");
            continue;
        }
        complete_readout(all[index]);
        drop_nonsense(all[index]);
        working.push_back(all[index]);
    }
    if (working.empty()) {
        list.refuse("qubits of which at least one works",
                    all.empty() ? "empty" : "of broken ones only: " + joined(left_out));
    }

    Device device = typical_device(working);
    auto name = root.find("backend_name");
    device.name = name ? name->text() : "ibm";
    auto date = root.find("last_update_date");
    std::string when = date && !date->is_null() ? " of " + date->text() : "";
    device.description = "Calibration snapshot of " + device.name + when + ": medians over " +
                         std::to_string(working.size()) + " of " + std::to_string(all.size()) + " qubits.";
    device.sources = {"BackendProperties document of " + device.name + when};
    if (!left_out.empty()) {
        device.assumptions.push_back("Qubits left out: " + joined(left_out) + ".");
    }

    bool decay_left_out = false;
    device.qubit.gamma_max = gamma_max_with_or_without_decay(device.qubit, decay_left_out);
    Index without_decay = decay_left_out ? 1 : 0;
    Index cut = 0;
    for (const Figures& figures : working) {
        Qubit individual = device.qubit;
        for (const auto& figure : qubit_figures()) {
            if (auto value = find(figures, figure.name)) {
                figure.write(individual, *value);
            }
        }
        cut += individual.t2 > 2 * individual.t1;
        individual.t2 = std::min(individual.t2, 2 * individual.t1);
        individual.gamma_max = gamma_max_with_or_without_decay(individual, decay_left_out);
        without_decay += decay_left_out;
        device.individuals.push_back(std::move(individual));
    }
    if (cut > 0) {
        device.assumptions.push_back("T2 above 2 T1 was cut to 2 T1 in " + std::to_string(cut) + " qubits.");
    }
    if (without_decay > 0) {
        device.assumptions.push_back(
            "`gamma_max_per_us` leaves out decay during the readout, which alone exceeds the "
            "published assignment error, in " +
            std::to_string(without_decay) + " qubits.");
    }
    device.spread = scatter_of(device.individuals);
    root.checked([&] { device.check(); });
    return device;
}

}  // namespace synqc
