#include "synqc/control/objective.h"

#include <gtest/gtest.h>

#include <vector>

#include "synqc/base/errors.h"

using namespace synqc;

TEST(objective, scores_are_what_their_names_say) {
    const std::vector<Real> history{0.9, 1.0};
    const RunKpis kpis{0.99, 1.5, 0.4, 0.1, history};
    EXPECT_EQ(objective_score("maximize-fidelity", kpis), 0.99);
    EXPECT_EQ(objective_score("minimize-latency", kpis), -1.5);
    EXPECT_NEAR(objective_score("info-vs-damage", kpis), 0.32, 1e-15);
    EXPECT_NEAR(objective_score("stability-window", kpis), 1 - 0.05 / 0.95, 1e-15);
}

TEST(objective, missing_fidelity_costs_latency_score) {
    EXPECT_NEAR(objective_score("minimize-latency", {0.974, 1.5, 0, 0, {}}), -2.5, 1e-12);
    EXPECT_EQ(meaning_of_objective("minimize-latency"), "shortest latency, with a penalty below a fidelity of 0.975");
}

TEST(objective, unknown_names_are_refused_with_the_known_ones) {
    EXPECT_THROW(check_objective("maximise"), UnknownName);
    for (const std::string& name : objective_names()) {
        EXPECT_NO_THROW(check_objective(name));
    }
}
