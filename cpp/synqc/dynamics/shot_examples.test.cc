#include "synqc/dynamics/shot_examples.h"

#include <cmath>
#include <complex>
#include <utility>

#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc::examples {

Matrix random_matrix(Index rows, Index columns, PhiloxStream& stream) {
    Matrix matrix(rows, columns);
    for (Index k = 0; k < matrix.size(); ++k) {
        matrix.data()[k] = {stream.normal(), stream.normal()};
    }
    return matrix;
}

Matrix random_isometry(Index rows, Index columns, PhiloxStream& stream) {
    Matrix drawn = random_matrix(rows, columns, stream);
    return Eigen::HouseholderQR<Matrix>(drawn).householderQ() * Matrix::Identity(rows, columns);
}

Channel random_channel(Index levels, PhiloxStream& stream) {
    Matrix isometry = random_isometry(2 * levels, levels, stream);
    return Channel::from_kraus({isometry.topRows(levels), isometry.bottomRows(levels)});
}

Matrix random_state(Index levels, PhiloxStream& stream) {
    Matrix drawn = random_matrix(levels, levels, stream);
    Matrix state = drawn * drawn.adjoint();
    return state / state.trace();
}

Channel rotation_about_x(Real angle) {
    Matrix unitary(2, 2);
    unitary << std::cos(angle / 2), Complex(0, -std::sin(angle / 2)), Complex(0, -std::sin(angle / 2)),
        std::cos(angle / 2);
    return Channel::from_unitary(unitary);
}

Channel relaxation(Real time, Real t1) {
    Matrix stays = Matrix::Zero(2, 2);
    Matrix falls = Matrix::Zero(2, 2);
    stays(0, 0) = 1;
    stays(1, 1) = std::exp(-time / (2 * t1));
    falls(0, 1) = std::sqrt(-std::expm1(-time / t1));
    return Channel::from_kraus({stays, falls});
}

Matrix qubit_state(Real ground, Complex coherence) {
    Matrix state(2, 2);
    state << ground, coherence, std::conj(coherence), 1 - ground;
    return state;
}

ContinuousMeasurement qubit_monitor(Real dephasing_rate, Real efficiency) {
    return {{1, -1}, {0, 0}, 1 / (2 * efficiency * dephasing_rate), dephasing_rate, efficiency};
}

MonitoredProgram probe_only(Matrix initial, Index steps, Real step_duration, ContinuousMeasurement monitor) {
    MonitoredProgram program;
    program.levels = initial.rows();
    program.initial_state = std::move(initial);
    program.half_step = Channel::identity(program.levels);
    program.full_step = Channel::identity(program.levels);
    program.steps = steps;
    program.steps_per_bin = steps;
    program.step_duration = step_duration;
    program.monitor = std::move(monitor);
    return program;
}

MonitoredProgram driven_probe(Real rabi_frequency, Index steps, Real step_duration, ContinuousMeasurement monitor) {
    auto program = probe_only(qubit_state(1), steps, step_duration, std::move(monitor));
    program.half_step = rotation_about_x(rabi_frequency * step_duration / 2);
    program.full_step = rotation_about_x(rabi_frequency * step_duration);
    return program;
}

MonitoredProgram unstructured_program(Index levels, Index steps, bool quadrature, PhiloxStream& stream) {
    auto program = probe_only(random_state(levels, stream), steps, 0.3, {});
    program.half_step = random_channel(levels, stream);
    program.full_step = random_channel(levels, stream);
    for (Index level = 0; level < levels; ++level) {
        program.monitor.level_i.push_back(1 - 2 * static_cast<Real>(level) + 0.3 * stream.normal());
        program.monitor.level_q.push_back(quadrature ? stream.normal() : 0.25);
    }
    program.monitor.dephasing_rate = 0.8;
    program.monitor.efficiency = 0.6;
    program.monitor.measurement_time = 1 / (2 * 0.6 * 0.8);
    return program;
}

Matrix state_of(const std::vector<Real>& states, Index levels, Index lanes, Index shot) {
    RealVector coordinates(levels * levels);
    for (Index k = 0; k < coordinates.size(); ++k) {
        coordinates[k] = states[k * lanes + shot];
    }
    return from_hermitian_coordinates(coordinates);
}

Matrix state_of(const ShotBlock& block, Index levels, Index shot) {
    return state_of(block.states, levels, block.lanes, shot);
}

MeanAndError mean_of(const std::vector<Real>& values) {
    Real sum = 0;
    for (Real value : values) {
        sum += value;
    }
    Real mean = sum / static_cast<Real>(values.size());
    Real squares = 0;
    for (Real value : values) {
        squares += (value - mean) * (value - mean);
    }
    Real n = static_cast<Real>(values.size());
    return {mean, std::sqrt(squares / (n * (n - 1)))};
}

}  // namespace synqc::examples
