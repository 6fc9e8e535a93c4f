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

/// `last` holds every trajectory's state where it ends.
void run_block(const TrajectoryProgram& program, std::vector<double>& last) {
    program.run(
        {TrajectoryProgram::block_size, {1}, 0, nullptr}, {},
        [&](Index, const TrajectoryStates& shown) { last.assign(shown.states.begin(), shown.states.end()); },
        [] { return true; });
}

void measure_steps(Index levels, TrajectoryScheme scheme, double goal_nanos) {
    const auto program = ladder(levels, scheme);
    const auto other = scheme == TrajectoryScheme::rouchon ? TrajectoryScheme::bayes_strang : TrajectoryScheme::rouchon;
    std::vector<double> last;
    std::vector<double> expected;
    run_block(program, last);
    run_block(ladder(levels, other), expected);
    // The same trajectories by another scheme: 0.006 apart for the length of a step, while records set them 0.05 to 0.3
    // apart from each other.
    perf::refuse_if_different(last, expected, 0.01);
    perf::measure([&] { run_block(program, last); })
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
