#include "synqc/route/balancer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/route/rendezvous.h"

namespace synqc::route {

namespace {

/// A latency counts as at least so much, in s, so that what was not measured yet is told apart by its load.
constexpr Real least_latency_s = 1e-4;
/// What is told where nobody knows when there will be room, in s.
constexpr Real usual_wait_s = 1;

bool contains(const std::vector<Index>& many, Index one) {
    return std::find(many.begin(), many.end(), one) != many.end();
}

}  // namespace

// --- names ---

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 11> names{
        "eligible",     "asked_already",   "lacks_capability", "window_too_small",    "without_price",    "cooling",
        "breaker_open", "probe_under_way", "in_flight_limit",  "requests_per_minute", "tokens_per_minute"};
    return names.at(static_cast<std::size_t>(verdict));
}

bool is_passing(Verdict verdict) {
    return verdict >= Verdict::cooling;
}

std::string_view name_of(Reason reason) {
    constexpr std::array<std::string_view, 10> names{
        "only_one",  "its_turn", "less_loaded",  "tie",  "cheapest", "fewest_capabilities",
        "preferred", "affine",   "spilled_over", "probe"};
    return names.at(static_cast<std::size_t>(reason));
}

std::string_view name_of(Degradation degradation) {
    constexpr std::array<std::string_view, 4> names{"", "no_latency_known", "no_price_known", "no_session_given"};
    return names.at(static_cast<std::size_t>(degradation));
}

// --- ticket ---

Ticket::~Ticket() {
    if (balancer_ != nullptr) {
        balancer_->end(flight_, {}, 0);  // whose clock stands no earlier than it did
    }
}

bool Ticket::end(const Ending& ending, Real now_s) {
    Balancer* balancer = std::exchange(balancer_, nullptr);
    return balancer != nullptr && balancer->end(flight_, ending, now_s);
}

void Ticket::note_first_part(Real now_s) {
    if (balancer_ != nullptr) {
        balancer_->note_first_part(flight_, now_s);
    }
}

// --- balancer ---

Balancer::Balancer(std::vector<Deployment> deployments, BalancerOptions options)
    : deployments_(std::move(deployments)), options_(options), random_(options.seed, 0, 0, 0) {
    if (deployments_.empty()) {
        throw_invalid_argument("deployments", "at least one", "none");
    }
    check_positive("latency_decay_s", options_.latency_decay_s);
    check_positive("latency_valid_s", options_.latency_valid_s);
    check_at_least("failures_to_open", options_.breaker.failures_to_open, 1);
    check_positive("open_s", options_.breaker.open_s);
    check_positive("longest_open_s", options_.breaker.longest_open_s);
    check_probability("failure_share", options_.breaker.failure_share);
    if (!(options_.most_load >= 1)) {
        throw_invalid_argument("most_load", "at least 1", text_of(options_.most_load));
    }
    std::vector<Deployment> made = std::exchange(deployments_, {});
    for (std::size_t k = 0; k < made.size(); ++k) {
        for (std::size_t other = 0; other < k; ++other) {
            if (made[k].name == deployments_[other].name) {
                throw_invalid_argument("deployments", "named differently", "two of the name \"" + made[k].name + "\"");
            }
        }
        add(made[k]);
    }
}

Index Balancer::add(Deployment deployment) {
    deployment.check();
    State state;
    state.capabilities = deployment.capabilities;
    state.context_tokens = deployment.context_tokens;
    state.breaker = CircuitBreaker(options_.breaker);
    state.latency = PeakLatency(options_.latency_decay_s);
    state.name_hash = hash_of(deployment.name);
    const std::scoped_lock lock(mutex_);
    std::size_t place = 0;
    while (place < states_.size() && !(states_[place].is_removed && states_[place].in_flight == 0)) {
        ++place;
    }
    if (place == states_.size()) {
        deployments_.push_back(std::move(deployment));
        states_.push_back(std::move(state));
        eligible_.reserve(states_.size());
    } else {
        deployments_[place] = std::move(deployment);
        states_[place] = std::move(state);
    }
    return static_cast<Index>(place);
}

