#include "synqc/dynamics/trajectory_program.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/trajectory_steps.h"
#include "synqc/linalg/channel.h"
#include "synqc/linalg/distances.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"
#include "synqc/linalg/superoperators.h"
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
};

/// Steps handled between two looks at the noise buffer: it stays in the second-level cache.
constexpr Index steps_per_chunk = 32;

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

Index TrajectoryGrid::all_steps() const {
    return std::accumulate(steps.begin(), steps.end(), Index{0});
}

void TrajectoryGrid::check(const StochasticEquation& equation) const {
    check_at_least("number of times", std::ssize(times), 2);
    if (std::ssize(steps) != std::ssize(times) - 1) {
        refuse("steps", "one shorter than `times`",
               std::to_string(steps.size()) + " long for " + std::to_string(times.size()) + " times");
    }
    for (std::size_t k = 0; k < times.size(); ++k) {
        check_finite("times", times[k]);
        if (k > 0 && !(times[k] > times[k - 1])) {
            refuse("times", "strictly increasing", text_of(times[k - 1]) + " followed by " + text_of(times[k]));
        }
    }
    for (Index count : steps) {
        check_at_least("steps", count, 1);
    }
    const Index wanted = 2 * all_steps() * std::ssize(equation.modulated);
    if (std::ssize(coefficients) != wanted) {
        throw ShapeMismatch("Argument `coefficients` must have " + std::to_string(wanted) + " entries, but has " +
                            std::to_string(coefficients.size()) + ".");
    }
    for (Real coefficient : coefficients) {
        check_finite("coefficients", coefficient);
    }
}

/// The compiled steps of one scheme. Step s runs over all intervals; states are in Hermitian coordinates.
class TrajectoryProgram::Scheme {
  public:
    virtual ~Scheme() = default;

    /// Advances the lanes over steps [first, first + run.steps) of one interval. `opens` and `closes` say whether the
    /// chunk begins and ends at a saved time.
    virtual void advance(Index first, Index interval, bool opens, bool closes, const LaneRun& run) const = 0;

    /// Mean effect of one step on the ensemble, up to terms the scheme itself neglects.
    virtual RealMatrix mean_step(Index step, Index interval) const = 0;

    virtual bool is_positive() const { return true; }

    /// (n*n, n*n) from the scheme's coordinates to those of the caller; empty if they are the same.
    RealMatrix to_caller;
};

namespace {

/// Step durations and half-step coefficients of a grid.
struct StepTimes {
    StepTimes(const StochasticEquation& equation, const TrajectoryGrid& grid)
        : modulated(std::ssize(equation.modulated)), grid_(grid) {
        // Intervals that differ only by the rounding of their ends count as equal, so that they share compiled maps.
        const Real rounding = 4 * std::numeric_limits<Real>::epsilon() *
                              std::max(std::abs(grid.times.front()), std::abs(grid.times.back()));
        Real length = 0;
        for (Index interval = 0; interval < grid.intervals(); ++interval) {
            const Real exact = grid.times[interval + 1] - grid.times[interval];
            if (std::abs(exact - length) > rounding) {
                length = exact;
            }
            durations_.push_back(length / static_cast<Real>(grid.steps[interval]));
        }
    }

    Real duration(Index interval) const { return durations_[interval]; }

    /// Half 0 or 1 of a step.
    std::vector<Real> coefficients(Index step, Index half) const {
        const auto* begin = grid_.coefficients.data() + (2 * step + half) * modulated;
        return {begin, begin + modulated};
    }

    std::vector<Real> mean_coefficients(Index step) const {
        std::vector<Real> mean = coefficients(step, 0);
        const std::vector<Real> second = coefficients(step, 1);
        for (std::size_t m = 0; m < mean.size(); ++m) {
            mean[m] = (mean[m] + second[m]) / 2;
        }
        return mean;
    }

    Index modulated;

  private:
    const TrajectoryGrid& grid_;
    std::vector<Real> durations_;
};

/// One value per step, or one per interval where nothing changes within it.
template <typename T>
class PerStep {
  public:
    explicit PerStep(bool changes) : changes_(changes) {}

    /// Calls make(step) for every step, or for the first of every interval.
    template <typename Make>
    void fill(const TrajectoryGrid& grid, const Make& make) {
        Index step = 0;
        for (Index interval = 0; interval < grid.intervals(); ++interval) {
            const Index distinct = changes_ ? grid.steps[interval] : 1;
            for (Index k = 0; k < distinct; ++k) {
                values_.push_back(make(step + k, interval, k));
            }
            step += grid.steps[interval];
        }
    }

