#include "synqc/dynamics/monitored_shots.h"

#include <cmath>
#include <string>

#include "perf/perf.h"
#include "synqc/dynamics/monitored_filter.h"
#include "synqc/dynamics/plain_shots.h"
#include "synqc/dynamics/shot_readout.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

/// Where none was set in advance, a goal is what a server processor of 2024 takes and two thirds more.
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

/// Adds rows[k * lanes + shot], k = 0 .. count - 1, to `values`.
void append_column(std::vector<Real>& values, const std::vector<Real>& rows, Index count, Index lanes, Index shot) {
    for (Index k = 0; k < count; ++k) {
        values.push_back(rows[static_cast<std::size_t>(k * lanes + shot)]);
    }
}

void append_coordinates(std::vector<Real>& values, const Matrix& state) {
    RealVector coordinates = hermitian_coordinates(state);
    values.insert(values.end(), coordinates.begin(), coordinates.end());
}

/// Holds all that a block says of every 37th shot against the plain loop.
void refuse_unless_plain(const MonitoredProgram& program, const ShotStream& stream, const ShotBlock& block) {
    std::vector<Real> values;
    std::vector<Real> expected;
    Index coordinates = program.levels * program.levels;
    Index bins = program.steps / program.steps_per_bin;
    for (Index number = 0; number < block.shots; number += 37) {
        auto shot = plain::sampled_shot(program, stream, static_cast<ShotIndex>(number));
        append_column(values, block.states, coordinates, block.lanes, number);
        append_coordinates(expected, shot.state);
        append_column(values, block.integrated, 1, block.lanes, number);
        expected.push_back(shot.mean.real());
        if (program.with_belief) {
            append_column(values, block.beliefs, coordinates, block.lanes, number);
            append_coordinates(expected, shot.belief);
        }
        if (!block.bins_i.empty()) {
            append_column(values, block.bins_i, bins, block.lanes, number);
            append_column(values, block.bins_q, bins, block.lanes, number);
            append_column(values, block.moments_i, bins, block.lanes, number);
            for (Complex bin : shot.bins) {
                expected.push_back(bin.real());
            }
            for (Complex bin : shot.bins) {
                expected.push_back(bin.imag());
            }
            expected.insert(expected.end(), shot.moments.begin(), shot.moments.end());
        }
    }
    perf::refuse_if_different(values, expected, 1e-11);
}

/// Samples 1024 shots, holds them against the plain loop, then measures.
perf::Measurement& measure_shots(const MonitoredProgram& program, bool keep_bins) {
    ShotBlock block;
    ShotStream stream{.seed = 1};
    sample_monitored_shots(program, stream, 0, 1024, keep_bins, block);
    refuse_unless_plain(program, stream, block);
    return perf::measure([&] { sample_monitored_shots(program, stream, 0, 1024, keep_bins, block); })
        .per(program.levels == 2 ? "qubit trajectory step" : "three-level step",
             1024 * static_cast<double>(program.steps));
}

}  // namespace

PERF(qubit_trajectory_steps_1024_shots_of_100_steps) {
    at_every_level({{"x86-64-v4", 6}, {"x86-64-v3", 12}, {"x86-64-v2", 26}, {"baseline", 0}}, [&](Goal goal) {
        measure_shots(qubit_program(100), false).goal_of_nanos(goal.nanos).labelled(goal.level);
    });
}

PERF(qubit_trajectory_steps_with_records_and_quadrature_1024_shots_of_100_steps) {
    auto program = qubit_program(100);
    program.steps_per_bin = 1;
    program.keep_quadrature = true;
    at_every_level({{"x86-64-v4", 8}, {"x86-64-v3", 16}, {"x86-64-v2", 38}, {"baseline", 0}},
                   [&](Goal goal) { measure_shots(program, true).goal_of_nanos(goal.nanos).labelled(goal.level); });
}

PERF(qubit_trajectory_steps_with_belief_1024_shots_of_100_steps) {
    auto program = qubit_program(100);
    program.with_belief = true;
    program.believed_initial_state = program.initial_state;
    program.believed_half_step = driven_qubit(0.011);
    program.believed_full_step = driven_qubit(0.022);
    at_every_level({{"x86-64-v4", 6.5}, {"x86-64-v3", 13}, {"x86-64-v2", 30}, {"baseline", 0}},
                   [&](Goal goal) { measure_shots(program, false).goal_of_nanos(goal.nanos).labelled(goal.level); });
}

PERF(three_level_trajectory_steps_1024_shots_of_100_steps) {
    at_every_level({{"x86-64-v4", 12}, {"x86-64-v3", 22}, {"x86-64-v2", 52}, {"baseline", 0}}, [&](Goal goal) {
        measure_shots(three_level_program(100), false).goal_of_nanos(goal.nanos).labelled(goal.level);
    });
}

