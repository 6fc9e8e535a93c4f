#include "synqc/dynamics/qubit_channels.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/dynamics/driven_qubit.h"
#include "synqc/dynamics/pulse_intervals.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/operators.h"

namespace synqc {

namespace {

Real norm_of(const RealMatrix& matrix) {
    return matrix.cwiseAbs().colwise().sum().maxCoeff();
}

/// Exponentials of the constant pieces between breakpoints.
Channel stepped_pulse(const DrivenQubit& qubit, const Pulse& pulse, Real scale) {
    std::vector<Real> edges = pulse.breakpoints();
    edges.insert(edges.begin(), 0);
    edges.push_back(pulse.duration);
    const RealMatrix dissipation = qubit.dissipation();
    Channel whole = Channel::identity(qubit.levels);
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        const Real begin = edges[piece];
        const Real end = edges[piece + 1];
        DriveSample drive = pulse.at((begin + end) / 2);
        drive.omega_x *= scale;
        drive.omega_y *= scale;
        const RealMatrix generator = DrivenQubit::commutation_with(qubit.hamiltonian(drive, pulse.axis)) + dissipation;
        const RealMatrix step = exponential(RealMatrix((end - begin) * generator));
        whole.matrix = piece == 0 ? step : RealMatrix(step * whole.matrix);
    }
    return whole;
}

Real strongest_drive(const Pulse& pulse) {
    constexpr int looks = 32;
    Real strongest = 0;
    for (int look = 0; look <= looks; ++look) {
        const DriveSample drive = pulse.at(pulse.duration * look / looks);
        strongest = std::max(strongest, std::hypot(drive.omega_x, drive.omega_y) / 2 + std::abs(drive.detuning));
    }
    return strongest;
}

PulseRates rates_of(const DrivenQubit& qubit, const RealMatrix& dissipation, const Pulse& pulse, Real scale) {
    PulseRates rates;
    for (Index k = 0; k < qubit.levels; ++k) {
        for (Index l = k + 1; l < qubit.levels; ++l) {
            if (qubit.lowering(k, l) != 0) {
                rates.transition = std::max(rates.transition, std::abs(qubit.energies(l) - qubit.energies(k)));
            }
        }
    }
    rates.spread = (qubit.energies.maxCoeff() - qubit.energies.minCoeff()) / 2;
    rates.drive =
        strongest_drive(pulse) * std::abs(scale) * (norm_of(qubit.lowering) + norm_of(qubit.lowering.transpose()));
    rates.dissipation = norm_of(dissipation);
    return rates;
}

Channel smooth_pulse(const DrivenQubit& qubit, const Pulse& pulse, Real scale) {
    const RealMatrix dissipation = qubit.dissipation();
    PulseIntervals intervals = cut_pulse(rates_of(qubit, dissipation, pulse, scale), pulse, scale, dissipation);
    intervals.levels = qubit.levels;
    // Only differences of energies matter; centred, they need the fewest terms of the exponential series.
    const Real centre = (qubit.energies.maxCoeff() + qubit.energies.minCoeff()) / 2;
    for (Real energy : qubit.energies) {
        intervals.energies.push_back(energy - centre);
    }
    intervals.lowering.assign(qubit.lowering.data(), qubit.lowering.data() + qubit.lowering.size());
    Channel channel{qubit.levels, RealMatrix(qubit.levels * qubit.levels, qubit.levels * qubit.levels)};
    compile_pulse(intervals, channel.matrix.data());
    return channel;
}

}  // namespace

Channel idle_channel(const Qubit& qubit, Real duration, Real detuning) {
    check_not_negative("duration", duration);
    if (duration == 0) {
        return Channel::identity(qubit.levels);
    }
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const RealMatrix generator = DrivenQubit::commutation_with(driven.hamiltonian({0, 0, 0}, 0)) + driven.dissipation();
    return with_exact_trace({qubit.levels, exponential_by_blocks(RealMatrix(duration * generator))});
}

Channel pulse_channel(const Qubit& qubit, const Pulse& pulse, Real detuning, Real amplitude_error) {
    pulse.check();
    check_finite("amplitude_error", amplitude_error);
    check_between("levels", qubit.levels, Index{2}, Index{5});
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const Real scale = 1 + amplitude_error;
    return with_exact_trace(pulse.is_piecewise_constant() ? stepped_pulse(driven, pulse, scale)
                                                          : smooth_pulse(driven, pulse, scale));
}

std::vector<Channel> pulse_channels(const Qubit& qubit, const Pulse& pulse, const std::vector<Real>& angles,
                                    Real detuning, Real amplitude_error) {
    std::vector<Channel> channels;
    for (Real angle : angles) {
        Pulse turned = pulse;
        turned.angle = angle;
        channels.push_back(pulse_channel(qubit, turned, detuning, amplitude_error));
    }
    return channels;
}

Matrix ideal_rotation(Real angle, Real axis) {
    return equatorial_rotation(angle, axis);
}

Matrix prepared_state(const Qubit& qubit) {
    Matrix state = Matrix::Zero(qubit.levels, qubit.levels);
    state(0, 0) = 1 - qubit.prepared_population;
    state(1, 1) = qubit.prepared_population;
    return state;
}

}  // namespace synqc
