#include "synqc/json/ionq_characterization.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"
#include "synqc/json/assumed_parameters.h"
#include "synqc/json/document.h"

namespace synqc {

namespace {

struct Timing {
    std::string_view key;
    std::string_view parameter;
    Real per_second;  // of the public unit
    Real of_aria;     // in the public unit
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
    std::string_view parameter;
    Real of_aria;  // error
};

constexpr Fidelity fidelities[] = {{"1q", "gate_error", 5e-4},
                                   {"2q", "two_qubit_gate_error", 4e-3},
                                   {"spam", "p0_given_1", 3.9e-3},
                                   {"spam", "p1_given_0", 3.9e-3}};

std::optional<Node> unless_null(std::optional<Node> node) {
    return node && !node->is_null() ? std::move(node) : std::nullopt;
}

std::string upper(std::string_view key) {
    std::string text(key);
    for (char& letter : text) {
        letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    return text;
}

/// Number of a member that is one, or an object with a median or a mean. Amazon Braket writes the same keys in
/// capitals.
std::optional<Node> number_in(const std::optional<Node>& group, std::string_view key) {
    if (!group) {
        return std::nullopt;
    }
    auto member = unless_null(group->find(key));
    if (!member) {
        member = unless_null(group->find(upper(key)));
    }
    if (member && member->is_object()) {
        auto median = unless_null(member->find("median"));
        member = median ? median : unless_null(member->find("mean"));
    }
    return member;
}

/// A duration of 0 or less is none.
std::optional<Real> seconds_in(const std::optional<Node>& timing, std::string_view key) {
    auto node = number_in(timing, key);
    Real seconds = node ? node->number() : 0;
    return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

std::optional<Real> error_in(const std::optional<Node>& fidelity, std::string_view key) {
    auto node = number_in(fidelity, key);
    if (!node) {
        return std::nullopt;
    }
    Real value = node->number();
    const Real least = key == "spam" ? 0.5 : 0;
    if (!(value > least && value <= 1)) {
        node->refuse(key == "spam" ? "greater than 0.5 and at most 1" : "greater than 0 and at most 1", text_of(value));
    }
    return 1 - value;
}

/// Seconds since 1970 as a date and time; texts as they are.
std::string text_of_date(const Node& date) {
    if (!date.is_number()) {
        return date.text();
    }
    // Milliseconds where seconds would lie beyond the year 5000.
    const Real seconds = date.number() > 1e11 ? date.number() / 1e3 : date.number();
    if (!(seconds >= 0 && seconds <= 1e11)) {
        date.refuse("a date in text or in seconds since 1970", text_of(seconds));
    }
    using namespace std::chrono;
    const sys_seconds moment{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
    const year_month_day day{floor<days>(moment)};
    const hh_mm_ss time{moment - floor<days>(moment)};
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02lld:%02lld:%02lldZ", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                  static_cast<long long>(time.hours().count()), static_cast<long long>(time.minutes().count()),
                  static_cast<long long>(time.seconds().count()));
    return text;
}

struct Characterization {
    Node node;
    std::string backend;  // "ionq" if the document names none
    std::string date;     // empty if the document has none
};

Characterization described(const Node& node) {
    auto backend = unless_null(node.find("backend"));
    if (!backend) {
        backend = unless_null(node.find("target"));
    }
    auto date = unless_null(node.find("date"));
    return {node, backend ? backend->text() : "ionq", date ? text_of_date(*date) : ""};
}

/// The document itself, or the newest of the list it holds, all of which must be of one backend.
Characterization newest_in(const Node& root, std::size_t& count) {
    auto list = root.is_object() ? unless_null(root.find("characterizations")) : std::optional(root);
    if (!list) {
        count = 1;
        return described(root);
    }
    std::vector<Node> all = list->items();
    count = all.size();
    if (all.empty()) {
        list->refuse("a list of at least one characterisation", "empty");
    }
    Characterization newest = described(all.front());
    for (const Node& node : all) {
        Characterization one = described(node);
        if (one.backend != newest.backend) {
            node.at(node.find("backend") ? "backend" : "target")
                .refuse("'" + newest.backend + "', as in the rest of the list", "'" + one.backend + "'");
        }
        if (one.date > newest.date) {
            newest = std::move(one);
        }
    }
    return newest;
}

/// Fills a parameter the document lacks: with Aria's, if it is one.
void assume_of_aria(Device& device, const Characterization& source, std::string_view group, std::string_view key,
                    std::string_view parameter, Real of_aria) {
    if (source.backend.find("aria") != std::string::npos) {
        assume(device, parameter, of_aria, "not in the document; IonQ Aria's published figure");
        return;
    }
    auto node = unless_null(source.node.find(group));
    node.value_or(source.node)
        .refuse("an object with `" + std::string(key) + "` (only for IonQ Aria is a figure known that could stand in)",
                "without it");
}

}  // namespace

Device read_ionq_characterization(std::string_view text) {
    Document document(text, NotANumber::read_as_null);
    std::size_t count = 0;
    const Characterization source = newest_in(document.root(), count);
    const Node& root = source.node;
    auto timing = unless_null(root.find("timing"));
    auto fidelity = unless_null(root.find("fidelity"));
    if (!timing && !fidelity) {
        root.at("fidelity").refuse("an object", "null");
    }

    Device device;
    device.name = source.backend;
    device.modality = "ion";
    const std::string when = source.date.empty() ? "" : " of " + source.date;
    device.description = "IonQ characterisation of " + device.name + when + ".";
    device.sources = {"IonQ characterisation document of " + device.name + when};
    for (auto [key, parameter, per_second, of_aria] : timings) {
        if (auto seconds = seconds_in(timing, key)) {
            root.checked([&] { set_parameter(device, parameter, *seconds * per_second); });
        } else {
            assume_of_aria(device, source, "timing", key, parameter, of_aria);
        }
    }
    for (auto [key, parameter, of_aria] : fidelities) {
        if (auto error = error_in(fidelity, key)) {
            root.checked([&] { set_parameter(device, parameter, *error); });
        } else {
            assume_of_aria(device, source, "fidelity", key, parameter, of_aria);
        }
    }
    if (count > 1) {
        device.assumptions.push_back("The document lists " + std::to_string(count) +
                                     " characterisations; the newest counts.");
    }
    device.assumptions.emplace_back("The SPAM error is taken as a symmetric assignment error; preparation is perfect.");
    assume(device, "frequency_ghz", 12.6, "hyperfine splitting of 171Yb+");
    assume(device, "efficiency", 1, "no continuous probe exists; the ancilla's outcome is read completely");
    assume(device, "detuning_scale_khz", 1e4 / parameter_of(device, "t2_us"), "not published; ten fringes within T2");
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
