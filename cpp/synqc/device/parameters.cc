#include "synqc/device/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr Real khz = radians_per_us_per_khz;
constexpr Real mhz = radians_per_us_per_mhz;
constexpr Real ghz = 1e3 * radians_per_us_per_mhz;

constexpr std::array qubit_table = {
    Parameter<Qubit>{"t1_us", &Qubit::t1, 1, Range::positive_or_infinite, "Energy relaxation time."},
    Parameter<Qubit>{"t2_us", &Qubit::t2, 1, Range::positive_or_infinite, "Coherence time, at most 2 * t1_us."},
    Parameter<Qubit>{"thermal_population", &Qubit::equilibrium_population, 1, Range::below_half,
                     "P(|1>) the bath pulls the qubit to."},
    Parameter<Qubit>{"prepared_population", &Qubit::prepared_population, 1, Range::below_half,
                     "P(|1>) left by reset at the start of a shot."},
    Parameter<Qubit>{"frequency_ghz", &Qubit::frequency, ghz, Range::not_negative, "Frequency of |0> to |1>."},
    Parameter<Qubit>{"anharmonicity_mhz", &Qubit::anharmonicity, mhz, Range::any,
                     "Frequency of |1> to |2> minus that of |0> to |1>."},
    Parameter<Qubit>{"gate_ns", &Qubit::gate_duration, us_per_ns, Range::positive, "Length of a one-qubit pulse."},
    Parameter<Qubit>{"gate_error", &Qubit::gate_error, 1, Range::probability, "Published average error of that pulse."},
    Parameter<Qubit>{"two_qubit_gate_ns", &Qubit::two_qubit_gate_duration, us_per_ns, Range::not_negative,
                     "Length of the gate with the ancilla."},
    Parameter<Qubit>{"two_qubit_gate_error", &Qubit::two_qubit_gate_error, 1, Range::probability,
                     "Average error of the gate with the ancilla."},
    Parameter<Qubit>{"readout_ns", &Qubit::readout_duration, us_per_ns, Range::positive, "Length of the readout."},
    Parameter<Qubit>{"p0_given_1", &Qubit::p0_given_1, 1, Range::probability, "Probability to read 0 in |1>."},
    Parameter<Qubit>{"p1_given_0", &Qubit::p1_given_0, 1, Range::probability, "Probability to read 1 in |0>."},
    Parameter<Qubit>{"efficiency", &Qubit::efficiency, 1, Range::share,
                     "Quantum efficiency of the probe's measurement chain."},
    Parameter<Qubit>{"gamma_max_per_us", &Qubit::gamma_max, 1, Range::positive,
                     "Measurement-induced dephasing rate at probe strength 1."},
};

/// Derived from T1 and T2: checked like a parameter, stored as T2.
constexpr Parameter<Qubit> tphi = {"tphi_us", &Qubit::t2, 1, Range::positive_or_infinite, "Pure dephasing time."};

Real pure_dephasing_time(const Qubit& qubit) {
    const Real rate = 1 / qubit.t2 - 1 / (2 * qubit.t1);
    return rate > 0 ? 1 / rate : std::numeric_limits<Real>::infinity();
}

void set_pure_dephasing_time(Qubit& qubit, Real time) {
    qubit.t2 = std::min(1 / (1 / time + 1 / (2 * qubit.t1)), 2 * qubit.t1);
}

constexpr std::array device_table = {
    Parameter<Device>{"spread", &Device::spread, 1, Range::probability,
                      "Relative deviation of T1 and T2 among qubits."},
    Parameter<Device>{"detuning_scale_khz", &Device::detuning_scale, khz, Range::not_negative,
                      "Deviation of the hidden detuning."},
    Parameter<Device>{"amplitude_error_scale", &Device::amplitude_error_scale, 1, Range::probability,
                      "Deviation of the hidden amplitude error."},
};

constexpr std::array resonator_table = {
    Parameter<ReadoutResonator>{"kappa_mhz", &ReadoutResonator::linewidth, mhz, Range::positive, "Linewidth."},
    Parameter<ReadoutResonator>{"drive_mhz", &ReadoutResonator::drive, mhz, Range::any,
                                "Amplitude of the drive at which a pulse has amplitude 1."},
    Parameter<ReadoutResonator>{"detuning_mhz", &ReadoutResonator::detuning, mhz, Range::any,
                                "Middle of the frequencies with |0> and |1>, minus the drive's."},
    Parameter<ReadoutResonator>{"phase", &ReadoutResonator::phase, 1, Range::any,
                                "Of the detected quadrature, in rad."},
    Parameter<ReadoutResonator>{"efficiency", &ReadoutResonator::efficiency, 1, Range::probability,
                                "Share of the information in one quadrature that reaches the record."},
    Parameter<ReadoutResonator>{"delay_ns", &ReadoutResonator::delay, us_per_ns, Range::not_negative,
                                "Time from the resonator to the record."},
    Parameter<ReadoutResonator>{"thermal_photons", &ReadoutResonator::thermal_photons, 1, Range::not_negative,
                                "Of the bath that the resonator decays into."},
    Parameter<ReadoutResonator>{"critical_photons", &ReadoutResonator::critical_photons, 1, Range::positive_or_infinite,
                                "At which the dispersive approximation ends."},
};

