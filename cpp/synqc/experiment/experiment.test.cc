#include "synqc/experiment/experiment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "synqc/base/errors.h"
#include "synqc/dynamics/qubit_channels.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/latency.h"
#include "synqc/experiment/probe_plan.h"
#include "synqc/experiment/shot_batch.h"

using namespace synqc;

namespace {

constexpr Real forever = 1e12;  // µs

/// A qubit that only the probe touches.
Qubit quiet_qubit() {
    Qubit qubit;
    qubit.t1 = forever;
    qubit.t2 = forever;
    qubit.gate_duration = 0.02;
    qubit.gamma_max = 5;
    return qubit;
}

ExperimentRequest quiet_request() {
    ExperimentRequest request;
    request.device.name = "quiet";
    request.device.modality = "transmon";
    request.device.qubit = quiet_qubit();
    request.target = target_from_name("sim-local");
    request.target.path_latency = 0;
    request.target.decision_latency = 0;
    request.envelope = EnvelopeShape::square;
    request.probe_strength = 0.5;
    request.probe_duration = 1;
    request.qubits = 2;
    return request;
}

/// A transmon-like device with everything switched on.
ExperimentRequest busy_request() {
    ExperimentRequest request = quiet_request();
    Device& device = request.device;
    device.qubit.levels = 3;
    device.qubit.t1 = 50;
    device.qubit.t2 = 40;
    device.qubit.anharmonicity = -two_pi * 310;
    device.qubit.equilibrium_population = 0.02;
    device.qubit.prepared_population = 0.01;
    device.qubit.p0_given_1 = 0.02;
    device.qubit.p1_given_0 = 0.01;
    device.qubit.efficiency = 0.5;
    device.spread = 0.2;
    device.detuning_scale = two_pi * 0.1;
    device.amplitude_error_scale = 0.01;
    device.drift = {{.kind = DriftKind::ornstein_uhlenbeck, .sigma = two_pi * 2e-3, .correlation_time = 5}};
    request.target.decision_latency = 0.2;
    request.envelope = EnvelopeShape::drag;
    request.probe_bins = 4;
    return request;
}

RunResult run(const ExperimentRequest& request, RunRequest how) {
    RunControl control;
    return Experiment(request).run(how, control);
}

void expect_same_bytes(const RunResult& one, const RunResult& other) {
    EXPECT_EQ(one.fidelity.value, other.fidelity.value);
    EXPECT_EQ(one.fidelity.standard_error, other.fidelity.standard_error);
    EXPECT_EQ(one.bits, other.bits);
    ASSERT_EQ(one.records_i.size(), other.records_i.size());
    EXPECT_EQ(std::memcmp(one.records_i.data(), other.records_i.data(), one.records_i.size() * sizeof(Real)), 0);
    EXPECT_EQ(std::memcmp(one.records_q.data(), other.records_q.data(), one.records_q.size() * sizeof(Real)), 0);
    EXPECT_EQ(one.checkpoint.controllers, other.checkpoint.controllers);
    EXPECT_EQ(one.checkpoint.drift, other.checkpoint.drift);
}

}  // namespace

TEST(experiment, bytes_do_not_depend_on_threads) {
    for (const char* rule : {"none", "kalman", "bayes", "rl"}) {
        SCOPED_TRACE(rule);
        ExperimentRequest request = busy_request();
        request.adaptive_rule = rule;
        // Every candidate of a learner compiles its own pulses: fewer shots keep its rounds few.
        const Index shots = request.adaptive_rule == "rl" ? 1101 : 5001;
        RunRequest how{.shots = shots, .iterations = 2, .seed = 11, .keep_records = true, .threads = 1};
        const RunResult alone = run(request, how);
        for (int threads : {2, 7}) {
            how.threads = threads;
            expect_same_bytes(alone, run(request, how));
        }
    }
}

TEST(experiment, second_run_of_one_experiment_repeats_the_first) {
    const Experiment experiment(busy_request());
    RunControl first_control;
    RunControl second_control;
    const RunRequest how{.shots = 3000, .iterations = 2, .seed = 5, .keep_records = true};
    expect_same_bytes(experiment.run(how, first_control), experiment.run(how, second_control));
}

TEST(experiment, carrying_on_equals_one_longer_run_in_what_the_device_does) {
    ExperimentRequest request = busy_request();
    const Experiment experiment(request);
    RunControl control;
    const RunResult first = experiment.run({.shots = 2000, .seed = 3}, control);
    const RunResult second = experiment.run({.shots = 2000, .seed = 3}, control, first.checkpoint);
    EXPECT_GT(second.checkpoint.device_time, first.checkpoint.device_time);
    EXPECT_EQ(second.iterations.front().device_time, second.checkpoint.device_time);
}