    const T& at(Index step, Index interval) const { return values_[changes_ ? step : interval]; }
    const T& latest() const { return values_.back(); }

  private:
    bool changes_;
    std::vector<T> values_;
};

/// Maps that occur many times, computed once: keyed by all that goes into them.
template <typename T>
class Compiled {
  public:
    template <typename Make>
    Index position_of(const std::vector<Real>& key, const Make& make) {
        const auto found = positions_.find(key);
        if (found != positions_.end()) {
            return found->second;
        }
        values_.push_back(make());
        positions_.emplace(key, std::ssize(values_) - 1);
        return std::ssize(values_) - 1;
    }

    const T& operator[](Index position) const { return values_[position]; }

  private:
    std::vector<T> values_;
    std::map<std::vector<Real>, Index> positions_;
};

std::vector<Real> key_of(Real duration, const std::vector<Real>& coefficients) {
    std::vector<Real> key = coefficients;
    key.push_back(duration);
    return key;
}

/// The map without the rounding of its exponential, as far as the trace sees it.
RealMatrix trace_preserving(RealMatrix map) {
    const Index levels = levels_from_square(map.rows());
    return with_exact_trace({levels, std::move(map)}).matrix;
}

/// Change of Hermitian coordinates rho -> A rho A^dagger.
RealMatrix turned_coordinates(const Matrix& unitary) {
    return in_hermitian_coordinates(sandwich(unitary, unitary.adjoint()));
}

}  // namespace

class TrajectoryProgram::BayesStrang final : public Scheme {
  public:
    BayesStrang(const StochasticEquation& given, const TrajectoryGrid& grid, RealVector& initial_state)
        : steps_(!given.modulated.empty()) {
        StochasticEquation equation = given;
        if (!given.monitored.empty()) {
            const Matrix basis = common_eigenbasis(given.monitored);
            if (basis.size() == 0) {
                throw InvalidArgument(
                    "Argument `sc_ops` must be Hermitian operators that commute with each other for method "
                    "\"bayes-strang\", but is not; use method=\"rouchon\" for such measurements (fluorescence, "
                    "homodyne detection of sigma_minus, or observables that do not commute).");
            }
            if (!basis.isIdentity(0)) {
                equation = given.in_basis(basis);
                to_caller = turned_coordinates(basis);
                initial_state = turned_coordinates(basis.adjoint()) * initial_state;
            }
        }
        compile(equation, grid);
    }

    void advance(Index first, Index interval, bool opens, bool closes, const LaneRun& run) const override {
        std::array<const Real*, steps_per_chunk + 1> maps;
        const StepMaps& entry = steps_.at(first, interval);
        maps[0] = opens ? halves_[entry.entry_half].data() : fused_[entry.fused_with_previous].data();
        for (Index s = 1; s < run.steps; ++s) {
            maps[s] = fused_[steps_.at(first + s, interval).fused_with_previous].data();
        }
        const StepMaps& exit = steps_.at(first + run.steps - 1, interval);
        maps[run.steps] = closes ? halves_[exit.exit_half].data() : nullptr;
        trajectory_kernels().bayes(updates_[interval_update_[interval]], maps.data(), run);
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        const StepMaps& maps = steps_.at(step, interval);
        return halves_[maps.exit_half] * mean_updates_[interval_update_[interval]] * halves_[maps.entry_half];
    }

  private:
    struct StepMaps {
        Index entry_half;
        Index exit_half;
        Index fused_with_previous;  // this step's entry half after the previous step's exit half
    };

    void compile(const StochasticEquation& equation, const TrajectoryGrid& grid) {
        const StepTimes times(equation, grid);
        for (Index interval = 0; interval < grid.intervals(); ++interval) {
            const Real duration = times.duration(interval);
            interval_update_.push_back(
                updates_.position_of({duration}, [&] { return bayes_step(equation, duration); }));
            mean_updates_.position_of({duration}, [&] { return mean_update(equation, duration); });
        }
        steps_.fill(grid, [&](Index step, Index interval, Index within) {
            const Real duration = times.duration(interval);
            const auto half = [&](Index which) {
                const std::vector<Real> coefficients = times.coefficients(step, which);
                return halves_.position_of(key_of(duration, coefficients), [&] {
                    return trace_preserving(
                        exponential(RealMatrix(equation.unmonitored_generator(coefficients) * (duration / 2))));
                });
            };
            StepMaps maps{half(0), half(1), 0};
            // Without coefficients all steps of the interval are alike, so each follows one like itself.
            const Index previous = within > 0 ? steps_.latest().exit_half : maps.exit_half;
            maps.fused_with_previous =
                fused_.position_of({static_cast<Real>(maps.entry_half), static_cast<Real>(previous)},
                                   [&] { return trace_preserving(halves_[maps.entry_half] * halves_[previous]); });
            return maps;
        });
    }