void Balancer::remove(Index deployment) {
    const std::scoped_lock lock(mutex_);
    check_present("deployment", deployment);
    states_[static_cast<std::size_t>(deployment)].is_removed = true;
    for (Group& group : groups_) {
        for (std::size_t k = group.members.size(); k-- > 0;) {
            if (group.members[k] == deployment) {
                group.members.erase(group.members.begin() + static_cast<std::ptrdiff_t>(k));
                group.turns.erase(group.turns.begin() + static_cast<std::ptrdiff_t>(k));
            }
        }
    }
}

Index Balancer::add_group(std::vector<Index> members) {
    if (members.empty()) {
        throw_invalid_argument("members", "at least one deployment", "empty");
    }
    const std::scoped_lock lock(mutex_);
    for (Index member : members) {
        check_present("members", member);
    }
    const std::size_t size = members.size();
    groups_.push_back({std::move(members), std::vector<Real>(size, 0)});
    return std::ssize(groups_) - 1;
}

void Balancer::set_group(Index group, std::vector<Index> members) {
    const std::scoped_lock lock(mutex_);
    check_between("group", group, 0, std::ssize(groups_) - 1);
    for (Index member : members) {
        check_present("members", member);
    }
    const std::size_t size = members.size();
    groups_[static_cast<std::size_t>(group)] = {std::move(members), std::vector<Real>(size, 0)};
}

Choice Balancer::choose(Index group, const Ask& ask, Real now_s, Ticket& ticket, std::vector<Index>* candidates) {
    Ticket ended = std::move(ticket);  // takes the lock, too, where it was still open
    const std::scoped_lock lock(mutex_);
    check_between("group", group, 0, std::ssize(groups_) - 1);
    now_s = not_before(now_s);
    Choice choice = decide(groups_[static_cast<std::size_t>(group)], ask, now_s, random_, candidates);
    if (choice.deployment >= 0) {
        ticket = Ticket(*this, begin(choice.deployment, ask, now_s));
        choice.in_flight = states_[static_cast<std::size_t>(choice.deployment)].in_flight;
    }
    return choice;
}

Choice Balancer::explain(Index group, const Ask& ask, Real now_s, std::vector<Judgement>& judgements) {
    const std::scoped_lock lock(mutex_);
    check_between("group", group, 0, std::ssize(groups_) - 1);
    now_s = not_before(now_s);
    Group copy = groups_[static_cast<std::size_t>(group)];
    judgements.clear();
    for (Index member : copy.members) {
        const auto place = static_cast<std::size_t>(member);
        Judgement judgement{.deployment = member};
        judgement.verdict = judge(member, ask, now_s);
        judgement.wait_s = wait_s(member, judgement.verdict, ask, now_s);
        judgement.latency_s = expected_latency_s(states_[place], now_s);
        judgement.in_flight = states_[place].in_flight;
        if (deployments_[place].has_price()) {
            judgement.cost = deployments_[place].cost(ask.prompt_tokens, ask.completion_tokens) * 1e-6;
        }
        judgements.push_back(judgement);
    }
    PhiloxStream random = random_;
    return decide(copy, ask, now_s, random);
}

void Balancer::cool(Index deployment, Real seconds, std::string_view cause, Real now_s) {
    const std::scoped_lock lock(mutex_);
    check_present("deployment", deployment);
    cool_locked(states_[static_cast<std::size_t>(deployment)], seconds, cause, not_before(now_s));
}

Index Balancer::in_flight() const {
    const std::scoped_lock lock(mutex_);
    Index sum = 0;
    for (const State& state : states_) {
        sum += state.in_flight;
    }
    return sum;
}

