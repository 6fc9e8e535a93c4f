#pragma once

#include "synqc/device/qubit.h"
#include "synqc/linalg/channel.h"
#include "synqc/pulse/pulse.h"

/// The segments of a shot as compiled channels: Lindblad evolution of one qubit in the frame rotating at the drive.
///
/// H = detuning b^dag b + (anharmonicity / 2) b^dag b^dag b b + drive; T1 with bath, pure dephasing as in (1a.2).
namespace synqc {

/// Exact channel of an idle qubit. duration µs >= 0, detuning rad/µs. duration 0 gives the identity bit for bit.
Channel idle_channel(const Qubit& qubit, Real duration, Real detuning);

/// Channel of a driven qubit: exact exponentials of constant pieces, short intervals of sixth-order Magnus and
/// dissipation at Gauss nodes for smooth shapes, as many as keep the error of every element below 1e-9; breakpoints are
/// hard stops. Completely positive by construction. 2 to 5 levels. amplitude_error: relative, scales Omega_x
/// and Omega_y.
Channel pulse_channel(const Qubit& qubit, const Pulse& pulse, Real detuning, Real amplitude_error);

/// Channels of the same pulse at `angles` (rad): computed at Chebyshev nodes of the amplitude and interpolated to 1e-9,
/// which costs a few dozen compilations whatever the number of angles.
std::vector<Channel> pulse_channels(const Qubit& qubit, const Pulse& pulse, const std::vector<Real>& angles,
                                    Real detuning, Real amplitude_error);

/// Unitary of the pulse without decay, detuning or amplitude error on a two-level system: exactly the rotation by
/// `pulse.angle` about its axis.
Matrix ideal_rotation(Real angle, Real axis);

/// Ground-state density matrix with `prepared_population` in |1>, (levels, levels).
Matrix prepared_state(const Qubit& qubit);

}  // namespace synqc
