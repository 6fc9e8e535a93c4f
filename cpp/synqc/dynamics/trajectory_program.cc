#include "synqc/dynamics/trajectory_program.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/bayes_strang.h"
#include "synqc/dynamics/explicit_schemes.h"
#include "synqc/dynamics/lindblad.h"
#include "synqc/dynamics/rouchon.h"
#include "synqc/dynamics/state_defect.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr struct {
    TrajectoryScheme scheme;
    std::string_view name;
} scheme_names[] = {
    {TrajectoryScheme::bayes_strang, "bayes-strang"},
    {TrajectoryScheme::rouchon, "rouchon"},
    {TrajectoryScheme::platen, "platen"},
    {TrajectoryScheme::milstein, "milstein"},
    {TrajectoryScheme::euler_maruyama, "euler"},
    {TrajectoryScheme::bin_average, "bin-average"},
};

}  // namespace

TrajectoryScheme scheme_from_name(std::string_view name) {
    std::string known;
    for (const auto& entry : scheme_names) {
        if (entry.name == name) {
            return entry.scheme;
        }
        known.append(known.empty() ? "" : ", ").append(entry.name);
    }
    throw UnknownName("Argument `method` must be one of " + known + ", but is \"" + std::string(name) + "\".");
}

std::string_view name_of(TrajectoryScheme scheme) {
    for (const auto& entry : scheme_names) {
        if (entry.scheme == scheme) {
            return entry.name;
        }
    }
    throw InvalidArgument("Argument `scheme` must be a known scheme, but is not.");
}

namespace {

Real lowest_eigenvalue(const RealVector& coordinates) {
    return hermitian_eigenvalues(from_hermitian_coordinates(coordinates)).minCoeff();
}

void refuse_non_physical(const TrajectoryStates& states, Index count, Real time, const TrajectoryOptions& options) {
    const Index square = std::ssize(states.states) / states.lanes;
    RealVector state(square);
    for (Index lane = 0; lane < count; ++lane) {
        for (Index row = 0; row < square; ++row) {
            state(row) = states.states[row * states.lanes + lane];
        }
        const std::string scheme = "Scheme \"" + std::string(name_of(options.scheme)) + "\" ";
        if (!state.allFinite()) {
            throw NonPhysicalState(scheme + "overflowed before time " + text_of(time) +
                                   "; take shorter steps, or method=\"bayes-strang\" or \"rouchon\".");
        }
        if (std::isfinite(options.eigenvalue_tolerance)) {
            const Real lowest = lowest_eigenvalue(state);
            if (lowest < -options.eigenvalue_tolerance) {
                throw NonPhysicalState(scheme + "left the set of states: at time " + text_of(time) +
                                       " the lowest eigenvalue is " + text_of(lowest) +
                                       "; take shorter steps, or method=\"bayes-strang\" or \"rouchon\".");
            }
        }
    }
}

RealMatrix power(RealMatrix base, Index exponent) {
    RealMatrix result = RealMatrix::Identity(base.rows(), base.cols());
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1) {
            result = result * base;
        }
        base = base * base;
    }
    return result;
}

Matrix checked_state(const Matrix& state, Index levels) {
    if (state.rows() != levels || state.cols() != levels) {
        throw ShapeMismatch("Argument `rho0` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(state.rows()) + ", " +
                            std::to_string(state.cols()) + ").");
    }
    if (!state.allFinite()) {
        throw_invalid_argument("rho0", "finite in every element", "not");
    }
    if (!is_nearly_hermitian(state)) {
        throw_invalid_argument("rho0", "Hermitian", "not");
    }
    check_density_matrix(state);
    return state;
}

/// Noise of a chunk that starts at an even step, into (steps, channels, lanes) and (steps, lanes).
void draw_noise(const TrajectorySource& source, Index channels, Index first_step, Index steps, Index lanes,
                Real* normals, Real* choices) {
    StepNoiseRequest request{{0, 0}, 0, first_step, steps, channels, lanes};
    const auto set_key = [&](Seed seed) {
        const PhiloxKey key = philox_key(seed, 0);
        request.key[0] = key[0];
        request.key[1] = key[1];
    };
    if (source.seeds.size() == 1) {
        set_key(source.seeds.front());
        request.first_shot = source.first_shot;
        trajectory_kernels().draw_noise(request, normals, choices);
        return;
    }
    // Each trajectory has its own key: draw each as the first of a row of shots and keep that one alone.
    request.lanes = 8;
    std::vector<Real> row_normals(steps * channels * request.lanes);
    std::vector<Real> row_choices(steps * request.lanes);
    for (Index lane = 0; lane < source.count; ++lane) {
        set_key(source.seeds[lane]);
        trajectory_kernels().draw_noise(request, row_normals.data(), row_choices.data());
        for (Index entry = 0; entry < steps * channels; ++entry) {
            normals[entry * lanes + lane] = row_normals[entry * request.lanes];
        }
        for (Index entry = 0; entry < steps; ++entry) {
            choices[entry * lanes + lane] = row_choices[entry * request.lanes];
        }
    }
}

