#include "synqc/metrics/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "synqc/base/errors.h"

using namespace synqc;

namespace {

std::string refusal_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "nothing was refused";
}

}  // namespace

TEST(registry, same_name_and_kind_is_the_same_metric) {
    Registry registry;
    auto first = registry.counter({.name = "hits_total", .help = "Hits.", .labels = {"tier"}});
    auto again = registry.counter({.name = "hits_total", .labels = {"tier"}});
    EXPECT_EQ(first, again);
    EXPECT_EQ(first->with({"memory"}), again->with({"memory"}));
    EXPECT_NE(first->with({"memory"}), again->with({"disk"}));
}

TEST(registry, same_name_for_another_thing_is_refused) {
    Registry registry;
    registry.counter({.name = "hits_total", .unit = "hits", .labels = {"tier"}});
    registry.histogram({.name = "latency", .lowest = 1});
    EXPECT_EQ(refusal_of([&] { registry.gauge({.name = "hits_total", .labels = {"tier"}}); }),
              "Argument `name` must be new, or that of a gauge, but is `hits_total`, a counter.");
    EXPECT_EQ(refusal_of([&] { registry.counter({.name = "hits_total"}); }),
              "Argument `labels` must be (tier) as before for `hits_total`, but is ().");
    EXPECT_THROW(registry.counter({.name = "hits_total", .unit = "s", .labels = {"tier"}}), InvalidArgument);
    EXPECT_THROW(registry.histogram({.name = "latency", .lowest = 4}), InvalidArgument);
    EXPECT_THROW(registry.counter({.name = "latency_count"}), InvalidArgument);
    registry.gauge({.name = "size_sum"});
    EXPECT_THROW(registry.histogram({.name = "size"}), InvalidArgument);
}

TEST(registry, names_prometheus_would_refuse_are_refused) {
    Registry registry;
    for (const char* name : {"", "1st", "a-b", "a b", "é", "synqc_metrics_mine"}) {
        EXPECT_THROW(registry.counter({.name = name}), InvalidArgument) << name;
    }
    for (const char* label : {"", "1st", "a:b", "__a", "a-b"}) {
        EXPECT_THROW(registry.counter({.name = "ok", .labels = {label}}), InvalidArgument) << label;
    }
    EXPECT_THROW(registry.counter({.name = "ok", .labels = {"a", "a"}}), InvalidArgument);
    EXPECT_THROW(registry.histogram({.name = "ok", .labels = {"le"}}), InvalidArgument);
    EXPECT_THROW(registry.counter({.name = "ok", .labels = {"a"}})->with({}), InvalidArgument);
    EXPECT_NO_THROW(registry.counter({.name = "a:b_c9"}));
}

TEST(registry, flood_of_label_values_shares_one_series) {
    Registry registry(3);
    auto family = registry.counter({.name = "requests_total", .labels = {"user"}});
    for (int user = 0; user < 1000; ++user) {
        family->with({std::to_string(user)})->add();
    }
    auto taken = registry.snapshot().families.at(0);
    ASSERT_EQ(taken.series.size(), 4u);
    EXPECT_EQ(taken.series[3].labels->values, std::vector<std::string>{std::string(overflow_label)});
    EXPECT_EQ(std::get<Count>(taken.series[3].value).whole, 997u);
    EXPECT_EQ(taken.overflowed, 997u);
}

TEST(registry, collector_that_fails_is_counted_and_named_and_harms_no_other) {
    Registry registry;
    registry.counter({.name = "own_total"})->with({})->add(5);
    registry.add_collector("broken", []() -> std::vector<CollectedSample> { throw std::runtime_error("no disk"); });
    registry.add_collector("clashing", [] { return std::vector<CollectedSample>{{.name = "own_total"}}; });
    registry.add_collector("half", [] {
        return std::vector<CollectedSample>{{.name = "half_good", .value = 1}, {.name = "half bad"}};
    });
    registry.add_collector("twice", [] { return std::vector<CollectedSample>{{.name = "t"}, {.name = "t"}}; });
    registry.add_collector("well", [] {
        return std::vector<CollectedSample>{
            {.name = "entries", .value = 7, .labels = {{"tier", "memory"}}, .help = "Entries."}};
    });
    registry.snapshot();
    auto taken = registry.snapshot();
    ASSERT_EQ(taken.families.size(), 2u);
    EXPECT_EQ(std::get<Real>(taken.families[1].series.at(0).value), 7);
    EXPECT_EQ(taken.collectors.at("broken").count, 2u);
    EXPECT_EQ(taken.collectors.at("broken").last, "no disk");
    for (const char* name : {"clashing", "half", "twice"}) {
        EXPECT_EQ(taken.collectors.at(name).count, 2u) << name;
    }
    EXPECT_EQ(taken.collectors.at("well").count, 0u);
    EXPECT_TRUE(registry.remove_collector("broken"));
    EXPECT_FALSE(registry.remove_collector("broken"));
    EXPECT_THROW(registry.add_collector("well", [] { return std::vector<CollectedSample>{}; }), InvalidArgument);
}

