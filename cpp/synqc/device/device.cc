#include "synqc/device/device.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

// Batch number of the random streams of registers; runs count their batches from 0.
constexpr std::uint32_t register_batch = 0xDE71CE00;

void check_level_scheme(const LevelScheme& scheme) {
    Index levels = std::ssize(scheme.energies);
    check_between("level_energies_mhz", levels, Index{2}, Index{5});
    Qubit with_all_levels;
    with_all_levels.levels = levels;
    with_all_levels.level_energies = scheme.energies;
    with_all_levels.lowering_elements = scheme.lowering;
    with_all_levels.check();
}

void take_levels(Qubit& qubit, Index levels, const std::optional<LevelScheme>& scheme) {
    qubit.levels = levels;
    qubit.level_energies.clear();
    qubit.lowering_elements.clear();
    if (!scheme || levels == 2) {
        return;
    }
    Index known = std::ssize(scheme->energies);
    qubit.level_energies.assign(scheme->energies.begin(), scheme->energies.begin() + levels);
    if (scheme->lowering.empty()) {
        return;
    }
    for (Index row = 0; row < levels; ++row) {
        auto first = scheme->lowering.begin() + row * known;
        qubit.lowering_elements.insert(qubit.lowering_elements.end(), first, first + levels);
    }
}

/// A drawn qubit's decay parameters. Always draws, so that parameters do not change what is drawn after them.
Qubit drawn_around(const Qubit& typical, Real spread, PhiloxStream& noise) {
    Real t1_factor = std::exp(spread * noise.normal());
    Real dephasing_factor = std::exp(spread * noise.normal());
    if (spread == 0) {
        return typical;
    }
    Qubit drawn = typical;
    drawn.t1 = typical.t1 * t1_factor;
    Real rate = typical.pure_dephasing_rate() / dephasing_factor + 1 / (2 * drawn.t1);
    drawn.t2 = std::min(1 / rate, 2 * drawn.t1);
    return drawn;
}

}  // namespace

void Device::check() const {
    qubit.check();
    for (const auto& parameter : device_parameters()) {
        parameter.check(parameter.read(*this));
    }
    if (exact_detuning) {
        check_finite("detuning_khz", *exact_detuning);
    }
    if (exact_amplitude_error) {
        check_between("amplitude_error", *exact_amplitude_error, Real{-1}, Real{1});
    }
    if (level_scheme) {
        check_level_scheme(*level_scheme);
    }
    for (const DriftProcess& process : drift) {
        process.check();
    }
    if (resonator) {
        resonator->check();
    }
    for (const Qubit& calibrated : calibrated_qubits) {
        calibrated.check();
        check_between("levels", calibrated.levels, qubit.levels, qubit.levels);
    }
    if (!calibrated_qubit_numbers.empty() && calibrated_qubit_numbers.size() != calibrated_qubits.size()) {
        throw_invalid_argument("calibrated_qubit_numbers",
                               "as many as there are calibrated qubits, " + std::to_string(calibrated_qubits.size()),
                               std::to_string(calibrated_qubit_numbers.size()));
    }
}

void Device::select_calibrated_qubits(const std::vector<Index>& numbers) {
    std::vector<Index> known = calibrated_qubit_numbers;
    if (known.empty()) {
        known.resize(calibrated_qubits.size());
        std::iota(known.begin(), known.end(), Index{0});
    }
    std::vector<Qubit> chosen;
    for (auto number = numbers.begin(); number != numbers.end(); ++number) {
        auto found = std::find(known.begin(), known.end(), *number);
        if (found == known.end()) {
            throw_invalid_argument("qubits", "numbers of qubits that the device holds one by one",
                                   std::to_string(*number));
        }
        if (std::find(numbers.begin(), number, *number) != number) {
            throw_invalid_argument("qubits", "numbers that come once", std::to_string(*number) + " twice");
        }
        chosen.push_back(calibrated_qubits[found - known.begin()]);
    }
    calibrated_qubits = std::move(chosen);
    calibrated_qubit_numbers = numbers;
}

void Device::set_levels(Index levels) {
    if (level_scheme) {
        check_level_scheme(*level_scheme);
    }
    Index most = level_scheme ? std::ssize(level_scheme->energies) : 5;
    check_between("levels", levels, Index{2}, most);
    take_levels(qubit, levels, level_scheme);
    for (Qubit& calibrated : calibrated_qubits) {
        take_levels(calibrated, levels, level_scheme);
    }
}

std::vector<RegisterQubit> make_register(const Device& device, Index count, Seed device_seed) {
    device.check();
    check_at_least("count", count, 1);
    std::vector<RegisterQubit> qubits;
    qubits.reserve(count);
    for (Index index = 0; index < count; ++index) {
        auto stream = static_cast<std::uint32_t>(index);
        PhiloxStream noise(device_seed, register_batch, 0, stream);
        Qubit qubit = drawn_around(device.qubit, device.spread, noise);
        HiddenCalibration hidden;
        hidden.detuning = device.detuning_scale * noise.normal();
        hidden.amplitude_error = device.amplitude_error_scale * noise.normal();
        if (device.spread == 0 && index > 0) {
            hidden = qubits.front().hidden;
        }
        hidden.detuning = device.exact_detuning.value_or(hidden.detuning);
        hidden.amplitude_error = device.exact_amplitude_error.value_or(hidden.amplitude_error);
        if (index < std::ssize(device.calibrated_qubits)) {
            qubit = device.calibrated_qubits[index];
        }
        qubits.push_back({std::move(qubit), hidden, DriftPath(device.drift, device_seed, stream)});
    }
    return qubits;
}

}  // namespace synqc