/// Adds `count` rows as long as `sums` to it.
void add_rows(const Real* rows, Index count, std::vector<Real>& sums) {
    for (Index row = 0; row < count; ++row) {
        for (std::size_t entry = 0; entry < sums.size(); ++entry) {
            sums[entry] += rows[static_cast<std::size_t>(row) * sums.size() + entry];
        }
    }
}

std::unique_ptr<CompiledScheme> compiled_scheme(const TrajectoryOptions& options, const StochasticEquation& equation,
                                                const TrajectoryGrid& grid) {
    switch (options.scheme) {
        case TrajectoryScheme::bayes_strang:
            return compile_bayes_strang(equation, grid);
        case TrajectoryScheme::rouchon:
            return compile_rouchon(equation, grid);
        case TrajectoryScheme::platen:
            return compile_explicit(equation, grid, ExplicitScheme::platen);
        case TrajectoryScheme::milstein:
            return compile_explicit(equation, grid, ExplicitScheme::milstein);
        case TrajectoryScheme::euler_maruyama:
            return compile_explicit(equation, grid, ExplicitScheme::euler_maruyama);
        case TrajectoryScheme::bin_average:
            return compile_bin_average(equation, grid, options.bins);
    }
    throw InvalidArgument("Argument `scheme` must be a known scheme, but is not.");
}

}  // namespace

TrajectoryProgram::TrajectoryProgram(StochasticEquation equation, TrajectoryGrid grid, const Matrix& initial_state,
                                     TrajectoryOptions options)
    : equation_(std::move(equation)), grid_(std::move(grid)), options_(options) {
    equation_.check();
    check_between("levels", equation_.levels(), Index{2}, most_trajectory_levels);
    grid_.check();
    initial_state_ = hermitian_coordinates(checked_state(initial_state, equation_.levels()));
    scheme_ = compiled_scheme(options_, equation_, grid_);
    if (scheme_->from_caller.size() > 0) {
        initial_state_ = scheme_->from_caller * initial_state_;
    }
}

Index TrajectoryProgram::levels() const {
    return equation_.levels();
}
Index TrajectoryProgram::channels() const {
    return std::ssize(equation_.monitored);
}
const TrajectoryGrid& TrajectoryProgram::grid() const {
    return grid_;
}

