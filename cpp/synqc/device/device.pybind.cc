#include "synqc/device/device.h"

#include <pybind11/operators.h>
#include <pybind11/stl.h>

#include <map>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"
#include "synqc/device/target.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

using NamedParameters = std::map<std::string, Real>;

template <typename Owner>
py::dict parameters_of(std::span<const Parameter<Owner>> parameters, const Owner& owner) {
    py::dict values;
    for (const auto& parameter : parameters) {
        values[py::str(parameter.name)] = parameter.read(owner);
    }
    return values;
}

py::list drift_of(const Device& device) {
    py::list processes;
    for (const DriftProcess& process : device.drift) {
        processes.append(
            py::make_tuple(py::str(name_of(process.kind)), parameters_of(drift_parameters(process.kind), process)));
    }
    return processes;
}

DriftProcess drift_process(const std::string& kind, const NamedParameters& values) {
    DriftProcess process;
    process.kind = drift_kind_from_name(kind);
    auto left = values;
    for (const auto& parameter : drift_parameters(process.kind)) {
        auto found = left.extract(std::string(parameter.name));
        if (found.empty()) {
            throw_invalid_argument(parameter.name, "given for drift of kind '" + kind + "'", "missing");
        }
        parameter.check(found.mapped());
        parameter.write(process, found.mapped());
    }
    if (!left.empty()) {
        throw_invalid_argument(left.begin()->first, "left out for drift of kind '" + kind + "'", "given");
    }
    process.check();
    return process;
}

Device with_parameters(Device device, const NamedParameters& values, std::optional<Index> levels) {
    if (levels) {
        device.set_levels(*levels);
    }
    for (const auto& [name, value] : values) {
        override_parameter(device, name, value);
    }
    // A thermal population, which comes later by name, is the prepared one only where none is given.
    if (const auto prepared = values.find("prepared_population"); prepared != values.end()) {
        set_parameter(device, prepared->first, prepared->second);
    }
    device.check();
    return device;
}

Device with_calibrated_qubits_selected(Device device, const std::vector<Index>& numbers) {
    device.select_calibrated_qubits(numbers);
    return device;
}

Device with_drift(Device device, const std::vector<std::pair<std::string, NamedParameters>>& processes) {
    device.drift.clear();
    for (const auto& [kind, values] : processes) {
        device.drift.push_back(drift_process(kind, values));
    }
    return device;
}

/// Figures by public name, `chi_mhz` as a list; None if there is no resonator.
py::object resonator_of(const Device& device) {
    if (!device.resonator) {
        return py::none();
    }
    py::dict values = parameters_of(resonator_parameters(), *device.resonator);
    py::list shifts;
    for (const Real shift : device.resonator->shifts) {
        shifts.append(in_public_unit(shift, radians_per_us_per_mhz));
    }
    values["chi_mhz"] = shifts;
    return values;
}

Device with_resonator(Device device, const NamedParameters& values, const std::vector<Real>& chi_mhz) {
    ReadoutResonator resonator;
    for (const auto& parameter : resonator_parameters()) {
        parameter.write(resonator, values.at(std::string(parameter.name)));
    }
    for (const Real shift : chi_mhz) {
        resonator.shifts.push_back(shift * radians_per_us_per_mhz);
    }
    resonator.check();
    device.resonator = std::move(resonator);
    return device;
}

Device without_resonator(Device device) {
    device.resonator.reset();
    return device;
}

Device with_name(Device device, std::string name) {
    device.name = std::move(name);
    return device;
}

py::list calibrated_qubits_of(const Device& device) {
    py::list all;
    for (std::size_t index = 0; index < device.calibrated_qubits.size(); ++index) {
        py::dict values = parameters_of(qubit_parameters(), device.calibrated_qubits[index]);
        if (!device.calibrated_qubit_numbers.empty()) {
            values["qubit_number"] = device.calibrated_qubit_numbers[index];
        }
        all.append(values);
    }
    return all;
}

py::list level_energies_of(const Device& device) {
    py::list energies;
    for (Real energy : device.qubit.level_energies) {
        energies.append(in_public_unit(energy, radians_per_us_per_mhz));
    }
    return energies;
}

py::list register_of(const Device& device, Index count, Seed device_seed) {
    py::list members;
    for (const RegisterQubit& member : make_register(device, count, device_seed)) {
        py::dict values = parameters_of(qubit_parameters(), member.qubit);
        values["detuning_khz"] = in_public_unit(member.hidden.detuning, radians_per_us_per_khz);
        values["amplitude_error"] = member.hidden.amplitude_error;
        values["drift"] = member.drift;
        members.append(values);
    }
    return members;
}

py::list parameter_list() {
    py::list list;
    for (const auto& parameter : qubit_parameters()) {
        list.append(py::make_tuple(py::str(parameter.name), py::str(parameter.meaning)));
    }
    for (const auto& parameter : device_parameters()) {
        list.append(py::make_tuple(py::str(parameter.name), py::str(parameter.meaning)));
    }
    return list;
}

