#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/control/controller.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

/// P(1) after two rotations that overshoot by `amplitude_error`, without decay.
Real success_probability(const ControlSettings& settings, Real amplitude_error) {
    const Real first = settings.theta1 * (1 + amplitude_error);
    const Real second = settings.theta2 * (1 + amplitude_error);
    const Real z = std::cos(first) * std::cos(second) - std::cos(settings.phi2) * std::sin(first) * std::sin(second);
    return (1 - z) / 2;
}

ControlContext plant_context(Seed seed) {
    ControlContext context;
    context.seed = seed;
    context.search.drag_beta = 0;
    context.search.feedback_gain = 0;
    return context;
}

/// True success probability of what is deployed after learning from the bits of so many batches.
Real learnt(std::string_view rule, Index batch, int batches, Seed seed) {
    auto controller = make_controller(rule, plant_context(seed));
    PhiloxStream noise(seed, 1000, 0, 0);
    for (int k = 0; k < batches; ++k) {
        const Index rounds = controller->learning_rounds(batch);
        const std::vector<Index> per_round = split_shots(controller->learning_shots(batch), rounds);
        for (const Index shots : per_round) {
            const std::vector<ControlSettings> candidates = controller->propose();
            const std::vector<Index> parts = split_shots(shots, std::ssize(candidates));
            std::vector<CandidateOutcome> outcomes;
            for (std::size_t c = 0; c < candidates.size(); ++c) {
                const Real read_1 = 0.01 + 0.98 * success_probability(candidates[c], 0.05);
                CandidateOutcome outcome{parts[c], 0};
                for (Index shot = 0; shot < parts[c]; ++shot) {
                    outcome.successes += noise.uniform() < read_1;
                }
                outcomes.push_back(outcome);
            }
            controller->observe(outcomes);
        }
    }
    return success_probability(controller->deployed(), 0.05);
}

}  // namespace

TEST(learning, both_learners_correct_an_amplitude_error_of_5_percent_from_bits_alone) {
    const Real fixed = success_probability({}, 0.05);
    ASSERT_NEAR(fixed, 0.993844170298, 1e-12);
    for (const std::string_view rule : {"rl", "rl-reinforce"}) {
        for (const auto& [batch, batches] : {std::pair<Index, int>{50000, 1}, {836, 100}}) {
            Real mean = 0;
            Real square = 0;
            const int seeds = 12;
            for (Seed seed = 1; seed <= seeds; ++seed) {
                const Real gain = learnt(rule, batch, batches, seed) - fixed;
                mean += gain / seeds;
                square += gain * gain / seeds;
            }
            const Real error = std::sqrt((square - mean * mean) / (seeds - 1));
            EXPECT_GT(mean, 4 * error) << rule << ", batch " << batch << ", seeds 1 to 12";
        }
    }
}

TEST(learning, learners_beat_random_search_at_equal_shots) {
    Real learner = 0;
    Real random = 0;
    for (Seed seed = 1; seed <= 12; ++seed) {
        learner += learnt("rl", 50000, 1, seed) / 12;
        random += learnt("random-search", 50000, 1, seed) / 12;
    }
    EXPECT_GT(learner, random) << "seeds 1 to 12";
}

TEST(learning, proposals_depend_on_the_seed_and_the_stream_alone) {
    for (const std::string_view rule : {"rl", "rl-reinforce", "random-search"}) {
        ControlContext context = plant_context(3);
        const auto first = make_controller(rule, context)->propose();
        EXPECT_EQ(first.back().theta1, make_controller(rule, context)->propose().back().theta1);
        context.stream = 1;
        EXPECT_NE(first.back().theta1, make_controller(rule, context)->propose().back().theta1);
    }
}

TEST(learning, carried_state_deploys_the_same_settings) {
    for (const std::string_view rule : {"rl", "rl-reinforce", "nelder-mead", "random-search"}) {
        auto first = make_controller(rule, plant_context(4));
        for (int round = 0; round < 5; ++round) {
            std::vector<CandidateOutcome> outcomes;
            for (const ControlSettings& candidate : first->propose()) {
                outcomes.push_back({1000, static_cast<Index>(1000 * success_probability(candidate, 0.05))});
            }
            first->observe(outcomes);
        }
        auto second = make_controller(rule, plant_context(4));
        second->restore(first->state());
        EXPECT_EQ(second->deployed().theta1, first->deployed().theta1) << rule;
        EXPECT_EQ(second->propose().front().theta2, first->propose().front().theta2) << rule;
        EXPECT_THROW(second->restore(std::vector<Real>{1}), InvalidArgument) << rule;
    }
}

TEST(learning, a_batch_too_small_for_a_population_is_all_deployed) {
    auto controller = make_controller("rl", plant_context(1));
    EXPECT_EQ(controller->learning_rounds(40), 0);
    EXPECT_EQ(controller->learning_rounds(836), 1);
    EXPECT_THROW(controller->observe(std::vector<CandidateOutcome>(3)), InvalidArgument);
}

TEST(learning, gain_search_makes_shots_wait_and_no_search_leaves_the_ideal_settings) {
    ControlContext context;
    EXPECT_EQ(make_controller("rl", context)->deployed().feed_forward, FeedForward::gain);
    context.search = {0, 0, 0, 0, 0};
    auto idle = make_controller("rl", context);
    EXPECT_EQ(idle->deployed().feed_forward, FeedForward::none);
    EXPECT_EQ(idle->learning_shots(1000), 0);
}

TEST(learning, unknown_rules_are_refused_with_the_known_ones) {
    try {
        make_controller("pid", {});
        FAIL();
    } catch (const UnknownName& error) {
        EXPECT_NE(std::string(error.what()).find("`kalman`"), std::string::npos);
    }
    for (const std::string& rule : rule_names()) {
        EXPECT_EQ(make_controller(rule, {})->name(), rule);
    }
}
