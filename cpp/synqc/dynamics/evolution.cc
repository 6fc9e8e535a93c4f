#include "synqc/dynamics/evolution.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/dense_series.h"
#include "synqc/dynamics/exponential_action.h"
#include "synqc/dynamics/taylor_steps.h"
#include "synqc/linalg/exponential.h"

namespace synqc {

namespace {

constexpr std::array<std::pair<EvolutionMethod, std::string_view>, 5> method_names = {{
    {EvolutionMethod::automatic, "auto"},
    {EvolutionMethod::exponential, "expm"},
    {EvolutionMethod::taylor, "taylor"},
    {EvolutionMethod::magnus, "cf4"},
    {EvolutionMethod::dormand_prince, "dopri5"},
}};

/// Precision asked of exponentials that are to be exact.
constexpr Real exact = 1e-16;

constexpr Real infinity = std::numeric_limits<Real>::infinity();

Real largest_difference(std::span<const Real> a, std::span<const Real> b) {
    Real largest = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        // Written so that a NaN is the largest of all.
        const Real difference = std::abs(a[k] - b[k]);
        largest = difference <= largest ? largest : difference;
    }
    return largest;
}

Real largest_magnitude(std::span<const Real> a) {
    Real largest = 0;
    for (Real value : a) {
        largest = std::max(largest, std::abs(value));
    }
    return largest;
}

/// A dense propagator per distinct interval pays off while building it costs less than acting on the vector.
bool dense_is_cheaper(const LinearEquation& equation, Real norm, Real duration, Index intervals) {
    const Real size = static_cast<Real>(equation.dimension);
    // Larger ones would keep an impatient caller waiting for longer than 50 ms.
    if (size > 144) {
        return false;
    }
    const Real interval_norm = norm * duration / static_cast<Real>(intervals);
    const Real products = 10 + std::max(0.0, std::log2(interval_norm / 5));
    const Real dense = products * size * size * size + static_cast<Real>(intervals) * size * size;
    const Real applications = static_cast<Real>(intervals) * (12 + 6 * interval_norm);
    return dense < 4 * applications * static_cast<Real>(equation.elements() + equation.dimension);
}

/// Exact evolution under a constant generator, remembering the propagator of the last interval length.
class ConstantSteps {
  public:
    ConstantSteps(const LinearEquation& equation, Real longest_time, CancellationCheck& cancellation)
        : equation_(equation), action_(equation), longest_time_(longest_time), cancellation_(cancellation) {}

    void choose_generator(std::span<const Real> weights, Real duration, Index intervals) {
        weights_.assign(weights.begin(), weights.end());
        equation_.freeze(1, 1, weights, unit_time_);
        dense_ = dense_is_cheaper(equation_, equation_.norm(unit_time_), duration, intervals);
        if (dense_) {
            generator_ = equation_.dense(unit_time_);
        }
        remembered_interval_ = -1;
    }

    void advance(Real interval, std::vector<Real>& state, EvolutionReport& report) {
        cancellation_.check();
        if (!dense_) {
            const Index before = action_.applications();
            action_.apply(interval, 1, weights_, exact, state, cancellation_);
            report.applications += action_.applications() - before;
            return;
        }
        // Times written as t0 + k dt differ in their last digits; one propagator serves them all.
        const Real rounding = 4 * std::numeric_limits<Real>::epsilon() * longest_time_;
        if (std::abs(interval - remembered_interval_) > rounding) {
            propagator_ = exponential(RealMatrix(interval * generator_));
            remembered_interval_ = interval;
        }
        next_.resize(static_cast<Index>(state.size()));
        Eigen::Map<RealVector> vector(state.data(), static_cast<Index>(state.size()));
        if (next_.size() <= most_dense_rows) {
            // Setting up a general product takes longer than a small one.
            next_.noalias() = propagator_.lazyProduct(vector);
        } else {
            next_.noalias() = propagator_ * vector;
        }
        vector = next_;
        ++report.applications;
    }

  private:
    const LinearEquation& equation_;
    ExponentialAction action_;
    Real longest_time_;
    CancellationCheck& cancellation_;
    bool dense_ = false;
    std::vector<Real> unit_time_;
    std::vector<Real> weights_;
    RealMatrix generator_;
    RealMatrix propagator_;
    RealVector next_;
    Real remembered_interval_ = -1;
};

/// One step of CF4 and several shorter ones that end where it does, with the difference as the error of the latter.
class MagnusStepper {
  public:
    static constexpr Real order = 4;
    static constexpr bool passes_samples = true;