Target with_decision_latency(Target target, Real decision_latency_ns) {
    target.decision_latency = decision_latency_ns * us_per_ns;
    target.check();
    return target;
}

void bind_targets(py::module_& module) {
    py::class_<Target>(module, "Target",
                       "Where an experiment runs: latencies of the control stack and the plant behind it.")
        .def_readonly("name", &Target::name)
        .def_readonly("description", &Target::description)
        .def_readonly("emulated", &Target::emulated)
        .def_readonly("classical", &Target::classical)
        .def_property_readonly("mapping", [](const Target& target) { return name_of(target.mapping); })
        .def_readonly("path_latency_us", &Target::path_latency)
        .def_readonly("decision_latency_us", &Target::decision_latency)
        .def_readonly("result_latency_us", &Target::result_latency)
        .def_readonly("network_median_s", &Target::network_median)
        .def_readonly("network_log_sigma", &Target::network_log_sigma)
        .def_readonly("queue_median_s", &Target::queue_median)
        .def_readonly("queue_log_sigma", &Target::queue_log_sigma)
        .def_readonly("sources", &Target::sources)
        .def("with_decision_latency_ns", &with_decision_latency, py::arg("decision_latency_ns"),
             "Copy that decides on the second drive in another time.");
    module.def("target_names", &target_names, "Names of all targets.");
    module.def(
        "target", [](std::string_view name) { return target_from_name(name); }, py::arg("name"),
        "Target of that name.");
}

void bind_drift(py::module_& module) {
    py::class_<DriftPath>(module, "DriftPath", "Sampled path of a qubit's detuning and T1 in the device's wall time.")
        .def(py::init(
                 [](const std::vector<std::pair<std::string, NamedParameters>>& processes, Seed device_seed,
                    std::uint32_t stream) { return DriftPath(with_drift({}, processes).drift, device_seed, stream); }),
             py::arg("processes"), py::arg("device_seed"), py::arg("stream") = 0)
        .def_property_readonly(
            "detuning_khz", [](const DriftPath& path) { return path.value() / radians_per_us_per_khz; }, "Now, kHz.")
        .def_property_readonly("log_t1", &DriftPath::log_t1, "Logarithm of T1 now over its calibrated value.")
        .def("advance", &DriftPath::advance, py::arg("seconds"), py::arg("seed"),
             "Moves on by exact updates; returns whether a telegraph signal switched.")
        .def_property_readonly("quasi_static_interval_s", &DriftPath::quasi_static_interval);
}

}  // namespace

void bind_device(py::module_& module) {
    bind_targets(module);
    bind_drift(module);
    py::class_<Device>(module, "Device",
                       "A kind of device: typical qubit, calibrated qubits, hidden calibration and drift.")
        .def_readonly("name", &Device::name)
        .def_readonly("description", &Device::description)
        .def_readonly("modality", &Device::modality)
        .def_readonly("sources", &Device::sources)
        .def_readonly("assumptions", &Device::assumptions)
        .def_property_readonly("levels", [](const Device& device) { return device.qubit.levels; })
        .def_property_readonly("level_energies_mhz", &level_energies_of)
        .def_property_readonly("drift", &drift_of)
        .def_property_readonly("calibrated_qubits", &calibrated_qubits_of)
        .def("parameter", &parameter_of, py::arg("name"), "Value in the unit its name carries; NaN: drawn.")
        .def("with_parameters", &with_parameters, py::arg("values"), py::arg("levels") = py::none(),
             "Copy with other parameters, on the typical qubit and every calibrated qubit.")
        .def("with_drift", &with_drift, py::arg("processes"), "Copy that drifts otherwise.")
        .def("with_calibrated_qubits_selected", &with_calibrated_qubits_selected, py::arg("numbers"),
             "Copy with only the calibrated qubits of these numbers, in this order.")
        .def_property_readonly("resonator", &resonator_of)
        .def("with_resonator", &with_resonator, py::arg("values"), py::arg("chi_mhz"),
             "Copy whose qubits are read out through this resonator.")
        .def("without_resonator", &without_resonator, "Copy that knows no resonator.")
        .def("with_name", &with_name, py::arg("name"), "Copy of another name.")
        .def("register", &register_of, py::arg("count"), py::arg("device_seed"),
             "True parameters, hidden calibration and drift of the first `count` qubits.")
        .def(py::self == py::self);
    module.def("device_parameters", &parameter_list, "Names and meanings of all parameters of a device.");
    module.def(
        "thermal_population",
        [](Real frequency_ghz, Real temperature_mk) {
            return thermal_population(frequency_ghz * 1e3 * radians_per_us_per_mhz, temperature_mk);
        },
        py::arg("frequency_ghz"), py::arg("temperature_mk"), "P(|1>) of a two-level system in a bath.");
}

}  // namespace synqc
