#include "synqc/json/experiment_document.h"

#include <array>
#include <string>

#include "synqc/base/errors.h"
#include "synqc/control/controller.h"
#include "synqc/control/objective.h"
#include "synqc/device/parameters.h"
#include "synqc/device/target.h"
#include "synqc/experiment/request_fields.h"
#include "synqc/json/device_document.h"
#include "synqc/json/document.h"

namespace synqc {

namespace {

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
    for (const ExperimentArgument& argument : experiment_arguments()) {
        if (argument.owner == ArgumentOwner::device && argument.kind == ArgumentKind::number) {
            if_given(root, argument.name,
                     [&](const Node& member) { override_parameter(device, argument.name, member.number()); });
        }
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

/// A member of the document as the type an argument is held in.
struct NodeValue {
    const Node& node;

    template <typename T>
    T as() const {
        if constexpr (std::is_same_v<T, Real>) {
            return node.number();
        } else if constexpr (std::is_same_v<T, Index>) {
            return node.integer();
        } else if constexpr (std::is_same_v<T, Seed>) {
            return node.seed();
        } else if constexpr (std::is_same_v<T, bool>) {
            return node.boolean();
        } else if constexpr (std::is_same_v<T, std::string>) {
            return node.text();
        } else {
            return read_samples(node);
        }
    }
};

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

void read_argument(const RequestField& field, const Node& member, ExperimentRequest& request) {
    if (field.name == "adaptive_rule") {
        read_rule(member, request);
        return;
    }
    write(field, request, NodeValue{member});
    if (field.name == "objective") {
        check_objective(request.objective);
    }
}

}  // namespace

ExperimentRequest read_experiment(std::string_view text, const FindDevice& find_device) {
    Document document(text);
    Node root = document.root();
    std::vector<std::string_view> known;
    for (const ExperimentArgument& argument : experiment_arguments()) {
        known.push_back(argument.name);
    }
    root.refuse_other_keys_than(known);
    ExperimentRequest request;
    request.device = read_overridden_device(root, find_device);
    request.target = read_target(root);
    for (const RequestField& field : request_fields()) {
        if_given(root, field.name, [&](const Node& member) { read_argument(field, member, request); });
    }
    root.checked([&] { request.check(); });
    return request;
}

}  // namespace synqc
