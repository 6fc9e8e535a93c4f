#include "synqc/experiment/request_fields.h"

#include <array>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/control/controller.h"
#include "synqc/control/objective.h"
#include "synqc/device/parameters.h"

namespace synqc {

namespace {

constexpr Real longest_probe_ns = 1e9;
constexpr Real most_probe_bins = 65536;
constexpr Real most_probe_steps = 1'000'000;
constexpr Real most_qubits = 1024;

using Request = ExperimentRequest;

constexpr std::array table = {
    RequestField{"envelope", &Request::envelope, "Shape of both drives."},
    RequestField{"probe_strength", &Request::probe_strength,
                 "Probe amplitude as a fraction of the strongest; the dephasing rate is its square times "
                 "gamma_max_per_us.",
                 1, 0, 1},
    RequestField{"probe_duration_ns", &Request::probe_duration, "Length of the probe.", us_per_ns, 0, longest_probe_ns},
    RequestField{"adaptive_rule", &Request::adaptive_rule, "What learns between and within shots."},
    RequestField{"objective", &Request::objective, "What the score of a run scores."},
    RequestField{"qubits", &Request::qubits, "Size of the register; qubits do not interact.", 1, 1, most_qubits},
    RequestField{"device_seed", &Request::device_seed,
                 "Draws the qubits of the register, their hidden calibration and the state of their drift."},
    RequestField{"first_angle", &Request::first_angle, "Rotation of the first drive, rad.", 1, -4 * pi, 4 * pi},
    RequestField{"first_axis", &Request::first_axis, "Its axis in the equatorial plane, rad from x.", 1, -4 * pi,
                 4 * pi},
    RequestField{"second_angle", &Request::second_angle, "Rotation of the second drive, rad.", 1, -4 * pi, 4 * pi},
    RequestField{"second_axis", &Request::second_axis, "Its axis in the equatorial plane, rad from x.", 1, -4 * pi,
                 4 * pi},
    RequestField{"drag_beta", &Request::drag_beta, "Derivative coefficient of envelopes with a derivative quadrature."},
    RequestField{"drag_detuning", &Request::drag_detuning,
                 "Higher-order amplitude and detuning correction of these envelopes."},
    RequestField{"edge_fraction", &Request::edge_fraction, "Share of each edge of a flat-top pulse."},
    RequestField{"samples", &Request::samples, "Relative I + iQ samples of the \"samples\" envelope."},
    RequestField{"interpolate_samples", &Request::interpolate_samples,
                 "Play samples with straight lines between them instead of holding each."},
    RequestField{"probe_mapping", &Request::mapping,
                 "\"rate\" (continuous), \"pulse\" (through an ancilla), \"resonator\" (through the device's) or "
                 "\"auto\" (the target's)."},
    RequestField{"probe_ringdown_ns", &Request::probe_ringdown,
                 "Time after a probe through a resonator in which it empties, recorded too.", us_per_ns, 0,
                 longest_probe_ns},
    RequestField{"stark_correction", &Request::stark_correction,
                 "Let the second drive follow the ac-Stark phase that a probe through a resonator leaves."},
    RequestField{"probe_bins", &Request::probe_bins, "Record bins per shot.", 1, 1, most_probe_bins},
    RequestField{"probe_steps", &Request::probe_steps,
                 "Integrator steps over the probe; 0 chooses them from the rates.", 1, 0, most_probe_steps},
};

/// Figures of the device that an experiment may replace, in the order users meet them.
constexpr std::array replaceable_parameters = {
    "t1_us",           "t2_us",  "tphi_us",          "efficiency",        "detuning_khz",
    "amplitude_error", "spread", "gamma_max_per_us", "thermal_population"};

std::vector<std::string> choices_of(std::string_view name) {
    if (name == "envelope") {
        return envelope_names();
    }
    if (name == "adaptive_rule") {
        return rule_names();
    }
    if (name == "objective") {
        return objective_names();
    }
    if (name == "probe_mapping") {
        return {"auto", "rate", "pulse", "resonator"};
    }
    return {};
}

ArgumentKind kind_of(const RequestField& field) {
    return std::visit(
        [&]<typename Held>(Held Request::*) {
            if constexpr (std::is_same_v<Held, Real>) {
                return ArgumentKind::number;
            } else if constexpr (std::is_same_v<Held, Index> || std::is_same_v<Held, Seed>) {
                return ArgumentKind::whole;
            } else if constexpr (std::is_same_v<Held, bool>) {
                return ArgumentKind::flag;
            } else if constexpr (std::is_same_v<Held, std::vector<Complex>>) {
                return ArgumentKind::samples;
            } else {
                return field.name == "adaptive_rule" ? ArgumentKind::rule : ArgumentKind::text;
            }
        },
        field.member);
}

std::vector<ExperimentArgument> listed_arguments() {
    using enum ArgumentKind;
    using enum ArgumentOwner;
    std::vector<ExperimentArgument> all{
        {"preset", preset, device, "Device to run on."},
        {"target", text, target, "Where it runs.", target_names()},
        {"decision_latency_ns", number, target, "Replaces the target's time to decide on the second drive."},
        {"levels", whole, device, "Levels of each qubit that are simulated."},
        {"drift", drift, device, "Drift processes as in a device file, or \"none\"."},
    };
    for (const RequestField& field : request_fields()) {
        all.push_back(
            {field.name, kind_of(field), request, field.meaning, choices_of(field.name), field.least, field.most});
    }
    for (std::string_view name : replaceable_parameters) {
        all.push_back({name, number, device, meaning_of_parameter(name)});
    }
    return all;
}

}  // namespace

std::span<const RequestField> request_fields() {
    return table;
}

void check_bounds(const ExperimentRequest& request) {
    for (const RequestField& field : table) {
        std::visit(
            [&](auto member) {
                const auto& held = request.*member;
                using Held = std::decay_t<decltype(held)>;
                if constexpr (std::is_same_v<Held, Real>) {
                    const Real value = in_public_unit(held, field.unit);
                    if (field.is_bounded()) {
                        check_between(field.name, value, field.least, field.most);
                    } else {
                        check_finite(field.name, value);
                    }
                } else if constexpr (std::is_same_v<Held, Index>) {
                    check_between(field.name, held, static_cast<Index>(field.least), static_cast<Index>(field.most));
                }
            },
            field.member);
    }
}

std::optional<ProbeMapping> probe_mapping_from_name(std::string_view name) {
    if (name == "auto") {
        return std::nullopt;
    }
    if (name == "resonator") {
        return ProbeMapping::resonator;
    }
    if (name != "rate" && name != "pulse") {
        throw_invalid_argument("probe_mapping", "\"auto\", \"rate\", \"pulse\" or \"resonator\"",
                               "\"" + std::string(name) + "\"");
    }
    return name == "rate" ? ProbeMapping::rate : ProbeMapping::pulse;
}

std::string_view name_of(ArgumentKind kind) {
    switch (kind) {
        case ArgumentKind::number:
            return "number";
        case ArgumentKind::whole:
            return "whole";
        case ArgumentKind::flag:
            return "flag";
        case ArgumentKind::text:
            return "text";
        case ArgumentKind::samples:
            return "samples";
        case ArgumentKind::preset:
            return "preset";
        case ArgumentKind::rule:
            return "rule";
        case ArgumentKind::drift:
            return "drift";
    }
    throw InvalidArgument("Argument `kind` must be a declared ArgumentKind.");
}

std::string_view name_of(ArgumentOwner owner) {
    switch (owner) {
        case ArgumentOwner::request:
            return "request";
        case ArgumentOwner::device:
            return "device";
        case ArgumentOwner::target:
            return "target";
    }
    throw InvalidArgument("Argument `owner` must be a declared ArgumentOwner.");
}

const std::vector<ExperimentArgument>& experiment_arguments() {
    static const std::vector<ExperimentArgument> all = listed_arguments();
    return all;
}

}  // namespace synqc
