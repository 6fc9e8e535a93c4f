#include "synqc/json/device_document.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "synqc/base/errors.h"
#include "synqc/device/parameters.h"
#include "synqc/json/document.h"
#include "synqc/json/with_replaced.h"

namespace synqc {
namespace {

const std::string smallest = R"({"name": "a", "qubit": {"t1_us": 100, "t2_us": 80, "gate_ns": 24, "readout_ns": 500}})";

const std::string full = R"({
  "name": "everything", "modality": "fluxonium", "description": "Quotes \" and \\ and \u0001 and µs.",
  "sources": ["one", "two"], "assumptions": ["three"],
  "qubit": {"levels": 3, "t1_us": 700, "t2_us": 500, "thermal_population": 0.23, "prepared_population": 0.02,
            "frequency_ghz": 0.4999, "anharmonicity_mhz": 2930.1, "gate_ns": 20, "gate_error": 1e-4,
            "two_qubit_gate_ns": 60, "two_qubit_gate_error": 0.00125, "readout_ns": 500, "p0_given_1": 0.0202,
            "p1_given_0": 0.0198, "efficiency": 0.4, "gamma_max_per_us": 11.3,
            "level_energies_mhz": [0, 0, 2930.1, 4884.2], "lowering_elements": [[0, 1, 0, 0], [0, 0, 4.14, 0],
                                                                               [0, 0, 0, 3.1], [0, 0, 0, 0]]},
  "spread": 0.2, "detuning_scale_khz": 20, "amplitude_error_scale": 0.01, "detuning_khz": -250.3, "amplitude_error": 0.05,
  "drift": [{"kind": "ornstein-uhlenbeck", "sigma_khz": 0.4, "correlation_time_s": 100},
            {"kind": "random-telegraph", "sigma_khz": 0.6, "switching_rate_per_s": 0.1},
            {"kind": "random-walk", "diffusion_khz2_per_s": 0.003},
            {"kind": "one-over-f", "sigma_khz": 0.7, "shortest_time_s": 0.01, "correlation_time_s": 1000}],
  "resonator": {"kappa_mhz": 5.3, "chi_mhz": [0.7, -0.6, -2.1], "drive_mhz": 2.2, "detuning_mhz": -0.3, "phase": 0.4,
                "efficiency": 0.45, "delay_ns": 120.5, "thermal_photons": 0.01, "critical_photons": null},
  "individuals": [{"t1_us": 613.7, "gate_ns": 21.3}, {}]
})";

/// The refusal's message, or empty if the document is read.
std::string refusal_of_device(const std::string& text) {
    try {
        read_device(text);
    } catch (const UnreadableDocument& error) {
        EXPECT_NE(std::string(error.what()).find("(at " + error.path + ")"), std::string::npos);
        return error.what();
    }
    return "";
}

