#include <cmath>
#include <vector>

#include "perf/perf.h"
#include "synqc/optimise/control_ensemble.h"

using namespace synqc;

namespace {

ControlEnsemble driven_transmon(bool open) {
    Matrix lower = Matrix::Zero(3, 3);
    lower(0, 1) = 1;
    lower(1, 2) = std::sqrt(2.0);
    ControlSystem system;
    system.drift = Matrix::Zero(3, 3);
    system.drift(2, 2) = -two_pi * 300;
    system.controls = {0.5 * (lower + lower.adjoint()), Complex(0, 0.5) * (lower.adjoint() - lower)};
    if (open) {
        system.jumps = {0.1 * lower};
    }
    Matrix target = Matrix::Zero(3, 2);
    target(0, 1) = target(1, 0) = 1;
    return ControlEnsemble({system}, {Matrix::Identity(3, 2), target, Matrix::Identity(3, 2)}, 0.5e-3);
}

void measure_gradient(bool open, Real goal_micros) {
    const ControlEnsemble ensemble = driven_transmon(open);
    std::vector<Real> amplitudes(40);
    for (std::size_t k = 0; k < amplitudes.size(); ++k) {
        amplitudes[k] = two_pi * 100 * std::sin(static_cast<Real>(k));
    }
    std::vector<Real> gradient(40);
    ensemble.errors(amplitudes, 1, gradient);
    std::vector<Real> differences;
    const Real step = 10;
    for (std::size_t k = 0; k < amplitudes.size(); ++k) {
        const auto error = [&](Real moved) {
            std::vector<Real> other = amplitudes;
            other[k] += moved;
            return ensemble.errors(other, 1, {}).front().infidelity;
        };
        differences.push_back((8 * (error(step) - error(-step)) - (error(2 * step) - error(-2 * step))) / (12 * step));
    }
    perf::refuse_if_different(gradient, differences, 1e-12);
    perf::measure([&] { ensemble.errors(amplitudes, 1, gradient); }).goal_of_micros(goal_micros);
}

}  // namespace

PERF(gate_gradient_3_levels_20_samples_2_controls) {
    measure_gradient(false, 20);
}

PERF(gate_gradient_open_3_levels_20_samples_2_controls) {
    measure_gradient(true, 400);
}