std::vector<DeploymentStatistics> Balancer::statistics(Real now_s) {
    const std::scoped_lock lock(mutex_);
    now_s = not_before(now_s);
    std::vector<DeploymentStatistics> all;
    for (std::size_t k = 0; k < states_.size(); ++k) {
        State& state = states_[k];
        if (state.is_removed && state.in_flight == 0) {
            continue;
        }
        DeploymentStatistics one;
        one.deployment = static_cast<Index>(k);
        one.name = deployments_[k].name;
        const BreakerState breaker = state.breaker.state(now_s);
        const bool is_cooling = now_s < state.cooling_until_s;
        one.state = is_cooling ? "cooling" : breaker == BreakerState::closed ? "available" : name_of(breaker);
        if (breaker != BreakerState::closed && state.breaker.open_until_s() >= state.cooling_until_s) {
            one.state = name_of(breaker);
            one.reason = state.last_failure;
            one.since_s = state.breaker.open_since_s();
            one.until_s = state.breaker.open_until_s();
        } else if (is_cooling) {
            one.reason = state.cooling_cause;
            one.since_s = state.cooling_since_s;
            one.until_s = state.cooling_until_s;
        }
        if (state.is_removed) {
            one.state = "draining";
            one.reason = {};
            one.since_s = one.until_s = 0;
        }
        one.in_flight = state.in_flight;
        one.requests = state.requests;
        one.successes = state.successes;
        one.failures = state.failures;
        one.failures_by_cause = {state.failures_by_cause.begin(), state.failures_by_cause.end()};
        one.openings = state.breaker.openings();
        one.latency_s = expected_latency_s(state, now_s);
        one.requests_in_last_minute = state.requests_of_minute.sum(now_s);
        one.tokens_in_last_minute = state.tokens_of_minute.sum(now_s);
        all.push_back(std::move(one));
    }
    return all;
}

void Balancer::check_present(std::string_view argument, Index deployment) const {
    check_between(argument, deployment, 0, std::ssize(states_) - 1);
    if (states_[static_cast<std::size_t>(deployment)].is_removed) {
        throw_invalid_argument(argument, "deployments that are there", std::to_string(deployment) + ", removed");
    }
}

Real Balancer::not_before(Real now_s) {
    if (!std::isfinite(now_s)) {
        throw_invalid_argument("now_s", "a finite number of seconds", text_of(now_s));
    }
    last_now_s_ = std::max(last_now_s_, now_s);
    return last_now_s_;
}

// --- who may be asked ---

Verdict Balancer::judge(Index deployment, const Ask& ask, Real now_s) {
    const auto place = static_cast<std::size_t>(deployment);
    State& state = states_[place];
    const Deployment& limits = deployments_[place];
    if (contains(ask.asked, deployment)) {
        return Verdict::asked_already;
    }
    if ((ask.capabilities & ~state.capabilities) != 0) {
        return Verdict::lacks_capability;
    }
    if (state.context_tokens > 0 && ask.window_tokens > state.context_tokens) {
        return Verdict::window_too_small;
    }
    if (ask.needs_price && !limits.has_price()) {
        return Verdict::without_price;
    }
    if (now_s < state.cooling_until_s) {
        return Verdict::cooling;
    }
    if (!state.breaker.admits(now_s)) {
        return now_s < state.breaker.open_until_s() ? Verdict::breaker_open : Verdict::probe_under_way;
    }
    if (limits.most_in_flight > 0 && state.in_flight >= limits.most_in_flight) {
        return Verdict::in_flight_limit;
    }
    if (!state.requests_of_minute.has_room(1, limits.requests_per_minute, now_s)) {
        return Verdict::requests_per_minute;
    }
    if (!state.tokens_of_minute.has_room(ask.prompt_tokens + ask.completion_tokens, limits.tokens_per_minute, now_s)) {
        return Verdict::tokens_per_minute;
    }
    return Verdict::eligible;
}