TEST(experiment, perfect_feed_forward_undoes_the_measurement_for_every_strength) {
    for (Real strength : {0.05, 0.2, 0.5, 0.8, 1.0}) {
        SCOPED_TRACE(strength);
        ExperimentRequest request = quiet_request();
        request.probe_strength = strength;
        request.adaptive_rule = "bayes";
        const RunResult result = run(request, {.shots = 4000, .seed = 21});
        // What remains is the generator's angle step, at most (pi / 1024)^2 / 4.
        EXPECT_NEAR(result.fidelity.value, 1, 3e-6);
    }
}

TEST(experiment, without_feed_forward_fidelity_falls_by_the_backaction) {
    ExperimentRequest request = quiet_request();
    const RunResult result = run(request, {.shots = 40000, .seed = 22});
    const Real g = 0.25 * 5 * 1;
    EXPECT_NEAR(result.probe.strength_g, g, 1e-12);
    EXPECT_NEAR(result.backaction.value, (1 - std::exp(-g)) / 2, 1e-9);
    // D2 turns the surviving coherence into population of |1>.
    EXPECT_NEAR(result.fidelity.value, (1 + std::exp(-g)) / 2, 4 * result.fidelity.standard_error + 1e-9) << "seed 22";
}

TEST(experiment, probe_of_no_strength_or_no_length_is_no_probe) {
    ExperimentRequest off = busy_request();
    off.probe_strength = 0;
    const RunResult silent = run(off, {.shots = 1000, .seed = 4});
    EXPECT_EQ(silent.backaction.value, 0);
    EXPECT_EQ(silent.information_bits.value, 0);
    EXPECT_EQ(silent.probe.regime, "off");

    ExperimentRequest instant = busy_request();
    instant.probe_duration = 0;
    ExperimentRequest instant_and_weak = instant;
    instant_and_weak.probe_strength = 0;
    const RunResult without = run(instant_and_weak, {.shots = 1000, .seed = 4});
    const RunResult with = run(instant, {.shots = 1000, .seed = 4});
    EXPECT_EQ(with.fidelity.value, without.fidelity.value);
    EXPECT_EQ(with.bits, without.bits);
}

TEST(experiment, backaction_does_not_depend_on_efficiency_and_information_vanishes_with_it) {
    ExperimentRequest sharp = quiet_request();
    ExperimentRequest blind = quiet_request();
    blind.device.qubit.efficiency = 1e-6;
    const RunResult seen = run(sharp, {.shots = 10, .seed = 1});
    const RunResult unseen = run(blind, {.shots = 10, .seed = 1});
    EXPECT_EQ(seen.backaction.value, unseen.backaction.value);
    EXPECT_LT(unseen.information_bits.value, 1e-5);
    EXPECT_GT(seen.information_bits.value, 0.5);
}

TEST(experiment, latency_lets_the_waiting_qubit_decay) {
    ExperimentRequest request = quiet_request();
    request.device.qubit.t1 = 20;
    request.device.qubit.t2 = 20;
    request.adaptive_rule = "bayes";
    const RunResult prompt = run(request, {.shots = 4000, .seed = 8});
    request.target.decision_latency = 5;
    const RunResult late = run(request, {.shots = 4000, .seed = 8});
    EXPECT_LT(late.fidelity.value, prompt.fidelity.value - 0.05);
    EXPECT_NEAR(late.latency_us.value - prompt.latency_us.value, 5, 1e-12);
}

TEST(experiment, tracker_removes_the_loss_a_detuning_causes) {
    ExperimentRequest request = quiet_request();
    request.probe_strength = 0.02;
    request.device.exact_detuning = two_pi * 0.25;
    request.device.detuning_scale = two_pi * 0.2;
    request.device.qubit.t1 = 100;
    request.device.qubit.t2 = 80;
    const RunResult fixed = run(request, {.shots = 2000, .iterations = 6, .seed = 31});
    for (const char* rule : {"kalman", "bayes"}) {
        SCOPED_TRACE(rule);
        request.adaptive_rule = rule;
        const RunResult tracked = run(request, {.shots = 2000, .iterations = 6, .seed = 31});
        const Real error = std::hypot(fixed.fidelity.standard_error, tracked.fidelity.standard_error);
        EXPECT_GT(tracked.fidelity.value, fixed.fidelity.value + 4 * error + 0.1);
        for (const QubitIteration& qubit : tracked.iterations.back().qubits) {
            EXPECT_NEAR(qubit.tracker.estimate, two_pi * 0.25, 0.02 * two_pi * 0.25);
        }
    }
}

