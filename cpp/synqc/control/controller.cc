#include "synqc/control/controller.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/control/bayes.h"
#include "synqc/control/cross_entropy.h"
#include "synqc/control/kalman.h"
#include "synqc/control/nelder_mead.h"
#include "synqc/control/random_search.h"
#include "synqc/control/reinforce.h"

namespace synqc {

namespace {

template <typename Rule>
std::unique_ptr<Controller> make(const ControlContext& context) {
    return std::make_unique<Rule>(context);
}

struct RuleEntry {
    std::string_view name;
    std::unique_ptr<Controller> (*make)(const ControlContext&);
    std::string_view meaning;
};

constexpr std::array rules{
    RuleEntry{"none", make<Controller>, "Nothing is learned: drives stay as calibrated while the device drifts."},
    RuleEntry{"kalman", make<KalmanController>,
              "Ramsey rounds, a tenth of each batch, track every qubit's detuning with a linear filter; the next batch "
              "is driven at the corrected frequency. No wait inside a shot."},
    RuleEntry{"bayes", make<BayesController>,
              "A posterior on a grid tracks the detuning between batches; inside each shot a quantum Bayesian filter "
              "of the record sets the second angle, at the price of decision latency."},
    RuleEntry{"rl", make<CrossEntropyController>,
              "Cross-entropy search over drive settings: explores between batches, deploys the best, and needs many "
              "iterations to pay."},
    RuleEntry{"rl-reinforce", make<ReinforceController>, "Policy gradient over drive settings with a baseline."},
    RuleEntry{"nelder-mead", make<NelderMeadController>, "Simplex search over drive settings, to compare with."},
    RuleEntry{"random-search", make<RandomSearchController>, "Random search over drive settings, to compare with."},
};

}  // namespace

void DriftPrior::check() const {
    check_not_negative("drift.diffusion", diffusion);
    check_not_negative("drift.sigma", sigma);
    check_positive("drift.correlation_time", correlation_time);
    check_not_negative("drift.jump_rate", jump_rate);
    check_not_negative("drift.jump_size", jump_size);
}

Real DriftPrior::variance_after(Real seconds) const {
    switch (kind) {
        case Kind::none:
            return 0;
        case Kind::random_walk:
            return diffusion * seconds;
        case Kind::ornstein_uhlenbeck:
            return -2 * sigma * sigma * std::expm1(-seconds / correlation_time);
    }
    throw InvalidArgument("Argument `drift.kind` must be a known kind of drift, but is none of them.");
}

void ControlContext::check() const {
    check_positive("believed_t2", believed_t2);
    check_between("p0_given_1", p0_given_1, Real{0}, Real{0.5});
    check_between("p1_given_0", p1_given_0, Real{0}, Real{0.5});
    if (p0_given_1 + p1_given_0 >= 1) {
        throw_invalid_argument("p0_given_1 + p1_given_0", "less than 1", text_of(p0_given_1 + p1_given_0));
    }
    check_between("prepared_population", prepared_population, Real{0}, Real{0.49});
    check_not_negative("pulse_evolution_time", pulse_evolution_time);
    check_positive("shortest_evolution_time", shortest_evolution_time);
    check_not_negative("longest_evolution_time", longest_evolution_time);
    check_finite("detuning_mean", detuning_mean);
    check_not_negative("detuning_deviation", detuning_deviation);
    check_positive("acquisition_span", acquisition_span);
    check_between("outlier_probability", outlier_probability, Real{0}, Real{0.5});
    drift.check();
    check_between("grid_points", grid_points, Index{256}, Index{1024});
    check_not_negative("search.theta1", search.theta1);
    check_not_negative("search.theta2", search.theta2);
    check_not_negative("search.phi2", search.phi2);
    check_not_negative("search.drag_beta", search.drag_beta);
    check_not_negative("search.feedback_gain", search.feedback_gain);
    check_between("population", population, Index{4}, Index{1024});
    if (population % 4 != 0) {
        throw_invalid_argument("population", "a multiple of 4", std::to_string(population));
    }
}

Controller::Controller(ControlContext context) : context_(context) {
    context_.check();
}

Index Controller::calibration_shots(Index) const {
    return 0;
}
std::optional<RamseyRound> Controller::next_ramsey(Index) {
    return std::nullopt;
}
void Controller::observe_ramsey(const RamseyRound&, Index) {}
Index Controller::learning_shots(Index) const {
    return 0;
}
Index Controller::learning_rounds(Index) const {
    return 0;
}
std::vector<ControlSettings> Controller::propose() {
    return {deployed()};
}
void Controller::observe(std::span<const CandidateOutcome>) {}
ControlSettings Controller::deployed() const {
    return context_.ideal;
}
void Controller::advance(Real) {}
TrackerState Controller::tracker() const {
    return {};
}
std::vector<Real> Controller::state() const {
    return {};
}

void Controller::restore(std::span<const Real> state) {
    if (!state.empty()) {
        throw_invalid_argument("state", "what the same rule wrote", std::to_string(state.size()) + " numbers");
    }
}

std::unique_ptr<Controller> make_controller(std::string_view rule, const ControlContext& context) {
    for (const RuleEntry& entry : rules) {
        if (entry.name == rule) {
            return entry.make(context);
        }
    }
    std::string known;
    for (const RuleEntry& entry : rules) {
        known.append(known.empty() ? "`" : ", `").append(entry.name).append("`");
    }
    throw UnknownName("Argument `adaptive_rule` must be one of " + known + ", but is `" + std::string(rule) + "`.");
}

std::vector<std::string> rule_names() {
    std::vector<std::string> names;
    for (const RuleEntry& entry : rules) {
        names.emplace_back(entry.name);
    }
    return names;
}

std::vector<RuleProperties> rule_properties() {
    constexpr Index batch = 1000;
    std::vector<RuleProperties> all;
    for (const RuleEntry& entry : rules) {
        const auto controller = entry.make(ControlContext{});
        all.push_back({entry.name, entry.meaning, controller->calibration_shots(batch) > 0,
                       controller->learning_shots(batch) > 0, controller->deployed().feed_forward != FeedForward::none,
                       controller->deployed().feed_forward == FeedForward::bayes});
    }
    return all;
}

std::vector<Index> split_shots(Index shots, Index candidates) {
    check_at_least("candidates", candidates, 1);
    check_at_least("shots", shots, 0);
    std::vector<Index> parts(candidates, shots / candidates);
    for (Index k = 0; k < shots % candidates; ++k) {
        ++parts[k];
    }
    return parts;
}

}  // namespace synqc