Real Balancer::wait_s(Index deployment, Verdict verdict, const Ask& ask, Real now_s) {
    const auto place = static_cast<std::size_t>(deployment);
    State& state = states_[place];
    switch (verdict) {
        case Verdict::cooling:
            return std::max(state.cooling_until_s, state.breaker.open_until_s()) - now_s;
        case Verdict::breaker_open:
            return state.breaker.open_until_s() - now_s;
        case Verdict::probe_under_way:
        case Verdict::in_flight_limit: {
            const Real latency_s = expected_latency_s(state, now_s);
            return latency_s > 0 ? latency_s : usual_wait_s;
        }
        case Verdict::requests_per_minute:
            return state.requests_of_minute.wait_s(1, deployments_[place].requests_per_minute, now_s);
        case Verdict::tokens_per_minute:
            return state.tokens_of_minute.wait_s(ask.prompt_tokens + ask.completion_tokens,
                                                 deployments_[place].tokens_per_minute, now_s);
        case Verdict::eligible:
        case Verdict::asked_already:
        case Verdict::lacks_capability:
        case Verdict::window_too_small:
        case Verdict::without_price:
            return 0;
    }
    throw InvalidArgument("Argument `verdict` must be a verdict, but is none.");
}

// --- who is chosen ---

Choice Balancer::decide(Group& group, const Ask& ask, Real now_s, PhiloxStream& random,
                        std::vector<Index>* candidates) {
    eligible_.clear();
    turns_eligible_.clear();
    Index probe = -1;
    for (std::size_t k = 0; k < group.members.size(); ++k) {
        const Index member = group.members[k];
        if (judge(member, ask, now_s) != Verdict::eligible) {
            continue;
        }
        if (states_[static_cast<std::size_t>(member)].breaker.open_until_s() > 0) {
            probe = probe < 0 ? member : probe;
        } else {
            eligible_.push_back(member);
            turns_eligible_.push_back(static_cast<Index>(k));
        }
    }
    if (eligible_.empty() && probe < 0) {
        return nobody(group, ask, now_s);
    }
    if (candidates != nullptr) {
        *candidates = eligible_;
        if (probe >= 0) {
            candidates->push_back(probe);
        }
    }
    Choice choice;
    choice.strategy = ask.strategy;
    choice.eligible = choice.suitable = std::ssize(eligible_) + (probe >= 0 ? 1 : 0);
    // A request that has failed once already is no probe if anybody else can answer it.
    if (probe >= 0 && (eligible_.empty() || ask.asked.empty())) {
        choice.deployment = probe;
        choice.reason = Reason::probe;
        return choice;
    }
    if (ask.strategy == Strategy::affinity && !ask.affinity) {
        choice.degradation = Degradation::no_key;
        choice.strategy = Strategy::least_latency;
    }
    if (ask.strategy == Strategy::cost && std::none_of(eligible_.begin(), eligible_.end(), [&](Index one) {
            return deployments_[static_cast<std::size_t>(one)].has_price();
        })) {
        choice.degradation = Degradation::no_price;
        choice.strategy = Strategy::least_latency;
    }
    if (choice.strategy == Strategy::least_latency && !has_latency(now_s)) {
        choice.strategy = Strategy::least_in_flight;
        choice.degradation = choice.degradation == Degradation::none ? Degradation::no_latency : choice.degradation;
    }
    if (eligible_.size() == 1 && choice.strategy != Strategy::affinity) {
        choice.deployment = eligible_.front();
        choice.reason = Reason::only_one;
        return choice;
    }
    switch (choice.strategy) {
        case Strategy::round_robin:
            choice.deployment = take_turn(group);
            choice.reason = Reason::its_turn;
            break;
        case Strategy::least_latency:
            choice.deployment = least_of_two(&Balancer::load_by_latency, now_s, random, choice);
            break;
        case Strategy::least_in_flight:
            choice.deployment = least_of_two(&Balancer::load_in_flight, now_s, random, choice);
            break;
        case Strategy::cost:
            keep_equals(
                [](const Deployment& one, const Ask& asked) {
                    return one.has_price() ? one.cost(asked.prompt_tokens, asked.completion_tokens)
                                           : std::numeric_limits<Real>::infinity();
                },
                ask);
            choice.deployment = least_of_two(&Balancer::load_by_latency, now_s, random, choice);
            choice.reason = Reason::cheapest;
            break;
        case Strategy::capability:
            keep_equals(
                [](const Deployment& one, const Ask& asked) {
                    return static_cast<Real>(std::popcount(one.capabilities & ~asked.capabilities));
                },
                ask);
            choice.deployment = least_of_two(&Balancer::load_by_latency, now_s, random, choice);
            choice.reason = Reason::fewest_capabilities;
            break;
        case Strategy::preference:
            choice.deployment = first_preferred(ask);
            choice.reason = Reason::preferred;
            break;
        case Strategy::affinity:
            choice.deployment = affine(group, ask, choice);
            break;
    }
    return choice;
}

