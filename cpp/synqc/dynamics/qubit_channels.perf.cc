#include "synqc/dynamics/qubit_channels.h"

#include <cmath>
#include <string>

#include "perf/perf.h"
#include "synqc/base/simd_level.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

Qubit transmon(Index levels) {
    Qubit qubit;
    qubit.levels = levels;
    qubit.t1 = 150;
    qubit.t2 = 100;
    qubit.anharmonicity = levels > 2 ? -two_pi * 310 : 0;
    return qubit;
}

Pulse quarter_turn(EnvelopeShape shape, const Qubit& qubit) {
    Pulse pulse;
    pulse.shape = shape;
    pulse.duration = 0.024;
    pulse.angle = pi / 2;
    pulse.drag.anharmonicity = qubit.anharmonicity;
    return pulse;
}

/// A good quarter turn is one to within what 24 ns of decay take: t / 3 (1/T1 + 1/T2) to first order.
void measure_pulse(Index levels, EnvelopeShape shape, double goal_micros) {
    const Qubit qubit = transmon(levels);
    const Pulse pulse = quarter_turn(shape, qubit);
    const GateQuality quality = gate_quality(pulse_channel(qubit, pulse, 0, 0), ideal_rotation(pi / 2, 0));
    const Real decay = pulse.duration * (1 / qubit.t1 / 6 + 1 / qubit.t2 / 3);
    perf::refuse_if_different({1 - quality.average_fidelity}, {decay}, 5e-5);
    perf::measure([&] { pulse_channel(qubit, pulse, 0, 0); })
        .goal_of_micros(goal_micros)
        .labelled(std::string(simd_level()));
}

}  // namespace

PERF(pulse_channel_3_levels_24_ns_drag) {
    measure_pulse(3, EnvelopeShape::drag, 60);
}

PERF(pulse_channel_2_levels_24_ns_cosine) {
    measure_pulse(2, EnvelopeShape::cosine, 15);
}

PERF(idle_channel_3_levels_1_us) {
    const Qubit qubit = transmon(3);
    const Matrix later = idle_channel(qubit, 1, 0.3).apply(basis_projector(3, 1));
    perf::refuse_if_different({later(1, 1).real()}, {std::exp(-1 / qubit.t1)}, 1e-12);
    perf::measure([&] { idle_channel(qubit, 1, 0.3); }).goal_of_micros(10);
}

PERF(pulse_channels_256_angles_3_levels) {
    const Qubit qubit = transmon(3);
    const Pulse pulse = quarter_turn(EnvelopeShape::drag, qubit);
    std::vector<Real> angles;
    for (int k = 0; k < 256; ++k) {
        angles.push_back(pi * k / 256);
    }
    const Real half_way = pulse_channels(qubit, pulse, angles, 0, 0)[128].matrix(1, 0);
    perf::refuse_if_different({half_way}, {pulse_channel(qubit, pulse, 0, 0).matrix(1, 0)}, 1e-9);
    perf::measure([&] { pulse_channels(qubit, pulse, angles, 0, 0); }).goal_of_micros(2500);
}
