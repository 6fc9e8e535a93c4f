#include "synqc/experiment/classical_plant.h"

#include <algorithm>
#include <cmath>

#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr Index lane_multiple = 8;

/// Mean in-phase signal of each step: populations at the middle of the step.
std::vector<Real> signal_of(const MonitoredProgram& program, Matrix& state) {
    std::vector<Real> signal;
    for (Index step = 0; step < program.steps; ++step) {
        state = program.half_step.apply(state);
        Real mean = 0;
        for (Index level = 0; level < program.levels; ++level) {
            mean += program.monitor.level_i[static_cast<std::size_t>(level)] * state(level, level).real();
        }
        signal.push_back(mean);
        state = program.half_step.apply(state);
    }
    return signal;
}

}  // namespace

void repeat_state(const Matrix& state, Index count, Index bins, ShotBlock& block) {
    const RealVector coordinates = hermitian_coordinates(state);
    block.shots = count;
    block.lanes = (count + lane_multiple - 1) / lane_multiple * lane_multiple;
    block.states.resize(static_cast<std::size_t>(coordinates.size() * block.lanes));
    for (Index row = 0; row < coordinates.size(); ++row) {
        std::fill_n(block.states.begin() + row * block.lanes, block.lanes, coordinates[row]);
    }
    block.beliefs.clear();
    block.integrated.assign(static_cast<std::size_t>(block.lanes), 0);
    block.bins_i.assign(static_cast<std::size_t>(bins * block.lanes), 0);
    block.bins_q = block.moments_i = block.bins_i;
}

void sample_classical_shots(const MonitoredProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            bool keep_bins, ShotBlock& block) {
    Matrix state = program.initial_state;
    const std::vector<Real> signal = signal_of(program, state);
    const Index bins = program.steps / program.steps_per_bin;
    repeat_state(state, count, keep_bins ? bins : 0, block);
    if (program.with_belief) {
        // Nothing is learnt about a state that does not react: the belief is the believed mean motion.
        Matrix believed = program.believed_initial_state;
        for (Index step = 0; step < program.steps; ++step) {
            believed = program.believed_full_step.apply(believed);
        }
        const RealVector coordinates = hermitian_coordinates(believed);
        block.beliefs.resize(block.states.size());
        for (Index row = 0; row < coordinates.size(); ++row) {
            std::fill_n(block.beliefs.begin() + row * block.lanes, block.lanes, coordinates[row]);
        }
    }
    const Real noise = std::sqrt(program.monitor.measurement_time / program.step_duration);
    for (Index shot = 0; shot < count; ++shot) {
        PhiloxStream normals(stream.seed, stream.experiment, first + static_cast<ShotIndex>(shot), stream.channel);
        for (Index step = 0; step < program.steps; ++step) {
            const Real in_phase = signal[static_cast<std::size_t>(step)] + noise * normals.normal();
            const Real in_quadrature = noise * normals.normal();
            block.integrated[static_cast<std::size_t>(shot)] += in_phase / static_cast<Real>(program.steps);
            if (keep_bins) {
                const Index bin = step / program.steps_per_bin;
                const auto position = static_cast<std::size_t>(bin * block.lanes + shot);
                const Real share = 1 / static_cast<Real>(program.steps_per_bin);
                const Real place = (static_cast<Real>(step % program.steps_per_bin) + 0.5) * share - 0.5;
                block.bins_i[position] += in_phase * share;
                block.bins_q[position] += in_quadrature * share;
                block.moments_i[position] += in_phase * share * place;
            }
        }
    }
}

}  // namespace synqc