constexpr Parameter<DriftProcess> sigma_khz = {"sigma_khz", &DriftProcess::sigma, khz, Range::not_negative,
                                               "Deviation, or half the jump of a telegraph signal."};
constexpr Parameter<DriftProcess> correlation_time_s = {"correlation_time_s", &DriftProcess::correlation_time, 1,
                                                        Range::positive, "Correlation time; of 1/f the longest."};
constexpr std::array ornstein_uhlenbeck_table = {sigma_khz, correlation_time_s};
constexpr std::array random_walk_table = {Parameter<DriftProcess>{
    "diffusion_khz2_per_s", &DriftProcess::diffusion, khz* khz, Range::not_negative, "Growth of the variance."}};
constexpr Parameter<DriftProcess> switching_rate_per_s = {"switching_rate_per_s", &DriftProcess::switching_rate, 1,
                                                          Range::positive, "Rate of jumps each way."};
constexpr std::array random_telegraph_table = {sigma_khz, switching_rate_per_s};
constexpr std::array one_over_f_table = {sigma_khz, correlation_time_s,
                                         Parameter<DriftProcess>{"shortest_time_s", &DriftProcess::shortest_time, 1,
                                                                 Range::positive, "Shortest correlation time."}};

constexpr Parameter<DriftProcess> sigma_log_t1 = {"sigma_log_t1", &DriftProcess::log_sigma, 1, Range::probability,
                                                  "Deviation of ln T1, or half the jump of a telegraph signal."};
constexpr std::array t1_ornstein_uhlenbeck_table = {sigma_log_t1, correlation_time_s};
constexpr std::array t1_random_telegraph_table = {sigma_log_t1, switching_rate_per_s};

constexpr std::array<std::pair<DriftKind, std::string_view>, 6> kind_names = {{
    {DriftKind::ornstein_uhlenbeck, "ornstein-uhlenbeck"},
    {DriftKind::random_walk, "random-walk"},
    {DriftKind::random_telegraph, "random-telegraph"},
    {DriftKind::one_over_f, "one-over-f"},
    {DriftKind::t1_ornstein_uhlenbeck, "t1-ornstein-uhlenbeck"},
    {DriftKind::t1_random_telegraph, "t1-random-telegraph"},
}};

std::string quoted_list(auto&& names) {
    std::string list;
    for (std::string_view name : names) {
        list.append(list.empty() ? "'" : ", '").append(name).append("'");
    }
    return list;
}

[[noreturn]] void refuse_parameter(std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& parameter : qubit_table) {
        known.push_back(parameter.name);
    }
    for (const auto& parameter : device_table) {
        known.push_back(parameter.name);
    }
    known.insert(known.end(), {"tphi_us", "detuning_khz", "amplitude_error"});
    throw UnknownName("Argument `parameter` must be one of " + quoted_list(known) + ", but is '" + std::string(name) +
                      "'.");
}

/// A number of the typical qubit, or of the device as a whole. Throws UnknownName listing all that can be asked for.
std::variant<const Parameter<Qubit>*, const Parameter<Device>*> parameter_from_name(std::string_view name) {
    const auto is_it = [&](const auto& parameter) { return parameter.name == name; };
    if (const auto* found = std::find_if(qubit_table.begin(), qubit_table.end(), is_it); found != qubit_table.end()) {
        return found;
    }
    if (const auto* found = std::find_if(device_table.begin(), device_table.end(), is_it);
        found != device_table.end()) {
        return found;
    }
    refuse_parameter(name);
}

template <typename... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};

// x to 15 significant digits, which is what a person would have written.
Real rounded(Real value) {
    std::array<char, 40> text;
    auto [end, _] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, 14);
    Real result = value;
    std::from_chars(text.data(), end, result);
    return result;
}

std::optional<Real> unless_drawn(Real value, Real unit) {
    return std::isnan(value) ? std::nullopt : std::optional(value * unit);
}

}  // namespace

Real in_public_unit(Real stored, Real unit) {
    Real plain = stored / unit;
    if (unit == 1 || !std::isfinite(plain)) {
        return plain;
    }
    // Division may miss the number that multiplication started from by an ulp.
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    for (Real candidate : {rounded(plain), plain, std::nextafter(plain, -infinity), std::nextafter(plain, infinity)}) {
        if (candidate * unit == stored) {
            return candidate;
        }
    }
    return plain;
}

template <typename Owner>
Real Parameter<Owner>::read(const Owner& owner) const {
    return in_public_unit(owner.*field, unit);
}

