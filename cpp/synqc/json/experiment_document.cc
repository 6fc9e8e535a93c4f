#include "synqc/json/experiment_document.h"

#include <array>
#include <string>

#include "synqc/base/errors.h"
#include "synqc/control/controller.h"
#include "synqc/control/objective.h"
#include "synqc/device/figures.h"
#include "synqc/device/target.h"
#include "synqc/json/device_document.h"
#include "synqc/json/document.h"

namespace synqc {

namespace {

constexpr std::array<std::string_view, 33> known_keys = {"preset",
                                                         "target",
                                                         "envelope",
                                                         "probe_strength",
                                                         "probe_duration_ns",
                                                         "adaptive_rule",
                                                         "objective",
                                                         "qubits",
                                                         "device_seed",
                                                         "t1_us",
                                                         "t2_us",
                                                         "tphi_us",
                                                         "efficiency",
                                                         "detuning_khz",
                                                         "amplitude_error",
                                                         "spread",
                                                         "gamma_max_per_us",
                                                         "decision_latency_ns",
                                                         "levels",
                                                         "thermal_population",
                                                         "drift",
                                                         "first_angle",
                                                         "first_axis",
                                                         "second_angle",
                                                         "second_axis",
                                                         "drag_beta",
                                                         "drag_detuning",
                                                         "edge_fraction",
                                                         "samples",
                                                         "interpolate_samples",
                                                         "probe_mapping",
                                                         "probe_bins",
                                                         "probe_steps"};

constexpr std::array<std::string_view, 9> device_overrides = {
    "t1_us",           "t2_us",  "tphi_us",          "efficiency",        "detuning_khz",
    "amplitude_error", "spread", "gamma_max_per_us", "thermal_population"};

/// Calls read(member) if the member is there and not null.
template <typename Read>
void if_given(const Node& root, std::string_view key, Read&& read) {
    if (auto member = root.find(key); member && !member->is_null()) {
        member->checked([&] { read(*member); });
    }
}

Device read_preset(const Node& preset, const FindDevice& find_device) {
    if (!preset.is_object()) {
        return find_device(preset.text());
    }
    constexpr std::array<std::string_view, 1> known = {"device"};
    preset.refuse_other_keys_than(known);
    return read_device(preset.at("device").text());
}

Device read_overridden_device(const Node& root, const FindDevice& find_device) {
    Device device;
    auto preset = root.find("preset");
    if (preset && !preset->is_null()) {
        preset->checked([&] { device = read_preset(*preset, find_device); });
    } else {
        device = find_device("transmon-default");
    }
    if_given(root, "levels", [&](const Node& member) { device.set_levels(member.integer()); });
    if (auto t2 = root.find("t2_us"), tphi = root.find("tphi_us"); t2 && tphi && !t2->is_null() && !tphi->is_null()) {
        tphi->refuse("left out where `t2_us` is given", "given");
    }
    for (std::string_view name : device_overrides) {
        if_given(root, name, [&](const Node& member) { override_figure(device, name, member.number()); });
    }
    if_given(root, "drift", [&](const Node& member) { device.drift = read_drift_processes(member); });
    root.checked([&] { device.check(); });
    return device;
}

Target read_target(const Node& root) {
    Target target = target_from_name("sim-local");
    if_given(root, "target", [&](const Node& member) { target = target_from_name(member.text()); });
    if_given(root, "decision_latency_ns", [&](const Node& member) {
        target.decision_latency = member.number() * us_per_ns;
        target.check();
    });
    return target;
}

std::vector<Complex> read_samples(const Node& list) {
    std::vector<Complex> samples;
    for (const Node& pair : list.items()) {
        auto parts = pair.numbers();
        if (parts.size() != 2) {
            pair.refuse("a pair of in-phase and quadrature numbers", "a list of " + std::to_string(parts.size()));
        }
        samples.emplace_back(parts[0], parts[1]);
    }
    return samples;
}

std::optional<ProbeMapping> read_mapping(const Node& member) {
    const std::string name = member.text();
    if (name == "auto") {
        return std::nullopt;
    }
    if (name != "rate" && name != "pulse") {
        member.refuse("\"auto\", \"rate\" or \"pulse\"", "\"" + name + "\"");
    }
    return name == "rate" ? ProbeMapping::rate : ProbeMapping::pulse;
}

void read_drives(const Node& root, ExperimentRequest& request) {
    if_given(root, "envelope", [&](const Node& member) { request.envelope = envelope_from_name(member.text()); });
    if_given(root, "drag_detuning", [&](const Node& member) { request.drag_detuning = member.boolean(); });
    if_given(root, "interpolate_samples", [&](const Node& member) { request.interpolate_samples = member.boolean(); });
    if_given(root, "samples", [&](const Node& member) { request.samples = read_samples(member); });
    for (auto [name, field] : {std::pair{"drag_beta", &ExperimentRequest::drag_beta},
                               {"edge_fraction", &ExperimentRequest::edge_fraction},
                               {"first_angle", &ExperimentRequest::first_angle},
                               {"first_axis", &ExperimentRequest::first_axis},
                               {"second_angle", &ExperimentRequest::second_angle},
                               {"second_axis", &ExperimentRequest::second_axis}}) {
        if_given(root, name, [&, where = field](const Node& member) { request.*where = member.number(); });
    }
}

void read_probe(const Node& root, ExperimentRequest& request) {
    if_given(root, "probe_strength", [&](const Node& member) { request.probe_strength = member.number(); });
    if_given(root, "probe_duration_ns",
             [&](const Node& member) { request.probe_duration = member.number() * us_per_ns; });
    if_given(root, "probe_mapping", [&](const Node& member) { request.mapping = read_mapping(member); });
    if_given(root, "probe_bins", [&](const Node& member) { request.probe_bins = member.integer(); });
    if_given(root, "probe_steps", [&](const Node& member) { request.probe_steps = member.integer(); });
}

void read_rule(const Node& member, ExperimentRequest& request) {
    if (member.is_object()) {
        constexpr std::array<std::string_view, 1> known = {"function"};
        member.refuse_other_keys_than(known);
        member.at("function").text();
        return;
    }
    request.adaptive_rule = member.text();
    make_controller(request.adaptive_rule, ControlContext{});
}

}  // namespace

ExperimentRequest read_experiment(std::string_view text, const FindDevice& find_device) {
    Document document(text);
    Node root = document.root();
    root.refuse_other_keys_than(known_keys);
    ExperimentRequest request;
    request.device = read_overridden_device(root, find_device);
    request.target = read_target(root);
    read_drives(root, request);
    read_probe(root, request);
    if_given(root, "adaptive_rule", [&](const Node& member) { read_rule(member, request); });
    if_given(root, "objective", [&](const Node& member) {
        request.objective = member.text();
        check_objective(request.objective);
    });
    if_given(root, "qubits", [&](const Node& member) { request.qubits = member.integer(); });
    if_given(root, "device_seed", [&](const Node& member) { request.device_seed = member.seed(); });
    root.checked([&] { request.check(); });
    return request;
}

}  // namespace synqc
