#include "synqc/route/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <thread>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/base/errors.h"
#include "synqc/route/rendezvous.h"

using namespace synqc;
using namespace synqc::route;

namespace {

std::vector<Deployment> deployments_of(int count) {
    std::vector<Deployment> made;
    for (int k = 0; k < count; ++k) {
        made.push_back({.name = "d" + std::to_string(k)});
    }
    return made;
}

std::vector<Index> everybody(Index count) {
    std::vector<Index> all(static_cast<std::size_t>(count));
    for (Index k = 0; k < count; ++k) {
        all[static_cast<std::size_t>(k)] = k;
    }
    return all;
}

Ending success(Real latency_s) {
    return {.result = Result::succeeded, .latency_s = latency_s};
}

Ending failure(std::string_view cause = "server_error") {
    return {.result = Result::failed, .cause = cause, .latency_s = 0.001};
}

/// Requests in simulated time: so many in flight, each deployment with a latency of its own, or failing.
struct Simulation {
    Balancer& balancer;
    Index group;
    Strategy strategy;
    std::vector<Real> latencies_s;
    std::set<Index> failing = {};
    Real now_s = 0;
    std::vector<std::uint64_t> shares = {};
    std::vector<Real> answered_s = {};  // latencies as users see them
    std::uint64_t user_failures = 0;

    /// One that fails is tried elsewhere once.
    void run(int requests, int in_flight) {
        struct Running {
            Real ends_s;
            Real began_s;
            Index deployment;
            bool again;
            std::shared_ptr<Ticket> ticket;
            bool operator<(const Running& other) const { return ends_s > other.ends_s; }
        };
        shares.resize(latencies_s.size());
        std::priority_queue<Running> running;
        auto begin = [&](Real began_s, std::vector<Index> asked) {
            auto ticket = std::make_shared<Ticket>();
            const bool again = !asked.empty();
            const Choice choice =
                balancer.choose(group, {.strategy = strategy, .asked = std::move(asked)}, now_s, *ticket);
            ASSERT_GE(choice.deployment, 0);
            ++shares[static_cast<std::size_t>(choice.deployment)];
            running.push({now_s + latencies_s[static_cast<std::size_t>(choice.deployment)], began_s, choice.deployment,
                          again, ticket});
        };
        int begun = 0;
        for (; begun < std::min(requests, in_flight); ++begun) {
            begin(now_s, {});
        }
        while (!running.empty()) {
            Running done = running.top();
            running.pop();
            now_s = done.ends_s;
            if (failing.contains(done.deployment)) {
                done.ticket->end({.result = Result::failed, .cause = "server_error"}, now_s);
                if (!done.again) {
                    begin(done.began_s, {done.deployment});
                    continue;
                }
                ++user_failures;
            } else {
                done.ticket->end({.result = Result::succeeded}, now_s);
                answered_s.push_back(now_s - done.began_s);
            }
            if (begun < requests) {
                ++begun;
                begin(now_s, {});
            }
        }
    }

    Real quantile(Real q) {
        std::sort(answered_s.begin(), answered_s.end());
        return answered_s[static_cast<std::size_t>(q * static_cast<Real>(answered_s.size() - 1))];
    }
};

}  // namespace

TEST(balancer, round_robin_follows_the_weights_exactly_and_evenly) {
    auto made = deployments_of(3);
    made[0].weight = 5;
    made[1].weight = 2;
    Balancer balancer(made);
    const Index group = balancer.add_group(everybody(3));
    std::vector<int> counts(3);
    for (int k = 1; k <= 800; ++k) {
        Ticket ticket;
        ++counts[static_cast<std::size_t>(balancer.choose(group, {}, k, ticket).deployment)];
        EXPECT_NEAR(counts[0], k * 5.0 / 8, 1) << k;
        EXPECT_NEAR(counts[1], k * 2.0 / 8, 1) << k;
    }
}

TEST(balancer, the_same_seed_and_calls_choose_the_same) {
    auto chosen = [](Seed seed) {
        Balancer balancer(deployments_of(7), {.seed = seed});
        const Index group = balancer.add_group(everybody(7));
        std::vector<Index> all;
        for (int k = 0; k < 200; ++k) {
            Ticket ticket;
            all.push_back(balancer.choose(group, {.strategy = Strategy::least_latency}, k, ticket).deployment);
            ticket.end(success(0.01 * static_cast<Real>(all.back() + 1)), k + 0.5);
        }
        return all;
    };
    EXPECT_EQ(chosen(3), chosen(3));
    EXPECT_NE(chosen(3), chosen(4));
}

