#include "synqc/experiment/experiment.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/control/objective.h"
#include "synqc/experiment/kpis.h"
#include "synqc/experiment/latency.h"
#include "synqc/experiment/ramsey.h"

namespace synqc {

namespace {

/// A laboratory is never surer of a frequency than this before it has looked.
constexpr Real least_detuning_doubt = radians_per_us_per_khz;

/// µs; a qubit that never dephases is believed to keep its phase for a quarter of an hour.
constexpr Real longest_believed_t2 = 1e9;

/// A qubit prepared closer to fully mixed shows no fringe; trackers then believe in the faintest one they can use.
constexpr Real most_useful_population = 0.49;

/// The controller's one slow process has the stationary variance of all of them and moves as fast as they do together:
/// sigma^2 / tau adds up over processes. A random walk among them hides the rest.
DriftPrior drift_prior(const std::vector<DriftProcess>& processes) {
    DriftPrior prior;
    prior.kind = DriftPrior::Kind::none;
    Real variance = 0;
    Real pace = 0;
    for (const DriftProcess& process : processes) {
        const std::vector<Real> times = process.time_constants();
        switch (process.kind) {
            case DriftKind::ornstein_uhlenbeck:
            case DriftKind::one_over_f:
                for (Real time : times) {
                    const Real share = process.sigma * process.sigma / static_cast<Real>(times.size());
                    variance += share;
                    pace += share / time;
                }
                break;
            case DriftKind::random_walk:
                prior.kind = DriftPrior::Kind::random_walk;
                prior.diffusion += process.diffusion;
                break;
            case DriftKind::random_telegraph:
                prior.jump_rate += process.switching_rate;
                prior.jump_size = std::max(prior.jump_size, 2 * process.sigma);
                break;
            case DriftKind::t1_ornstein_uhlenbeck:
            case DriftKind::t1_random_telegraph:
                break;  // moves no detuning
        }
    }
    if (prior.kind == DriftPrior::Kind::none && pace > 0) {
        prior.kind = DriftPrior::Kind::ornstein_uhlenbeck;
        prior.sigma = std::sqrt(variance);
        prior.correlation_time = variance / pace;
    } else if (pace > 0) {
        prior.diffusion += 2 * pace;
    }
    return prior;
}

ControlContext context_of(const ExperimentRequest& request, const Qubit& qubit, Index index) {
    ControlContext context;
    context.ideal = {.theta1 = request.first_angle,
                     .theta2 = request.second_angle,
                     .phi1 = request.first_axis,
                     .phi2 = request.second_axis,
                     .drag_beta = request.drag_beta};
    context.believed_t2 = std::min(qubit.t2, longest_believed_t2);
    context.p0_given_1 = qubit.p0_given_1;
    context.p1_given_0 = qubit.p1_given_0;
    context.prepared_population = std::min(qubit.prepared_population, most_useful_population);
    context.pulse_evolution_time = pulse_evolution_time(request, qubit);
    context.detuning_deviation = std::max(request.device.detuning_scale, least_detuning_doubt);
    context.drift = drift_prior(request.device.drift);
    if (!request.probes()) {
        context.search.feedback_gain = 0;
    }
    if (!has_derivative_quadrature(request.envelope) || qubit.levels == 2 || qubit.anharmonicity == 0) {
        context.search.drag_beta = 0;
    }
    context.stream = static_cast<std::uint32_t>(index);
    return context;
}

}  // namespace

Experiment::Experiment(ExperimentRequest request, std::shared_ptr<PropagatorCache> segments)
    : request_(std::move(request)), segments_(segments ? std::move(segments) : std::make_shared<PropagatorCache>()) {
    request_.check();
    check_objective(request_.objective);
    make_controller(request_.adaptive_rule, ControlContext{});
    register_ = make_register(request_.device, request_.qubits, request_.device_seed);
    for (std::size_t index = 0; index < register_.size(); ++index) {
        contexts_.push_back(context_of(request_, register_[index].qubit, static_cast<Index>(index)));
    }
}

ControlContext Experiment::control_context(Index index, Seed seed) const {
    ControlContext context = contexts_[static_cast<std::size_t>(index)];
    context.seed = seed;
    return context;
}

const ProbeDescription& Experiment::probe_description() const {
    std::call_once(description_->once, [&] { description_->value = describe_probe(request_, register_, *segments_); });
    return description_->value;
}

}  // namespace synqc
