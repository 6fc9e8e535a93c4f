#include "synqc/experiment/probe_plan.h"

#include <algorithm>
#include <cmath>

#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

constexpr Real tolerated_step_error = 1e-3;
constexpr Index most_planned_steps = 4096;

Real step_error(Real decay_share, Real dose, Index steps) {
    return decay_share * std::min(Real{1}, std::sqrt(dose / static_cast<Real>(steps))) / 4;
}

}  // namespace

ContinuousMeasurement probe_monitor(const ExperimentRequest& request, const Qubit& qubit) {
    ContinuousMeasurement monitor;
    monitor.efficiency = qubit.efficiency;
    monitor.dephasing_rate = request.probe_strength * request.probe_strength * qubit.gamma_max;
    monitor.measurement_time = 1 / (2 * monitor.efficiency * monitor.dephasing_rate);
    for (Index level = 0; level < qubit.levels; ++level) {
        Real shift = static_cast<Real>(2 * level - 1);
        Complex field = 1.0 / Complex(1, shift);
        monitor.level_i.push_back(2 * field.imag());
        monitor.level_q.push_back(2 * field.real() - 1);
    }
    // The qubit's own two points carry no rounding, so that a third level is the only source of quadrature signal.
    monitor.level_i[0] = 1;
    monitor.level_i[1] = -1;
    monitor.level_q[0] = 0;
    monitor.level_q[1] = 0;
    return monitor;
}

ProbeSteps plan_probe_steps(const ExperimentRequest& request, const Qubit& qubit) {
    ContinuousMeasurement monitor = probe_monitor(request, qubit);
    Real decay_share = -std::expm1(-request.probe_duration / qubit.t1);
    Real dose = request.probe_duration / monitor.measurement_time;
    Index steps = request.probe_steps;
    if (steps == 0) {
        steps = request.probe_bins;
        while (step_error(decay_share, dose, steps) > tolerated_step_error && steps < most_planned_steps) {
            steps += std::max(request.probe_bins, steps / 8 / request.probe_bins * request.probe_bins);
        }
    }
    return {steps, step_error(decay_share, dose, steps)};
}

Channel ensemble_dephasing(const ContinuousMeasurement& monitor, Index levels, Real duration) {
    Channel channel = Channel::identity(levels);
    for (Index i = 0; i < levels; ++i) {
        for (Index j = i + 1; j < levels; ++j) {
            Real along = monitor.level_i[i] - monitor.level_i[j];
            Real across = monitor.level_q[i] - monitor.level_q[j];
            Real contrast = std::exp(-monitor.dephasing_rate * duration * (along * along + across * across) / 4);
            Index position = coherence_position(levels, i, j);
            channel.matrix(position, position) = contrast;
            channel.matrix(position + 1, position + 1) = contrast;
        }
    }
    return channel;
}

}  // namespace synqc
