#include "synqc/json/device_document.h"

#include <cmath>
#include <limits>
#include <optional>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"
#include "synqc/json/document.h"
#include "synqc/json/writer.h"

namespace synqc {

namespace {

constexpr Real khz = radians_per_us_per_khz;
constexpr Real mhz = radians_per_us_per_mhz;
constexpr Real infinity = std::numeric_limits<Real>::infinity();

template <typename Owner>
void read_parameter(const Parameter<Owner>& parameter, const Node& node, Owner& owner) {
    bool infinite = parameter.range == Range::positive_or_infinite && node.is_null();
    Real value = infinite ? infinity : node.number();
    node.checked([&] { parameter.check(value); });
    parameter.write(owner, value);
}

template <typename Owner>
void read_parameters(std::span<const Parameter<Owner>> parameters, const Node& node, Owner& owner) {
    for (const auto& parameter : parameters) {
        if (auto member = node.find(parameter.name)) {
            read_parameter(parameter, *member, owner);
        }
    }
}

template <typename Owner>
void write_parameters(std::span<const Parameter<Owner>> parameters, const Owner& owner, Writer& writer) {
    for (const auto& parameter : parameters) {
        writer.key(parameter.name);
        writer.value(parameter.read(owner));
    }
}

LevelScheme read_level_scheme(const Node& energies, const std::optional<Node>& lowering) {
    LevelScheme scheme;
    for (Real energy : energies.numbers()) {
        scheme.energies.push_back(energy * mhz);
    }
    if (!lowering) {
        return scheme;
    }
    auto rows = lowering->items();
    if (rows.size() != scheme.energies.size()) {
        lowering->refuse("as many rows as `level_energies_mhz` has levels", std::to_string(rows.size()) + " rows");
    }
    for (const Node& row : rows) {
        auto elements = row.numbers();
        if (elements.size() != rows.size()) {
            row.refuse("as long as there are rows", std::to_string(elements.size()) + " values");
        }
        scheme.lowering.insert(scheme.lowering.end(), elements.begin(), elements.end());
    }
    return scheme;
}

ReadoutResonator read_resonator(const Node& node) {
    std::vector<std::string_view> known = {"chi_mhz"};
    for (const auto& parameter : resonator_parameters()) {
        known.push_back(parameter.name);
    }
    node.refuse_other_keys_than(known);
    node.at("kappa_mhz");
    ReadoutResonator resonator;
    read_parameters(resonator_parameters(), node, resonator);
    const Node chi = node.at("chi_mhz");
    for (const Real shift : chi.is_number() ? std::vector<Real>{chi.number()} : chi.numbers()) {
        resonator.shifts.push_back(shift * mhz);
    }
    if (!chi.is_number() && resonator.shifts.size() < 2) {
        chi.refuse("a number, or one for each of two or three levels", "a list of fewer");
    }
    node.checked([&] { resonator.check(); });
    return resonator;
}

void write_resonator(const ReadoutResonator& resonator, Writer& writer) {
    writer.begin_object();
    write_parameters(resonator_parameters(), resonator, writer);
    writer.key("chi_mhz");
    if (resonator.shifts.size() == 1) {
        writer.value(in_public_unit(resonator.shifts.front(), mhz));
    } else {
        writer.begin_list();
        for (const Real shift : resonator.shifts) {
            writer.value(in_public_unit(shift, mhz));
        }
        writer.end_list();
    }
    writer.end_object();
}

std::vector<std::string_view> qubit_keys() {
    std::vector<std::string_view> keys = {"levels"};
    for (const auto& parameter : qubit_parameters()) {
        keys.push_back(parameter.name);
    }
    return keys;
}

void read_qubit(const Node& node, Device& device) {
    auto known = qubit_keys();
    known.insert(known.end(), {"level_energies_mhz", "lowering_elements"});
    node.refuse_other_keys_than(known);
    for (std::string_view required : {"t1_us", "t2_us", "gate_ns", "readout_ns"}) {
        node.at(required);
    }
    read_parameters(qubit_parameters(), node, device.qubit);
    if (auto energies = node.find("level_energies_mhz")) {
        device.level_scheme = read_level_scheme(*energies, node.find("lowering_elements"));
    } else if (auto lowering = node.find("lowering_elements")) {
        lowering->refuse("beside `level_energies_mhz`", "alone");
    }
    auto levels = node.find("levels");
    levels.value_or(node).checked([&] { device.set_levels(levels ? levels->integer() : 2); });
    node.checked([&] {
        if (!node.find("gamma_max_per_us")) {
            device.qubit.gamma_max = gamma_max_from_assignment_error(device.qubit);
        }
        device.qubit.check();
    });
}

Qubit read_calibrated_qubit(const Node& node, const Qubit& typical) {
    auto known = qubit_keys();
    known.front() = "qubit_number";
    node.refuse_other_keys_than(known);
    Qubit calibrated = typical;
    read_parameters(qubit_parameters(), node, calibrated);
    node.checked([&] { calibrated.check(); });
    return calibrated;
}

DriftProcess read_drift(const Node& node) {
    DriftProcess process;
    Node kind = node.at("kind");
    kind.checked([&] { process.kind = drift_kind_from_name(kind.text()); });
    std::vector<std::string_view> known = {"kind"};
    for (const auto& parameter : drift_parameters(process.kind)) {
        known.push_back(parameter.name);
        node.at(parameter.name);
    }
    node.refuse_other_keys_than(known);
    read_parameters(drift_parameters(process.kind), node, process);
    node.checked([&] { process.check(); });
    return process;
}

/// Individuals share most parameters with the typical qubit; only what differs is written.
void write_calibrated_qubit(const Qubit& calibrated, std::optional<Index> number, const Qubit& typical,
                            Writer& writer) {
    writer.begin_object();
    if (number) {
        writer.key("qubit_number");
        writer.value(*number);
    }
    for (const auto& parameter : qubit_parameters()) {
        if (calibrated.*parameter.field != typical.*parameter.field) {
            writer.key(parameter.name);
            writer.value(parameter.read(calibrated));
        }
    }
    writer.end_object();
}

void write_level_scheme(const LevelScheme& scheme, Writer& writer) {
    writer.key("level_energies_mhz");
    writer.begin_list();
    for (Real energy : scheme.energies) {
        writer.value(in_public_unit(energy, mhz));
    }
    writer.end_list();
    if (scheme.lowering.empty()) {
        return;
    }
    writer.key("lowering_elements");
    writer.begin_list();
    for (std::size_t row = 0; row < scheme.energies.size(); ++row) {
        writer.begin_list();
        for (std::size_t column = 0; column < scheme.energies.size(); ++column) {
            writer.value(scheme.lowering[row * scheme.energies.size() + column]);
        }
        writer.end_list();
    }
    writer.end_list();
}

void write_texts(std::string_view key, const std::vector<std::string>& texts, Writer& writer) {
    writer.key(key);
    writer.begin_list();
    for (const std::string& text : texts) {
        writer.value(text);
    }
    writer.end_list();
}

}  // namespace

std::vector<DriftProcess> read_drift_processes(const Node& list) {
    std::vector<DriftProcess> processes;
    if (list.is_text() && list.text() == "none") {
        return processes;
    }
    for (const Node& process : list.items()) {
        processes.push_back(read_drift(process));
    }
    return processes;
}

Device read_device(std::string_view text) {
    Document document(text);
    Node root = document.root();
    std::vector<std::string_view> known = {"name", "modality", "description", "sources", "assumptions", "qubit"};
    for (const auto& parameter : device_parameters()) {
        known.push_back(parameter.name);
    }
    known.insert(known.end(), {"detuning_khz", "amplitude_error", "drift", "resonator", "individuals"});
    root.refuse_other_keys_than(known);

    Device device;
    device.name = root.at("name").text();
    auto text_of_member = [&](std::string_view key) {
        auto member = root.find(key);
        return member ? member->text() : std::string();
    };
    device.modality = text_of_member("modality");
    device.description = text_of_member("description");
    auto texts_of_member = [&](std::string_view key) {
        auto member = root.find(key);
        return member ? member->texts() : std::vector<std::string>();
    };
    device.sources = texts_of_member("sources");
    device.assumptions = texts_of_member("assumptions");
    read_qubit(root.at("qubit"), device);
    read_parameters(device_parameters(), root, device);
    for (std::string_view exact : {"detuning_khz", "amplitude_error"}) {
        if (auto member = root.find(exact); member && !member->is_null()) {
            member->checked([&] { set_parameter(device, exact, member->number()); });
        }
    }
    if (auto drift = root.find("drift")) {
        device.drift = read_drift_processes(*drift);
    }
    if (auto resonator = root.find("resonator"); resonator && !resonator->is_null()) {
        device.resonator = read_resonator(*resonator);
    }
    if (auto calibrated_qubits = root.find("individuals")) {
        for (const Node& calibrated : calibrated_qubits->items()) {
            device.calibrated_qubits.push_back(read_calibrated_qubit(calibrated, device.qubit));
            if (auto number = calibrated.find("qubit_number")) {
                device.calibrated_qubit_numbers.push_back(number->integer());
            }
        }
    }
    root.checked([&] { device.check(); });
    return device;
}

std::string write_device(const Device& device) {
    Writer writer;
    writer.begin_object();
    writer.key("name");
    writer.value(device.name);
    writer.key("modality");
    writer.value(device.modality);
    writer.key("description");
    writer.value(device.description);
    write_texts("sources", device.sources, writer);
    write_texts("assumptions", device.assumptions, writer);

    writer.key("qubit");
    writer.begin_object();
    writer.key("levels");
    writer.value(device.qubit.levels);
    write_parameters(qubit_parameters(), device.qubit, writer);
    if (device.level_scheme) {
        write_level_scheme(*device.level_scheme, writer);
    }
    writer.end_object();

    write_parameters(device_parameters(), device, writer);
    if (device.exact_detuning) {
        writer.key("detuning_khz");
        writer.value(in_public_unit(*device.exact_detuning, khz));
    }
    if (device.exact_amplitude_error) {
        writer.key("amplitude_error");
        writer.value(*device.exact_amplitude_error);
    }
    writer.key("drift");
    writer.begin_list();
    for (const DriftProcess& process : device.drift) {
        writer.begin_object();
        writer.key("kind");
        writer.value(name_of(process.kind));
        write_parameters(drift_parameters(process.kind), process, writer);
        writer.end_object();
    }
    writer.end_list();
    if (device.resonator) {
        writer.key("resonator");
        write_resonator(*device.resonator, writer);
    }
    if (!device.calibrated_qubits.empty()) {
        writer.key("individuals");
        writer.begin_list();
        for (std::size_t index = 0; index < device.calibrated_qubits.size(); ++index) {
            auto number = device.calibrated_qubit_numbers.empty()
                              ? std::nullopt
                              : std::optional(device.calibrated_qubit_numbers[index]);
            write_calibrated_qubit(device.calibrated_qubits[index], number, device.qubit, writer);
        }
        writer.end_list();
    }
    writer.end_object();
    return writer.text();
}

}  // namespace synqc