    static BayesStep bayes_step(const StochasticEquation& equation, Real duration) {
        const Index levels = equation.levels();
        BayesStep step{levels, std::ssize(equation.monitored), duration, {}, {}, {}, {}, {}};
        step.half_offsets.assign(levels, 0);
        bool turns = false;
        for (const auto& [op, efficiency] : equation.monitored) {
            for (Index i = 0; i < levels; ++i) {
                const Complex value = op(i, i);
                const Real gain = std::sqrt(efficiency) * value.real();
                step.half_gains.push_back(gain);
                step.record_means.push_back(2 * gain * duration);
                step.half_offsets[i] += gain * gain * duration;
                step.phases.push_back(std::sqrt(efficiency) * value.imag());
                turns = turns || std::abs(value.imag()) > 1e-15 * op.norm();
            }
        }
        if (!turns) {
            step.phases.clear();
        }
        for (Index i = 0; i < levels; ++i) {
            for (Index j = i + 1; j < levels; ++j) {
                Complex exponent = 0;
                for (const auto& [op, efficiency] : equation.monitored) {
                    const Complex a = op(i, i);
                    const Complex b = std::conj(op(j, j));
                    const Real squares = a.real() * a.real() + b.real() * b.real();
                    exponent +=
                        a * b - (std::norm(a) + std::norm(b)) / 2 - efficiency * ((a + b) * (a + b) / 2.0 - squares);
                }
                const Complex kept = std::exp(exponent * duration);
                step.kept_coherences.push_back(kept.real());
                step.kept_coherences.push_back(kept.imag());
            }
        }
        return step;
    }

    static RealMatrix mean_update(const StochasticEquation& equation, Real duration) {
        const Index square = equation.levels() * equation.levels();
        RealMatrix generator = RealMatrix::Zero(square, square);
        for (const auto& [op, _] : equation.monitored) {
            generator += in_hermitian_coordinates(dissipator(op));
        }
        return exponential(RealMatrix(generator * duration));
    }

    Compiled<RealMatrix> halves_;
    Compiled<RealMatrix> fused_;
    Compiled<BayesStep> updates_;
    Compiled<RealMatrix> mean_updates_;
    std::vector<Index> interval_update_;
    PerStep<StepMaps> steps_;
};

class TrajectoryProgram::Rouchon final : public Scheme {
  public:
    Rouchon(const StochasticEquation& equation, const TrajectoryGrid& grid) : steps_(!equation.modulated.empty()) {
        const StepTimes times(equation, grid);
        steps_.fill(grid, [&](Index step, Index interval, Index) {
            const Real duration = times.duration(interval);
            const std::vector<Real> coefficients = times.mean_coefficients(step);
            return compiled_.position_of(key_of(duration, coefficients),
                                         [&] { return compile(equation, coefficients, duration); });
        });
    }

    void advance(Index first, Index interval, bool, bool, const LaneRun& run) const override {
        std::array<const RouchonStep*, steps_per_chunk> steps;
        for (Index s = 0; s < run.steps; ++s) {
            steps[s] = &compiled_[steps_.at(first + s, interval)];
        }
        trajectory_kernels().rouchon(steps.data(), run);
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        // The unnormalised step averaged over dY that is white noise of variance dt.
        const RouchonStep& compiled = compiled_[steps_.at(step, interval)];
        const Index square = compiled.levels * compiled.levels;
        const auto kraus = [&](Index term) {
            return Matrix(
                Eigen::Map<const Matrix>(compiled.kraus.data() + term * square, compiled.levels, compiled.levels));
        };
        const Real dt = compiled.duration;
        const auto quadratic = [&](Index k, Index l) {
            Index position = 1 + compiled.channels;
            for (Index a = 0; a < k; ++a) {
                position += compiled.channels - a;
            }
            return position + l - k;
        };
        Matrix still = kraus(0);
        for (Index k = 0; k < compiled.channels; ++k) {
            still += dt * kraus(quadratic(k, k));
        }
        Matrix mean = sandwich(still, still.adjoint());
        for (Index k = 0; k < compiled.channels; ++k) {
            mean += dt * sandwich(kraus(1 + k), kraus(1 + k).adjoint());
            for (Index l = k; l < compiled.channels; ++l) {
                const Matrix both = kraus(quadratic(k, l));
                mean += (k == l ? 2 : 1) * dt * dt * sandwich(both, both.adjoint());
            }
        }
        RealMatrix in_coordinates = in_hermitian_coordinates(mean);
        if (!compiled.unseen.empty()) {
            in_coordinates += Eigen::Map<const RealMatrix>(compiled.unseen.data(), square, square);
        }
        return in_coordinates;
    }

