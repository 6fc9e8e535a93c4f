#include "synqc/json/experiment_document.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "synqc/base/errors.h"
#include "synqc/json/device_document.h"

namespace synqc {
namespace {

Device find_preset(std::string_view name) {
    std::ifstream file(std::string(SYNQC_DATA_DIR) + "/devices/" + std::string(name) + ".json");
    if (!file) {
        throw UnknownName("Argument `preset` must be a known device, but is '" + std::string(name) + "'.");
    }
    std::ostringstream text;
    text << file.rdbuf();
    return read_device(text.str());
}

std::string refusal_of_experiment(std::string_view text) {
    try {
        read_experiment(text, find_preset);
    } catch (const UnreadableDocument& error) {
        return error.what();
    }
    return "accepted";
}

TEST(experiment_document, an_empty_object_is_the_default_experiment) {
    const ExperimentRequest request = read_experiment("{}", find_preset);
    EXPECT_EQ(request.device.name, "transmon-default");
    EXPECT_EQ(request.target.name, "sim-local");
    EXPECT_EQ(request.probe_strength, ExperimentRequest().probe_strength);
}

TEST(experiment_document, members_reach_the_request_in_its_units) {
    const ExperimentRequest request = read_experiment(
        R"({"preset": "ibm_fez", "probe_duration_ns": 250, "probe_mapping": "rate",
            "device_seed": 18446744073709551615, "t1_us": 50, "t2_us": 40, "decision_latency_ns": 300,
            "samples": [[1, 0], [0.5, -0.5]], "envelope": "samples", "interpolate_samples": true,
            "adaptive_rule": "kalman", "levels": 2, "drift": "none", "second_axis": 0.5, "spread": null})",
        find_preset);
    EXPECT_EQ(request.device.name, "ibm_fez");
    EXPECT_DOUBLE_EQ(request.probe_duration, 0.25);
    EXPECT_EQ(request.mapping, ProbeMapping::rate);
    EXPECT_EQ(request.device_seed, ~Seed{0});
    EXPECT_EQ(request.device.qubit.t1, 50);
    EXPECT_EQ(request.device.qubit.levels, 2);
    EXPECT_TRUE(request.device.drift.empty());
    EXPECT_DOUBLE_EQ(request.target.decision_latency, 0.3);
    EXPECT_EQ(request.samples[1], Complex(0.5, -0.5));
    EXPECT_EQ(request.adaptive_rule, "kalman");
    EXPECT_EQ(request.second_axis, 0.5);
}

TEST(experiment_document, a_function_of_the_users_is_no_rule_of_ours) {
    EXPECT_EQ(read_experiment(R"({"adaptive_rule": {"function": "mine"}})", find_preset).adaptive_rule, "none");
}

TEST(experiment_document, refusals_lead_to_the_place) {
    EXPECT_EQ(refusal_of_experiment(R"({"probe_strength": "weak"})"),
              "Field `probe_strength` must be a number, but is a string (at $.probe_strength)");
    for (auto [text, path] : {std::pair{R"({"preset": "nowhere"})", "(at $.preset)"},
                              {R"({"target": "moon"})", "(at $.target)"},
                              {R"({"samples": [[1, 0], [1]]})", "(at $.samples[1])"},
                              {R"({"drift": [{"kind": "random-walk", "sigma": 1}]})", "(at $.drift[0]"},
                              {R"({"adaptive_rule": "luck"})", "(at $.adaptive_rule)"},
                              {R"({"objective": "win"})", "(at $.objective)"},
                              {R"({"device_seed": -1})", "(at $.device_seed)"},
                              {R"({"probe_bins": 1.5})", "(at $.probe_bins)"},
                              {R"({"drag_detuning": 1})", "(at $.drag_detuning)"},
                              {R"({"probe_mapping": "both"})", "(at $.probe_mapping)"},
                              {R"({"t1_us": -5})", "(at $.t1_us)"},
                              {R"({"colour": 5})", "(at $.colour)"},
                              {R"({"qubits": 0})", "`qubits`"}}) {
        EXPECT_NE(refusal_of_experiment(text).find(path), std::string::npos)
            << text << " gave: " << refusal_of_experiment(text);
    }
}

}  // namespace
}  // namespace synqc
