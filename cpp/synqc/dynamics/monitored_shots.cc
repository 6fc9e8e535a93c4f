#include "synqc/dynamics/monitored_shots.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/dynamics/shot_packing.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

void check_state(std::string_view name, const Matrix& state, Index levels) {
    if (state.rows() != levels || state.cols() != levels) {
        throw_invalid_argument(name, "a matrix of " + std::to_string(levels) + " by " + std::to_string(levels),
                               "one of " + std::to_string(state.rows()) + " by " + std::to_string(state.cols()));
    }
    Complex trace = state.trace();
    if (!(std::abs(trace - 1.0) < 1e-9)) {
        throw_invalid_argument(name, "a density matrix of trace 1", "of trace " + text_of(trace.real()));
    }
}

void check_level_count(std::string_view name, const std::vector<Real>& values, Index levels) {
    if (std::ssize(values) != levels) {
        throw_invalid_argument(name, "one value for each of " + std::to_string(levels) + " levels",
                               std::to_string(values.size()) + " values");
    }
    for (Real value : values) {
        check_finite(name, value);
    }
}

void check_monitor(const ContinuousMeasurement& monitor, Index levels) {
    check_level_count("level_i", monitor.level_i, levels);
    check_level_count("level_q", monitor.level_q, levels);
    check_not_negative("dephasing_rate", monitor.dephasing_rate);
    check_between("efficiency", monitor.efficiency, 0.0, 1.0);
    if (!(monitor.measurement_time > 0)) {
        throw_invalid_argument("measurement_time", "positive", text_of(monitor.measurement_time));
    }
    // A record that says more than 2 eta Gamma would be a map that is not positive.
    Real told = 1 / (2 * monitor.measurement_time);
    Real allowed = monitor.efficiency * monitor.dephasing_rate;
    if (monitor.dephasing_rate > 0 && !(std::abs(told - allowed) <= 1e-6 * monitor.dephasing_rate)) {
        throw_invalid_argument("measurement_time", "1 / (2 efficiency dephasing_rate) = " + text_of(1 / (2 * allowed)),
                               text_of(monitor.measurement_time));
    }
}

void check_rows(const std::vector<Real>& states, Index levels, Index lanes, Index shots) {
    if (lanes % lane_multiple != 0 || shots > lanes) {
        throw_invalid_argument("lanes", "a multiple of 8 not below the number of shots", std::to_string(lanes));
    }
    if (std::ssize(states) != levels * levels * lanes) {
        throw_invalid_argument("states", "levels^2 rows of `lanes` values", std::to_string(states.size()) + " values");
    }
}

void prepare(const MonitoredProgram& program, Index count, bool keep_bins, ShotBlock& block) {
    Index bins = keep_bins ? program.steps / program.steps_per_bin : 0;
    block.shots = count;
    block.lanes = (count + lane_multiple - 1) / lane_multiple * lane_multiple;
    block.states.resize(program.levels * program.levels * block.lanes);
    block.beliefs.resize(program.with_belief ? block.states.size() : 0);
    block.integrated.resize(block.lanes);
    block.bins_i.resize(bins * block.lanes);
    block.bins_q.resize(program.keep_quadrature ? bins * block.lanes : 0);
    block.moments_i.resize(bins * block.lanes);
}

}  // namespace

void MonitoredProgram::check() const {
    check_between("levels", levels, Index{2}, Index{most_levels});
    check_state("initial_state", initial_state, levels);
    check_channel("half_step", half_step, levels);
    check_channel("full_step", full_step, levels);
    check_between("steps", steps, Index{1}, Index{1} << 32);
    check_between("steps_per_bin", steps_per_bin, Index{1}, steps);
    if (steps % steps_per_bin != 0) {
        throw_invalid_argument("steps", "a multiple of steps_per_bin = " + std::to_string(steps_per_bin),
                               std::to_string(steps));
    }
    check_not_negative("step_duration", step_duration);
    check_monitor(monitor, levels);
    if (with_belief) {
        check_state("believed_initial_state", believed_initial_state, levels);
        check_channel("believed_half_step", believed_half_step, levels);
        check_channel("believed_full_step", believed_full_step, levels);
    }
}

void sample_monitored_shots(const MonitoredProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            bool keep_bins, ShotBlock& block) {
    program.check();
    check_at_least("count", count, 0);
    prepare(program, count, keep_bins, block);
    PhiloxKey key = philox_key(stream.seed, stream.experiment);
    // Filled field by field: most of its 25 kB belong to levels a program does not have.
    SamplingPlan plan;
    plan.levels = static_cast<int>(program.levels);
    plan.steps = program.steps;
    plan.steps_per_bin = program.steps_per_bin;
    pack_state(program.initial_state, plan.initial);
    pack_map(program.half_step, plan.half);
    pack_map(program.full_step, plan.full);
    plan.monitor = packed_monitor(program.monitor, program.levels, program.step_duration);
    plan.with_belief = program.with_belief;
    if (program.with_belief) {
        pack_state(program.believed_initial_state, plan.believed_initial);
        pack_map(program.believed_half_step, plan.believed_half);
        pack_map(program.believed_full_step, plan.believed_full);
    }
    plan.key[0] = key[0];
    plan.key[1] = key[1];
    plan.channel = stream.channel;
    plan.first = first;
    plan.count = count;
    plan.lanes = block.lanes;
    plan.states = block.states.data();
    plan.beliefs = program.with_belief ? block.beliefs.data() : nullptr;
    plan.integrated = block.integrated.data();
    plan.bins_i = keep_bins ? block.bins_i.data() : nullptr;
    plan.bins_q = keep_bins && program.keep_quadrature ? block.bins_q.data() : nullptr;
    plan.moments_i = keep_bins ? block.moments_i.data() : nullptr;
    sampling_kernels().sample(plan);
}

void apply_channel(const Channel& channel, std::vector<Real>& states, Index lanes, Index shots) {
    check_between("levels", channel.levels, Index{2}, Index{most_levels});
    check_channel("channel", channel, channel.levels);
    check_rows(states, channel.levels, lanes, shots);
    PackedMap map;
    pack_map(channel, map);
    shot_state_kernels().apply(map, static_cast<int>(channel.levels), states.data(), lanes, shots);
}

void apply_chosen_channel(std::span<const Channel> channels, std::span<const std::int32_t> choice,
                          std::vector<Real>& states, Index lanes, Index shots) {
    check_at_least("channels", std::ssize(channels), 1);
    check_at_least("choice", std::ssize(choice), shots);
    Index levels = channels.front().levels;
    check_between("levels", levels, Index{2}, Index{most_levels});
    check_rows(states, levels, lanes, shots);
    std::vector<const double*> matrices;
    matrices.reserve(channels.size());
    for (const Channel& channel : channels) {
        check_channel("channels", channel, levels);
        matrices.push_back(channel.matrix.data());
    }
    for (Index shot = 0; shot < shots; ++shot) {
        check_between("choice", Index{choice[shot]}, Index{0}, std::ssize(channels) - 1);
    }
    shot_state_kernels().apply_chosen(matrices.data(), choice.data(), static_cast<int>(levels), states.data(), lanes,
                                      shots);
}

}  // namespace synqc