TEST(balancer, requests_one_after_another_are_spread_where_nothing_tells_them_apart) {
    for (Strategy strategy :
         {Strategy::least_latency, Strategy::least_in_flight, Strategy::cost, Strategy::capability}) {
        for (Seed seed = 0; seed < 20; ++seed) {
            Balancer balancer(deployments_of(3), {.seed = seed});
            const Index group = balancer.add_group(everybody(3));
            std::vector<int> counts(3);
            for (int k = 0; k < 30; ++k) {
                Ticket ticket;
                ++counts[static_cast<std::size_t>(
                    balancer.choose(group, {.strategy = strategy}, k, ticket).deployment)];
                ticket.end({.result = Result::neutral}, k);
            }
            for (int count : counts) {
                EXPECT_GE(count, 2) << name_of(strategy) << ", seed " << seed;
            }
        }
    }
}

TEST(balancer, one_that_is_ten_times_slower_gets_little_and_spoils_no_percentile) {
    for (Seed seed = 0; seed < 10; ++seed) {
        Balancer balancer(deployments_of(4), {.seed = seed});
        const Index group = balancer.add_group(everybody(4));
        Simulation first{balancer, group, Strategy::least_latency, {0.05, 0.05, 0.05, 0.5}};
        first.run(100, 40);
        EXPECT_LE(first.shares[3], 15u) << "seed " << seed;
        Simulation then{balancer, group, Strategy::least_latency, {0.05, 0.05, 0.05, 0.5}, {}, first.now_s};
        then.run(20'000, 40);
        EXPECT_LE(then.quantile(0.99), 1.3 * 0.05) << "seed " << seed;
        EXPECT_EQ(balancer.in_flight(), 0) << "seed " << seed;
    }
}

TEST(balancer, one_that_stops_answering_is_left_before_anything_failed) {
    Balancer balancer(deployments_of(2));
    const Index group = balancer.add_group(everybody(2));
    for (int k = 0; k < 20; ++k) {
        Ticket ticket;
        balancer.choose(group, {.strategy = Strategy::least_latency}, k, ticket);
        ticket.end(success(0.1), k + 0.1);
    }
    std::vector<Ticket> stuck(1);
    Index silent = balancer.choose(group, {.strategy = Strategy::least_latency}, 21, stuck[0]).deployment;
    for (int k = 0; k < 20; ++k) {
        Ticket ticket;
        EXPECT_NE(balancer.choose(group, {.strategy = Strategy::least_latency}, 23 + k, ticket).deployment, silent);
        ticket.end(success(0.1), 23.1 + k);
    }
}

TEST(balancer, a_long_stream_is_no_sign_of_slowness_once_it_has_begun) {
    Balancer balancer(deployments_of(2));
    const Index group = balancer.add_group(everybody(2));
    Ticket stream;
    const Index streaming = balancer.choose(group, {.strategy = Strategy::least_latency}, 0, stream).deployment;
    Ticket other;
    balancer.choose(group, {.strategy = Strategy::least_latency, .asked = {streaming}}, 0, other);
    stream.note_first_part(0.1);
    other.end(success(0.2), 0.2);
    stream.note_first_part(5);
    std::vector<Judgement> judgements;
    balancer.explain(group, {}, 60, judgements);
    EXPECT_LT(judgements[static_cast<std::size_t>(streaming)].latency_s, 0.2);
    EXPECT_EQ(judgements[static_cast<std::size_t>(streaming)].in_flight, 1);
    EXPECT_TRUE(stream.end({.result = Result::succeeded}, 60));
    balancer.explain(group, {}, 60, judgements);
    EXPECT_NEAR(judgements[static_cast<std::size_t>(streaming)].latency_s, 0.1, 1e-9);
    EXPECT_EQ(balancer.in_flight(), 0);
}

TEST(balancer, one_that_fails_always_is_left_alone_and_comes_back_within_two_probes) {
    for (Strategy strategy : {Strategy::round_robin, Strategy::least_latency, Strategy::cost, Strategy::preference}) {
        Balancer balancer(deployments_of(4), {.seed = 5});
        const Index group = balancer.add_group({3, 0, 1, 2});
        Simulation simulation{balancer, group, strategy, {0.05, 0.05, 0.05, 0.05}, {3}};
        simulation.run(2000, 8);
        const auto openings = balancer.statistics(simulation.now_s)[3].openings;
        EXPECT_LE(simulation.user_failures, openings) << name_of(strategy);
        const auto before = simulation.shares[3];
        const Real five_s = simulation.now_s;
        simulation.run(20'000, 8);
        EXPECT_GT(simulation.now_s - five_s, 50);
        EXPECT_LE(static_cast<Real>(simulation.shares[3] - before), 0.01 * 20'000) << name_of(strategy);
        simulation.failing.clear();
        simulation.now_s = balancer.statistics(simulation.now_s)[3].until_s;
        const auto asked = simulation.shares[3];
        simulation.run(200, 8);
        EXPECT_EQ(balancer.statistics(simulation.now_s)[3].state, "available") << name_of(strategy);
        EXPECT_GE(simulation.shares[3] - asked, 10u) << name_of(strategy);
    }
}

TEST(balancer, twenty_five_failures_in_a_row_reach_a_deployment_three_times_where_a_peer_is_well) {
    Balancer balancer(deployments_of(2));
    const Index group = balancer.add_group(everybody(2));
    int reached = 0;
    for (int k = 0; k < 25; ++k) {
        std::vector<Index> asked;
        while (true) {
            Ticket ticket;
            const Index one = balancer.choose(group, {.asked = asked}, 0.01 * k, ticket).deployment;
            if (one != 0) {
                ticket.end(success(0.001), 0.01 * k);
                break;
            }
            ++reached;
            ticket.end(failure(), 0.01 * k);
            asked.push_back(0);
        }
    }
    EXPECT_LE(reached, 3);
}

TEST(balancer, of_two_cooldowns_the_later_deadline_holds_at_every_request) {
    for (bool longer_first : {false, true}) {
        Balancer balancer(deployments_of(1));
        const Index group = balancer.add_group({0});
        Ticket one;
        Ticket other;
        balancer.choose(group, {}, 0, one);
        balancer.choose(group, {}, 0, other);
        Ending with_header{.result = Result::limited, .cooldown_s = 1, .cause = "rate_limited"};
        Ending without{.result = Result::limited, .cooldown_s = 5, .cause = "rate_limited"};
        one.end(longer_first ? without : with_header, 0.1);
        other.end(longer_first ? with_header : without, 0.1);
        Real waited_s = 0;
        for (Real now_s = 0.2; now_s < 5.1; now_s += 0.1) {
            Ticket ticket;
            const Choice choice = balancer.choose(group, {}, now_s, ticket);
            ASSERT_EQ(choice.deployment, -1) << now_s;
            EXPECT_EQ(choice.suitable, 1);
            EXPECT_NEAR(choice.retry_after_s, 5.1 - now_s, 1e-9);
            waited_s = now_s;
        }
        Ticket ticket;
        EXPECT_EQ(balancer.choose(group, {}, 5.11, ticket).deployment, 0);
        const auto statistics = balancer.statistics(waited_s)[0];
        EXPECT_EQ(statistics.failures_by_cause.at("rate_limited"), 2u);
    }
}

TEST(balancer, statistics_say_since_until_and_why) {
    Balancer balancer(deployments_of(1), {.breaker = {.failures_to_open = 2, .open_s = 5}});
    const Index group = balancer.add_group({0});
    balancer.cool(0, 3, "rate_limited", 10);
    balancer.cool(0, 4, "unauthorized", 11);
    auto told = balancer.statistics(11)[0];
    EXPECT_EQ(told.state, "cooling");
    EXPECT_EQ(told.reason, "unauthorized");
    EXPECT_EQ(told.since_s, 10);
    EXPECT_EQ(told.until_s, 15);
    for (int k = 0; k < 2; ++k) {
        Ticket ticket;
        balancer.choose(group, {}, 20, ticket);
        ticket.end(failure("timed_out"), 21);
    }
    told = balancer.statistics(22)[0];
    EXPECT_EQ(told.state, "open");
    EXPECT_EQ(told.reason, "timed_out");
    EXPECT_EQ(told.since_s, 21);
    EXPECT_EQ(told.until_s, 26);
    EXPECT_EQ(balancer.statistics(26)[0].state, "half_open");
}

TEST(balancer, cost_takes_the_cheapest_for_this_request_and_names_what_replaces_it) {
    auto made = deployments_of(3);
    made[0].prompt_price = 10;  // cheap to read
    made[0].completion_price = 1000;
    made[1].prompt_price = 100;  // cheap to write
    made[1].completion_price = 100;
    Balancer balancer(made);
    const Index group = balancer.add_group(everybody(3));
    auto chosen = [&](std::int64_t prompt, std::int64_t completion, Index of) {
        Ticket ticket;
        return balancer.choose(
            of, {.strategy = Strategy::cost, .prompt_tokens = prompt, .completion_tokens = completion}, 0, ticket);
    };
    EXPECT_EQ(chosen(1000, 10, group).deployment, 0);
    EXPECT_EQ(chosen(10, 1000, group).deployment, 1);
    EXPECT_EQ(chosen(10, 1000, group).reason, Reason::cheapest);
    const Index unpriced = balancer.add_group({2});
    EXPECT_EQ(chosen(10, 10, unpriced).degradation, Degradation::no_price);
    EXPECT_NE(chosen(10, 10, unpriced).strategy, Strategy::cost);
    Ticket ticket;
    EXPECT_EQ(balancer.choose(unpriced, {.needs_price = true}, 0, ticket).suitable, 0);
}

TEST(balancer, latencies_that_are_missing_or_old_are_named_not_guessed) {
    Balancer balancer(deployments_of(3), {.latency_valid_s = 60});
    const Index group = balancer.add_group(everybody(3));
    auto chosen = [&](Real now_s) {
        Ticket ticket;
        const Choice choice = balancer.choose(group, {.strategy = Strategy::least_latency}, now_s, ticket);
        ticket.end(success(0.1), now_s);
        return choice;
    };
    EXPECT_EQ(chosen(0).degradation, Degradation::no_latency);
    EXPECT_EQ(chosen(0).strategy, Strategy::least_latency);
    EXPECT_EQ(chosen(61).strategy, Strategy::least_in_flight);
    EXPECT_EQ(chosen(61).degradation, Degradation::none);
}

TEST(balancer, capability_keeps_the_able_free) {
    auto made = deployments_of(3);
    made[0].capabilities = 0b111;
    made[1].capabilities = 0b011;
    made[2].capabilities = 0b100;
    Balancer balancer(made);
    const Index group = balancer.add_group(everybody(3));
    auto chosen = [&](std::uint64_t capabilities) {
        Ticket ticket;
        return balancer.choose(group, {.strategy = Strategy::capability, .capabilities = capabilities}, 0, ticket)
            .deployment;
    };
    EXPECT_EQ(chosen(0b001), 1);
    EXPECT_EQ(chosen(0b100), 2);
    EXPECT_EQ(chosen(0b101), 0);
    EXPECT_EQ(chosen(0b1000), -1);
}

TEST(balancer, preference_keeps_its_order_and_spills_over) {
    auto made = deployments_of(3);
    made[2].most_in_flight = 1;
    Balancer balancer(made);
    const Index group = balancer.add_group({2, 0, 1});
    std::vector<Ticket> tickets(3);
    EXPECT_EQ(balancer.choose(group, {.strategy = Strategy::preference}, 0, tickets[0]).deployment, 2);
    EXPECT_EQ(balancer.choose(group, {.strategy = Strategy::preference}, 0, tickets[1]).deployment, 0);
    EXPECT_EQ(balancer.choose(group, {.strategy = Strategy::preference, .prefer = {1}}, 0, tickets[2]).deployment, 1);
    tickets[0].end({}, 0);
    EXPECT_EQ(balancer.choose(group, {.strategy = Strategy::preference}, 0, tickets[0]).deployment, 2);
}

TEST(balancer, affinity_keeps_sessions_where_they_are_when_one_leaves) {
    constexpr int keys = 4000;
    for (bool weighted : {false, true}) {
        auto made = deployments_of(5);
        for (int k = 0; weighted && k < 5; ++k) {
            made[static_cast<std::size_t>(k)].weight = k + 1;
        }
        Balancer balancer(made);
        const Index all = balancer.add_group(everybody(5));
        const Index fewer = balancer.add_group({0, 1, 3, 4});
        std::vector<int> counts(5);
        for (std::uint64_t key = 0; key < keys; ++key) {
            Ticket ticket;
            const Ask ask{.strategy = Strategy::affinity, .affinity = mixed(key)};
            const Choice before = balancer.choose(all, ask, 0, ticket);
            EXPECT_EQ(before.reason, Reason::affine);
            ++counts[static_cast<std::size_t>(before.deployment)];
            ticket.end({}, 0);
            const Index after = balancer.choose(fewer, ask, 0, ticket).deployment;
            if (before.deployment != 2) {
                ASSERT_EQ(after, before.deployment) << key;
            }
        }
        for (int k = 0; k < 5; ++k) {
            const Real share = weighted ? (k + 1) / 15.0 : 0.2;
            EXPECT_NEAR(counts[static_cast<std::size_t>(k)], keys * share, 5 * std::sqrt(keys * share)) << k;
        }
    }
}

TEST(balancer, affinity_spills_over_when_the_favourite_has_more_than_its_share) {
    Balancer balancer(deployments_of(4));
    const Index group = balancer.add_group(everybody(4));
    std::vector<Ticket> tickets(100);
    std::vector<int> counts(4);
    bool spilled = false;
    for (Ticket& ticket : tickets) {
        const Choice choice = balancer.choose(group, {.strategy = Strategy::affinity, .affinity = 7}, 0, ticket);
        ++counts[static_cast<std::size_t>(choice.deployment)];
        spilled |= choice.reason == Reason::spilled_over;
    }
    EXPECT_TRUE(spilled);
    for (int count : counts) {
        EXPECT_LE(count, std::ceil(1.25 * 100 / 4));
    }
    Ticket ticket;
    EXPECT_EQ(balancer.choose(group, {.strategy = Strategy::affinity}, 0, ticket).degradation, Degradation::no_key);
}

TEST(balancer, limits_hold_and_the_wait_is_told) {
    auto made = deployments_of(2);
    made[0].requests_per_minute = 3;
    made[1].tokens_per_minute = 1000;
    Balancer balancer(made);
    const Index group = balancer.add_group(everybody(2));
    std::vector<int> counts(2);
    Choice last;
    for (int k = 0; k < 20; ++k) {
        Ticket ticket;
        last = balancer.choose(group, {.prompt_tokens = 200, .completion_tokens = 50}, 100 + 0.1 * k, ticket);
        if (last.deployment >= 0) {
            ++counts[static_cast<std::size_t>(last.deployment)];
        }
    }
    EXPECT_EQ(counts, (std::vector<int>{3, 4}));
    EXPECT_EQ(last.deployment, -1);
    EXPECT_EQ(last.suitable, 2);
    EXPECT_NEAR(last.retry_after_s, 60, 2);
    Ticket ticket;
    EXPECT_GE(balancer.choose(group, {.prompt_tokens = 250}, 102 + last.retry_after_s, ticket).deployment, 0);
}

TEST(balancer, explaining_changes_nothing_and_says_what_choosing_does) {
    for (const StrategyProperties& strategy : strategy_properties) {
        auto made = deployments_of(6);
        made[4].capabilities = 0;
        made[5].context_tokens = 10;
        Balancer balancer(made, {.seed = 11});
        const Index group = balancer.add_group(everybody(6));
        for (int k = 0; k < 200; ++k) {
            const Ask ask{
                .strategy = strategy.strategy, .window_tokens = 100, .affinity = mixed(static_cast<std::uint64_t>(k))};
            std::vector<Judgement> judgements;
            const Choice told = balancer.explain(group, ask, k, judgements);
            Ticket ticket;
            const Choice chosen = balancer.choose(group, ask, k, ticket);
            ASSERT_EQ(told.deployment, chosen.deployment) << strategy.name << " " << k;
            ASSERT_EQ(judgements[5].verdict, Verdict::window_too_small);
            ASSERT_EQ(told.eligible, 5);
            ticket.end(success(0.01 * static_cast<Real>(chosen.deployment + 1)), k + 0.1);
        }
    }
}

TEST(balancer, a_million_random_operations_leave_every_count_at_zero) {
    const Seed seed = drawn_seed();
    std::mt19937_64 random(seed);
    auto made = deployments_of(9);
    for (auto& one : made) {
        one.most_in_flight = static_cast<std::int64_t>(random() % 4) * 20;
        one.requests_per_minute = random() % 2 == 0 ? 0 : 100'000;
    }
    Balancer balancer(made, {.seed = seed});
    const std::vector<Index> groups{balancer.add_group(everybody(9)), balancer.add_group({1, 4}),
                                    balancer.add_group({7})};
    std::vector<Ticket> open;
    std::vector<Index> of;  // deployment of each, kept apart from the balancer
    std::vector<Index> counts(9);
    Real now_s = 0;
    for (int k = 0; k < 1'000'000; ++k) {
        now_s += static_cast<Real>(random() % 1000) * 1e-5;
        const auto draw = random() % 100;
        if (draw < 48 || open.empty()) {
            Ticket ticket;
            const Ask ask{.strategy = static_cast<Strategy>(random() % strategy_properties.size()),
                          .prompt_tokens = static_cast<std::int64_t>(random() % 100),
                          .affinity = random()};
            const Choice choice = balancer.choose(groups[random() % groups.size()], ask, now_s, ticket);
            if (choice.deployment >= 0) {
                ++counts[static_cast<std::size_t>(choice.deployment)];
                open.push_back(std::move(ticket));
                of.push_back(choice.deployment);
            }
        } else {
            const auto place = random() % open.size();
            Ticket& ticket = open[place];
            if (draw % 3 == 0) {
                ticket.note_first_part(now_s);
            }
            const Ending ending{.result = static_cast<Result>(random() % 4),
                                .tokens = static_cast<std::int64_t>(random() % 200) - 50,
                                .cooldown_s = draw == 99 ? 0.01 : 0,
                                .cause = "drawn"};
            if (draw < 95) {
                ASSERT_TRUE(ticket.end(ending, now_s)) << "seed " << seed;
                if (draw % 2 == 0) {
                    ASSERT_FALSE(ticket.end(ending, now_s)) << "a callback that comes twice; seed " << seed;
                }
            }  // else it is forgotten, as by whoever is cancelled
            --counts[static_cast<std::size_t>(of[place])];
            std::swap(open[place], open.back());
            open.pop_back();
            of[place] = of.back();
            of.pop_back();
        }
        if (k % 9973 == 0) {
            const auto told = balancer.statistics(now_s);
            for (std::size_t one = 0; one < counts.size(); ++one) {
                ASSERT_EQ(told[one].in_flight, counts[one]) << "seed " << seed << ", operation " << k;
            }
        }
    }
    open.clear();
    EXPECT_EQ(balancer.in_flight(), 0) << "seed " << seed;
    for (const auto& one : balancer.statistics(now_s)) {
        EXPECT_EQ(one.in_flight, 0) << "seed " << seed;
    }
}

TEST(balancer, threads_leave_every_count_at_zero) {
    Balancer balancer(deployments_of(5));
    const Index group = balancer.add_group(everybody(5));
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                for (int k = 0; k < 5000; ++k) {
                    Ticket ticket;
                    balancer.choose(group, {.strategy = Strategy::least_latency}, 0.001 * k, ticket);
                    if ((k + thread) % 3 != 0) {
                        ticket.end(success(0.01), 0.001 * k);
                    }
                }
            });
        }
    }
    EXPECT_EQ(balancer.in_flight(), 0);
    std::uint64_t requests = 0;
    for (const auto& one : balancer.statistics(100)) {
        requests += one.requests;
    }
    EXPECT_EQ(requests, 20'000u);
}