TEST(device_document, public_units_become_internal_ones) {
    Device device = read_device(full);
    EXPECT_EQ(device.name, "everything");
    EXPECT_EQ(device.sources, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(device.qubit.levels, 3);
    EXPECT_EQ(device.qubit.t1, 700);
    EXPECT_DOUBLE_EQ(device.qubit.frequency, two_pi * 499.9);
    EXPECT_DOUBLE_EQ(device.qubit.anharmonicity, two_pi * 2930.1);
    EXPECT_DOUBLE_EQ(device.qubit.gate_duration, 0.020);
    EXPECT_DOUBLE_EQ(device.qubit.readout_duration, 0.5);
    EXPECT_EQ(device.qubit.gamma_max, 11.3);
    EXPECT_EQ(device.qubit.level_energies.size(), 3u);
    EXPECT_EQ(device.qubit.lowering_elements[5], 4.14);
    EXPECT_DOUBLE_EQ(*device.exact_detuning, two_pi * -0.2503);
    EXPECT_DOUBLE_EQ(device.drift[0].sigma, two_pi * 0.4e-3);
    EXPECT_DOUBLE_EQ(device.drift[2].diffusion, std::pow(two_pi * 1e-3, 2) * 0.003);
    EXPECT_DOUBLE_EQ(device.resonator->linewidth, two_pi * 5.3);
    EXPECT_DOUBLE_EQ(device.resonator->shifts[2], two_pi * -2.1);
    EXPECT_DOUBLE_EQ(device.resonator->delay, 0.1205);
    EXPECT_TRUE(std::isinf(device.resonator->critical_photons));
    EXPECT_EQ(device.calibrated_qubits[0].t1, 613.7);
    EXPECT_EQ(device.calibrated_qubits[0].t2, 500);
    EXPECT_EQ(device.calibrated_qubits[1], device.qubit);
}

TEST(device_document, what_was_written_reads_back_equal) {
    std::string eternal =
        with_replaced(with_replaced(full, "\"t1_us\": 700, \"t2_us\": 500", "\"t1_us\": null, \"t2_us\": null"),
                      "\"t1_us\": 613.7", "\"t1_us\": null");
    for (const std::string& text : {smallest, full, eternal}) {
        Device device = read_device(text);
        std::string written = write_device(device);
        EXPECT_EQ(read_device(written), device) << written;
        EXPECT_EQ(write_device(read_device(written)), written);
    }
    EXPECT_TRUE(std::isinf(read_device(eternal).qubit.t1));
}

TEST(device_document, endless_coherence_needs_endless_relaxation) {
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "80", "null")),
              "Argument `t2_us` must be at most 2 * t1_us = 200, but is inf (at $.qubit)");
}

TEST(device_document, measurement_rate_left_out_is_derived_from_the_assignment_error) {
    Device device = read_device(with_replaced(smallest, "\"gate_ns\": 24", R"("gate_ns": 24, "p0_given_1": 0.04)"));
    EXPECT_EQ(device.qubit.gamma_max, gamma_max_from_assignment_error(device.qubit));
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "\"gate_ns\": 24", R"("gate_ns": 24, "p0_given_1": 0.002)")),
              "Argument `assignment error` must be greater than the readout's decay error 0.00125, but is 0.001 (at "
              "$.qubit)");
}

TEST(device_document, refusals_name_the_place_the_duty_and_the_fact) {
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "100", "\"100\"")),
              "Field `t1_us` must be a number, but is a string (at $.qubit.t1_us)");
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "100", "-3")),
              "Argument `t1_us` must be greater than 0, but is -3 (at $.qubit.t1_us)");
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "80", "201")),
              "Argument `t2_us` must be at most 2 * t1_us = 200, but is 201 (at $.qubit)");
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "\"gate_ns\": 24, ", "")),
              "Field `gate_ns` must be there, but is missing (at $.qubit.gate_ns)");
    EXPECT_EQ(refusal_of_device(R"({"qubit": {}})"), "Field `name` must be there, but is missing (at $.name)");
    EXPECT_EQ(
        refusal_of_device(with_replaced(smallest, "\"name\"", "\"nmae\"")),
        "Field `nmae` must be one of `name`, `modality`, `description`, `sources`, `assumptions`, `qubit`, `spread`, "
        "`detuning_scale_khz`, `amplitude_error_scale`, `detuning_khz`, `amplitude_error`, `drift`, `resonator`, "
        "`individuals`, but is none of them (at $.nmae)");
    EXPECT_EQ(refusal_of_device(with_replaced(smallest, "24", "24, \"gate_ns\": 25")),
              "Field `gate_ns` must be there once, but is repeated (at $.qubit.gate_ns)");
    EXPECT_EQ(refusal_of_device("[]"), "Field `$` must be an object, but is a list (at $)");
    EXPECT_EQ(refusal_of_device(with_replaced(full, "\"random-walk\"", "\"walk\"")),
              "Argument `kind` must be one of 'ornstein-uhlenbeck', 'random-walk', 'random-telegraph', 'one-over-f', "
              "'t1-ornstein-uhlenbeck', 't1-random-telegraph', but is "
              "'walk' (at $.drift[2].kind)");
    EXPECT_EQ(refusal_of_device(with_replaced(full, "\"switching_rate_per_s\"", "\"correlation_time_s\"")),
              "Field `switching_rate_per_s` must be there, but is missing (at $.drift[1].switching_rate_per_s)");
    EXPECT_EQ(refusal_of_device(with_replaced(full, "[0, 0, 4.14, 0]", "[0, 0, 4.14]")),
              "Field `lowering_elements[1]` must be as long as there are rows, but is 3 values (at "
              "$.qubit.lowering_elements[1])");
    EXPECT_EQ(refusal_of_device(with_replaced(full, "\"levels\": 3", "\"levels\": 5")),
              "Argument `levels` must be between 2 and 4, but is 5 (at $.qubit.levels)");
    EXPECT_EQ(refusal_of_device(with_replaced(full, "\"levels\": 3", "\"levels\": 2.5")),
              "Field `levels` must be a whole number, but is 2.5 (at $.qubit.levels)");
}

