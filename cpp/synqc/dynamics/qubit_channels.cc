#include "synqc/dynamics/qubit_channels.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/dynamics/driven_qubit.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

constexpr Real promised_error = 1e-9;

/// The generator of a driven qubit in Hermitian coordinates, as a sum of fixed matrices.
struct DrivenGenerator {
    RealMatrix idle;
    RealMatrix along_x;  // per rad/µs of Omega_x in the frame of the pulse's axis
    RealMatrix along_y;
    RealMatrix detuned;

    DrivenGenerator(const DrivenQubit& qubit, Real axis) {
        DrivenQubit driven_only = qubit;
        driven_only.static_hamiltonian.setZero();
        auto part = [&](const DriveSample& unit) {
            return in_hermitian_coordinates(hamiltonian_superoperator(driven_only.hamiltonian(unit, axis)));
        };
        idle = in_hermitian_coordinates(qubit.idle_generator());
        along_x = part({1, 0, 0});
        along_y = part({0, 1, 0});
        detuned = part({0, 0, 1});
    }

    RealMatrix at(const DriveSample& drive) const {
        return idle + drive.omega_x * along_x + drive.omega_y * along_y + drive.detuning * detuned;
    }
};

DriveSample scaled(DriveSample drive, Real scale) {
    return {drive.omega_x * scale, drive.omega_y * scale, drive.detuning};
}

DriveSample mixed(Real a, const DriveSample& p, Real b, const DriveSample& q) {
    return {a * p.omega_x + b * q.omega_x, a * p.omega_y + b * q.omega_y, a * p.detuning + b * q.detuning};
}

RealMatrix smooth_piece(const DrivenGenerator& generator, const Pulse& pulse, Real scale, Real begin, Real end,
                        Index steps) {
    const Real gauss = std::sqrt(3.0) / 6;
    const Real step = (end - begin) / static_cast<Real>(steps);
    RealMatrix propagator = RealMatrix::Identity(generator.idle.rows(), generator.idle.cols());
    for (Index k = 0; k < steps; ++k) {
        const Real middle = begin + (static_cast<Real>(k) + 0.5) * step;
        const DriveSample early = scaled(pulse.at(middle - gauss * step), scale);
        const DriveSample late = scaled(pulse.at(middle + gauss * step), scale);
        // The exponents weigh the two nodes by 1/4 +- sqrt(3)/6, which add up to one half.
        const RealMatrix first = (step / 2) * generator.at(mixed(0.5 + 2 * gauss, early, 0.5 - 2 * gauss, late));
        const RealMatrix second = (step / 2) * generator.at(mixed(0.5 - 2 * gauss, early, 0.5 + 2 * gauss, late));
        propagator = exponential(second) * (exponential(first) * propagator);
    }
    return propagator;
}

}  // namespace

Channel idle_channel(const Qubit& qubit, Real duration, Real detuning) {
    check_not_negative("duration", duration);
    if (duration == 0) {
        return Channel::identity(qubit.levels);
    }
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const RealMatrix generator = in_hermitian_coordinates(driven.idle_generator());
    return with_exact_trace({qubit.levels, exponential(RealMatrix(duration * generator))});
}

Channel pulse_channel(const Qubit& qubit, const Pulse& pulse, Real detuning, Real amplitude_error) {
    pulse.check();
    check_finite("amplitude_error", amplitude_error);
    const DrivenGenerator generator(DrivenQubit::from_qubit(qubit, detuning), pulse.axis);
    const Real scale = 1 + amplitude_error;
    std::vector<Real> edges = pulse.breakpoints();
    edges.insert(edges.begin(), 0);
    edges.push_back(pulse.duration);
    Channel whole = Channel::identity(qubit.levels);
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        const Real begin = edges[piece];
        const Real end = edges[piece + 1];
        if (pulse.is_piecewise_constant()) {
            const DriveSample drive = scaled(pulse.at((begin + end) / 2), scale);
            whole.matrix = exponential(RealMatrix((end - begin) * generator.at(drive))) * whole.matrix;
            continue;
        }
        RealMatrix coarse = smooth_piece(generator, pulse, scale, begin, end, 16);
        for (Index steps = 32;; steps *= 2) {
            const RealMatrix fine = smooth_piece(generator, pulse, scale, begin, end, steps);
            const Real change = (fine - coarse).cwiseAbs().maxCoeff();
            coarse = fine;
            if (change < 15 * promised_error / 2 || steps > 100000) {
                break;
            }
        }
        whole.matrix = coarse * whole.matrix;
    }
    return with_exact_trace(whole);
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