  private:
    static RouchonStep compile(const StochasticEquation& equation, const std::vector<Real>& coefficients,
                               Real duration) {
        const Index levels = equation.levels();
        const Index square = levels * levels;
        const Index channels = std::ssize(equation.monitored);
        RouchonStep step{levels, channels, duration, {}, {}, {}};
        const auto append = [&](const Matrix& kraus) {
            step.kraus.insert(step.kraus.end(), kraus.data(), kraus.data() + square);
        };
        Matrix drift = Complex(0, 1) * equation.hamiltonian_at(coefficients);
        Matrix unseen = Matrix::Zero(square, square);
        for (const Matrix& jump : equation.collapse) {
            drift += jump.adjoint() * jump / 2.0;
            unseen += duration * sandwich(jump, jump.adjoint());
        }
        Matrix correction = Matrix::Zero(levels, levels);
        for (const auto& [op, efficiency] : equation.monitored) {
            drift += op.adjoint() * op / 2.0;
            correction += efficiency / 2 * op * op;
            unseen += (1 - efficiency) * duration * sandwich(op, op.adjoint());
        }
        append(Matrix::Identity(levels, levels) - duration * (drift + correction));
        for (const auto& [op, efficiency] : equation.monitored) {
            append(std::sqrt(efficiency) * op);
        }
        for (Index k = 0; k < channels; ++k) {
            const auto& a = equation.monitored[k];
            append(a.efficiency / 2 * a.op * a.op);
            for (Index l = k + 1; l < channels; ++l) {
                const auto& b = equation.monitored[l];
                append(std::sqrt(a.efficiency * b.efficiency) / 2 * (a.op * b.op + b.op * a.op));
            }
        }
        if (unseen.cwiseAbs().maxCoeff() > 0) {
            const RealMatrix map = in_hermitian_coordinates(unseen);
            step.unseen.assign(map.data(), map.data() + map.size());
        }
        for (Index k = 0; k < channels; ++k) {
            const RealVector row = equation.gain(k).topRows(levels).colwise().sum();
            step.mean_rows.insert(step.mean_rows.end(), row.data(), row.data() + square);
        }
        return step;
    }

    Compiled<RouchonStep> compiled_;
    PerStep<Index> steps_;
};

/// Explicit Itô schemes on the equation as it stands: rho' = rho + a dt + sum_k b_k dW_k + corrections, with
/// a = G rho and b_k = gain_k rho - tr(gain_k rho) rho. None of them keeps states positive.
class TrajectoryProgram::Explicit final : public Scheme {
  public:
    Explicit(const StochasticEquation& equation, const TrajectoryGrid& grid, TrajectoryScheme scheme)
        : scheme_(scheme), levels_(equation.levels()), steps_(!equation.modulated.empty()) {
        const StepTimes times(equation, grid);
        for (Index interval = 0; interval < grid.intervals(); ++interval) {
            durations_.push_back(times.duration(interval));
        }
        steps_.fill(grid, [&](Index step, Index, Index) {
            const std::vector<Real> coefficients = times.mean_coefficients(step);
            return generators_.position_of(coefficients, [&] { return equation.ensemble_generator(coefficients); });
        });
        for (Index k = 0; k < std::ssize(equation.monitored); ++k) {
            gains_.push_back(equation.gain(k));
        }
    }

