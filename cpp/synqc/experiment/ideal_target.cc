#include "synqc/experiment/ideal_target.h"

#include "synqc/dynamics/qubit_channels.h"

namespace synqc {

namespace {

Matrix ideal_qubit_projector(const ExperimentRequest& request) {
    Matrix rotation = ideal_rotation(request.second_angle, request.second_axis) *
                      ideal_rotation(request.first_angle, request.first_axis);
    return rotation.col(0) * rotation.col(0).adjoint();
}

}  // namespace

Pulse control_pulse(const ExperimentRequest& request, const Qubit& qubit, Real angle, Real axis, Real drag_beta) {
    Pulse pulse;
    pulse.shape = request.envelope;
    pulse.duration = qubit.gate_duration;
    pulse.angle = angle;
    pulse.axis = axis;
    pulse.drag = {.beta = drag_beta,
                  .detuning_correction = request.drag_detuning,
                  .anharmonicity = qubit.levels > 2 ? qubit.anharmonicity : 0,
                  .coupling = qubit.second_coupling()};
    pulse.edge_fraction = request.edge_fraction;
    pulse.samples = request.samples;
    pulse.interpolate_samples = request.interpolate_samples;
    return pulse;
}

Matrix ideal_target_projector(const ExperimentRequest& request, Index levels) {
    Matrix projector = Matrix::Zero(levels, levels);
    projector.topLeftCorner(2, 2) = ideal_qubit_projector(request);
    return projector;
}

BlochVector ideal_target_direction(const ExperimentRequest& request) {
    Matrix projector = ideal_qubit_projector(request);
    return {2 * projector(0, 1).real(), -2 * projector(0, 1).imag(), (projector(0, 0) - projector(1, 1)).real()};
}

int ideal_bit(const ExperimentRequest& request) {
    return ideal_qubit_projector(request)(1, 1).real() >= 0.5 ? 1 : 0;
}

}  // namespace synqc
