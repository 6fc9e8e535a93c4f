#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <memory>

#include "synqc/base/checks.h"
#include "synqc/py/bindings.h"
#include "synqc/route/balancer.h"
#include "synqc/route/rendezvous.h"

namespace py = pybind11;

namespace synqc {

namespace {

using route::Balancer;
using route::BalancerOptions;

/// A choice, and the request that began with it.
struct HeldChoice {
    std::shared_ptr<Balancer> balancer;
    route::Choice choice;
    std::vector<Index> candidates;
    route::Ticket ticket;  // ends before the balancer may
};

route::Deployment deployment_of(const py::dict& one) {
    return {.name = one["name"].cast<std::string>(),
            .capabilities = one["capabilities"].cast<std::uint64_t>(),
            .context_tokens = one["context_tokens"].cast<std::int64_t>(),
            .requests_per_minute = one["requests_per_minute"].cast<std::int64_t>(),
            .tokens_per_minute = one["tokens_per_minute"].cast<std::int64_t>(),
            .most_in_flight = one["most_in_flight"].cast<std::int64_t>(),
            .prompt_price = one["prompt_price"].cast<std::int64_t>(),
            .completion_price = one["completion_price"].cast<std::int64_t>(),
            .weight = one["weight"].cast<Real>()};
}

std::shared_ptr<Balancer> make_balancer(const std::vector<py::dict>& deployments, Seed seed, Real latency_decay_s,
                                        Real latency_valid_s, Real most_load, Index failures_to_open,
                                        Real failure_share, Real open_s, Real longest_open_s) {
    std::vector<route::Deployment> made;
    for (const py::dict& one : deployments) {
        made.push_back(deployment_of(one));
    }
    const BalancerOptions options{.seed = seed,
                                  .latency_decay_s = latency_decay_s,
                                  .latency_valid_s = latency_valid_s,
                                  .most_load = most_load,
                                  .breaker = {.failures_to_open = failures_to_open,
                                              .failure_share = failure_share,
                                              .open_s = open_s,
                                              .longest_open_s = longest_open_s}};
    return std::make_shared<Balancer>(std::move(made), options);
}

route::Ask ask_of(std::string_view strategy, std::uint64_t capabilities, std::int64_t prompt_tokens,
                  std::int64_t completion_tokens, std::int64_t window_tokens, std::optional<std::uint64_t> affinity,
                  bool needs_price, std::vector<Index> prefer, std::vector<Index> asked) {
    return {.strategy = route::strategy_from_name(strategy),
            .capabilities = capabilities,
            .prompt_tokens = prompt_tokens,
            .completion_tokens = completion_tokens,
            .window_tokens = window_tokens,
            .affinity = affinity,
            .needs_price = needs_price,
            .prefer = std::move(prefer),
            .asked = std::move(asked)};
}

std::unique_ptr<HeldChoice> choose(const std::shared_ptr<Balancer>& balancer, Index group, Real now_s,
                                   std::string_view strategy, std::uint64_t capabilities, std::int64_t prompt_tokens,
                                   std::int64_t completion_tokens, std::int64_t window_tokens,
                                   std::optional<std::uint64_t> affinity, bool needs_price, std::vector<Index> prefer,
                                   std::vector<Index> asked) {
    auto held = std::make_unique<HeldChoice>();
    held->balancer = balancer;
    held->choice = balancer->choose(group,
                                    ask_of(strategy, capabilities, prompt_tokens, completion_tokens, window_tokens,
                                           affinity, needs_price, std::move(prefer), std::move(asked)),
                                    now_s, held->ticket, &held->candidates);
    return held;
}

py::tuple explain(const std::shared_ptr<Balancer>& balancer, Index group, Real now_s, std::string_view strategy,
                  std::uint64_t capabilities, std::int64_t prompt_tokens, std::int64_t completion_tokens,
                  std::int64_t window_tokens, std::optional<std::uint64_t> affinity, bool needs_price,
                  std::vector<Index> prefer, std::vector<Index> asked) {
    std::vector<route::Judgement> judgements;
    auto held = std::make_unique<HeldChoice>();
    held->balancer = balancer;
    held->choice = balancer->explain(group,
                                     ask_of(strategy, capabilities, prompt_tokens, completion_tokens, window_tokens,
                                            affinity, needs_price, std::move(prefer), std::move(asked)),
                                     now_s, judgements);
    py::list told;
    for (const route::Judgement& one : judgements) {
        py::dict entry;
        entry["deployment"] = one.deployment;
        entry["verdict"] = py::str(name_of(one.verdict));
        entry["wait_s"] = one.wait_s;
        entry["latency_s"] = one.latency_s;
        entry["in_flight"] = one.in_flight;
        entry["cost_microdollars"] = one.cost;
        told.append(entry);
    }
    return py::make_tuple(std::move(held), told);
}

route::Result result_from(std::string_view name) {
    constexpr std::array<std::string_view, 4> names{"succeeded", "failed", "limited", "neutral"};
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        throw_invalid_argument("result", "one of succeeded, failed, limited, neutral", std::string(name));
    }
    return static_cast<route::Result>(found - names.begin());
}

bool end(HeldChoice& held, std::string_view result, Real now_s, std::int64_t tokens, Real cooldown_s,
         std::string_view cause, std::optional<Real> latency_s) {
    return held.ticket.end({.result = result_from(result),
                            .tokens = tokens,
                            .cooldown_s = cooldown_s,
                            .cause = cause,
                            .latency_s = latency_s},
                           now_s);
}

py::list statistics(Balancer& balancer, Real now_s) {
    py::list all;
    for (const route::DeploymentStatistics& one : balancer.statistics(now_s)) {
        py::dict entry;
        entry["number"] = one.deployment;
        entry["name"] = one.name;
        entry["state"] = one.state;
        entry["reason"] = one.reason;
        entry["since_s"] = one.since_s;
        entry["until_s"] = one.until_s;
        entry["in_flight"] = one.in_flight;
        entry["requests"] = one.requests;
        entry["successes"] = one.successes;
        entry["failures"] = one.failures;
        entry["failures_by_cause"] = one.failures_by_cause;
        entry["openings"] = one.openings;
        entry["latency_s"] = one.latency_s;
        entry["requests_in_last_minute"] = one.requests_in_last_minute;
        entry["tokens_in_last_minute"] = one.tokens_in_last_minute;
        all.append(entry);
    }
    return all;
}

py::list strategies() {
    py::list all;
    for (const route::StrategyProperties& one : route::strategy_properties) {
        py::dict entry;
        entry["name"] = py::str(one.name);
        entry["meaning"] = py::str(one.meaning);
        all.append(entry);
    }
    return all;
}

}  // namespace