Choice Balancer::nobody(const Group& group, const Ask& ask, Real now_s) {
    Choice choice;
    choice.strategy = ask.strategy;
    Real soonest_s = std::numeric_limits<Real>::infinity();
    for (Index member : group.members) {
        const Verdict verdict = judge(member, ask, now_s);
        if (is_passing(verdict)) {
            ++choice.suitable;
            soonest_s = std::min(soonest_s, wait_s(member, verdict, ask, now_s));
        }
    }
    choice.retry_after_s = choice.suitable > 0 ? soonest_s : 0;
    return choice;
}

/// Smooth weighted round robin: everybody gains its weight, who has most is chosen and pays the sum.
Index Balancer::take_turn(Group& group) {
    Real sum = 0;
    std::size_t best = 0;
    for (std::size_t k = 0; k < turns_eligible_.size(); ++k) {
        const auto place = static_cast<std::size_t>(turns_eligible_[k]);
        const Real weight = deployments_[static_cast<std::size_t>(group.members[place])].weight;
        sum += weight;
        group.turns[place] += weight;
        if (group.turns[place] > group.turns[static_cast<std::size_t>(turns_eligible_[best])]) {
            best = k;
        }
    }
    const auto place = static_cast<std::size_t>(turns_eligible_[best]);
    group.turns[place] -= sum;
    return group.members[place];
}

/// Power of two choices; equal loads are decided by the draw.
///
/// Source: Mitzenmacher, The power of two choices in randomized load balancing, IEEE TPDS 12 (2001).
Index Balancer::least_of_two(Real (Balancer::*load)(Index, Real) const, Real now_s, PhiloxStream& random,
                             Choice& choice) {
    const auto count = eligible_.size();
    if (count == 1) {
        choice.reason = Reason::only_one;
        return eligible_.front();
    }
    const std::uint64_t bits = random.bits();
    const auto first = static_cast<std::size_t>(((bits & 0xffffffff) * count) >> 32);
    auto second = static_cast<std::size_t>(((bits >> 32) * (count - 1)) >> 32);
    second += second >= first ? 1 : 0;
    const Index one = eligible_[first];
    const Index other = eligible_[second];
    const Real load_of_one = (this->*load)(one, now_s);
    const Real load_of_other = (this->*load)(other, now_s);
    choice.reason = load_of_one == load_of_other ? Reason::tie : Reason::less_loaded;
    return load_of_other < load_of_one ? other : one;
}

/// Those that are eligible stand in the group's order.
Index Balancer::first_preferred(const Ask& ask) const {
    for (Index one : ask.prefer) {
        if (contains(eligible_, one)) {
            return one;
        }
    }
    return eligible_.front();
}