    void advance(Index first, Index interval, bool, bool, const LaneRun& run) const override {
        const Index square = levels_ * levels_;
        const Index channels = std::ssize(gains_);
        const Real dt = durations_[interval];
        const Real deviation = std::sqrt(dt);
        RealVector state(square);
        std::vector<RealVector> diffusion(channels);
        std::vector<Real> noise(channels);
        for (Index lane = 0; lane < run.lanes; ++lane) {
            for (Index row = 0; row < square; ++row) {
                state(row) = run.states[row * run.lanes + lane];
            }
            for (Index s = 0; s < run.steps; ++s) {
                Real* records = run.records + s * channels * run.lanes + lane;
                Real likelihood = 0;
                for (Index k = 0; k < channels; ++k) {
                    diffusion[k] = gains_[k] * state;
                    const Real mean = diffusion[k].head(levels_).sum();
                    diffusion[k] -= mean * state;
                    Real& record = records[k * run.lanes];
                    if (run.choices != nullptr) {
                        record = mean * dt + deviation * record;
                    }
                    noise[k] = record - mean * dt;
                    likelihood += mean * record - mean * mean * dt / 2;
                }
                if (run.log_likelihood != nullptr) {
                    run.log_likelihood[lane] += likelihood;
                }
                state = stepped(state, generators_[steps_.at(first + s, interval)], diffusion, noise, dt);
            }
            for (Index row = 0; row < square; ++row) {
                run.states[row * run.lanes + lane] = state(row);
            }
        }
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        const Index square = levels_ * levels_;
        return RealMatrix::Identity(square, square) + generators_[steps_.at(step, interval)] * durations_[interval];
    }

    bool is_positive() const override { return false; }

  private:
    RealVector stepped(const RealVector& state, const RealMatrix& generator, const std::vector<RealVector>& diffusion,
                       const std::vector<Real>& noise, Real dt) const {
        const Index channels = std::ssize(gains_);
        const RealVector drift = generator * state;
        RealVector next = state + dt * drift;
        for (Index k = 0; k < channels; ++k) {
            next += noise[k] * diffusion[k];
        }
        if (scheme_ == TrajectoryScheme::euler_maruyama) {
            return next;
        }
        const auto ito = [&](Index k, Index l) { return noise[k] * noise[l] - (k == l ? dt : 0); };
        for (Index k = 0; k < channels; ++k) {
            if (scheme_ == TrajectoryScheme::milstein) {
                for (Index l = 0; l < channels; ++l) {
                    next += ito(k, l) / 2 * derivative_along(l, state, diffusion[k]);
                }
            } else {
                const RealVector support = state + dt * drift + std::sqrt(dt) * diffusion[k];
                for (Index l = 0; l < channels; ++l) {
                    next += ito(k, l) / (2 * std::sqrt(dt)) * (diffusion_at(l, support) - diffusion[l]);
                }
            }
        }
        return next;
    }

    RealVector diffusion_at(Index k, const RealVector& state) const {
        RealVector image = gains_[k] * state;
        image -= image.head(levels_).sum() * state;
        return image;
    }

    /// Derivative of b_l in the direction of `direction`.
    RealVector derivative_along(Index l, const RealVector& state, const RealVector& direction) const {
        const RealVector of_state = gains_[l] * state;
        const RealVector of_direction = gains_[l] * direction;
        return of_direction - of_direction.head(levels_).sum() * state - of_state.head(levels_).sum() * direction;
    }

    TrajectoryScheme scheme_;
    Index levels_;
    std::vector<RealMatrix> gains_;
    Compiled<RealMatrix> generators_;
    PerStep<Index> steps_;
    std::vector<Real> durations_;
};

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

// States come from other solvers, whose errors are of this order, and in single precision.
constexpr Real tolerated_state_defect = 1e-5;

Matrix checked_state(const Matrix& state, Index levels) {
    if (state.rows() != levels || state.cols() != levels) {
        throw ShapeMismatch("Argument `rho0` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(state.rows()) + ", " +
                            std::to_string(state.cols()) + ").");
    }
    if (!state.allFinite()) {
        refuse("rho0", "finite in every element", "not");
    }
    if ((state - state.adjoint()).cwiseAbs().maxCoeff() > tolerated_state_defect) {
        refuse("rho0", "Hermitian", "not");
    }
    if (std::abs(state.trace().real() - 1) > tolerated_state_defect) {
        refuse("rho0", "of trace 1", "of trace " + text_of(state.trace().real()));
    }
    const Real lowest = lowest_eigenvalue(hermitian_coordinates(state));
    if (lowest < -tolerated_state_defect) {
        refuse("rho0", "positive", "a matrix with eigenvalue " + text_of(lowest));
    }
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

}  // namespace

