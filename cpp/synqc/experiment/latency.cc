#include "synqc/experiment/latency.h"

#include <cmath>

#include "synqc/random/philox.h"

namespace synqc {

namespace {

constexpr std::uint32_t network_channel = 0xffff'fffe;

Real log_normal(Real median, Real log_sigma, PhiloxStream& stream) {
    return median > 0 ? median * std::exp(log_sigma * stream.normal()) : 0;
}

}  // namespace

std::vector<LatencyTerm> shot_latency_terms(const ExperimentRequest& request, bool waits) {
    const Qubit& qubit = request.device.qubit;
    const Target& target = request.target;
    std::vector<LatencyTerm> terms = {{"first drive", qubit.gate_duration},
                                      {"probe", request.probe_window() + request.entangling_time(qubit)}};
    if (waits && request.probes_through_ancilla()) {
        terms.push_back({"ancilla readout", qubit.readout_duration});
    }
    terms.push_back({"decision", waits ? target.path_latency + target.decision_latency : 0});
    terms.push_back({"second drive", qubit.gate_duration});
    terms.push_back({"readout", qubit.readout_duration});
    terms.push_back({"result path", target.result_latency});
    return terms;
}

Real draw_network_latency(const Target& target, Seed seed, std::uint32_t iteration) {
    PhiloxStream stream(seed, iteration, 0, network_channel);
    const Real network = log_normal(target.network_median, target.network_log_sigma, stream);
    return network + log_normal(target.queue_median, target.queue_log_sigma, stream);
}

}  // namespace synqc