TEST(experiment, trackers_know_how_far_a_fast_drift_may_have_gone) {
    // 60 kHz in 50 ms: within one batch the detuning moves by tens of kHz, and a tracker must say so.
    ExperimentRequest request = quiet_request();
    request.device.qubit.t1 = 100;
    request.device.qubit.t2 = 80;
    request.device.detuning_scale = two_pi * 0.05;
    request.device.drift = {{.kind = DriftKind::ornstein_uhlenbeck, .sigma = two_pi * 0.06, .correlation_time = 0.05}};
    request.qubits = 4;
    request.probe_strength = 0.02;
    for (const char* rule : {"kalman", "bayes"}) {
        SCOPED_TRACE(rule);
        request.adaptive_rule = rule;
        const RunResult tracked = run(request, {.shots = 2000, .iterations = 20, .seed = 12});
        Real squares = 0;
        Index count = 0;
        for (const Iteration& iteration : tracked.iterations) {
            for (const QubitIteration& qubit : iteration.qubits) {
                const Real error = qubit.tracker.estimate - qubit.true_detuning;
                squares += std::pow(error / qubit.tracker.standard_deviation, 2);
                ++count;
            }
        }
        // 80 correlated samples; errors within a batch are not quite normal because the qubit moves while it is
        // measured.
        EXPECT_LT(std::sqrt(squares / static_cast<Real>(count)), 1.5) << "seed 12";
        EXPECT_GT(std::sqrt(squares / static_cast<Real>(count)), 0.6) << "seed 12";
    }
}

TEST(experiment, stop_returns_a_partial_result_within_50_ms) {
    ExperimentRequest request = busy_request();
    const Experiment experiment(request);
    Real shortest_wait = 1;  // s; the shortest of several, for the machine may be busy otherwise
    Index most_shots = 0;    // likewise: a busy machine may end no block before it is asked to stop
    for (int attempt = 0; attempt < 5 && (shortest_wait >= 0.05 || most_shots == 0); ++attempt) {
        RunControl control;
        std::chrono::steady_clock::time_point asked;
        std::thread stopper([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            asked = std::chrono::steady_clock::now();
            control.stop_requested.store(true);
        });
        const RunResult result = experiment.run({.shots = 200'000'000, .seed = 1, .keep_bits = false}, control);
        const auto answered = std::chrono::steady_clock::now();
        stopper.join();
        EXPECT_TRUE(result.partial);
        ASSERT_LE(result.iterations.size(), 1u);
        for (const Iteration& iteration : result.iterations) {
            most_shots = std::max(most_shots, iteration.qubits.front().shots);
        }
        shortest_wait = std::min(shortest_wait, std::chrono::duration<Real>(answered - asked).count());
    }
    EXPECT_GT(most_shots, 0);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(shortest_wait, 0.05);
#endif
}

TEST(experiment, user_rule_sets_controls_and_corrects_shots_from_records) {
    ExperimentRequest request = quiet_request();
    const Experiment experiment(request);
    RunControl control;
    Index seen_shots = 0;
    ExternalRule rule;
    rule.settings = [](Index, const ControlSettings& ideal, const QubitIteration* previous) {
        ControlSettings settings = ideal;
        settings.theta2 = previous ? ideal.theta2 : 0;
        return settings;
    };
    rule.second_angle_corrections = [&](const RecordChunk& chunk, Real* corrections) {
        seen_shots += chunk.shots;
        // Two levels at eta = 1 without decay: the conditioned state lies at angle atan(sinh u) from the equator, where
        // u = record * T / tau_m and T / tau_m = 2 g.
        for (Index shot = 0; shot < chunk.shots; ++shot) {
            corrections[shot] = std::atan(std::sinh(chunk.records[shot] * 2 * 1.25));
        }
    };
    const RunResult result = experiment.run({.shots = 3000, .iterations = 2, .seed = 6}, control, {}, &rule);
    EXPECT_EQ(seen_shots, 2 * 2 * 3000);
    EXPECT_EQ(result.iterations[0].qubits[0].settings.theta2, 0);
    EXPECT_NEAR(result.fidelity.value, 1, 3e-6);
}