    /// error_rate: what the steps may do wrong per unit of time.
    MagnusStepper(const LinearEquation& equation, Real error_rate, CancellationCheck& cancellation)
        : equation_(equation),
          action_(equation),
          cancellation_(cancellation),
          error_rate_(error_rate),
          early_(equation.weights.size()),
          late_(equation.weights.size()),
          mixed_(equation.weights.size()) {}

    /// Moves `state` to t + step; returns the estimated error of the result.
    Real attempt(Real t, Real step, const std::vector<Real>& state, std::vector<Real>& result) {
        coarse_ = state;
        advance(t, step, coarse_);
        result = state;
        advance(t, step / 2, result);
        advance(t + step / 2, step / 2, result);
        return largest_difference(coarse_, result) / 15;
    }

    /// Moves `state` from t to each of `ends`, at least two, one row of `results` each; returns the difference of the
    /// last row from one step over all of them.
    Real attempt(Real t, std::span<const Real> ends, const std::vector<Real>& state, std::vector<Real>& results) {
        coarse_ = state;
        advance(t, ends.back() - t, coarse_);
        row_ = state;
        results.clear();
        for (Real end : ends) {
            advance(t, end - t, row_);
            results.insert(results.end(), row_.begin(), row_.end());
            t = end;
        }
        return largest_difference(coarse_, row_);
    }

    void accepted() {}
    void enter(Real) {}
    Index applications() const { return action_.applications(); }

  private:
    /// exp(h (a2 G1 + a1 G2)) exp(h (a1 G1 + a2 G2)), a = 1/4 +- sqrt(3)/6 (Blanes and Moan, Appl. Numer. Math. 56,
    /// 1519).
    void advance(Real t, Real step, std::vector<Real>& state) {
        constexpr Real gauss = 0.28867513459481288225;
        equation_.weights_at(t + (0.5 - gauss) * step, early_);
        equation_.weights_at(t + (0.5 + gauss) * step, late_);
        exponentiate(step, 0.25 + gauss, 0.25 - gauss, state);
        exponentiate(step, 0.25 - gauss, 0.25 + gauss, state);
    }

    void exponentiate(Real step, Real early_share, Real late_share, std::vector<Real>& state) {
        for (std::size_t k = 0; k < mixed_.size(); ++k) {
            mixed_[k] = early_share * early_[k] + late_share * late_[k];
        }
        action_.apply(step, 0.5, mixed_, std::clamp(1e-3 * error_rate_ * step, exact, 1e-10), state, cancellation_);
    }

    const LinearEquation& equation_;
    ExponentialAction action_;
    CancellationCheck& cancellation_;
    Real error_rate_;
    std::vector<Real> early_;
    std::vector<Real> late_;
    std::vector<Real> mixed_;
    std::vector<Real> coarse_;
    std::vector<Real> row_;
};

/// Dormand and Prince, J. Comput. Appl. Math. 6, 19 (1980); the last stage is the first of the next step.
class DormandPrinceStepper {
  public:
    static constexpr Real order = 5;
    static constexpr bool passes_samples = false;

    DormandPrinceStepper(const LinearEquation& equation, Real, CancellationCheck& cancellation)
        : equation_(equation), cancellation_(cancellation), weights_(equation.weights.size()) {
        for (auto& stage : stages_) {
            stage.resize(static_cast<std::size_t>(equation.dimension));
        }
    }

    Real attempt(Real t, Real step, const std::vector<Real>& state, std::vector<Real>& result) {
        cancellation_.check();
        if (!first_stage_known_) {
            derivative(t, state, stages_[0]);
            first_stage_known_ = true;
        }
        for (std::size_t stage = 1; stage < 7; ++stage) {
            combine(state, step, rows[stage - 1], stage, point_);
            derivative(t + nodes[stage] * step, point_, stages_[stage]);
        }
        result = point_;
        Real error = 0;
        for (std::size_t k = 0; k < state.size(); ++k) {
            Real difference = 0;
            for (std::size_t stage = 0; stage < 7; ++stage) {
                difference += error_weights[stage] * stages_[stage][k];
            }
            const Real magnitude = std::abs(difference);
            error = magnitude <= error ? error : magnitude;
        }
        return step * error;
    }

    void accepted() { std::swap(stages_[0], stages_[6]); }
    /// A new stretch up to `end` begins: nothing is known of its slope, and nothing behind `end` may be looked at.
    void enter(Real end) {
        first_stage_known_ = false;
        latest_ = std::nextafter(end, -std::numeric_limits<Real>::infinity());
    }
    Index applications() const { return applications_; }

