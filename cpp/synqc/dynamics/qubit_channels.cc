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

/// Dissipation over the pulse beyond which spreading it over nodes needs thousands of them.
constexpr Real lossy_dissipation = 0.3;

/// Fourth-order commutator-free Magnus on the whole generator. The dissipation does not change in time and keeps a
/// positive share in each exponential, so every factor is completely positive.
RealMatrix magnus_steps(const DrivenQubit& qubit, const Pulse& pulse, Real scale, const RealMatrix& dissipation,
                        Real begin, Real end, Index steps) {
    const Real step = (end - begin) / static_cast<Real>(steps);
    const Real offset = std::sqrt(3.0) / 6;
    const Real large = 0.25 + offset;
    const Real small = 0.25 - offset;
    auto rotation_at = [&](Real time) {
        DriveSample drive = pulse.at(time);
        drive.omega_x *= scale;
        drive.omega_y *= scale;
        return DrivenQubit::commutation_with(qubit.hamiltonian(drive, pulse.axis));
    };
    RealMatrix whole = RealMatrix::Identity(dissipation.rows(), dissipation.cols());
    for (Index k = 0; k < steps; ++k) {
        const Real middle = begin + (static_cast<Real>(k) + 0.5) * step;
        const RealMatrix early = rotation_at(middle - offset * step);
        const RealMatrix late = rotation_at(middle + offset * step);
        whole = exponential(RealMatrix(step * (large * early + small * late + 0.5 * dissipation))) * whole;
        whole = exponential(RealMatrix(step * (small * early + large * late + 0.5 * dissipation))) * whole;
    }
    return whole;
}

/// Doubles the steps of each smooth piece until nothing moves by more than a tenth of the promised error.
Channel lossy_pulse(const DrivenQubit& qubit, const Pulse& pulse, Real scale, const RealMatrix& dissipation) {
    constexpr Index fewest_steps = 32;
    constexpr Index most_steps = 4096;
    constexpr Real settled = 1e-10;
    std::vector<Real> edges = pulse.breakpoints();
    edges.insert(edges.begin(), 0);
    edges.push_back(pulse.duration);
    Channel channel = Channel::identity(qubit.levels);
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        auto steps_of = [&](Index steps) {
            return magnus_steps(qubit, pulse, scale, dissipation, edges[piece], edges[piece + 1], steps);
        };
        RealMatrix coarse = steps_of(fewest_steps);
        for (Index steps = 2 * fewest_steps; steps <= most_steps; steps *= 2) {
            RealMatrix fine = steps_of(steps);
            // The finer one errs by a fifteenth of the difference: fourth order.
            const Real error = (fine - coarse).cwiseAbs().maxCoeff() / 15;
            coarse = std::move(fine);
            if (error < settled) {
                break;
            }
        }
        channel.matrix = coarse * channel.matrix;
    }
    return channel;
}

