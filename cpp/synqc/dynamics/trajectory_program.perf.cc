#include "synqc/dynamics/trajectory_program.h"

#include <cmath>
#include <string>

#include "perf/perf.h"
#include "synqc/base/simd_level.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

constexpr Index steps = 1000;

TrajectoryProgram ladder(Index levels, TrajectoryScheme scheme, Index all_steps = steps) {
    const Matrix drive = pi / 2 * (lowering(levels) + lowering(levels).adjoint());
    auto equation = StochasticEquation::from_constants(drive, {0.1 * lowering(levels)}, {{0.4 * number(levels), 0.5}});
    return {std::move(equation), {{0, 1}, {all_steps}}, basis_projector(levels, 0), {.scheme = scheme}};
}

void run_block(const TrajectoryProgram& program, std::vector<double>& mean_state) {
    program.run(
        {TrajectoryProgram::block_size, {1}, 0, nullptr}, {},
        [&](Index, const TrajectoryStates& shown) {
            mean_state.assign(shown.states.size() / shown.lanes, 0);
            for (std::size_t e = 0; e < shown.states.size(); ++e) {
                mean_state[e / shown.lanes] += shown.states[e] / static_cast<Real>(shown.lanes);
            }
        },
        [] { return true; });
}

void measure_steps(Index levels, TrajectoryScheme scheme, double goal_nanos) {
    const auto program = ladder(levels, scheme);
    std::vector<double> mean_state;
    run_block(program, mean_state);
    double trace = 0;
    for (Index level = 0; level < levels; ++level) {
        trace += mean_state[level];
    }
    perf::refuse_if_different(std::vector<double>{trace}, std::vector<double>{1.0}, 1e-11);
    perf::measure([&] { run_block(program, mean_state); })
        .goal_of_nanos(goal_nanos)
        .per("trajectory step", TrajectoryProgram::block_size * steps)
        .labelled(std::string(simd_level()));
}

}  // namespace

PERF(general_trajectories_2_levels_bayes_strang_64_of_1000_steps) {
    measure_steps(2, TrajectoryScheme::bayes_strang, 12);
}

PERF(general_trajectories_2_levels_rouchon_64_of_1000_steps) {
    measure_steps(2, TrajectoryScheme::rouchon, 12);
}

PERF(general_trajectories_3_levels_bayes_strang_64_of_1000_steps) {
    measure_steps(3, TrajectoryScheme::bayes_strang, 25);
}

PERF(general_trajectories_9_levels_bayes_strang_64_of_1000_steps) {
    measure_steps(9, TrajectoryScheme::bayes_strang, 1000);
}

PERF(general_trajectories_9_levels_rouchon_64_of_1000_steps) {
    measure_steps(9, TrajectoryScheme::rouchon, 1500);
}
