#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/route/circuit_breaker.h"
#include "synqc/route/minute_window.h"
#include "synqc/route/peak_latency.h"
#include "synqc/route/strategy.h"

using namespace synqc;
using namespace synqc::route;

TEST(peak_latency, rises_at_once_and_falls_by_its_time_constant) {
    PeakLatency latency(10);
    EXPECT_FALSE(latency.known());
    EXPECT_EQ(latency.at(100), 0);
    latency.observe(0.1, 0);
    latency.observe(2, 1);
    EXPECT_EQ(latency.at(1), 2);
    EXPECT_NEAR(latency.at(11), 2 * std::exp(-1), 1e-12);
    latency.observe(0.1, 11);
    EXPECT_NEAR(latency.at(11), 2 * std::exp(-1) + 0.1 * (1 - std::exp(-1)), 1e-12);
}

TEST(peak_latency, a_failure_never_improves_it) {
    for (Real before : {0.01, 0.5, 30.0, 59.0, 100.0}) {
        for (Real failed_after : {0.0, 0.001, 5.0, 1000.0}) {
            PeakLatency latency(10);
            latency.observe(before, 0);
            latency.penalise(failed_after, 0);
            EXPECT_GE(latency.at(0), before) << before << " " << failed_after;
            EXPECT_LE(latency.at(0), std::max(before, PeakLatency::longest_penalty_s));
        }
    }
}

TEST(circuit_breaker, opens_after_failures_in_a_row_and_probes_one_at_a_time) {
    CircuitBreaker breaker({.failures_to_open = 3, .open_s = 5, .longest_open_s = 15});
    for (int k = 0; k < 2; ++k) {
        EXPECT_FALSE(breaker.begin());
        breaker.fail(false, 1);
    }
    EXPECT_EQ(breaker.state(1), BreakerState::closed);
    breaker.fail(breaker.begin(), 1);
    EXPECT_EQ(breaker.state(1), BreakerState::open);
    EXPECT_FALSE(breaker.admits(5.999));
    EXPECT_EQ(breaker.state(6), BreakerState::half_open);
    EXPECT_TRUE(breaker.admits(6));
    EXPECT_TRUE(breaker.begin());
    EXPECT_FALSE(breaker.admits(6)) << "one probe at a time";
    breaker.abandon(true);
    EXPECT_TRUE(breaker.admits(6)) << "a probe that tells nothing leaves room for the next";
    for (Real open_s : {10.0, 15.0, 15.0}) {
        const Real now_s = breaker.open_until_s();
        EXPECT_TRUE(breaker.begin());
        breaker.fail(true, now_s);
        EXPECT_EQ(breaker.open_until_s(), now_s + open_s);
    }
    EXPECT_TRUE(breaker.begin());
    EXPECT_TRUE(breaker.succeed(true));
    EXPECT_EQ(breaker.state(1000), BreakerState::closed);
    EXPECT_EQ(breaker.openings(), 4u);
}

TEST(circuit_breaker, results_that_come_late_do_not_change_it) {
    CircuitBreaker breaker({.failures_to_open = 1, .open_s = 5});
    breaker.fail(breaker.begin(), 0);
    breaker.fail(false, 4);
    EXPECT_EQ(breaker.open_until_s(), 5);
    EXPECT_FALSE(breaker.succeed(false));
    EXPECT_EQ(breaker.state(4), BreakerState::open);
}

TEST(circuit_breaker, opens_where_half_of_many_fail_but_never_several_in_a_row) {
    CircuitBreaker breaker({.failures_to_open = 3});
    int asked = 0;
    while (breaker.state(0) == BreakerState::closed && asked < 1000) {
        const bool probe = breaker.begin();
        asked++ % 2 == 0 ? breaker.fail(probe, 0) : static_cast<void>(breaker.succeed(probe));
    }
    EXPECT_GE(asked, 20);
    EXPECT_LE(asked, 21);
    CircuitBreaker healthier({.failures_to_open = 3});
    for (int k = 0; k < 1000; ++k) {
        const bool probe = healthier.begin();
        k % 4 == 0 ? healthier.fail(probe, 0) : static_cast<void>(healthier.succeed(probe));
    }
    EXPECT_EQ(healthier.state(0), BreakerState::closed);
}

TEST(minute_window, never_gives_more_than_the_limit_in_any_sixty_seconds) {
    constexpr std::int64_t limit = 100;
    for (int step_ms : {7, 90, 500, 1013}) {
        MinuteWindow window;
        std::vector<Real> taken;
        for (int k = 0; k < 300'000 / step_ms; ++k) {
            const Real now_s = 1000 + 1e-3 * step_ms * k;
            if (window.has_room(1, limit, now_s)) {
                window.add(1, now_s);
                taken.push_back(now_s);
            }
        }
        for (std::size_t k = limit; k < taken.size(); ++k) {
            ASSERT_GE(taken[k] - taken[k - limit], 60) << step_ms << " ms, number " << k;
        }
        const Real rate = static_cast<Real>(taken.size()) / 300;
        EXPECT_GE(rate, 0.95 * std::min(1000.0 / step_ms, limit / 60.0)) << "and not much less: " << step_ms;
    }
}

TEST(minute_window, tells_when_there_is_room_again) {
    MinuteWindow window;
    window.add(60, 10.5);
    window.add(40, 30.5);
    EXPECT_EQ(window.wait_s(1, 0, 31), 0) << "no limit";
    for (std::int64_t amount : {1, 60, 61, 100, 1000}) {
        const Real wait_s = window.wait_s(amount, 100, 31);
        EXPECT_FALSE(window.has_room(amount, 100, 31));
        EXPECT_NEAR(wait_s, amount <= 60 ? 40 : 60, 1) << amount;
        MinuteWindow later = window;
        EXPECT_TRUE(later.has_room(amount, 100, 31 + wait_s)) << amount;
    }
}

TEST(minute_window, a_correction_counts_as_long_as_what_it_corrects) {
    MinuteWindow window;
    window.add(100, 0.5);
    window.correct(-70, 0.5, 20);
    EXPECT_EQ(window.sum(20), 30);
    EXPECT_EQ(window.sum(61.1), 0);
    window.correct(50, 0.5, 62);
    EXPECT_EQ(window.sum(62), 0);
}

TEST(strategy, names_read_back_and_others_are_refused_with_the_list) {
    for (const StrategyProperties& one : strategy_properties) {
        EXPECT_EQ(strategy_from_name(one.name), one.strategy);
        EXPECT_EQ(name_of(one.strategy), one.name);
    }
    try {
        strategy_from_name("fastest");
        FAIL();
    } catch (const UnknownName& error) {
        EXPECT_NE(std::string(error.what()).find("least-latency"), std::string::npos);
    }
}
