#pragma once

#include <limits>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// The figures of a resonator that a qubit is read out through, as documents hold them; the room `readout` computes.
struct ReadoutResonator {
    Real linewidth = 0;        // kappa, rad/µs
    std::vector<Real> shifts;  // rad/µs: one number c for (c, -c), or one for each of 2 or 3 levels
    Real drive = 0;            // rad/µs, at which a pulse has amplitude 1
    Real detuning = 0;         // rad/µs, middle of the frequencies with |0> and |1> minus the drive's
    Real phase = 0;            // rad, of the detected quadrature
    Real efficiency = 1;       // of a single quadrature
    Real delay = 0;            // µs, from the resonator to the record
    Real thermal_photons = 0;
    Real critical_photons = std::numeric_limits<Real>::infinity();

    /// Throws InvalidArgument unless every figure is in range.
    void check() const;

    bool operator==(const ReadoutResonator&) const = default;
};

}  // namespace synqc