  private:
    static constexpr Real nodes[7] = {0, 0.2, 0.3, 0.8, 8.0 / 9, 1, 1};
    static constexpr Real rows[6][6] = {
        {0.2},
        {3.0 / 40, 9.0 / 40},
        {44.0 / 45, -56.0 / 15, 32.0 / 9},
        {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
        {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
        {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
    };
    static constexpr Real error_weights[7] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                              -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

    void derivative(Real t, const std::vector<Real>& state, std::vector<Real>& slope) {
        equation_.weights_at(std::min(t, latest_), weights_);
        equation_.freeze(1, 1, weights_, frozen_);
        equation_.apply(frozen_, state.data(), slope.data());
        ++applications_;
    }

    void combine(const std::vector<Real>& state, Real step, const Real* row, std::size_t count,
                 std::vector<Real>& point) {
        point = state;
        for (std::size_t stage = 0; stage < count; ++stage) {
            const Real factor = step * row[stage];
            for (std::size_t k = 0; k < state.size(); ++k) {
                point[k] += factor * stages_[stage][k];
            }
        }
    }

    const LinearEquation& equation_;
    CancellationCheck& cancellation_;
    std::vector<Real> weights_;
    std::vector<Real> frozen_;
    std::array<std::vector<Real>, 7> stages_;
    std::vector<Real> point_;
    bool first_stage_known_ = false;
    Real latest_ = 0;
    Index applications_ = 0;
};

/// Where the state must be known: sample times and hard stops, in one sorted list.
struct Milestones {
    std::vector<Real> times;
    std::vector<bool> is_sample;
    std::vector<bool> is_stop;
};

Milestones milestones_of(std::span<const Real> times, const std::vector<Real>& stops) {
    Milestones merged;
    merged.times.reserve(times.size() + stops.size());
    auto add = [&merged](Real time, bool is_sample, bool is_stop) {
        merged.times.push_back(time);
        merged.is_sample.push_back(is_sample);
        merged.is_stop.push_back(is_stop);
    };
    std::size_t stop = 0;
    for (std::size_t sample = 0; sample < times.size(); ++sample) {
        bool is_stop = false;
        for (; stop < stops.size() && stops[stop] <= times[sample]; ++stop) {
            if (sample > 0 && stops[stop] > times[sample - 1] && stops[stop] < times[sample]) {
                add(stops[stop], false, true);
            }
            is_stop = stops[stop] == times[sample];
        }
        add(times[sample], true, is_stop);
    }
    return merged;
}

/// Steps whose length follows the tolerance.
///
/// Every milestone ends a step. Where they lie closer than the tolerance asks for, a stepper that can takes several in
/// one go, judged by one step over all of them: a dense grid of samples then costs a third of judging each step alone.
template <typename Stepper>
class ControlledSteps {
  public:
    ControlledSteps(const LinearEquation& equation, const Milestones& milestones, const EvolutionOptions& options,
                    CancellationCheck& cancellation, Evolution& evolution, std::vector<Real> state)
        : equation_(equation),
          milestones_(milestones),
          options_(options),
          evolution_(evolution),
          duration_(milestones.times.back() - milestones.times.front()),
          stepper_(equation, (options.absolute_tolerance + options.relative_tolerance) / duration_, cancellation),
          t_(milestones.times.front()),
          state_(std::move(state)) {}

    void run() {
        std::size_t next = 1;
        while (next < milestones_.times.size()) {
            stepper_.enter(milestones_.times[next]);
            if (step_ == 0) {
                choose_first_step(milestones_.times[next]);
            }
            next = has_passed_several(next) ? next : advance_to(next);
        }
        evolution_.report.applications = stepper_.applications();
    }

  private:
    /// The more steps one is held against, the worse it is itself, and the less it says.
    static constexpr std::size_t most_at_once = 4;
    /// Of the state's size: a worse one says nothing of how errors shrink with the step.
    static constexpr Real worst_judge = 1e-3;

    void choose_first_step(Real goal) {
        std::vector<Real> weights(equation_.weights.size());
        std::vector<Real> frozen;
        equation_.weights_at(t_ + (goal - t_) / 2, weights);
        equation_.freeze(1, 1, weights, frozen);
        step_ = std::min(goal - t_, 0.5 / std::max(equation_.norm(frozen), 0.5 / (goal - t_)));
    }

    void limit_step() {
        if (options_.longest_step > 0) {
            step_ = std::min(step_, options_.longest_step);
        }
        // Beyond it full and half steps could overlook the same oscillation, and agree.
        step_ = std::min(step_, equation_.longest_resolved_step(t_));
    }

    /// Ends of the samples from `next` on, each near enough to the one before, that no hard stop parts.
    std::span<const Real> close_samples(std::size_t next) const {
        const Real longest = options_.longest_step > 0 ? options_.longest_step : infinity;
        const Real reach = std::min(longest, equation_.longest_resolved_step(t_));
        const auto ends = std::span(milestones_.times).subspan(next);
        std::size_t count = 0;
        Real former = t_;
        while (count < std::min(ends.size(), most_at_once) && milestones_.is_sample[next + count] &&
               ends[count] - former <= step_ / 2 && ends[count] - t_ <= reach) {
            former = ends[count++];
            if (milestones_.is_stop[next + count - 1]) {
                break;
            }
        }
        return ends.first(count);
    }

    /// Tries to take several samples from `next` on in one go; `next` is then the milestone after them.
    bool has_passed_several(std::size_t& next) {
        if constexpr (Stepper::passes_samples) {
            const std::span<const Real> ends = close_samples(next);
            if (ends.size() < 2) {
                return false;
            }
            // A step of length h errs by a multiple of h^5, and so do shorter ones one after the other.
            const Real trial = ends.back() - t_;
            Real share = 0;
            Real former = t_;
            for (Real end : ends) {
                share += std::pow((end - former) / trial, Stepper::order + 1);
                former = end;
            }
            const Real difference = stepper_.attempt(t_, ends, state_, result_);
            const bool says_something = difference <= worst_judge * largest_magnitude(state_);
            const Real halves = 2 * trial * std::pow(share, 1 / Stepper::order);
            if (!is_accepted(trial, says_something ? difference * share / (1 - share) : infinity, halves,
                             ends.back())) {
                return false;
            }
            t_ = ends.back();
            state_.assign(result_.end() - std::ssize(state_), result_.end());
            evolution_.states.insert(evolution_.states.end(), result_.begin(), result_.end());
            evolution_.report.steps += std::ssize(ends);
            next += ends.size();
            return true;
        }
        return false;
    }

    /// Reaches the milestone `next` alone; returns the one after it.
    std::size_t advance_to(std::size_t next) {
        const Real goal = milestones_.times[next];
        while (t_ < goal) {
            limit_step();
            // A last step that would leave less than a tenth of itself is stretched or halved instead.
            const Real left = goal - t_;
            const bool last = step_ >= left * (1 - 1e-12);
            const Real trial = last ? left : (2 * step_ > left ? left / 2 : step_);
            if (is_accepted(trial, stepper_.attempt(t_, trial, state_, result_), trial, goal)) {
                t_ = last ? goal : t_ + trial;
                std::swap(state_, result_);
                stepper_.accepted();
                ++evolution_.report.steps;
            }
        }
        if (milestones_.is_sample[next]) {
            evolution_.states.insert(evolution_.states.end(), state_.begin(), state_.end());
        }
        return next + 1;
    }

    /// Whether what covers `trial` may be as wrong as `error`, as two halves of a step of length `judged` would be;
    /// chooses the length of the next step. goal: the milestone ahead.
    bool is_accepted(Real trial, Real error, Real judged, Real goal) {
        const Real size = largest_magnitude(state_);
        const Real share = (options_.absolute_tolerance + options_.relative_tolerance * size) * (trial / duration_);
        // Between two stops that all but coincide the share falls below what rounding alone adds to an estimate.
        const Real allowed = std::max(share, 4 * std::numeric_limits<Real>::epsilon() * size);
        const Real ratio = error / allowed;
        const Real change = 0.9 * std::pow(std::max(ratio, 1e-10), -1 / Stepper::order);
        if (ratio <= 1) {
            const Real grown = judged * std::clamp(change, 0.2, 5.0);
            // A milestone may have cut this step short; that says nothing against the longer one.
            step_ = judged < step_ && change >= 1 ? std::max(step_, grown) : grown;
            return true;
        }
        ++evolution_.report.rejected;
        step_ = judged * (std::isfinite(ratio) ? std::clamp(change, 0.1, 0.9) : 0.1);
        if (step_ < 16 * std::numeric_limits<Real>::epsilon() * std::max(std::abs(t_), std::abs(goal))) {
            throw StepTooSmall("The tolerance cannot be met at time " + text_of(t_) +
                               ": the step would fall below the spacing of numbers there.");
        }
        return false;
    }

    const LinearEquation& equation_;
    const Milestones& milestones_;
    const EvolutionOptions& options_;
    Evolution& evolution_;
    Real duration_;
    Stepper stepper_;
    Real t_;
    Real step_ = 0;
    std::vector<Real> state_;
    std::vector<Real> result_;
};

Milestones milestones_for(const LinearEquation& equation, std::span<const Real> times,
                          const EvolutionOptions& options) {
    std::vector<Real> stops = equation.stops_inside(times.front(), times.back());
    if (!options.stops.empty()) {
        stops.insert(stops.end(), options.stops.begin(), options.stops.end());
        std::sort(stops.begin(), stops.end());
    }
    return milestones_of(times, stops);
}

template <typename Stepper>
void evolve_by_control(const LinearEquation& equation, std::span<const Real> times, const EvolutionOptions& options,
                       CancellationCheck& cancellation, Evolution& evolution, std::vector<Real> state) {
    const Milestones milestones = milestones_for(equation, times, options);
    ControlledSteps<Stepper>(equation, milestones, options, cancellation, evolution, std::move(state)).run();
}

void evolve_exactly(const LinearEquation& equation, const Milestones& milestones, CancellationCheck& cancellation,
                    Evolution& evolution, std::vector<Real> state) {
    const Index intervals = static_cast<Index>(milestones.times.size()) - 1;
    const Real duration = milestones.times.back() - milestones.times.front();
    const Real longest_time = std::max(std::abs(milestones.times.front()), std::abs(milestones.times.back()));
    const bool is_constant = equation.is_constant();
    ConstantSteps steps(equation, longest_time, cancellation);
    std::vector<Real> weights(equation.weights.size());
    std::vector<Real> former;
    for (std::size_t next = 1; next < milestones.times.size(); ++next) {
        const Real begin = milestones.times[next - 1];
        const Real end = milestones.times[next];
        if (next == 1 || !is_constant) {
            equation.weights_at(begin + (end - begin) / 2, weights);
            if (next == 1 || weights != former) {
                steps.choose_generator(weights, is_constant ? duration : end - begin, is_constant ? intervals : 1);
                former = weights;
            }
        }
        steps.advance(end - begin, state, evolution.report);
        ++evolution.report.steps;
        if (milestones.is_sample[next]) {
            evolution.states.insert(evolution.states.end(), state.begin(), state.end());
        }
    }
}

}  // namespace

EvolutionMethod evolution_method_from_name(std::string_view name) {
    for (auto [method, known] : method_names) {
        if (known == name) {
            return method;
        }
    }
    throw UnknownName("Argument `method` must be one of 'auto', 'expm', 'taylor', 'cf4', 'dopri5', but is '" +
                      std::string(name) + "'.");
}

std::string_view name_of(EvolutionMethod method) {
    for (auto [candidate, name] : method_names) {
        if (candidate == method) {
            return name;
        }
    }
    throw InvalidArgument("Argument `method` must be a declared EvolutionMethod.");
}

Evolution evolve(const LinearEquation& equation, std::span<const Real> start, std::span<const Real> times,
                 const EvolutionOptions& options, CancellationCheck& cancellation) {
    assert(std::ssize(start) == equation.dimension && !times.empty());
    const bool exactly_solvable = equation.is_piecewise_constant();
    Evolution evolution;
    EvolutionMethod method = options.method;
    if (method == EvolutionMethod::automatic) {
        method = exactly_solvable                ? EvolutionMethod::exponential
                 : suits_taylor_series(equation) ? EvolutionMethod::taylor
                                                 : EvolutionMethod::magnus;
    }
    if (method == EvolutionMethod::exponential && !exactly_solvable) {
        throw InvalidArgument(
            "Argument `method` must be 'auto', 'taylor', 'cf4' or 'dopri5' for operators that vary smoothly in time, "
            "but is 'expm'.");
    }
    evolution.report.method = method;
    evolution.states.reserve(times.size() * start.size());
    evolution.states.assign(start.begin(), start.end());
    std::vector<Real> state(start.begin(), start.end());
    switch (method) {
        case EvolutionMethod::exponential:
            evolve_exactly(equation, milestones_for(equation, times, options), cancellation, evolution,
                           std::move(state));
            break;
        case EvolutionMethod::taylor:
            evolve_by_taylor_series(equation, times, options, cancellation, evolution);
            break;
        case EvolutionMethod::magnus:
            evolve_by_control<MagnusStepper>(equation, times, options, cancellation, evolution, std::move(state));
            break;
        case EvolutionMethod::dormand_prince:
            evolve_by_control<DormandPrinceStepper>(equation, times, options, cancellation, evolution,
                                                    std::move(state));
            break;
        case EvolutionMethod::automatic:
            throw InvalidArgument("Argument `method` must have been chosen by now.");
    }
    return evolution;
}

}  // namespace synqc
