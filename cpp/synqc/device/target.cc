#include "synqc/device/target.h"

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

// Published figures of classical control electronics, µs.
constexpr Real decision_in_fpga = 0.110;
constexpr Real input_output_path = 0.149;
constexpr Real trigger_propagation = 0.212;
constexpr Real fpga_to_server = 3.96;

// Log-normal spread that puts 95 % of the draws into one decade, e.g. 0.5 to 5 s.
constexpr Real one_decade = 0.587;

const char* const decision_source =
    "decision 0.110 µs: FPGA demodulation and state decision to trigger, Salathe et al. arXiv:1709.01030";
const char* const path_source =
    "path 0.149 µs: input/output path of a commercial sequencer, Qblox documentation v2026.04";
const char* const trigger_source =
    "result 0.212 µs: trigger propagation in a commercial sequencer network, Qblox documentation v2026.04";
const char* const networked_path_source =
    "path 0.361 µs: input/output path 0.149 µs and trigger propagation 0.212 µs, Qblox documentation v2026.04";
const char* const server_decision_source =
    "decision 3.96 µs: FPGA-server round trip, NVQLink arXiv:2510.25213; the provider publishes no figure";
const char* const server_result_source = "result 3.96 µs: FPGA-server round trip, NVQLink arXiv:2510.25213";
const char* const session_source =
    "network 1.6 s, 0.5 to 5 s: session iteration through a cloud service, order of magnitude";

Target local_target() {
    Target target;
    target.name = "sim-local";
    target.description = "Local simulation with the latencies of an FPGA control stack beside the device.";
    target.path_latency = input_output_path;
    target.decision_latency = decision_in_fpga;
    target.result_latency = trigger_propagation;
    target.sources = {path_source, decision_source, trigger_source};
    return target;
}

Target classical_target() {
    Target target = local_target();
    target.name = "classical-only";
    target.description =
        "The same control stack in front of a classical signal plant (a noisy decaying cosine, no collapse), for "
        "testing "
        "control code.";
    target.classical = true;
    return target;
}

Target cloud_target(std::string name, std::string description, Real queue_median, std::string queue_source) {
    Target target;
    target.name = std::move(name);
    target.description = std::move(description);
    target.emulated = true;
    target.mapping = ProbeMapping::pulse;
    target.path_latency = input_output_path + trigger_propagation;
    target.decision_latency = fpga_to_server;
    target.result_latency = fpga_to_server;
    target.network_median = 1.6;
    target.network_log_sigma = one_decade;
    target.queue_median = queue_median;
    target.queue_log_sigma = 1;
    target.sources = {networked_path_source, server_decision_source, server_result_source, session_source,
                      std::move(queue_source)};
    return target;
}

Target ibm_target() {
    Target target = cloud_target("ibm-qpu",
                                 "Emulated here with the figures of an IBM processor: the probe is an ancilla circuit "
                                 "of two CZ gates, iterations pass through a cloud session.",
                                 600, "queue 10 min: minutes to hours, order of magnitude");
    // Branching inside IBM's control electronics avoids the server: a decision as in an FPGA, over the trigger network.
    target.decision_latency = decision_in_fpga;
    target.sources[1] = decision_source;
    return target;
}

Target ionq_target() {
    Target target = cloud_target(
        "ionq",
        "Emulated here with the figures of an IonQ trapped-ion processor: the probe is an ancilla circuit with "
        "one ZZ gate; choose the ion-chain device for its gate times.",
        1800, "queue 30 min: minutes to hours, order of magnitude");
    target.native_zz = true;
    return target;
}

const std::vector<Target>& all_targets() {
    static const std::vector<Target> targets = {
        local_target(),
        classical_target(),
        ibm_target(),
        cloud_target(
            "aws-braket",
            "Emulated here with the figures of a digital processor behind Amazon Braket: the probe is an ancilla "
            "circuit, each iteration is a task.",
            300, "queue 5 min: minutes to hours, order of magnitude"),
        ionq_target(),
    };
    return targets;
}

}  // namespace

void Target::check() const {
    check_not_negative("path_latency_ns", path_latency);
    check_not_negative("decision_latency_ns", decision_latency);
    check_not_negative("result_latency_ns", result_latency);
    check_not_negative("network_median_s", network_median);
    check_not_negative("network_log_sigma", network_log_sigma);
    check_not_negative("queue_median_s", queue_median);
    check_not_negative("queue_log_sigma", queue_log_sigma);
}

const Target& target_from_name(std::string_view name) {
    std::string known;
    for (const Target& target : all_targets()) {
        if (target.name == name) {
            return target;
        }
        known.append(known.empty() ? "'" : ", '").append(target.name).append("'");
    }
    throw UnknownName("Argument `target` must be one of " + known + ", but is '" + std::string(name) + "'.");
}

std::vector<std::string> target_names() {
    std::vector<std::string> names;
    for (const Target& target : all_targets()) {
        names.push_back(target.name);
    }
    return names;
}

std::string_view name_of(ProbeMapping mapping) {
    switch (mapping) {
        case ProbeMapping::rate:
            return "rate";
        case ProbeMapping::pulse:
            return "pulse";
        case ProbeMapping::resonator:
            return "resonator";
    }
    throw InvalidArgument("Argument `mapping` must be a declared ProbeMapping.");
}

}  // namespace synqc
