#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"
#include "synqc/json/device_document.h"
#include "synqc/json/ibm_properties.h"
#include "synqc/json/ionq_characterization.h"
#include "synqc/json/with_replaced.h"

namespace synqc {
namespace {

/// Five qubits: 0 to 2 work, 3 has no T1 left, 4 has no T2.
const std::string snapshot = R"({
  "backend_name": "ibm_example", "last_update_date": "2025-02-01T12:00:00+00:00", "backend_version": "1.0", "general": [],
  "qubits": [
    [{"name": "T1", "unit": "us", "value": 100, "date": "2025-02-01"}, {"name": "T2", "unit": "us", "value": 90},
     {"name": "frequency", "unit": "GHz", "value": 4.8}, {"name": "anharmonicity", "unit": "GHz", "value": -0.31},
     {"name": "readout_error", "unit": "", "value": 0.02}, {"name": "prob_meas0_prep1", "unit": "", "value": 0.025},
     {"name": "prob_meas1_prep0", "unit": "", "value": 0.015}, {"name": "readout_length", "unit": "ns", "value": 1200}],
    [{"name": "T1", "unit": "ms", "value": 0.2}, {"name": "T2", "unit": "us", "value": 450},
     {"name": "frequency", "unit": "MHz", "value": 4900}, {"name": "readout_error", "unit": "", "value": 0.01},
     {"name": "readout_length", "unit": "us", "value": 1.2}],
    [{"name": "T1", "unit": "us", "value": 300}, {"name": "T2", "unit": "us", "value": 200},
     {"name": "frequency", "unit": "GHz", "value": 5.0}, {"name": "readout_error", "unit": "", "value": 0.0005},
     {"name": "something_new", "unit": "parsec", "value": 1}],
    [{"name": "T1", "unit": "us", "value": 0}, {"name": "T2", "unit": "us", "value": 10}],
    [{"name": "T1", "unit": "us", "value": 50}, {"name": "T2", "unit": "us", "value": NaN}]],
  "gates": [
    {"gate": "sx", "qubits": [0], "parameters": [{"name": "gate_error", "unit": "", "value": 2e-4},
                                                  {"name": "gate_length", "unit": "ns", "value": 32}]},
    {"gate": "x", "qubits": [0], "parameters": [{"name": "gate_length", "unit": "ns", "value": 99}]},
    {"gate": "x", "qubits": [1], "parameters": [{"name": "gate_error", "unit": "", "value": 4e-4},
                                                 {"name": "gate_length", "unit": "ns", "value": 36}]},
    {"gate": "rz", "qubits": [0], "parameters": [{"name": "gate_error", "unit": "", "value": 0}]},
    {"gate": "cz", "qubits": [0, 1], "parameters": [{"name": "gate_error", "unit": "", "value": 4e-3},
                                                     {"name": "gate_length", "unit": "ns", "value": 68}]},
    {"gate": "cz", "qubits": [1, 2], "parameters": [{"name": "gate_error", "unit": "", "value": 1},
                                                     {"name": "gate_length", "unit": "ns", "value": 500}]}]
})";

template <typename Read>
std::string refusal_of(Read read, const std::string& text) {
    try {
        read(text);
    } catch (const UnreadableDocument& error) {
        return error.what();
    }
    return "";
}

bool mentions(const Device& device, std::string_view words) {
    for (const std::string& assumption : device.assumptions) {
        if (assumption.find(words) != std::string::npos) {
            return true;
        }
    }
    return false;
}

TEST(ibm_properties, typical_qubit_has_the_medians_in_internal_units) {
    Device device = read_ibm_properties(snapshot);
    EXPECT_EQ(device.name, "ibm_example");
    EXPECT_NE(device.description.find("2025-02-01"), std::string::npos);
    EXPECT_NE(device.description.find("3 of 5 qubits"), std::string::npos);
    EXPECT_DOUBLE_EQ(device.qubit.t1, 200);
    EXPECT_DOUBLE_EQ(device.qubit.t2, 200);
    EXPECT_DOUBLE_EQ(device.qubit.frequency, two_pi * 4900);
    EXPECT_DOUBLE_EQ(device.qubit.anharmonicity, two_pi * -310);
    EXPECT_DOUBLE_EQ(device.qubit.gate_duration, 0.034);
    EXPECT_DOUBLE_EQ(device.qubit.gate_error, 3e-4);
    EXPECT_DOUBLE_EQ(device.qubit.two_qubit_gate_duration, 0.068);
    EXPECT_DOUBLE_EQ(device.qubit.readout_duration, 1.2);
    EXPECT_DOUBLE_EQ(device.qubit.p0_given_1, 0.01);
    EXPECT_EQ(device.qubit.levels, 3);
    EXPECT_EQ(device.qubit.gamma_max, gamma_max_from_assignment_error(device.qubit));
}

TEST(ibm_properties, working_qubits_become_individuals_with_their_own_figures) {
    Device device = read_ibm_properties(snapshot);
    ASSERT_EQ(device.calibrated_qubits.size(), 3u);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[0].gate_duration, 0.032);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[0].p0_given_1, 0.025);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[1].t1, 200);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[1].t2, 400);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[1].gate_duration, 0.036);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[2].gate_duration, 0.034);
    EXPECT_DOUBLE_EQ(device.calibrated_qubits[2].two_qubit_gate_error, 4e-3);
    EXPECT_EQ(make_register(device, 4, 0)[1].qubit, device.calibrated_qubits[1]);
    EXPECT_EQ(read_device(write_device(device)).calibrated_qubits.size(), 3u);
}

