#include "synqc/json/run_document.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "synqc/base/drawn_seed.test.h"

namespace synqc {
namespace {

std::string document_of(const RunResult& run) {
    std::string text(run_document_room(run), '#');
    text.resize(static_cast<std::size_t>(write_run_document(run, text.data()) - text.data()));
    return text;
}

/// What stands in the list of qubits of the only iteration.
std::string qubits_of(const std::string& document) {
    const std::string opening = "\"qubits\":[";
    const auto from = document.find(opening) + opening.size();
    return document.substr(from, document.find("}]}]", from) + 1 - from);
}

QubitIteration qubit_with(std::mt19937_64& chance) {
    auto one_of_few = [&] {
        return 0.1 * static_cast<Real>(chance() % 2) - 0.1 * static_cast<Real>(chance() % 8 == 0);
    };
    QubitIteration qubit;
    qubit.shots = static_cast<Index>(chance() % 1000);
    qubit.settings = {one_of_few(), one_of_few(), one_of_few(), one_of_few(), one_of_few(), one_of_few(), one_of_few()};
    return qubit;
}

TEST(run_document, settings_are_those_of_each_qubit_whatever_the_one_before_ran_with) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    RunResult run;
    run.iterations.resize(1);
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        const QubitIteration qubit = qubit_with(chance);
        RunResult alone;
        alone.iterations.resize(1);
        alone.iterations[0].qubits = {qubit};
        expected += (i == 0 ? "" : ",") + qubits_of(document_of(alone));
        run.iterations[0].qubits.push_back(qubit);
    }
    EXPECT_EQ(qubits_of(document_of(run)), expected);
}

TEST(run_document, signs_of_zeros_and_figures_that_are_no_numbers_are_not_taken_for_each_other) {
    RunResult run;
    run.iterations.resize(1);
    std::vector<QubitIteration>& qubits = run.iterations[0].qubits;
    qubits.resize(4);
    qubits[1].settings.feedback_gain = -0.0;
    qubits[2].settings.feedback_gain = std::numeric_limits<Real>::quiet_NaN();
    qubits[3].settings.feedback_gain = std::numeric_limits<Real>::quiet_NaN();
    const std::string text = document_of(run);
    std::string found;
    const std::string name = "\"feedback_gain\":";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
        const auto value = at + name.size();
        found += text.substr(value, text.find('}', value) - value) + " ";
    }
    EXPECT_EQ(found, "0.0 -0.0 null null ");
}

TEST(run_document, room_suffices_for_the_longest_texts) {
    const Real longest = -std::numeric_limits<Real>::min();
    const Index whole = std::numeric_limits<Index>::min();
    const Estimate estimate{longest, longest, longest};
    const std::string worst(40, '\x01');
    QubitIteration qubit{.fidelity = estimate,
                         .one_fraction = estimate,
                         .success = estimate,
                         .mean_record = estimate,
                         .shots = whole,
                         .settings = {longest, longest, longest, longest, longest, longest, longest},
                         .tracker = {longest, longest, false, longest},
                         .true_detuning = longest};
    const Iteration iteration{.fidelity = estimate,
                              .success = estimate,
                              .shots = whole,
                              .calibration_shots = whole,
                              .learning_shots = whole,
                              .device_time = longest,
                              .network_latency = longest,
                              .qubits = std::vector<QubitIteration>(7, qubit)};
    RunResult run;
    run.fidelity = run.backaction = run.information_bits = run.latency_us = run.objective_score = estimate;
    run.backaction_mean_per_shot = run.information_bits_per_second = run.cycle_time = longest;
    run.latency_terms.assign(9, {worst, longest});
    run.probe = {worst, worst, longest, longest, longest, whole, longest, longest};
    run.iterations.assign(11, iteration);
    run.shots_used = whole;
    run.seed = std::numeric_limits<Seed>::max();
    run.checkpoint = {longest, {5, std::vector<Real>(13, longest)}, {5, std::vector<Real>(3, longest)}};
    // Behind the room stands a letter that must stay.
    const std::size_t room = run_document_room(run);
    std::string text(room + 64, '#');
    const char* end = write_run_document(run, text.data());
    EXPECT_LE(static_cast<std::size_t>(end - text.data()), room);
    EXPECT_EQ(text.substr(room), std::string(64, '#'));
    EXPECT_EQ(*(end - 1), '}');
}

TEST(run_document, nothing_in_lists_leaves_them_empty) {
    const std::string text = document_of(RunResult{});
    for (const char* part : {"\"latency_terms\":{}", "\"iterations\":[]", "\"controllers\":[]", "\"drift\":[]"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
}

}  // namespace
}  // namespace synqc