/// Rendezvous hashing with bounded loads: who has more than its share of what is in flight is passed over.
///
/// Source: Thaler and Ravishankar, Using name-based mappings to increase hit rates, IEEE/ACM ToN 6 (1998); Mirrokni,
/// Thorup and Zadimoghaddam, Consistent hashing with bounded loads, SODA 2018.
Index Balancer::affine(const Group& group, const Ask& ask, Choice& choice) {
    Real weights = 0;
    Index in_flight = 1;
    bool equal_weights = true;
    const Real first_weight = deployments_[static_cast<std::size_t>(group.members.front())].weight;
    for (Index member : group.members) {
        equal_weights = equal_weights && deployments_[static_cast<std::size_t>(member)].weight == first_weight;
    }
    for (Index member : eligible_) {
        const auto place = static_cast<std::size_t>(member);
        weights += deployments_[place].weight;
        in_flight += states_[place].in_flight;
    }
    const Real share_of_weight = options_.most_load * static_cast<Real>(in_flight) / weights;
    Index favourite = -1;
    Index best = -1;
    Real best_score = 0;
    Real favourite_score = 0;
    std::size_t next_eligible = 0;  // they stand in the group's order
    for (Index member : group.members) {
        const auto place = static_cast<std::size_t>(member);
        const std::uint64_t hash = rendezvous_hash(*ask.affinity, states_[place].name_hash);
        const Real weight = equal_weights ? first_weight : deployments_[place].weight;
        const Real score = equal_weights ? static_cast<Real>(hash >> 11) + 1 : rendezvous_score(hash, weight);
        if (score > favourite_score) {
            favourite = member;
            favourite_score = score;
        }
        if (next_eligible == eligible_.size() || eligible_[next_eligible] != member) {
            continue;
        }
        ++next_eligible;
        if (score > best_score && static_cast<Real>(states_[place].in_flight) < share_of_weight * weight) {
            best = member;
            best_score = score;
        }
    }
    if (best < 0) {  // as shares are rounded: whoever is least loaded
        best = *std::min_element(eligible_.begin(), eligible_.end(), [this](Index one, Index other) {
            return states_[static_cast<std::size_t>(one)].in_flight <
                   states_[static_cast<std::size_t>(other)].in_flight;
        });
    }
    choice.reason = best == favourite ? Reason::affine : Reason::spilled_over;
    return best;
}

void Balancer::keep_equals(Real (*value)(const Deployment&, const Ask&), const Ask& ask) {
    Real least = std::numeric_limits<Real>::infinity();
    std::size_t kept = 0;
    for (std::size_t k = 0; k < eligible_.size(); ++k) {
        const Index one = eligible_[k];
        const Real its_value = value(deployments_[static_cast<std::size_t>(one)], ask);
        if (its_value < least) {
            least = its_value;
            kept = 0;
        }
        if (its_value == least) {
            eligible_[kept++] = one;
        }
    }
    eligible_.resize(kept);
}

bool Balancer::has_latency(Real now_s) const {
    return std::any_of(eligible_.begin(), eligible_.end(), [&](Index one) {
        const PeakLatency& latency = states_[static_cast<std::size_t>(one)].latency;
        return latency.known() && now_s - latency.observed_at_s() <= options_.latency_valid_s;
    });
}

/// A request that is still under way has taken at least the time since it began: so who has stopped answering looks
/// slow before anything has failed, and who is asked for the first time is asked once before it is known.
Real Balancer::expected_latency_s(const State& state, Real now_s) const {
    const Real waiting_s =
        state.oldest_flight >= 0 ? now_s - flights_[static_cast<std::size_t>(state.oldest_flight)].started_s : 0;
    return std::max(state.latency.at(now_s), waiting_s);
}

Real Balancer::load_by_latency(Index deployment, Real now_s) const {
    const auto place = static_cast<std::size_t>(deployment);
    const State& state = states_[place];
    Real latency_s = expected_latency_s(state, now_s);
    if (!state.latency.known() && state.in_flight > 0) {
        // Not measured yet, and asked already: as slow as the slowest of the others, or all would go there at once.
        for (Index other : eligible_) {
            latency_s = std::max(latency_s, states_[static_cast<std::size_t>(other)].latency.at(now_s));
        }
    }
    return std::max(least_latency_s, latency_s) * static_cast<Real>(state.in_flight + 1) / deployments_[place].weight;
}

Real Balancer::load_in_flight(Index deployment, Real) const {
    const auto place = static_cast<std::size_t>(deployment);
    return static_cast<Real>(states_[place].in_flight + 1) / deployments_[place].weight;
}

// --- what is under way ---

