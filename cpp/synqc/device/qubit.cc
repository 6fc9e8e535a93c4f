#include "synqc/device/qubit.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"

namespace synqc {

namespace {

// An assignment error below what a million calibration shots can show.
constexpr Real smallest_overlap_error = 1e-6;

void check_level_structure(const Qubit& qubit) {
    const auto energies = std::ssize(qubit.level_energies);
    const auto elements = std::ssize(qubit.lowering_elements);
    if (energies != 0 && energies != qubit.levels) {
        throw_invalid_argument("level_energies_mhz", "empty or " + std::to_string(qubit.levels) + " values long",
                               std::to_string(energies) + " long");
    }
    if (elements != 0 && elements != qubit.levels * qubit.levels) {
        throw_invalid_argument("lowering_elements",
                               "empty or of shape (levels, levels) with levels = " + std::to_string(qubit.levels),
                               std::to_string(elements) + " values");
    }
    for (Real energy : qubit.level_energies) {
        check_finite("level_energies_mhz", energy);
    }
    for (Real element : qubit.lowering_elements) {
        check_finite("lowering_elements", element);
    }
    if (energies != 0 && (qubit.level_energies[0] != 0 || qubit.level_energies[1] != 0)) {
        throw_invalid_argument("level_energies_mhz", "0 for the first two levels (rotating frame)",
                               text_of(qubit.level_energies[0]) + " and " + text_of(qubit.level_energies[1]));
    }
    if (elements != 0 && qubit.lowering_elements[1] != 1) {
        throw_invalid_argument("lowering_elements", "1 between |1> and |0>", text_of(qubit.lowering_elements[1]));
    }
}

// x with erfc(x) / 2 = error for error in (0, 1/2), by bisection: erfc falls monotonically.
Real inverse_overlap_error(Real error) {
    Real low = 0;
    Real high = 6;
    for (int halving = 0; halving < 80; ++halving) {
        Real middle = (low + high) / 2;
        (std::erfc(middle) / 2 > error ? low : high) = middle;
    }
    return (low + high) / 2;
}

// hbar omega / (k T) for omega in rad/µs and T in mK, exact SI constants.
Real energy_over_temperature(Real frequency, Real temperature) {
    constexpr Real planck = 6.62607015e-34;
    constexpr Real boltzmann = 1.380649e-23;
    return planck / two_pi * frequency * 1e6 / (boltzmann * temperature * 1e-3);
}

void check_thermal(Real frequency, Real temperature) {
    check_positive("frequency", frequency);
    check_not_negative("temperature", temperature);
}

}  // namespace

void Qubit::check() const {
    check_between("levels", levels, Index{2}, Index{5});
    for (const auto& parameter : qubit_parameters()) {
        parameter.check(parameter.read(*this));
    }
    if (t2 > 2 * t1) {
        throw_invalid_argument("t2_us", "at most 2 * t1_us = " + text_of(2 * t1), text_of(t2));
    }
    check_level_structure(*this);
}

Qubit HiddenCalibration::decaying_now(const Qubit& calibrated) const {
    if (log_t1 == 0) {
        return calibrated;
    }
    Qubit now = calibrated;
    now.t1 *= std::exp(log_t1);
    now.t2 = std::min(1 / (calibrated.pure_dephasing_rate() + 1 / (2 * now.t1)), 2 * now.t1);
    return now;
}

Real Qubit::pure_dephasing_rate() const {
    return std::max(Real{0}, 1 / t2 - 1 / (2 * t1));
}

Real Qubit::bath_occupation() const {
    return equilibrium_population / (1 - 2 * equilibrium_population);
}

Real Qubit::second_coupling() const {
    return lowering_elements.empty() || levels < 3 ? std::numbers::sqrt2 : lowering_elements[levels + 2];
}

Real gamma_max_from_assignment_error(const Qubit& qubit) {
    Real decay_error = qubit.readout_duration / (4 * qubit.t1);
    Real error = qubit.assignment_error();
    if (error > 0 && decay_error >= error) {
        throw_invalid_argument("assignment error", "greater than the readout's decay error " + text_of(decay_error),
                               text_of(error));
    }
    if (error >= 0.5) {
        throw_invalid_argument("assignment error", "less than 0.5", text_of(error));
    }
    Real overlap_error = std::max(error - decay_error, smallest_overlap_error);
    Real root = inverse_overlap_error(overlap_error);
    return root * root / (qubit.efficiency * qubit.readout_duration);
}

Real thermal_occupation(Real frequency, Real temperature) {
    check_thermal(frequency, temperature);
    return temperature == 0 ? 0 : 1 / std::expm1(energy_over_temperature(frequency, temperature));
}

Real thermal_population(Real frequency, Real temperature) {
    check_thermal(frequency, temperature);
    return temperature == 0 ? 0 : 1 / (1 + std::exp(energy_over_temperature(frequency, temperature)));
}

}  // namespace synqc