Channel smooth_pulse(const DrivenQubit& qubit, const Pulse& pulse, Real scale, const RealMatrix& dissipation,
                     const PulseRates& rates) {
    if (rates.dissipation * pulse.duration > lossy_dissipation) {
        return lossy_pulse(qubit, pulse, scale, dissipation);
    }
    PulseIntervals intervals = cut_pulse(rates, pulse, scale, dissipation);
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

void check_request(const Qubit& qubit, const Pulse& pulse, Real amplitude_error) {
    pulse.check();
    check_finite("amplitude_error", amplitude_error);
    check_between("levels", qubit.levels, Index{2}, Index{5});
}

/// Far below the accuracy promised, so that interpolated maps stay completely positive to 1e-12.
constexpr Real interpolation_tail = 3e-14;

/// Maps of a family of pulses as Chebyshev series in the angle.
struct ChebyshevChannels {
    Index levels;
    Real centre;        // rad
    Real half;          // rad, half the range of angles
    RealMatrix series;  // (nodes, levels^4)
    Real tail;          // largest of the last two coefficients

    template <typename Compile>
    static ChebyshevChannels through(Index nodes, Real centre, Real half, const Compile& compile) {
        RealMatrix to_series(nodes, nodes);
        RealMatrix samples;
        Index levels = 0;
        for (Index node = 0; node < nodes; ++node) {
            const Real phase = pi * (static_cast<Real>(node) + 0.5) / static_cast<Real>(nodes);
            const Channel channel = compile(centre + half * std::cos(phase));
            levels = channel.levels;
            samples.conservativeResize(nodes, channel.matrix.size());
            samples.row(node) = Eigen::Map<const RealVector>(channel.matrix.data(), channel.matrix.size());
            for (Index k = 0; k < nodes; ++k) {
                to_series(k, node) =
                    (k == 0 ? 1.0 : 2.0) / static_cast<Real>(nodes) * std::cos(static_cast<Real>(k) * phase);
            }
        }
        RealMatrix series = to_series * samples;
        const Real tail = series.bottomRows(2).cwiseAbs().maxCoeff();
        return {levels, centre, half, std::move(series), tail};
    }

    std::vector<Channel> at(const std::vector<Real>& angles) const {
        std::vector<Channel> channels;
        channels.reserve(angles.size());
        Eigen::RowVectorXd polynomials(series.rows());
        for (Real angle : angles) {
            const Real x = half > 0 ? (angle - centre) / half : 0;
            polynomials(0) = 1;
            polynomials(1) = x;
            for (Index k = 2; k < polynomials.size(); ++k) {
                polynomials(k) = 2 * x * polynomials(k - 1) - polynomials(k - 2);
            }
            Channel channel{levels, RealMatrix(levels * levels, levels * levels)};
            Eigen::Map<Eigen::RowVectorXd>(channel.matrix.data(), channel.matrix.size()).noalias() =
                polynomials * series;
            channels.push_back(with_exact_trace(std::move(channel)));
        }
        return channels;
    }
};

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
    check_request(qubit, pulse, amplitude_error);
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const Real scale = 1 + amplitude_error;
    if (pulse.is_piecewise_constant()) {
        return with_exact_trace(stepped_pulse(driven, pulse, scale));
    }
    const RealMatrix dissipation = driven.dissipation();
    return with_exact_trace(
        smooth_pulse(driven, pulse, scale, dissipation, rates_of(driven, dissipation, pulse, scale)));
}

std::vector<Channel> pulse_channels(const Qubit& qubit, const Pulse& pulse, const std::vector<Real>& angles,
                                    Real detuning, Real amplitude_error) {
    check_request(qubit, pulse, amplitude_error);
    for (Real angle : angles) {
        check_finite("angles", angle);
    }
    if (angles.empty()) {
        return {};
    }
    const auto [lowest, highest] = std::minmax_element(angles.begin(), angles.end());
    const Real centre = (*lowest + *highest) / 2;
    const Real half = (*highest - *lowest) / 2;
    const DrivenQubit driven = DrivenQubit::from_qubit(qubit, detuning);
    const RealMatrix dissipation = driven.dissipation();
    const Real scale = 1 + amplitude_error;
    Pulse turned = pulse;
    turned.angle = std::max(std::abs(*lowest), std::abs(*highest));
    // One cut for all angles: the maps are then one analytic function of the angle, as interpolation needs.
    const PulseRates rates = rates_of(driven, dissipation, turned, scale);
    auto compile = [&](Real angle) {
        turned.angle = angle;
        return pulse.is_piecewise_constant() ? stepped_pulse(driven, turned, scale)
                                             : smooth_pulse(driven, turned, scale, dissipation, rates);
    };
    std::vector<Channel> channels;
    // The fastest phase among the elements of the map turns with the largest difference of drive eigenvalues.
    const Real bandwidth = half * std::abs(scale) * norm_of(driven.lowering + driven.lowering.transpose());
    for (Index nodes = static_cast<Index>(std::ceil(bandwidth)) + 16; std::ssize(angles) > nodes;
         nodes = nodes * 3 / 2) {
        const ChebyshevChannels interpolated = ChebyshevChannels::through(nodes, centre, half, compile);
        if (interpolated.tail <= interpolation_tail) {
            return interpolated.at(angles);
        }
    }
    for (Real angle : angles) {
        channels.push_back(with_exact_trace(compile(angle)));
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