TEST(device_document, every_beginning_of_a_document_is_refused) {
    for (std::size_t length = 0; length < full.size() - 1; ++length) {
        EXPECT_NE(refusal_of_device(full.substr(0, length)), "") << length;
    }
}

TEST(device_document, garbage_is_refused_without_a_crash) {
    for (const std::string& text :
         {std::string(), std::string("   "), std::string("nul"), std::string("\0\0", 2), std::string("\xff\xfe{}"),
          std::string("{\"name\": \"\xc3\"}"), std::string("{} {}"), std::string("1e400"), std::string("NaN"),
          with_replaced(smallest, "100", "NaN"), with_replaced(smallest, "100", "1e999"),
          with_replaced(smallest, "100", std::string(400, '9')), with_replaced(smallest, "100", "Infinity"),
          with_replaced(smallest, "100", "01"), std::string(100000, '['), std::string(100000, '{'),
          "{\"name\":" + std::string(5000, '[') + std::string(5000, ']') + "}"}) {
        EXPECT_NE(refusal_of_device(text), "") << text.substr(0, 60);
    }
}

TEST(device_document, every_value_of_every_wrong_type_is_refused_or_read) {
    for (std::string other : {"null", "true", "\"text\"", "[]", "{}", "[1, [2]]", "-1", "0", "1e300", "-1e300",
                              "5e-324", "9007199254740993"}) {
        std::size_t at = 0;
        while ((at = full.find(": ", at)) != std::string::npos) {
            at += 2;
            std::size_t end = full.find_first_of(",}\n", at);
            std::string changed = full.substr(0, at) + other + full.substr(end);
            try {
                Device device = read_device(changed);
                device.check();
                EXPECT_EQ(read_device(write_device(device)).qubit.levels, device.qubit.levels);
            } catch (const UnreadableDocument&) {
            }
        }
    }
}

TEST(device_document, every_shipped_device_is_sourced_legal_and_reads_back_equal) {
    int devices = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SYNQC_DATA_DIR "/devices")) {
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        Device device = read_device(text.str());
        EXPECT_EQ(device.name + ".json", entry.path().filename());
        EXPECT_FALSE(device.sources.empty()) << device.name;
        EXPECT_FALSE(device.description.empty()) << device.name;
        EXPECT_EQ(read_device(write_device(device)), device) << device.name;
        EXPECT_EQ(std::ssize(make_register(device, 4, 0)), 4) << device.name;
        ++devices;
    }
    EXPECT_EQ(devices, 9);
}

TEST(document, words_that_are_no_numbers_become_null_only_outside_strings) {
    Document document(R"({"a": NaN, "b": [Infinity, -Infinity], "c": "NaN \" Infinity"})", NotANumber::read_as_null);
    EXPECT_TRUE(document.root().at("a").is_null());
    EXPECT_TRUE(document.root().at("b").items()[1].is_null());
    EXPECT_EQ(document.root().at("c").text(), "NaN \" Infinity");
    EXPECT_THROW(Document("{\"a\": \"NaN\\", NotANumber::read_as_null), UnreadableDocument);
    EXPECT_THROW(Document("[NaN]"), UnreadableDocument);
}

}  // namespace
}  // namespace synqc
