#include "synqc/json/ionq_characterization.h"

#include <optional>
#include <string>

#include "synqc/device/figures.h"
#include "synqc/json/assumed_figures.h"
#include "synqc/json/document.h"

namespace synqc {

namespace {

/// Number of a member that is one, or an object with a median or a mean.
std::optional<Node> number_in(const std::optional<Node>& group, std::string_view key) {
    auto member = group && !group->is_null() ? group->find(key) : std::nullopt;
    if (member && member->is_object()) {
        auto median = member->find("median");
        member = median && !median->is_null() ? median : member->find("mean");
    }
    return member && !member->is_null() ? member : std::nullopt;
}

struct Timing {
    std::string_view key;
    std::string_view figure;
    Real per_second;  // of the public unit
    Real otherwise;   // in the public unit
};

constexpr Timing timings[] = {
    {"t1", "t1_us", 1e6, 1e7},
    {"t2", "t2_us", 1e6, 1e6},
    {"1q", "gate_ns", 1e9, 135e3},
    {"2q", "two_qubit_gate_ns", 1e9, 600e3},
    {"readout", "readout_ns", 1e9, 150e3},
};

struct Fidelity {
    std::string_view key;
    std::string_view figure;
    Real otherwise;
};

constexpr Fidelity fidelities[] = {{"1q", "gate_error", 5e-4},
                                   {"2q", "two_qubit_gate_error", 4e-3},
                                   {"spam", "p0_given_1", 3.9e-3},
                                   {"spam", "p1_given_0", 3.9e-3}};

constexpr std::string_view aria = "not in the document; IonQ Aria's published figure";

}  // namespace

Device read_ionq_characterization(std::string_view text) {
    Document document(text, NotANumber::read_as_null);
    Node root = document.root();
    auto backend = root.find("backend");
    auto date = root.find("date");

    Device device;
    device.name = backend && !backend->is_null() ? backend->text() : "ionq";
    device.modality = "ion";
    std::string when = date && !date->is_null() ? " of " + date->text() : "";
    device.description = "IonQ characterisation of " + device.name + when + ".";
    device.sources = {"IonQ characterisation document of " + device.name + when};
    for (auto [key, figure, per_second, otherwise] : timings) {
        if (auto seconds = number_in(root.find("timing"), key)) {
            seconds->checked([&] { set_figure(device, figure, seconds->number() * per_second); });
        } else {
            assume(device, figure, otherwise, aria);
        }
    }
    for (auto [key, figure, otherwise] : fidelities) {
        if (auto fidelity = number_in(root.find("fidelity"), key)) {
            fidelity->checked([&] { set_figure(device, figure, 1 - fidelity->number()); });
        } else {
            assume(device, figure, otherwise, aria);
        }
    }
    device.assumptions.emplace_back("The SPAM error is taken as a symmetric assignment error; preparation is perfect.");
    assume(device, "frequency_ghz", 12.6, "hyperfine splitting of 171Yb+");
    assume(device, "efficiency", 1, "no continuous probe exists; the ancilla's outcome is read completely");
    assume(device, "detuning_scale_khz", 1e4 / figure_of(device, "t2_us"), "not published; ten fringes within T2");
    assume(device, "amplitude_error_scale", 0.01, "not published; hidden from controllers");
    root.checked([&] {
        if (device.qubit.t2 > 2 * device.qubit.t1) {
            device.qubit.t2 = 2 * device.qubit.t1;
            device.assumptions.emplace_back("T2 above 2 T1 was cut to 2 T1.");
        }
        device.qubit.gamma_max = gamma_max_from_assignment_error(device.qubit);
        device.check();
    });
    return device;
}

}  // namespace synqc
