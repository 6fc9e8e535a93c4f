#include "synqc/dynamics/monitored_shots.h"

#include <cmath>
#include <string>

#include "perf/perf.h"
#include "synqc/dynamics/monitored_filter.h"
#include "synqc/dynamics/shot_readout.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

struct Goal {
    const char* level;
    double nanos;
};

template <typename Measured>
void at_every_level(std::initializer_list<Goal> goals, const Measured& measured) {
    std::string before(simd_level());
    for (auto goal : goals) {
        if (has_simd_level(goal.level)) {
            use_simd_level(goal.level);
            measured(goal);
        }
    }
    use_simd_level(before);
}

/// Rotation about x by `angle` with weak relaxation: every element of the affine Bloch map is in use.
Channel driven_qubit(Real angle) {
    Real c = std::cos(angle);
    Real s = std::sin(angle);
    Real kept = std::exp(-1e-3 * angle);
    Channel channel{2, RealMatrix(4, 4)};
    channel.matrix << (1 + c) / 2, (1 - c) / 2 + (1 - kept) * c, 0, -s,  //
        (1 - c) / 2, (1 + c) / 2 - (1 - kept) * c, 0, s,                 //
        0, 0, kept, 0,                                                   //
        s / 2, -s / 2, 0, c;
    return channel;
}

/// Three levels idling in a rotating frame: populations fall one level, coherences turn and decay.
Channel idle_three_levels(Real time) {
    Channel channel{3, RealMatrix::Zero(9, 9)};
    Real kept = std::exp(-0.01 * time);
    channel.matrix(0, 0) = 1;
    channel.matrix(0, 1) = 1 - kept;
    channel.matrix(1, 1) = kept;
    channel.matrix(1, 2) = 1 - kept * kept;
    channel.matrix(2, 2) = kept * kept;
    for (Index pair = 0; pair < 3; ++pair) {
        Real angle = 0.3 * time * static_cast<Real>(pair + 1);
        Index at = 3 + 2 * pair;
        channel.matrix(at, at) = channel.matrix(at + 1, at + 1) = kept * std::cos(angle);
        channel.matrix(at, at + 1) = kept * std::sin(angle);
        channel.matrix(at + 1, at) = -kept * std::sin(angle);
    }
    return channel;
}

MonitoredProgram qubit_program(Index steps) {
    MonitoredProgram program;
    program.initial_state = Matrix::Zero(2, 2);
    program.initial_state(0, 0) = 1;
    program.half_step = driven_qubit(0.01);
    program.full_step = program.half_step * program.half_step;
    program.steps = steps;
    program.steps_per_bin = steps;
    program.step_duration = 0.01;
    program.monitor = {{1, -1}, {0, 0}, 1 / (2 * 0.4), 1, 0.4};
    return program;
}

MonitoredProgram three_level_program(Index steps) {
    MonitoredProgram program;
    program.levels = 3;
    program.initial_state = Matrix::Constant(3, 3, 1.0 / 3);
    program.half_step = idle_three_levels(0.05);
    program.full_step = program.half_step * program.half_step;
    program.steps = steps;
    program.steps_per_bin = steps;
    program.step_duration = 0.1;
    program.monitor = {{1, -1, -0.5}, {0, 0, 1.5}, 1, 1, 0.5};
    return program;
}

void refuse_unless_traces_are_one(const ShotBlock& block, Index levels) {
    std::vector<double> traces(block.shots, 0);
    for (Index shot = 0; shot < block.shots; ++shot) {
        for (Index level = 0; level < levels; ++level) {
            traces[shot] += block.states[level * block.lanes + shot];
        }
    }
    perf::refuse_if_different(traces, std::vector<double>(block.shots, 1), 1e-14);
}

}  // namespace

