#pragma once

#include "synqc/experiment/result.h"

/// The one list of a result's fields under their public names and in public units: what Python shows and what documents
/// hold both come from here. Each function calls field(name, value) once per field, in order.
namespace synqc {

template <typename Field>
void for_each_field(const ControlSettings& settings, Field&& field) {
    field("drive_correction_khz", settings.drive_correction / radians_per_us_per_khz);
    field("first_angle", settings.theta1);
    field("second_angle", settings.theta2);
    field("first_axis", settings.phi1);
    field("second_axis", settings.phi2);
    field("drag_beta", settings.drag_beta);
    field("feedback_gain", settings.feedback_gain);
}

template <typename Field>
void for_each_field(const QubitIteration& qubit, Field&& field) {
    field("fidelity", qubit.fidelity);
    field("one_fraction", qubit.one_fraction);
    field("success", qubit.success);
    field("mean_record", qubit.mean_record);
    field("shots", qubit.shots);
    field("settings", qubit.settings);
    field("detuning_khz", qubit.tracker.estimate / radians_per_us_per_khz);
    field("detuning_deviation_khz", qubit.tracker.standard_deviation / radians_per_us_per_khz);
    field("tracker_locked", qubit.tracker.locked);
    field("normalised_innovation", qubit.tracker.innovation);
    field("true_detuning_khz", qubit.true_detuning / radians_per_us_per_khz);
    field("true_t1_ratio", qubit.true_t1_ratio);
}

template <typename Field>
void for_each_field(const Iteration& iteration, Field&& field) {
    field("fidelity", iteration.fidelity);
    field("success", iteration.success);
    field("shots", iteration.shots);
    field("calibration_shots", iteration.calibration_shots);
    field("learning_shots", iteration.learning_shots);
    field("device_time_s", iteration.device_time);
    field("network_latency_s", iteration.network_latency);
    field("qubits", iteration.qubits);
}

template <typename Field>
void for_each_field(const ProbeSummary& probe, Field&& field) {
    field("mapping", probe.mapping);
    field("regime", probe.regime);
    field("g", probe.strength_g);
    field("s", probe.information_dose_s);
    field("eps_pulse", probe.equivalent_strength);
    field("steps", probe.steps);
    field("step_error", probe.step_error);
    field("coherence_left", probe.coherence_left);
    field("stark_phase", probe.stark_phase);
    field("photons_left", probe.photons_left);
}

template <typename Field>
void for_each_field(const Checkpoint& checkpoint, Field&& field) {
    field("device_time_s", checkpoint.device_time);
    field("controllers", checkpoint.controllers);
    field("drift", checkpoint.drift);
}

/// Everything but arrays of shots.
template <typename Field>
void for_each_field(const RunResult& run, Field&& field) {
    field("fidelity", run.fidelity);
    field("backaction", run.backaction);
    field("information_bits", run.information_bits);
    field("latency_us", run.latency_us);
    field("objective_score", run.objective_score);
    field("backaction_mean_per_shot", run.backaction_mean_per_shot);
    field("information_bits_per_second", run.information_bits_per_second);
    field("cycle_time_us", run.cycle_time);
    field("latency_terms", run.latency_terms);
    field("probe", run.probe);
    field("iterations", run.iterations);
    field("shots_used", run.shots_used);
    field("seed", run.seed);
    field("partial", run.partial);
    field("carry", run.checkpoint);
}

}  // namespace synqc