TEST(experiment, ancilla_probe_has_the_instruments_backaction) {
    ExperimentRequest request = quiet_request();
    request.mapping = ProbeMapping::pulse;
    request.probe_strength = 0.6;
    const RunResult result = run(request, {.shots = 20000, .seed = 17});
    EXPECT_NEAR(result.backaction.value, (1 - std::sqrt(1 - 0.36)) / 2, 1e-9);
    EXPECT_NEAR(result.probe.equivalent_strength, 0.6, 1e-12);
    EXPECT_NEAR(result.fidelity.value, (1 + 0.8) / 2, 4 * result.fidelity.standard_error + 1e-9) << "seed 17";
    request.adaptive_rule = "bayes";
    // Angles are rounded, and the drive is off by what the tracker does not know.
    const RunResult fed_back = run(request, {.shots = 2000, .seed = 17});
    Real off = 0;
    for (const QubitIteration& qubit : fed_back.iterations.back().qubits) {
        const Real here = std::abs(qubit.tracker.estimate - qubit.true_detuning);
        EXPECT_LT(here, 4 * qubit.tracker.standard_deviation) << "seed 17";
        off = std::max(off, here);
    }
    EXPECT_NEAR(fed_back.fidelity.value, 1, 3e-6 + std::pow(off * fed_back.cycle_time / 2, 2)) << "seed 17";
}

TEST(shot_batch, what_is_hidden_reaches_the_belief_through_the_outcome_alone) {
    ExperimentRequest request = busy_request();
    request.mapping = ProbeMapping::pulse;
    request.probe_strength = 0.6;
    request.target.decision_latency = 3;
    ControlSettings settings;
    settings.feed_forward = FeedForward::bayes;
    const auto shots_with = [&](const HiddenCalibration& hidden) {
        PropagatorCache segments;
        ShotBlock block;
        ShotBatch({&request, &request.device.qubit, hidden, settings}, {.seed = 9}, segments)
            .drive_and_probe(0, ShotBatch::block_shots, false, block);
        return block;
    };
    const ShotBlock known = shots_with({});
    const ShotBlock hidden = shots_with({.detuning = 0.6, .amplitude_error = 0.2, .log_t1 = -1});
    ASSERT_NE(known.states, hidden.states);
    Index same = 0;
    for (Index shot = 0; shot < known.shots; ++shot) {
        if (known.integrated[shot] == hidden.integrated[shot]) {
            ++same;
            for (std::size_t row = 0; row < known.beliefs.size() / known.lanes; ++row) {
                const std::size_t place = row * known.lanes + shot;
                ASSERT_EQ(known.beliefs[place], hidden.beliefs[place]) << "shot " << shot << ", coordinate " << row;
            }
        }
    }
    EXPECT_GT(same, known.shots / 2);
}

TEST(shot_batch, every_seed_iteration_qubit_and_purpose_has_noise_of_its_own) {
    const ExperimentRequest request = quiet_request();
    const std::vector<BatchStreams> streams{{.seed = 1},
                                            {.seed = 2},
                                            {.seed = 1, .iteration = 1},
                                            {.seed = 1, .qubit = 1},
                                            {.seed = 1, .purpose = 1},
                                            {.seed = 1, .purpose = 2},
                                            {.seed = 1, .qubit = 1, .purpose = 1}};
    PropagatorCache segments;
    std::vector<std::vector<Real>> records;
    for (const BatchStreams& one : streams) {
        ShotBlock block;
        ShotBatch({&request, &request.device.qubit, {}, {}}, one, segments)
            .drive_and_probe(0, ShotBatch::block_shots, false, block);
        for (const std::vector<Real>& other : records) {
            // Unlike in every shot, not in some alone.
            for (Index shot = 0; shot < block.shots; ++shot) {
                ASSERT_NE(block.integrated[shot], other[shot]) << "shot " << shot << " of streams " << records.size();
            }
        }
        records.push_back(block.integrated);
    }
}

TEST(experiment, classical_plant_does_not_react_to_being_looked_at) {
    ExperimentRequest request = quiet_request();
    request.target = target_from_name("classical-only");
    const RunResult result = run(request, {.shots = 500, .seed = 2, .keep_records = true});
    EXPECT_EQ(result.backaction.value, 0);
    EXPECT_NEAR(result.fidelity.value, 1, 1e-9);
    EXPECT_GT(result.iterations[0].qubits[0].mean_record.standard_error, 0);
}

TEST(experiment, cost_law_counts_shots) {
    EXPECT_EQ(cost_law_shots(0.12), 836);
    EXPECT_EQ(cost_law_shots(0), 800);
    const RunResult result = run(quiet_request(), {.iterations = 3, .seed = 1});
    EXPECT_EQ(result.shots_used, 3 * 1100);
}