TrajectoryProgram::TrajectoryProgram(StochasticEquation equation, TrajectoryGrid grid, const Matrix& initial_state,
                                     TrajectoryOptions options)
    : equation_(std::move(equation)), grid_(std::move(grid)), options_(options) {
    equation_.check();
    check_between("levels", equation_.levels(), Index{2}, most_trajectory_levels);
    grid_.check(equation_);
    initial_state_ = hermitian_coordinates(checked_state(initial_state, equation_.levels()));
    switch (options_.scheme) {
        case TrajectoryScheme::bayes_strang:
            scheme_ = std::make_unique<BayesStrang>(equation_, grid_, initial_state_);
            break;
        case TrajectoryScheme::rouchon:
            scheme_ = std::make_unique<Rouchon>(equation_, grid_);
            break;
        case TrajectoryScheme::platen:
        case TrajectoryScheme::milstein:
        case TrajectoryScheme::euler_maruyama:
            scheme_ = std::make_unique<Explicit>(equation_, grid_, options_.scheme);
            break;
        default:
            throw InvalidArgument("Argument `scheme` must be a known scheme, but is not.");
    }
}

TrajectoryProgram::~TrajectoryProgram() = default;
TrajectoryProgram::TrajectoryProgram(TrajectoryProgram&&) noexcept = default;
TrajectoryProgram& TrajectoryProgram::operator=(TrajectoryProgram&&) noexcept = default;

Index TrajectoryProgram::levels() const {
    return equation_.levels();
}
Index TrajectoryProgram::channels() const {
    return std::ssize(equation_.monitored);
}
const TrajectoryGrid& TrajectoryProgram::grid() const {
    return grid_;
}

bool TrajectoryProgram::run(const TrajectorySource& source, bool want_log_likelihood,
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
                           std::vector<Real>(want_log_likelihood ? lanes : 0)};
    std::vector<Real> records(steps_per_chunk * channels() * lanes);
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
            const LaneRun run{lanes,         count,
                              states.data(), samples ? choices.data() + (step - drawn_from) * lanes : nullptr,
                              chunk,         want_log_likelihood ? shown.log_likelihood.data() : nullptr};
            scheme_->advance(step, interval, opens, step + count == end, run);
            for (Index s = 0; s < count; ++s) {
                for (Index entry = 0; entry < channels() * lanes; ++entry) {
                    shown.records[entry] += chunk[s * channels() * lanes + entry];
                }
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
    const StepTimes times(equation_, grid_);
    if (times.modulated > 0 && std::ssize(exact_states) != std::ssize(grid_.times)) {
        throw ShapeMismatch("Argument `exact` must have " + std::to_string(grid_.times.size()) + " states, but has " +
                            std::to_string(exact_states.size()) + ".");
    }
    const RealMatrix& to_caller = scheme_->to_caller;
    RealVector scheme_state = initial_state_;
    RealVector exact = to_caller.size() == 0 ? initial_state_ : RealVector(to_caller * initial_state_);
    Compiled<RealMatrix> exact_intervals;
    Compiled<RealMatrix> scheme_intervals;
    Real worst = 0;
    Index step = 0;
    for (Index interval = 0; interval < grid_.intervals(); ++interval) {
        const Real duration = times.duration(interval);
        const Index count = grid_.steps[interval];
        if (times.modulated == 0) {
            const std::vector<Real> key{duration, static_cast<Real>(count)};
            const Index whole = exact_intervals.position_of(key, [&] {
                return exponential(
                    RealMatrix(equation_.ensemble_generator({}) * (duration * static_cast<Real>(count))));
            });
            scheme_intervals.position_of(key, [&] { return power(scheme_->mean_step(step, interval), count); });
            exact = exact_intervals[whole] * exact;
            scheme_state = scheme_intervals[whole] * scheme_state;
        } else {
            exact = hermitian_coordinates(exact_states[static_cast<std::size_t>(interval) + 1]);
            for (Index k = 0; k < count; ++k) {
                scheme_state = scheme_->mean_step(step + k, interval) * scheme_state;
            }
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

bool is_measurement_undisturbed(const StochasticEquation& equation) {
    if (!equation.modulated.empty()) {
        return false;
    }
    const RealMatrix unmonitored = equation.unmonitored_generator({});
    const auto commutes = [&](const RealMatrix& other) {
        return (unmonitored * other - other * unmonitored).norm() <= 1e-12 * unmonitored.norm() * other.norm();
    };
    for (Index k = 0; k < std::ssize(equation.monitored); ++k) {
        const RealMatrix unseen = in_hermitian_coordinates(dissipator(equation.monitored[k].op));
        if (!commutes(equation.gain(k)) || !commutes(unseen)) {
            return false;
        }
    }
    return true;
}

}  // namespace synqc