void bind_route(py::module_& module) {
    using namespace py::literals;
    py::class_<HeldChoice>(module, "RoutingChoice",
                           "Who was chosen, and its place in flight until it ends or is forgotten.")
        .def("end", &end, "result"_a, py::kw_only(), "now_s"_a, "tokens"_a = -1, "cooldown_s"_a = 0.0, "cause"_a = "",
             "latency_s"_a = std::nullopt, "False if it had ended before: only the first ending counts.")
        .def(
            "note_first_part", [](HeldChoice& held, Real now_s) { held.ticket.note_first_part(now_s); }, "now_s"_a,
            "The answer has begun: the time until now is the latency that counts.")
        .def_property_readonly("candidates", [](const HeldChoice& held) { return held.candidates; })
        .def_property_readonly("deployment", [](const HeldChoice& held) { return held.choice.deployment; })
        .def_property_readonly("strategy",
                               [](const HeldChoice& held) { return py::str(name_of(held.choice.strategy)); })
        .def_property_readonly("degradation",
                               [](const HeldChoice& held) { return py::str(name_of(held.choice.degradation)); })
        .def_property_readonly("reason", [](const HeldChoice& held) { return py::str(name_of(held.choice.reason)); })
        .def_property_readonly("in_flight", [](const HeldChoice& held) { return held.choice.in_flight; })
        .def_property_readonly("eligible", [](const HeldChoice& held) { return held.choice.eligible; })
        .def_property_readonly("suitable", [](const HeldChoice& held) { return held.choice.suitable; })
        .def_property_readonly("retry_after_s", [](const HeldChoice& held) { return held.choice.retry_after_s; });
    py::class_<Balancer, std::shared_ptr<Balancer>>(module, "Balancer", "Load balancing over deployments.")
        .def(py::init(&make_balancer), "deployments"_a, py::kw_only(), "seed"_a, "latency_decay_s"_a,
             "latency_valid_s"_a, "most_load"_a, "failures_to_open"_a, "failure_share"_a, "open_s"_a,
             "longest_open_s"_a)
        .def(
            "add", [](Balancer& balancer, const py::dict& one) { return balancer.add(deployment_of(one)); },
            "deployment"_a, "One more deployment; its number, which may have been that of one that was removed.")
        .def("remove", &Balancer::remove, "deployment"_a,
             "Nobody is sent there any more; what is under way there ends as it would.")
        .def("add_group", &Balancer::add_group, "members"_a)
        .def("set_group", &Balancer::set_group, "group"_a, "members"_a, "Other members of a group.")
        .def("choose", &choose, "group"_a, "now_s"_a, py::kw_only(), "strategy"_a, "capabilities"_a = 0,
             "prompt_tokens"_a = 0, "completion_tokens"_a = 0, "window_tokens"_a = 0, "affinity"_a = std::nullopt,
             "needs_price"_a = false, "prefer"_a = std::vector<Index>(), "asked"_a = std::vector<Index>(),
             "Who is asked; the choice counts in flight.")
        .def("explain", &explain, "group"_a, "now_s"_a, py::kw_only(), "strategy"_a, "capabilities"_a = 0,
             "prompt_tokens"_a = 0, "completion_tokens"_a = 0, "window_tokens"_a = 0, "affinity"_a = std::nullopt,
             "needs_price"_a = false, "prefer"_a = std::vector<Index>(), "asked"_a = std::vector<Index>(),
             "The choice that would be made, and how each member is judged.")
        .def("cool", &Balancer::cool, "deployment"_a, "seconds"_a, "cause"_a, "now_s"_a)
        .def("statistics", &statistics, "now_s"_a)
        .def_property_readonly("in_flight", &Balancer::in_flight);
    module.def("routing_strategies", &strategies, "Every strategy: its name and what it does.");
    module.def("routing_hash", &route::hash_of, "text"_a, "64 bits of a text, the same in every process.");
}

}  // namespace synqc