PERF(qubit_trajectory_steps_1024_shots_of_100_steps) {
    auto program = qubit_program(100);
    at_every_level({{"x86-64-v4", 6}, {"x86-64-v3", 12}, {"x86-64-v2", 0}, {"baseline", 0}}, [&](Goal goal) {
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block);
        refuse_unless_traces_are_one(block, 2);
        perf::measure([&] { sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block); })
            .goal_of_nanos(goal.nanos)
            .per("qubit trajectory step", 1024 * 100)
            .labelled(goal.level);
    });
}

PERF(qubit_trajectory_steps_with_records_and_quadrature_1024_shots_of_100_steps) {
    auto program = qubit_program(100);
    program.steps_per_bin = 1;
    program.keep_quadrature = true;
    ShotBlock block;
    perf::measure([&] { sample_monitored_shots(program, {.seed = 1}, 0, 1024, true, block); })
        .per("qubit trajectory step", 1024 * 100)
        .labelled(std::string(simd_level()));
}

PERF(qubit_trajectory_steps_with_belief_1024_shots_of_100_steps) {
    auto program = qubit_program(100);
    program.with_belief = true;
    program.believed_initial_state = program.initial_state;
    program.believed_half_step = driven_qubit(0.011);
    program.believed_full_step = driven_qubit(0.022);
    ShotBlock block;
    perf::measure([&] { sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block); })
        .per("qubit trajectory step", 1024 * 100)
        .labelled(std::string(simd_level()));
}

PERF(three_level_trajectory_steps_1024_shots_of_100_steps) {
    auto program = three_level_program(100);
    at_every_level({{"x86-64-v4", 0}, {"x86-64-v3", 0}, {"x86-64-v2", 0}, {"baseline", 0}}, [&](Goal goal) {
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block);
        refuse_unless_traces_are_one(block, 3);
        perf::measure([&] { sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block); })
            .per("three-level step", 1024 * 100)
            .labelled(goal.level);
    });
}

PERF(three_level_shot_of_one_probe_step_second_drive_and_readout_1024_shots) {
    auto program = three_level_program(1);
    Channel second_drive{3, RealMatrix::Random(9, 9)};
    Readout readout{fidelity_weights(Vector::Unit(3, 0)), excited_weights(3), 0.01, 0.02};
    std::vector<Real> fidelities(1024);
    std::vector<std::uint8_t> bits(1024);
    at_every_level({{"x86-64-v4", 60}, {"x86-64-v3", 60}, {"x86-64-v2", 0}, {"baseline", 0}}, [&](Goal goal) {
        ShotBlock block;
        sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block);
        refuse_unless_traces_are_one(block, 3);
        perf::measure([&] {
            sample_monitored_shots(program, {.seed = 1}, 0, 1024, false, block);
            apply_channel(second_drive, block.states, block.lanes, block.shots);
            read_out(readout, {.seed = 1, .channel = 1}, 0, block.states, block.lanes, block.shots, fidelities, bits);
        })
            .goal_of_nanos(goal.nanos)
            .per("shot", 1024)
            .labelled(goal.level);
    });
}

PERF(chosen_channels_1024_qubits) {
    std::vector<Channel> channels(128, driven_qubit(0.1));
    std::vector<std::int32_t> choice(1024);
    for (std::size_t shot = 0; shot < choice.size(); ++shot) {
        choice[shot] = static_cast<std::int32_t>(shot * 37 % 128);
    }
    ShotBlock block;
    sample_monitored_shots(qubit_program(1), {.seed = 1}, 0, 1024, false, block);
    perf::measure([&] { apply_chosen_channel(channels, choice, block.states, block.lanes, block.shots); })
        .per("shot", 1024)
        .labelled(std::string(simd_level()));
}

PERF(filter_one_record_of_100_steps_with_256_programs) {
    std::vector<MonitoredProgram> programs(256, qubit_program(100));
    for (auto& program : programs) {
        program.steps_per_bin = 1;
    }
    std::vector<Real> record(100, 0.1);
    FilteredShots filtered;
    perf::measure([&] { filter_monitored_record(programs, record, {}, filtered); })
        .per("filter step", 256 * 100)
        .labelled(std::string(simd_level()));
}