bool TrajectoryProgram::run(const TrajectorySource& source, TrajectoryWishes wishes,
                            const std::function<void(Index time, const TrajectoryStates&)>& observe,
                            const std::function<bool()>& keep_going) const {
    assert(source.count >= 1 && source.count <= block_size);
    const Index lanes = (source.count + 7) / 8 * 8;
    const Index square = levels() * levels();
    const bool samples = source.records == nullptr;

    std::vector<Real> states(square * lanes);
    for (Index row = 0; row < square; ++row) {
        std::fill_n(states.begin() + row * lanes, lanes, initial_state_(row));
    }
    TrajectoryStates shown{lanes, std::vector<Real>(square * lanes), std::vector<Real>(channels() * lanes),
                           std::vector<Real>(wishes.innovations ? channels() * lanes : 0),
                           std::vector<Real>(wishes.log_likelihood ? lanes : 0)};
    std::vector<Real> records(steps_per_chunk * channels() * lanes);
    std::vector<Real> innovations(wishes.innovations ? records.size() : 0);
    std::vector<Real> choices(steps_per_chunk * lanes, 0.5);

    const auto show = [&](Index time) {
        if (scheme_->to_caller.size() == 0) {
            shown.states = states;
        } else {
            Eigen::Map<RealMatrix>(shown.states.data(), square, lanes).noalias() =
                scheme_->to_caller * Eigen::Map<const RealMatrix>(states.data(), square, lanes);
        }
        if (!scheme_->is_positive()) {
            refuse_non_physical(shown, source.count, grid_.times[time], options_);
        }
        observe(time, shown);
    };

    show(0);
    const Index all_steps = grid_.all_steps();
    Index step = 0;
    // Noise comes in pairs of steps, so a chunk is drawn from an even step on and used up across saved times.
    Index drawn_from = 0;
    Index drawn_until = 0;
    for (Index interval = 0; interval < grid_.intervals(); ++interval) {
        const Real duration = grid_.times[interval + 1] - grid_.times[interval];
        const Real step_duration = duration / static_cast<Real>(grid_.steps[interval]);
        const Real scaled_duration = step_duration * source.record_scale;
        const Index end = step + grid_.steps[interval];
        std::fill(shown.records.begin(), shown.records.end(), 0);
        std::fill(shown.innovations.begin(), shown.innovations.end(), 0);
        for (bool opens = true; step < end; opens = false) {
            if (!keep_going()) {
                return false;
            }
            if (step == drawn_until) {
                drawn_from = step;
                drawn_until = std::min(step + steps_per_chunk, all_steps);
                if (samples) {
                    draw_noise(source, channels(), drawn_from, drawn_until - drawn_from, lanes, records.data(),
                               choices.data());
                }
            }
            const Index count = std::min(drawn_until, end) - step;
            Real* chunk = records.data() + (step - drawn_from) * channels() * lanes;
            if (!samples) {
                for (Index s = 0; s < count; ++s) {
                    for (Index k = 0; k < channels(); ++k) {
                        for (Index lane = 0; lane < source.count; ++lane) {
                            chunk[(s * channels() + k) * lanes + lane] =
                                source.records[(lane * channels() + k) * all_steps + step + s] * scaled_duration;
                        }
                    }
                }
            }
            const LaneRun run{.lanes = lanes,
                              .steps = count,
                              .states = states.data(),
                              .choices = samples ? choices.data() + (step - drawn_from) * lanes : nullptr,
                              .records = chunk,
                              .innovations = wishes.innovations ? innovations.data() : nullptr,
                              .log_likelihood = wishes.log_likelihood ? shown.log_likelihood.data() : nullptr};
            scheme_->advance(step, interval, opens, step + count == end, run);
            add_rows(chunk, count, shown.records);
            if (wishes.innovations) {
                add_rows(innovations.data(), count, shown.innovations);
            }
            step += count;
        }
        for (Real& record : shown.records) {
            record /= duration;
        }
        show(interval + 1);
    }
    return true;
}

Real TrajectoryProgram::ensemble_error(std::span<const Matrix> exact_states) const {
    const bool varies = !equation_.is_constant();
    if (varies && std::ssize(exact_states) != std::ssize(grid_.times)) {
        throw ShapeMismatch("Argument `exact` must have " + std::to_string(grid_.times.size()) + " states, but has " +
                            std::to_string(exact_states.size()) + ".");
    }
    const RealMatrix& to_caller = scheme_->to_caller;
    const std::vector<Real> durations = grid_.step_durations();
    RealMatrix ensemble;
    if (!varies) {
        const LinearEquation linear = lindblad_equation(equation_.ensemble());
        ensemble = linear.dense(linear.constant);
    }
    RealVector scheme_state = initial_state_;
    RealVector exact = to_caller.size() == 0 ? initial_state_ : RealVector(to_caller * initial_state_);
    Compiled<RealMatrix> exact_intervals;
    Compiled<RealMatrix> scheme_intervals;
    Real worst = 0;
    Index step = 0;
    for (Index interval = 0; interval < grid_.intervals(); ++interval) {
        const Real duration = durations[interval];
        const Index count = grid_.steps[interval];
        if (varies) {
            exact = hermitian_coordinates(exact_states[static_cast<std::size_t>(interval) + 1]);
            for (Index k = 0; k < count; ++k) {
                scheme_state = scheme_->mean_step(step + k, interval) * scheme_state;
            }
        } else {
            const std::vector<Real> key{duration, static_cast<Real>(count)};
            const Index whole = exact_intervals.position_of(
                key, [&] { return exponential(RealMatrix(ensemble * (duration * static_cast<Real>(count)))); });
            scheme_intervals.position_of(key, [&] { return power(scheme_->mean_step(step, interval), count); });
            exact = exact_intervals[whole] * exact;
            scheme_state = scheme_intervals[whole] * scheme_state;
        }
        step += count;
        scheme_state /= scheme_state.head(levels()).sum();
        const RealVector in_caller = to_caller.size() == 0 ? scheme_state : RealVector(to_caller * scheme_state);
        if (!in_caller.allFinite()) {
            return std::numeric_limits<Real>::infinity();
        }
        worst =
            std::max(worst, trace_distance(from_hermitian_coordinates(in_caller), from_hermitian_coordinates(exact)));
    }
    return worst;
}

}  // namespace synqc