TEST(ibm_properties, assumptions_say_what_was_missing_cut_and_left_out) {
    Device device = read_ibm_properties(snapshot);
    EXPECT_TRUE(mentions(device, "Qubits left out: 3 (T1 0 in the snapshot), 4 (T2 missing)."));
    EXPECT_TRUE(mentions(device, "T2 above 2 T1 was cut to 2 T1 in qubit 1."));
    EXPECT_TRUE(mentions(device, "leaves out decay during the readout"));
    EXPECT_TRUE(mentions(device, "`efficiency` is assumed to be 0.5"));
    EXPECT_FALSE(mentions(device, "`anharmonicity_mhz` is assumed"));
    EXPECT_TRUE(mentions(device, "`anharmonicity_mhz` is the median of the others, -310, in qubits 1, 2: not in the"));
    Device bare = read_ibm_properties(R"({"qubits": [[{"name": "T1", "unit": "us", "value": 100},
                                                      {"name": "T2", "unit": "us", "value": 100}]]})");
    for (const char* figure : {"anharmonicity_mhz", "gate_ns", "two_qubit_gate_ns", "readout_ns", "p0_given_1"}) {
        EXPECT_TRUE(mentions(bare, "`" + std::string(figure) + "` is assumed to be")) << figure;
    }
    EXPECT_TRUE(mentions(bare, "`frequency_ghz` is not in the snapshot"));
}

TEST(ibm_properties, other_structures_are_refused_with_their_place) {
    auto refusal = [](const std::string& text) { return refusal_of(read_ibm_properties, text); };
    EXPECT_EQ(refusal("{}"), "Field `qubits` must be there, but is missing (at $.qubits)");
    EXPECT_EQ(refusal(R"({"qubits": []})"),
              "Field `qubits` must be qubits of which at least one works, but is empty (at $.qubits)");
    EXPECT_EQ(refusal(with_replaced(snapshot, "\"unit\": \"us\", \"value\": 100", "\"unit\": \"h\", \"value\": 100")),
              "Field `unit` must be one of 's', 'ms', 'us', '\u00b5s', '\u03bcs', 'ns', but is 'h' (at "
              "$.qubits[0][0].unit)");
    EXPECT_EQ(refusal(with_replaced(snapshot, "\"value\": 0.2}", "\"value\": \"0.2\"}")),
              "Field `value` must be a number, but is a string (at $.qubits[1][0].value)");
    EXPECT_EQ(refusal(with_replaced(snapshot, "[0, 1]", "[0, 7]")),
              "Field `qubits[1]` must be the number of a qubit below 5, but is 7 (at $.gates[4].qubits[1])");
    for (std::size_t length = 0; length < snapshot.size() - 1; length += 3) {
        EXPECT_NE(refusal(snapshot.substr(0, length)), "") << length;
    }
}

const std::string characterization = R"({
  "id": "x", "backend": "qpu.aria-1", "date": "2024-05-01", "qubits": 25,
  "fidelity": {"1q": {"median": 0.9995, "stderr": null}, "2q": {"mean": 0.996}, "spam": {"median": 0.9961}},
  "timing": {"t1": 100, "t2": 1, "1q": 0.000135, "2q": 0.0006, "readout": 0.00015, "reset": 2e-5}})";

TEST(ionq_characterization, seconds_and_fidelities_become_a_device) {
    Device device = read_ionq_characterization(characterization);
    EXPECT_EQ(device.name, "qpu.aria-1");
    EXPECT_EQ(device.qubit.levels, 2);
    EXPECT_DOUBLE_EQ(device.qubit.t1, 1e8);
    EXPECT_DOUBLE_EQ(device.qubit.t2, 1e6);
    EXPECT_DOUBLE_EQ(device.qubit.gate_duration, 135);
    EXPECT_DOUBLE_EQ(device.qubit.two_qubit_gate_duration, 600);
    EXPECT_DOUBLE_EQ(device.qubit.readout_duration, 150);
    EXPECT_NEAR(device.qubit.gate_error, 5e-4, 1e-12);
    EXPECT_NEAR(device.qubit.two_qubit_gate_error, 4e-3, 1e-12);
    EXPECT_NEAR(device.qubit.assignment_error(), 3.9e-3, 1e-12);
    EXPECT_FALSE(mentions(device, "t1_us"));
    device.check();
}

TEST(ionq_characterization, missing_figures_are_named_and_wrong_ones_refused) {
    Device device = read_ionq_characterization(R"({"backend": "qpu.aria-2", "timing": {}})");
    EXPECT_TRUE(mentions(device, "`gate_ns` is assumed to be 135000"));
    auto refusal = [](const std::string& text) { return refusal_of(read_ionq_characterization, text); };
    EXPECT_EQ(refusal(with_replaced(characterization, "0.9995", "1.2")),
              "Field `median` must be greater than 0 and at most 1, but is 1.2 (at $.fidelity.1q.median)");
    EXPECT_EQ(refusal(with_replaced(characterization, "\"t1\": 100", "\"t1\": \"long\"")),
              "Field `t1` must be a number, but is a string (at $.timing.t1)");
    EXPECT_NE(refusal("[]"), "");
    for (std::size_t length = 0; length < characterization.size() - 1; ++length) {
        EXPECT_NE(refusal(characterization.substr(0, length)), "") << length;
    }
}

}  // namespace
}  // namespace synqc
