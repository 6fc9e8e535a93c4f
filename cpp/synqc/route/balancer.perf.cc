#include "synqc/route/balancer.h"

#include "perf/perf.h"

using namespace synqc;
using namespace synqc::route;

PERF(balancer_choice_among_100_deployments) {
    for (const StrategyProperties& strategy : strategy_properties) {
        std::vector<Deployment> deployments;
        std::vector<Index> members;
        for (Index k = 0; k < 100; ++k) {
            deployments.push_back({.name = "deployment " + std::to_string(k),
                                   .capabilities = static_cast<std::uint64_t>(k % 8),
                                   .context_tokens = 128'000,
                                   .requests_per_minute = 1'000'000'000,
                                   .tokens_per_minute = 1'000'000'000'000,
                                   .prompt_price = 100 + k % 5,
                                   .completion_price = 400});
            members.push_back(k);
        }
        Balancer balancer(deployments);
        const Index group = balancer.add_group(members);
        Real now_s = 1;
        Index chosen = 0;
        auto choose = [&](std::uint64_t session) {
            now_s += 1e-6;
            Ticket ticket;
            const Choice choice = balancer.choose(group,
                                                  {.strategy = strategy.strategy,
                                                   .prompt_tokens = 1000,
                                                   .completion_tokens = 200,
                                                   .window_tokens = 1200,
                                                   .affinity = session},
                                                  now_s, ticket);
            ticket.end({.result = Result::succeeded, .tokens = 1100, .latency_s = 0.1}, now_s);
            chosen = choice.deployment;
            return choice.eligible;
        };
        for (std::uint64_t k = 0; k < 1000; ++k) {
            perf::refuse_if_different({static_cast<Real>(choose(k))}, {100}, 0);
        }
        std::uint64_t session = 0;
        perf::measure([&] { choose(++session); })
            .goal_of_micros(1)
            .per("choice, begun and ended", 1)
            .labelled(std::string(strategy.name));
        perf::refuse_if_different({static_cast<Real>(balancer.in_flight())}, {0}, 0);
    }
}