TEST(balancer, half_of_the_answers_from_a_cache_leave_the_shares_equal) {
    Balancer balancer(deployments_of(4));
    const Index group = balancer.add_group(everybody(4));
    std::vector<int> counts(4);
    for (int k = 0; k < 100'000; ++k) {
        Ticket ticket;
        ++counts[static_cast<std::size_t>(
            balancer.choose(group, {.strategy = Strategy::least_latency}, 0.001 * k, ticket).deployment)];
        ticket.end(k % 2 == 0 ? Ending{} : success(0.05), 0.001 * k);
    }
    for (int count : counts) {
        EXPECT_NEAR(count, 25'000, 5'000);
    }
    EXPECT_EQ(balancer.in_flight(), 0);
}

TEST(balancer, what_cannot_be_is_refused_by_name) {
    auto twice = deployments_of(2);
    twice[1].name = "d0";
    EXPECT_THROW(Balancer{twice}, InvalidArgument);
    EXPECT_THROW(Balancer{std::vector<Deployment>{}}, InvalidArgument);
    EXPECT_THROW(Balancer(deployments_of(1), {.most_load = 0.5}), InvalidArgument);
    Balancer balancer(deployments_of(1));
    EXPECT_THROW(balancer.add_group({1}), InvalidArgument);
    Ticket ticket;
    EXPECT_THROW(balancer.choose(0, {}, 0, ticket), InvalidArgument);
    const Index group = balancer.add_group({0});
    EXPECT_THROW(balancer.choose(group, {}, std::nan(""), ticket), InvalidArgument);
}