template <typename Owner>
void Parameter<Owner>::check(Real value) const {
    switch (range) {
        case Range::any:
            return check_finite(name, value);
        case Range::not_negative:
            return check_not_negative(name, value);
        case Range::positive:
            return check_positive(name, value);
        case Range::positive_or_infinite:
            if (!(value > 0)) {
                throw_invalid_argument(name, "greater than 0", text_of(value));
            }
            return;
        case Range::probability:
            return check_probability(name, value);
        case Range::below_half:
            if (!(value >= 0 && value < 0.5)) {
                throw_invalid_argument(name, "at least 0 and less than 0.5", text_of(value));
            }
            return;
        case Range::share:
            if (!(value > 0 && value <= 1)) {
                throw_invalid_argument(name, "greater than 0 and at most 1", text_of(value));
            }
            return;
    }
    throw InvalidArgument("Argument `range` must be a declared Range.");
}

template struct Parameter<Qubit>;
template struct Parameter<Device>;
template struct Parameter<DriftProcess>;
template struct Parameter<ReadoutResonator>;

std::span<const Parameter<Qubit>> qubit_parameters() {
    return qubit_table;
}

std::span<const Parameter<Device>> device_parameters() {
    return device_table;
}

std::span<const Parameter<ReadoutResonator>> resonator_parameters() {
    return resonator_table;
}

std::span<const Parameter<DriftProcess>> drift_parameters(DriftKind kind) {
    switch (kind) {
        case DriftKind::ornstein_uhlenbeck:
            return ornstein_uhlenbeck_table;
        case DriftKind::random_walk:
            return random_walk_table;
        case DriftKind::random_telegraph:
            return random_telegraph_table;
        case DriftKind::one_over_f:
            return one_over_f_table;
        case DriftKind::t1_ornstein_uhlenbeck:
            return t1_ornstein_uhlenbeck_table;
        case DriftKind::t1_random_telegraph:
            return t1_random_telegraph_table;
    }
    throw InvalidArgument("Argument `kind` must be a declared DriftKind.");
}

DriftKind drift_kind_from_name(std::string_view name) {
    std::vector<std::string_view> known;
    for (auto [kind, kind_name] : kind_names) {
        if (kind_name == name) {
            return kind;
        }
        known.push_back(kind_name);
    }
    throw UnknownName("Argument `kind` must be one of " + quoted_list(known) + ", but is '" + std::string(name) + "'.");
}

std::string_view name_of(DriftKind kind) {
    for (auto [candidate, name] : kind_names) {
        if (candidate == kind) {
            return name;
        }
    }
    throw InvalidArgument("Argument `kind` must be a declared DriftKind.");
}

Real parameter_of(const Device& device, std::string_view name) {
    constexpr Real drawn = std::numeric_limits<Real>::quiet_NaN();
    if (name == "detuning_khz") {
        return device.exact_detuning ? in_public_unit(*device.exact_detuning, khz) : drawn;
    }
    if (name == "amplitude_error") {
        return device.exact_amplitude_error.value_or(drawn);
    }
    if (name == tphi.name) {
        return pure_dephasing_time(device.qubit);
    }
    return std::visit(Overloaded{[&](const Parameter<Qubit>* parameter) { return parameter->read(device.qubit); },
                                 [&](const Parameter<Device>* parameter) { return parameter->read(device); }},
                      parameter_from_name(name));
}

std::string_view meaning_of_parameter(std::string_view name) {
    if (name == "detuning_khz") {
        return "Hidden detuning of every qubit, instead of drawing it.";
    }
    if (name == "amplitude_error") {
        return "Hidden relative amplitude error of every qubit, instead of drawing it.";
    }
    if (name == tphi.name) {
        return "Pure dephasing time, in place of t2_us: 1 / T2 = 1 / tphi + 1 / (2 T1).";
    }
    return std::visit([](const auto* parameter) { return parameter->meaning; }, parameter_from_name(name));
}

void set_parameter(Device& device, std::string_view name, Real value) {
    if (name == "detuning_khz") {
        device.exact_detuning = unless_drawn(value, khz);
        return;
    }
    if (name == "amplitude_error") {
        device.exact_amplitude_error = unless_drawn(value, 1);
        return;
    }
    std::visit(Overloaded{[&](const Parameter<Qubit>* parameter) {
                              parameter->check(value);
                              parameter->write(device.qubit, value);
                              for (Qubit& calibrated : device.calibrated_qubits) {
                                  parameter->write(calibrated, value);
                                  calibrated.t2 = std::min(calibrated.t2, 2 * calibrated.t1);
                              }
                          },
                          [&](const Parameter<Device>* parameter) {
                              parameter->check(value);
                              parameter->write(device, value);
                          }},
               parameter_from_name(name));
}

void override_parameter(Device& device, std::string_view name, Real value) {
    if (name == tphi.name) {
        tphi.check(value);
        set_pure_dephasing_time(device.qubit, value);
        for (Qubit& calibrated : device.calibrated_qubits) {
            set_pure_dephasing_time(calibrated, value);
        }
        return;
    }
    set_parameter(device, name, value);
    if (name == "thermal_population") {
        set_parameter(device, "prepared_population", value);
    }
    if (name == "t1_us" && device.qubit.t2 > 2 * value) {
        device.qubit.t2 = 2 * value;
        device.assumptions.push_back("T2 was cut to 2 T1 = " + text_of(2 * value) + " µs when `t1_us` was set to " +
                                     text_of(value) + ".");
    }
}

}  // namespace synqc