TEST(experiment, refusals_name_the_argument) {
    auto refused = [](auto change) {
        ExperimentRequest request = quiet_request();
        change(request);
        EXPECT_THROW(Experiment{request}, InvalidArgument);
    };
    refused([](ExperimentRequest& request) { request.probe_strength = 1.01; });
    refused([](ExperimentRequest& request) { request.probe_strength = std::nan(""); });
    refused([](ExperimentRequest& request) { request.probe_duration = -1; });
    refused([](ExperimentRequest& request) { request.qubits = 0; });
    refused([](ExperimentRequest& request) { request.device.qubit.t2 = 3 * request.device.qubit.t1; });
    refused([](ExperimentRequest& request) { request.adaptive_rule = "magic"; });
    refused([](ExperimentRequest& request) { request.objective = "magic"; });
    refused([](ExperimentRequest& request) {
        request.probe_bins = 3;
        request.probe_steps = 4;
    });
}

TEST(latency, network_and_queue_both_count_with_the_means_of_their_laws) {
    const Index draws = 4000;
    const auto mean = [&](const Target& target) {
        Real sum = 0;
        for (Index k = 0; k < draws; ++k) {
            sum += draw_network_latency(target, 7, static_cast<std::uint32_t>(k)) / draws;
        }
        return sum;
    };
    Target network;
    network.network_median = 2;
    network.network_log_sigma = 0.4;
    Target queue;
    queue.queue_median = 3;
    queue.queue_log_sigma = 0.3;
    Target both = network;
    both.queue_median = queue.queue_median;
    both.queue_log_sigma = queue.queue_log_sigma;
    const Real of_network = 2 * std::exp(0.08);
    const Real of_queue = 3 * std::exp(0.045);
    // Deviations 0.87 and 0.95 of one draw.
    const Real tolerance = 4 * 1.3 / std::sqrt(Real(draws));
    EXPECT_NEAR(mean(network), of_network, tolerance) << "seed 7";
    EXPECT_NEAR(mean(queue), of_queue, tolerance) << "seed 7";
    EXPECT_NEAR(mean(both), of_network + of_queue, tolerance) << "seed 7";
    EXPECT_EQ(mean(target_from_name("sim-local")), 0);
}

TEST(latency, entangling_gates_are_those_a_transpiler_needs) {
    ExperimentRequest request = quiet_request();
    EXPECT_EQ(request.entangling_gates(), 0);
    request.mapping = ProbeMapping::pulse;
    EXPECT_EQ(request.entangling_gates(), 2);
    request.probe_strength = 1;
    EXPECT_EQ(request.entangling_gates(), 1);
    request.probe_strength = 0.3;
    request.device.modality = "ion";
    EXPECT_EQ(request.entangling_gates(), 1);
    request.device.modality = "transmon";
    request.target = target_from_name("ionq");
    EXPECT_EQ(request.entangling_gates(), 1);
    request.probe_strength = 0;
    EXPECT_EQ(request.entangling_gates(), 0);
}

TEST(compiled_segments, turning_the_axis_is_a_frame_change) {
    Qubit qubit = busy_request().device.qubit;
    Pulse pulse;
    pulse.shape = EnvelopeShape::cosine;
    pulse.duration = 0.02;
    pulse.angle = 1.1;
    pulse.axis = 0.7;
    PropagatorCache segments;
    const Channel turned = segments.pulse(qubit, pulse, 0.3, 0.01)->front();
    const Channel direct = pulse_channel(qubit, pulse, 0.3, 0.01);
    EXPECT_LT((turned.matrix - direct.matrix).cwiseAbs().maxCoeff(), 1e-8);
}

TEST(compiled_segments, sharing_them_between_experiments_compiles_once_and_changes_no_byte) {
    auto segments = std::make_shared<PropagatorCache>();
    ExperimentRequest request = quiet_request();
    RunControl control;
    const RunRequest how{.shots = 300, .seed = 5, .keep_records = true};
    Experiment(request, segments).run(how, control);
    const std::size_t compiled = segments->counts().misses;
    const RunResult again = Experiment(request, segments).run(how, control);
    EXPECT_EQ(segments->counts().misses, compiled);
    expect_same_bytes(again, run(request, how));
}

TEST(probe_plan, ensemble_of_steps_is_the_exact_dephasing) {
    ExperimentRequest request = quiet_request();
    const ContinuousMeasurement monitor = probe_monitor(request, request.device.qubit);
    const Channel whole = ensemble_dephasing(monitor, 2, 1.0);
    EXPECT_NEAR(whole.matrix(2, 2), std::exp(-0.25 * 5), 1e-15);
}
