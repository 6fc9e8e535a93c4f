#pragma once

#include <span>
#include <string_view>

#include "synqc/device/device.h"

/// The one list of a device's parameters in public units: documents, overrides and bindings all read from it, and the
/// checks of Qubit, DriftProcess and Device refuse in its words.
namespace synqc {

/// What a parameter may be, in public units.
enum class Range {
    any,                   // finite
    not_negative,          // finite, >= 0
    positive,              // finite, > 0
    positive_or_infinite,  // > 0; infinite where there is no decay (null in documents)
    probability,           // [0, 1]
    below_half,            // [0, 0.5)
    share,                 // (0, 1]
};

/// `stored / unit`, but the number that times `unit` gives `stored` if there is one, and a short one of those.
Real in_public_unit(Real stored, Real unit);

/// A number of `Owner`, its public name (which carries the unit) and what it means.
template <typename Owner>
struct Parameter {
    std::string_view name;
    Real Owner::*field;
    Real unit;  // of the public name, in internal units
    Range range;
    std::string_view meaning;

    /// In public units: the number that `write` would turn into the stored one, short if there is a short one.
    Real read(const Owner& owner) const;
    /// From public units, unchecked.
    void write(Owner& owner, Real value) const { owner.*field = value * unit; }
    /// Throws InvalidArgument with `name` in its sentence unless `value`, in public units, is in range.
    void check(Real value) const;
};

/// All parameters of a qubit except `levels`.
std::span<const Parameter<Qubit>> qubit_parameters();
/// spread, detuning_scale_khz, amplitude_error_scale.
std::span<const Parameter<Device>> device_parameters();
/// All figures of a readout resonator except `chi_mhz`, which is a number or a list.
std::span<const Parameter<ReadoutResonator>> resonator_parameters();
/// The parameters a drift process of this kind has; the rest of its fields are not used.
std::span<const Parameter<DriftProcess>> drift_parameters(DriftKind kind);

/// "ornstein-uhlenbeck", "random-walk", "random-telegraph", "one-over-f"; throws UnknownName listing them.
DriftKind drift_kind_from_name(std::string_view name);
std::string_view name_of(DriftKind kind);

/// Value in public units of a qubit parameter of the typical qubit, of a device parameter, of `detuning_khz` or
/// `amplitude_error` (NaN while they are drawn), and of `tphi_us`. Throws UnknownName listing the known ones.
Real parameter_of(const Device& device, std::string_view name);

/// What such a parameter means. Throws UnknownName listing the known ones.
std::string_view meaning_of_parameter(std::string_view name);

/// Sets such a parameter, on the typical qubit and on every calibrated qubit (whose T2 is cut to 2 T1 where it would
/// pass it). NaN as `detuning_khz` or `amplitude_error` goes back to drawing. Throws UnknownName, or InvalidArgument if
/// the value is out of its own range; whether the parameters fit each other is for Device::check.
void set_parameter(Device& device, std::string_view name, Real value);

/// Replaces a parameter of a device that is complete: as set_parameter, but a T1 below half of T2 cuts T2 to 2 T1 and
/// says so in `assumptions`, a thermal population is the prepared one too, and `tphi_us`, the pure dephasing time 1 /
/// (1/T2 - 1/(2 T1)), sets the T2 that goes with each T1.
void override_parameter(Device& device, std::string_view name, Real value);

}  // namespace synqc