PERF(three_level_shot_of_one_probe_step_second_drive_and_readout_1024_shots) {
    auto program = three_level_program(1);
    Channel second_drive{3, RealMatrix::Random(9, 9)};
    Readout readout{fidelity_weights(Vector::Unit(3, 0)), excited_weights(3), 0.01, 0.02};
    ShotStream stream{.seed = 1};
    ShotStream of_readout{.seed = 1, .channel = 1};
    std::vector<Real> fidelities(1024);
    std::vector<std::uint8_t> bits(1024);
    at_every_level({{"x86-64-v4", 60}, {"x86-64-v3", 60}, {"x86-64-v2", 110}, {"baseline", 0}}, [&](Goal goal) {
        ShotBlock block;
        auto run = [&] {
            sample_monitored_shots(program, stream, 0, 1024, false, block);
            apply_channel(second_drive, block.states, block.lanes, block.shots);
            read_out(readout, of_readout, 0, block.states, block.lanes, block.shots, fidelities, bits);
        };
        run();
        std::vector<Real> read;
        std::vector<Real> expected;
        PhiloxSource uniforms{philox_key(1, 0), 1};
        for (ShotIndex number = 0; number < 1024; ++number) {
            RealVector state =
                second_drive.matrix * hermitian_coordinates(plain::sampled_shot(program, stream, number).state);
            Real excited = readout.one_weights.dot(state);
            Real reads_one = excited * (1 - readout.p0_given_1) + (1 - excited) * readout.p1_given_0;
            auto words = uniforms.words(number, 0);
            Real uniform = uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1]);
            expected.insert(expected.end(), {readout.fidelity_weights.dot(state), uniform < reads_one ? 1.0 : 0.0});
            read.insert(read.end(), {fidelities[number], static_cast<Real>(bits[number])});
        }
        perf::refuse_if_different(read, expected, 1e-13);
        perf::measure(run).goal_of_nanos(goal.nanos).per("shot", 1024).labelled(goal.level);
    });
}

PERF(chosen_channels_1024_qubits) {
    std::vector<Channel> channels;
    for (Index k = 0; k < 128; ++k) {
        channels.push_back(driven_qubit(0.02 * static_cast<Real>(k)));
    }
    std::vector<std::int32_t> choice(1024);
    for (std::size_t shot = 0; shot < choice.size(); ++shot) {
        choice[shot] = static_cast<std::int32_t>(shot * 37 % 128);
    }
    at_every_level({{"x86-64-v4", 8}, {"x86-64-v3", 8}, {"x86-64-v2", 8}, {"baseline", 0}}, [&](Goal goal) {
        ShotBlock block;
        sample_monitored_shots(qubit_program(1), {.seed = 1}, 0, 1024, false, block);
        auto before = block.states;
        apply_chosen_channel(channels, choice, block.states, block.lanes, block.shots);
        std::vector<Real> expected(before.size(), 0);
        for (Index shot = 0; shot < 1024; ++shot) {
            const RealMatrix& matrix = channels[choice[shot]].matrix;
            for (Index to = 0; to < 4; ++to) {
                for (Index from = 0; from < 4; ++from) {
                    expected[to * block.lanes + shot] += matrix(to, from) * before[from * block.lanes + shot];
                }
            }
        }
        perf::refuse_if_different(block.states, expected, 1e-14);
        perf::measure([&] { apply_chosen_channel(channels, choice, block.states, block.lanes, block.shots); })
            .goal_of_nanos(goal.nanos)
            .per("shot", 1024)
            .labelled(goal.level);
    });
}

PERF(filter_one_record_of_100_steps_with_256_programs) {
    std::vector<MonitoredProgram> programs;
    std::vector<Real> record;
    for (Index k = 0; k < 256; ++k) {
        programs.push_back(qubit_program(100));
        programs.back().steps_per_bin = 1;
        programs.back().half_step = driven_qubit(0.01 + 1e-4 * static_cast<Real>(k));
        programs.back().full_step = programs.back().half_step * programs.back().half_step;
    }
    for (Index step = 0; step < 100; ++step) {
        record.push_back(3 * std::sin(static_cast<Real>(step * step)));
    }
    at_every_level({{"x86-64-v4", 7.5}, {"x86-64-v3", 12}, {"x86-64-v2", 25}, {"baseline", 0}}, [&](Goal goal) {
        FilteredShots filtered;
        filter_monitored_record(programs, record, {}, filtered);
        std::vector<Real> values;
        std::vector<Real> expected;
        for (Index lane = 0; lane < 256; lane += 5) {
            auto found = plain::filtered_record(programs[lane], record);
            append_column(values, filtered.states, 4, filtered.lanes, lane);
            append_coordinates(expected, found.state);
            values.push_back(filtered.log_likelihoods[lane]);
            expected.push_back(found.log_likelihood);
        }
        perf::refuse_if_different(values, expected, 1e-10);
        perf::measure([&] { filter_monitored_record(programs, record, {}, filtered); })
            .goal_of_nanos(goal.nanos)
            .per("filter step", 256 * 100)
            .labelled(goal.level);
    });
}