TEST(registry, collector_may_record_and_register) {
    Registry registry;
    registry.add_collector("recursive", [&] {
        registry.counter({.name = "polls_total"})->with({})->add();
        return std::vector<CollectedSample>{};
    });
    registry.snapshot();
    auto taken = registry.snapshot();
    EXPECT_EQ(std::get<Count>(taken.families.at(0).series.at(0).value).whole, 2u);
}

TEST(registry, threads_register_record_and_take_snapshots_at_once) {
    Registry registry;
    constexpr int threads = 8;
    constexpr int rounds = 200;
    {
        std::vector<std::jthread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&] {
                for (int k = 0; k < rounds; ++k) {
                    registry.counter({.name = "c_total", .labels = {"k"}})->with({std::to_string(k % 7)})->add();
                    registry.histogram({.name = "h"})->with({})->record(k);
                    if (k % 50 == 0) {
                        prometheus_text(registry.snapshot());
                    }
                }
            });
        }
    }
    auto taken = registry.snapshot();
    std::uint64_t sum = 0;
    for (const auto& family : taken.families) {
        for (const auto& series : family.series) {
            sum += family.kind == MetricKind::counter ? std::get<Count>(series.value).whole
                                                      : std::get<HistogramSnapshot>(series.value).count;
        }
    }
    EXPECT_EQ(sum, 2u * threads * rounds);
}

TEST(registry, text_is_that_of_prometheus) {
    Registry registry;
    registry.counter({.name = "hits_total", .help = "Back\\slash\nand line.", .labels = {"path"}})
        ->with({"a\"b\\c\nd"})
        ->add(3);
    registry.gauge({.name = "load"})->with({})->set(HUGE_VAL);
    auto text = prometheus_text(registry.snapshot());
    EXPECT_EQ(text,
              "# HELP hits_total Back\\\\slash\\nand line.\n# TYPE hits_total counter\n"
              "hits_total{path=\"a\\\"b\\\\c\\nd\"} 3\n# TYPE load gauge\nload +Inf\n");
}

TEST(registry, edges_of_a_histogram_count_exactly) {
    Registry registry;
    auto histogram = registry.histogram({.name = "size", .labels = {"of"}, .lowest = 1})->with({"x"});
    for (Real value : {1.0, 1024.0, 1024.5, 4096.0, 0x1p41, std::nan("")}) {
        histogram->record(value);
    }
    auto text = prometheus_text(registry.snapshot());
    for (const char* line :
         {"size_bucket{of=\"x\",le=\"1024\"} 2\n", "size_bucket{of=\"x\",le=\"4096\"} 4\n",
          "size_bucket{of=\"x\",le=\"1099511627776\"} 4\n", "size_bucket{of=\"x\",le=\"+Inf\"} 5\n",
          "size_count{of=\"x\"} 5\n", "synqc_metrics_not_finite_total{series=\"size{of=\\\"x\\\"}\"} 1\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(registry, edges_of_seconds_lie_close_between_1_and_64_ms) {
    Registry registry;
    auto histogram = registry.histogram({.name = "s"})->with({});
    for (Real value : {0x1p-10, 0x1.8p-9, 0x1.8001p-9, 0x1p-8, 0x1p-4}) {
        histogram->record(value);
    }
    auto text = prometheus_text(registry.snapshot());
    for (const char* line :
         {"s_bucket{le=\"0.0009765625\"} 1\n", "s_bucket{le=\"0.00146484375\"} 1\n", "s_bucket{le=\"0.001953125\"} 1\n",
          "s_bucket{le=\"0.0029296875\"} 2\n", "s_bucket{le=\"0.00390625\"} 4\n", "s_bucket{le=\"0.046875\"} 4\n",
          "s_bucket{le=\"0.0625\"} 5\ns_bucket{le=\"0.25\"} 5\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(registry, snapshots_of_processes_merge_series_by_series) {
    Registry one;
    Registry other;
    for (auto* registry : {&one, &other}) {
        auto family = registry->counter({.name = "hits_total", .labels = {"tier"}});
        family->with({"memory"})->add(2);
        registry->histogram({.name = "h"})->with({})->record(registry == &one ? 1 : 3);
    }
    other.counter({.name = "hits_total", .labels = {"tier"}})->with({"disk"})->add_fraction(0.5);
    other.gauge({.name = "inside"})->with({})->set(4);
    auto merged = merge({one.snapshot(), other.snapshot()});
    ASSERT_EQ(merged.families.size(), 3u);
    EXPECT_EQ(std::get<Count>(merged.families[0].series[0].value).whole, 4u);
    EXPECT_EQ(std::get<Count>(merged.families[0].series[1].value).fractional, 0.5);
    EXPECT_EQ(std::get<HistogramSnapshot>(merged.families[1].series[0].value).sum, 4);
    EXPECT_EQ(std::get<Real>(merged.families[2].series[0].value), 4);
    Registry stranger;
    stranger.gauge({.name = "h"});
    EXPECT_THROW(merge({one.snapshot(), stranger.snapshot()}), InvalidArgument);
}

TEST(registry, starts_again_with_the_same_metrics_at_zero) {
    Registry registry;
    auto counter = registry.counter({.name = "c_total"})->with({});
    counter->add(4);
    registry.start_again();
    counter->add();
    EXPECT_EQ(std::get<Count>(registry.snapshot().families.at(0).series.at(0).value).whole, 1u);
}
