#include "synqc/json/transmon_plausibility.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace synqc {

namespace {

struct PlausibleRange {
    std::string_view figure;
    Real least;
    Real most;
    std::string_view unit;  // for a person
};

constexpr std::array plausible_ranges = {
    PlausibleRange{"t1_us", 0.05, 1e5, "µs"},
    PlausibleRange{"t2_us", 0.05, 1e5, "µs"},
    PlausibleRange{"frequency_ghz", 1, 12, "GHz"},
    PlausibleRange{"anharmonicity_mhz", -1000, -50, "MHz"},
    PlausibleRange{"gate_ns", 4, 300, "ns"},
    PlausibleRange{"gate_error", 1e-7, 0.5, ""},
    PlausibleRange{"two_qubit_gate_ns", 10, 3000, "ns"},
    PlausibleRange{"two_qubit_gate_error", 1e-6, 0.5, ""},
    PlausibleRange{"readout_ns", 50, 20000, "ns"},
};

}  // namespace

std::string doubt_about(std::string_view figure, Real value) {
    for (auto [name, least, most, unit] : plausible_ranges) {
        if (name == figure && !(value >= least && value <= most)) {
            if (value == 0) {
                return "0 in the snapshot";
            }
            std::string reason = short_text(value) + (unit.empty() ? "" : " ") + std::string(unit);
            return reason + " in the snapshot, outside " + short_text(least) + " to " + short_text(most);
        }
    }
    return "";
}

std::string short_text(Real value) {
    std::array<char, 32> buffer;
    auto [end, _] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 4);
    return {buffer.data(), end};
}

Real median(std::vector<Real> values) {
    std::sort(values.begin(), values.end());
    std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace synqc
