#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synqc/dynamics/monitored_shots.h"

namespace synqc {

/// The end of a shot: what its state is worth, and the one bit a projective readout gives.
///
/// Weights act on hermitian_coordinates; readout_weights makes them from an operator.
struct Readout {
    RealVector fidelity_weights;  // F = weights . coordinates
    RealVector one_weights;       // probability to read 1 without assignment errors
    Real p0_given_1 = 0;          // assignment errors
    Real p1_given_0 = 0;
};

/// Weights with weights . hermitian_coordinates(rho) = tr(observable rho); `observable` Hermitian (levels, levels).
RealVector readout_weights(const Matrix& observable);

/// Weights of <psi|rho|psi>.
RealVector fidelity_weights(const Vector& psi);

/// Weights of 1 - rho_00: every level above the ground state reads as 1.
RealVector excited_weights(Index levels);

/// Reads out shots [first, first + shots) of `states` (levels^2, lanes): one uniform per shot decides its bit.
/// Both spans hold at least `shots` values. Bytes do not depend on chunking.
void read_out(const Readout& readout, const ShotStream& stream, ShotIndex first, const std::vector<Real>& states,
              Index lanes, Index shots, std::span<Real> fidelities, std::span<std::uint8_t> bits);

}  // namespace synqc