TEST(balancer, who_is_added_is_asked_and_who_is_removed_is_not) {
    Balancer balancer(deployments_of(1));
    const Index group = balancer.add_group({0});
    const Index added = balancer.add({.name = "new"});
    balancer.set_group(group, {0, added});
    balancer.remove(0);
    for (int k = 0; k < 5; ++k) {
        Ticket ticket;
        ASSERT_EQ(balancer.choose(group, {}, 1.0 + k, ticket).deployment, added);
    }
    balancer.remove(added);
    Ticket ticket;
    const Choice nobody = balancer.choose(group, {}, 10, ticket);
    ASSERT_EQ(nobody.deployment, -1);
    ASSERT_EQ(nobody.suitable, 0);
    ASSERT_THROW(balancer.remove(added), InvalidArgument);
    ASSERT_THROW(balancer.set_group(group, {0}), InvalidArgument);
    ASSERT_THROW(balancer.cool(0, 1, "by_hand", 11), InvalidArgument);
}

TEST(balancer, what_is_under_way_at_one_that_was_removed_ends_there_and_frees_its_number_alone_then) {
    Balancer balancer(deployments_of(2));
    const Index group = balancer.add_group({0, 1});
    Ticket ticket;
    const Index asked = balancer.choose(group, {}, 0, ticket).deployment;
    balancer.remove(asked);
    ASSERT_EQ(balancer.add({.name = "second"}), 2);
    auto told = balancer.statistics(1);
    ASSERT_EQ(told[static_cast<std::size_t>(asked)].state, "draining");
    ASSERT_EQ(told[static_cast<std::size_t>(asked)].in_flight, 1);
    ASSERT_TRUE(ticket.end(success(1), 1));
    ASSERT_EQ(balancer.in_flight(), 0);
    ASSERT_EQ(balancer.statistics(1).size(), 2U);
    ASSERT_EQ(balancer.add({.name = "third"}), asked);
    ASSERT_EQ(balancer.statistics(2)[static_cast<std::size_t>(asked)].requests, 0U);
}

