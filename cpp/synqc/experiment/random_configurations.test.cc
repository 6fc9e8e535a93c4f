#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <string>

#include "synqc/control/controller.h"
#include "synqc/experiment/experiment.h"
#include "synqc/experiment/shot_batch.h"
#include "synqc/linalg/channel.h"
#include "synqc/parallel/blocked_loop.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

/// A million in the optimised build; the sanitizers see a smaller sample of the same sequence.
Index configurations() {
    if (const char* asked = std::getenv("SYNQC_RANDOM_CONFIGURATIONS")) {
        return std::atoll(asked);
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 3'000;
#else
    return 50'000;
#endif
}

constexpr Seed property_seed = 2026;

Real log_uniform(PhiloxStream& chance, Real lowest, Real highest) {
    return lowest * std::exp(chance.uniform() * std::log(highest / lowest));
}

/// Valid, but reaching into every corner: 10 orders of magnitude in times, all shapes, rules, targets and mappings.
ExperimentRequest random_request(PhiloxStream& chance) {
    auto chosen = [&](auto list) { return *(list.begin() + static_cast<Index>(chance.integer(list.size()))); };
    auto rarely = [&](Real probability) { return chance.uniform() < probability; };
    ExperimentRequest request;
    Qubit& qubit = request.device.qubit;
    request.device.name = "random";
    request.device.modality = "transmon";
    // Higher levels and qubits that decay during a gate take long to compile: seldom, but thousands of times.
    const bool lossy = rarely(0.003);
    qubit.levels = rarely(0.99) ? 2 : 2 + static_cast<Index>(chance.integer(4));
    qubit.gate_duration = log_uniform(chance, 1e-3, 1);
    qubit.t1 = qubit.gate_duration * log_uniform(chance, lossy ? 0.5 : 50, 1e9);
    qubit.t2 = rarely(0.2)
                   ? 2 * qubit.t1
                   : std::max((lossy ? 0.1 : 20) * qubit.gate_duration, 2 * qubit.t1 * log_uniform(chance, 1e-6, 1));
    qubit.equilibrium_population = rarely(0.5) ? 0 : 0.499 * chance.uniform();
    qubit.prepared_population = rarely(0.5) ? 0 : 0.499 * chance.uniform();
    qubit.anharmonicity = qubit.levels == 2 && rarely(0.2)
                              ? 0
                              : (rarely(0.5) ? 1 : -1) * log_uniform(chance, 0.1, 100) / qubit.gate_duration;
    qubit.readout_duration = log_uniform(chance, 1e-2, 1e3);
    qubit.p0_given_1 = rarely(0.3) ? 0 : 0.45 * chance.uniform();
    qubit.p1_given_0 = rarely(0.3) ? 0 : 0.45 * chance.uniform();
    qubit.two_qubit_gate_duration = rarely(0.3) ? 0 : log_uniform(chance, 1e-2, 1);
    qubit.two_qubit_gate_error = rarely(0.3) ? 0 : 0.1 * chance.uniform();
    qubit.efficiency = rarely(0.3) ? 1 : log_uniform(chance, 1e-6, 1);
    qubit.gamma_max = log_uniform(chance, 1e-3, 1e3);
    request.device.spread = rarely(0.5) ? 0 : chance.uniform();
    request.device.detuning_scale = rarely(0.3) ? 0 : log_uniform(chance, 1e-4, 30);
    request.device.amplitude_error_scale = rarely(0.3) ? 0 : 0.3 * chance.uniform();
    request.target = target_from_name(chosen(target_names()));
    request.target.decision_latency = rarely(0.5) ? 0 : log_uniform(chance, 1e-3, 10);
    request.envelope =
        envelope_from_name(chosen(std::vector<std::string>{"square", "gaussian", "cosine", "drag", "flat-top"}));
    request.drag_beta = 2 * chance.uniform() - 0.5;
    // A third level this near makes the correction larger than the pulse, which is refused.
    const bool correctable = qubit.levels == 2 || std::abs(qubit.anharmonicity) * qubit.gate_duration > two_pi;
    request.drag_detuning = rarely(0.5) && correctable;
    request.edge_fraction = 0.01 + 0.49 * chance.uniform();
    request.first_angle = two_pi * (chance.uniform() - 0.5);
    request.second_angle = two_pi * (chance.uniform() - 0.5);
    request.first_axis = two_pi * (chance.uniform() - 0.5);
    request.second_axis = two_pi * (chance.uniform() - 0.5);
    request.probe_strength = rarely(0.1) ? 0 : rarely(0.1) ? 1 : chance.uniform();
    request.probe_duration = rarely(0.05) ? 0 : log_uniform(chance, 1e-3, 10);
    if (rarely(0.3) && !request.target.classical) {
        request.mapping = rarely(0.5) ? ProbeMapping::pulse : ProbeMapping::rate;
    }
    request.probe_bins = request.probe_mapping() == ProbeMapping::pulse ? 1 : 1 + static_cast<Index>(chance.integer(4));
    request.probe_steps = request.probe_bins * (1 + static_cast<Index>(chance.integer(8)));
    request.qubits = 1;
    request.device_seed = chance.bits();
    return request;
}

/// Text of the first thing that is not as it must be, or empty.
std::string fault_of_shots(const ExperimentRequest& request, PhiloxStream& chance) {
    std::vector<RegisterQubit> qubits = make_register(request.device, 1, request.device_seed);
    qubits[0].hidden.log_t1 = chance.uniform() < 0.5 ? 0 : 3 * (chance.uniform() - 0.5);
    ControlSettings settings{.theta1 = request.first_angle,
                             .theta2 = request.second_angle,
                             .phi1 = request.first_axis,
                             .phi2 = request.second_axis,
                             .drag_beta = request.drag_beta};
    PropagatorCache segments;
    const ShotBatch batch({&request, &qubits[0].qubit, qubits[0].hidden, settings}, {.seed = chance.bits()}, segments);
    constexpr Index shots = 4;
    ShotBlock block;
    BatchSums sums;
    std::uint8_t bits[shots];
    batch.simulate(chance.bits() >> 1, shots, block, sums, {.bits = bits});
    const Real rounding = 1e-9;
    for (Index shot = 0; shot < shots; ++shot) {
        Real trace = 0;
        for (Index level = 0; level < request.device.qubit.levels; ++level) {
            const Real population = block.states[static_cast<std::size_t>(level * block.lanes + shot)];
            if (!(population >= -rounding && population <= 1 + rounding)) {
                return "population " + std::to_string(population);
            }
            trace += population;
        }
        if (!(std::abs(trace - 1) <= rounding)) {
            return "trace " + std::to_string(trace);
        }
        for (Index row = 0; row < static_cast<Index>(block.states.size()) / block.lanes; ++row) {
            if (!std::isfinite(block.states[static_cast<std::size_t>(row * block.lanes + shot)])) {
                return "state";
            }
        }
        if (!std::isfinite(block.integrated[static_cast<std::size_t>(shot)])) {
            return "record";
        }
        if (bits[shot] > 1) {
            return "bit";
        }
    }
    const Real infidelity = sums.infidelity / shots;
    return infidelity >= -rounding && infidelity <= 1 + rounding ? "" : "infidelity " + std::to_string(infidelity);
}

std::string fault_of_run(ExperimentRequest request, PhiloxStream& chance) {
    const std::vector<std::string> rules = {"none",         "kalman",      "bayes",        "rl",
                                            "rl-reinforce", "nelder-mead", "random-search"};
    request.adaptive_rule = rules[chance.integer(rules.size())];
    request.device.drift.push_back({.kind = DriftKind::t1_ornstein_uhlenbeck, .correlation_time = 1, .log_sigma = 0.5});
    request.device.drift.push_back({.kind = DriftKind::t1_random_telegraph, .switching_rate = 10, .log_sigma = 0.3});
    RunControl control;
    const RunResult result = Experiment(request).run(
        {.shots = 1 + static_cast<Index>(chance.integer(120)), .iterations = 2, .seed = chance.bits(), .threads = 1},
        control);
    for (const Estimate& figure : {result.fidelity, result.backaction, result.information_bits, result.latency_us,
                                   result.objective_score, result.iterations.back().success}) {
        // A single evaluation shot shows no spread: its error, and no other, is unknown.
        const bool may_be_unknown = result.evaluation_shots == 1;
        if (!std::isfinite(figure.value) || !(std::isfinite(figure.standard_error) || may_be_unknown)) {
            return request.adaptive_rule + ": figure " + std::to_string(figure.value) + " ± " +
                   std::to_string(figure.standard_error);
        }
    }
    if (!(result.information_bits.value >= -1e-6 && result.information_bits.value <= 1 + 1e-6)) {
        return "information " + std::to_string(result.information_bits.value);
    }
    const TrackerState tracker = result.iterations.back().qubits.front().tracker;
    return std::isfinite(tracker.estimate) && std::isfinite(tracker.standard_deviation) ? "" : "tracker";
}

}  // namespace

TEST(random_configurations, no_valid_configuration_gives_a_nan_or_an_unphysical_state) {
    constexpr Index block_size = 100;
    constexpr Index full_run_every = 2000;
    const Index count = configurations();
    std::mutex mutex;
    std::string first_fault;
    RunControl control;
    for_each_block((count + block_size - 1) / block_size, 0, control, [&](Index block) {
        for (Index k = block * block_size; k < std::min(count, (block + 1) * block_size); ++k) {
            PhiloxStream chance(property_seed, 0, static_cast<ShotIndex>(k), 0);
            std::string fault;
            try {
                const ExperimentRequest request = random_request(chance);
                fault = fault_of_shots(request, chance);
                if (fault.empty() && k % full_run_every == 0) {
                    fault = fault_of_run(request, chance);
                }
            } catch (const std::exception& error) {
                fault = error.what();
            }
            if (!fault.empty()) {
                std::scoped_lock lock(mutex);
                first_fault =
                    "configuration " + std::to_string(k) + " of seed " + std::to_string(property_seed) + ": " + fault;
                control.stop_requested.store(true);
            }
        }
    });
    EXPECT_EQ(first_fault, "");
}