Index Balancer::begin(Index deployment, const Ask& ask, Real now_s) {
    State& state = states_[static_cast<std::size_t>(deployment)];
    if (free_flight_ < 0) {
        flights_.emplace_back();
        free_flight_ = std::ssize(flights_) - 1;
    }
    const Index number = free_flight_;
    Flight& flight = flights_[static_cast<std::size_t>(number)];
    free_flight_ = flight.next;
    flight = {.deployment = deployment,
              .started_s = now_s,
              .tokens = ask.prompt_tokens + ask.completion_tokens,
              .is_probe = state.breaker.begin(),
              .previous = state.newest_flight};
    if (state.newest_flight >= 0) {
        flights_[static_cast<std::size_t>(state.newest_flight)].next = number;
    } else {
        state.oldest_flight = number;
    }
    state.newest_flight = number;
    ++state.in_flight;
    ++state.requests;
    state.requests_of_minute.add(1, now_s);
    state.tokens_of_minute.add(flight.tokens, now_s);
    return number;
}

bool Balancer::end(Index number, const Ending& ending, Real now_s) {
    const std::scoped_lock lock(mutex_);
    now_s = not_before(now_s);
    const Flight flight = flights_[static_cast<std::size_t>(number)];
    if (flight.deployment < 0) {
        return false;
    }
    if (flight.first_part_s < 0) {
        leave_list(number);
    }
    flights_[static_cast<std::size_t>(number)] = {.next = free_flight_};
    free_flight_ = number;
    State& state = states_[static_cast<std::size_t>(flight.deployment)];
    --state.in_flight;
    const Real waited_s = flight.first_part_s < 0 ? now_s - flight.started_s : flight.first_part_s;
    const Real latency_s = std::max(Real{0}, ending.latency_s.value_or(waited_s));
    switch (ending.result) {
        case Result::succeeded:
            ++state.successes;
            if (state.breaker.succeed(flight.is_probe)) {
                state.latency.start_again(latency_s, now_s);
            } else {
                state.latency.observe(latency_s, now_s);
            }
            break;
        case Result::failed:
            state.last_failure = ending.cause;
            state.breaker.fail(flight.is_probe, now_s);
            state.latency.penalise(latency_s, now_s);
            break;
        case Result::limited:
            if (flight.is_probe) {
                state.breaker.succeed(true);
            }
            break;
        case Result::neutral:
            state.breaker.abandon(flight.is_probe);
            break;
    }
    if (ending.result == Result::failed || ending.result == Result::limited) {
        ++state.failures;
        auto found = state.failures_by_cause.find(ending.cause);
        if (found == state.failures_by_cause.end()) {
            found = state.failures_by_cause.emplace(std::string(ending.cause), 0).first;
        }
        ++found->second;
    }
    if (ending.tokens >= 0) {
        state.tokens_of_minute.correct(ending.tokens - flight.tokens, flight.started_s, now_s);
    }
    if (ending.cooldown_s > 0) {
        cool_locked(state, ending.cooldown_s, ending.cause, now_s);
    }
    return true;
}

void Balancer::note_first_part(Index number, Real now_s) {
    const std::scoped_lock lock(mutex_);
    now_s = not_before(now_s);
    Flight& flight = flights_[static_cast<std::size_t>(number)];
    if (flight.first_part_s < 0) {
        leave_list(number);
        flight.first_part_s = now_s - flight.started_s;
    }
}

void Balancer::leave_list(Index number) {
    const Flight& flight = flights_[static_cast<std::size_t>(number)];
    State& state = states_[static_cast<std::size_t>(flight.deployment)];
    if (flight.previous >= 0) {
        flights_[static_cast<std::size_t>(flight.previous)].next = flight.next;
    } else {
        state.oldest_flight = flight.next;
    }
    if (flight.next >= 0) {
        flights_[static_cast<std::size_t>(flight.next)].previous = flight.previous;
    } else {
        state.newest_flight = flight.previous;
    }
}

void Balancer::cool_locked(State& state, Real seconds, std::string_view cause, Real now_s) {
    const Real until_s = now_s + seconds;
    if (!(until_s > state.cooling_until_s)) {
        return;
    }
    if (now_s >= state.cooling_until_s) {
        state.cooling_since_s = now_s;
    }
    state.cooling_until_s = until_s;
    state.cooling_cause = cause;
}

}  // namespace synqc::route