TEST(balancer, counts_are_zero_at_rest_however_deployments_come_and_go_meanwhile) {
    Balancer balancer(deployments_of(4));
    const Index group = balancer.add_group(everybody(4));
    std::vector<std::thread> threads;
    std::atomic<bool> goes_on{true};
    for (int k = 0; k < 3; ++k) {
        threads.emplace_back([&, k] {
            for (int n = 0; n < 20000; ++n) {
                Ticket ticket;
                const Choice choice =
                    balancer.choose(group, {.strategy = static_cast<Strategy>(n % 4)}, n * 1e-3, ticket);
                if (choice.deployment >= 0 && n % 3 != k) {
                    ticket.end(n % 2 == 0 ? success(0.01) : failure(), n * 1e-3);
                }
            }
        });
    }
    std::thread changing([&] {
        std::vector<Index> members = everybody(4);
        for (int n = 0; goes_on; ++n) {
            const Index leaving = members.front();
            members.erase(members.begin());
            members.push_back(balancer.add({.name = "n" + std::to_string(n)}));
            balancer.set_group(group, members);
            balancer.remove(leaving);
        }
    });
    for (std::thread& one : threads) {
        one.join();
    }
    goes_on = false;
    changing.join();
    ASSERT_EQ(balancer.in_flight(), 0);
    ASSERT_EQ(balancer.statistics(100).size(), 4U);
}
