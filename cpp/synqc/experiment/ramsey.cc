#include "synqc/experiment/ramsey.h"

#include <cmath>

#include "synqc/dynamics/qubit_channels.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/random/philox.h"

namespace synqc {

Real ramsey_one_probability(const ExperimentRequest& request, const Qubit& known, const HiddenCalibration& hidden,
                            const RamseyRound& round, PropagatorCache& segments) {
    const Qubit qubit = hidden.decaying_now(known);
    const Real detuning = hidden.detuning - round.drive_correction;
    Pulse first = control_pulse(request, qubit, pi / 2, 0, request.drag_beta);
    Pulse second = control_pulse(request, qubit, pi / 2, round.phase, request.drag_beta);
    Matrix state = segments.pulse(qubit, first, detuning, hidden.amplitude_error)->front().apply(prepared_state(qubit));
    // Evolution times rarely repeat: compiling the idle is cheaper than remembering it.
    state = idle_channel(qubit, round.evolution_time, detuning).apply(state);
    state = segments.pulse(qubit, second, detuning, hidden.amplitude_error)->front().apply(state);
    const Real excited = 1 - state(0, 0).real();
    return excited * (1 - qubit.p0_given_1) + (1 - excited) * qubit.p1_given_0;
}

Index count_ones(Real one_probability, const ShotStream& stream, ShotIndex first, Index shots) {
    Index ones = 0;
    for (Index shot = 0; shot < shots; ++shot) {
        PhiloxStream chance(stream.seed, stream.experiment, first + static_cast<ShotIndex>(shot), stream.channel);
        ones += chance.uniform() < one_probability ? 1 : 0;
    }
    return ones;
}

Real ramsey_cycle(const ExperimentRequest& request, const Qubit& qubit, const RamseyRound& round) {
    return 2 * qubit.gate_duration + round.evolution_time + qubit.readout_duration + request.target.result_latency;
}

Real pulse_evolution_time(const ExperimentRequest& request, const Qubit& qubit) {
    constexpr Index steps = 400;
    Pulse pulse = control_pulse(request, qubit, pi / 2, 0, 0);
    const Real step = pulse.duration / steps;
    Real angle = 0;
    Real worth = 0;
    for (Index k = 0; k < steps; ++k) {
        const Real turned = pulse.at((static_cast<Real>(k) + 0.5) * step).omega_x * step;
        worth += std::sin(angle + turned / 2) * step;
        angle += turned;
    }
    return worth;
}

}  // namespace synqc
