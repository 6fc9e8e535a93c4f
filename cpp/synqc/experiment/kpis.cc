#include "synqc/experiment/kpis.h"

#include <algorithm>
#include <cmath>

#include "synqc/control/objective.h"
#include "synqc/dynamics/qubit_channels.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/probe_plan.h"
#include "synqc/probe/backaction.h"
#include "synqc/probe/information.h"
#include "synqc/probe/strength.h"

namespace synqc {

namespace {

/// One qubit's part of the description.
struct QubitProbe {
    ProbeFigures figures;
    ProbeSteps steps{0, 0};
    Real backaction = 0;
    Real backaction_per_shot = 0;
    Real coherence_left = 1;
    Estimate information;
};

/// The normalised 0-1 block: what the two-level closed forms are about.
Matrix qubit_block(const Matrix& state) {
    Matrix block = state.topLeftCorner(2, 2);
    return block / block.trace();
}

JumpingProbe jumping_probe(const Qubit& qubit, Real dose, Real duration) {
    return {.dose = dose,
            .duration = duration,
            .down_rate = (1 - qubit.equilibrium_population) / qubit.t1,
            .up_rate = qubit.equilibrium_population / qubit.t1};
}

QubitProbe describe_one(const ExperimentRequest& request, const RegisterQubit& individual, CompiledSegments& segments) {
    const Qubit& qubit = individual.qubit;
    const Real detuning = individual.hidden.detuning + individual.drift.value();
    Pulse first = control_pulse(request, qubit, request.first_angle, request.first_axis, request.drag_beta);
    const Matrix driven =
        segments.pulse(qubit, first, detuning, individual.hidden.amplitude_error)->front().apply(prepared_state(qubit));

    QubitProbe probe;
    Matrix without;
    Matrix with;
    if (request.probe_mapping() == ProbeMapping::pulse) {
        const Instrument instrument = probe_instrument(request, qubit);
        const auto [plus_given_0, plus_given_1] = instrument.plus_given_level();
        const Matrix reached = segments.idle(qubit, qubit.two_qubit_gate_duration, detuning)->front().apply(driven);
        const Channel rest = segments.idle(qubit, request.probe_duration, detuning)->front();
        without = rest.apply(reached);
        with = rest.apply(instrument.ensemble_channel().apply(reached));
        probe.figures = figures_from_pulse(request.probe_strength);
        probe.information = {dichotomic_information(plus_given_0, plus_given_1), 0};
        probe.backaction_per_shot =
            dichotomic_shot_backaction(qubit_block(reached), request.probe_strength).trace_distance;
    } else {
        probe.figures =
            figures_from_rate(request.probe_strength, request.probe_duration, qubit.gamma_max, qubit.efficiency);
        probe.steps = plan_probe_steps(request, qubit);
        const Real step = request.probe_duration / static_cast<Real>(probe.steps.count);
        const Channel half = segments.idle(qubit, step / 2, detuning)->front();
        const Channel measured = half * ensemble_dephasing(probe_monitor(request, qubit), qubit.levels, step) * half;
        without = segments.idle(qubit, request.probe_duration, detuning)->front().apply(driven);
        with = driven;
        for (Index k = 0; k < probe.steps.count; ++k) {
            with = measured.apply(with);
        }
        probe.information = jumping_information(jumping_probe(qubit, probe.figures.s, request.probe_duration));
        probe.backaction_per_shot =
            gaussian_shot_backaction(qubit_block(without), probe.figures.g, qubit.efficiency).trace_distance;
    }
    if (request.target.classical) {
        with = without;
        probe.backaction_per_shot = 0;
    }
    probe.backaction = ensemble_backaction(with, without);
    const Real contrast = std::abs(without(0, 1));
    probe.coherence_left = contrast > 0 ? std::abs(with(0, 1)) / contrast : 1;
    return probe;
}

}  // namespace

Estimate mean_of(Real sum, Real sum_of_squares, Index count) {
    const auto n = static_cast<Real>(count);
    const Real mean = sum / n;
    if (count < 2) {
        return {mean, 0};
    }
    const Real variance = std::max(Real{0}, (sum_of_squares - sum * mean) / (n - 1));
    return {mean, std::sqrt(variance / n)};
}

Estimate register_mean(const std::vector<Estimate>& estimates) {
    Real sum = 0;
    Real variance = 0;
    for (const Estimate& estimate : estimates) {
        sum += estimate.value;
        variance += estimate.standard_error * estimate.standard_error;
    }
    const auto n = static_cast<Real>(estimates.size());
    return {sum / n, std::sqrt(variance) / n};
}

Estimate corrected_success(Index ones, Index shots, int ideal_bit, const Qubit& qubit) {
    const Estimate fraction = mean_of(static_cast<Real>(ones), static_cast<Real>(ones), shots);
    const Real contrast = 1 - qubit.p0_given_1 - qubit.p1_given_0;
    const Real excited = (fraction.value - qubit.p1_given_0) / contrast;
    return {ideal_bit == 1 ? excited : 1 - excited, fraction.standard_error / contrast};
}

Instrument probe_instrument(const ExperimentRequest& request, const Qubit& qubit) {
    return Instrument::make(request.probe_strength, qubit.levels,
                            {.two_qubit_gate_error = qubit.two_qubit_gate_error,
                             .p0_given_1 = qubit.p0_given_1,
                             .p1_given_0 = qubit.p1_given_0});
}

ProbeDescription describe_probe(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                                CompiledSegments& segments) {
    ProbeDescription description;
    description.summary.mapping = request.probe_mapping() == ProbeMapping::pulse ? "pulse" : "rate";
    if (!request.probes()) {
        description.summary.regime = "off";
        return description;
    }
    std::vector<Estimate> information;
    for (const RegisterQubit& individual : qubits) {
        const QubitProbe probe = describe_one(request, individual, segments);
        const Real share = 1 / static_cast<Real>(qubits.size());
        description.summary.strength_g += probe.figures.g * share;
        description.summary.information_dose_s += probe.figures.s * share;
        description.summary.equivalent_strength += probe.figures.eps_pulse * share;
        description.summary.coherence_left += (probe.coherence_left - 1) * share;
        description.summary.steps = std::max(description.summary.steps, probe.steps.count);
        description.summary.step_error = std::max(description.summary.step_error, probe.steps.error);
        description.backaction.value += probe.backaction * share;
        description.backaction_mean_per_shot += probe.backaction_per_shot * share;
        description.summary.information_by_monte_carlo |= probe.information.standard_error > 0;
        information.push_back(probe.information);
    }
    description.summary.regime = name_of(regime_of(description.summary.strength_g));
    description.information_bits = register_mean(information);
    return description;
}

Estimate objective_estimate(const ExperimentRequest& request, const RunResult& result) {
    std::vector<Real> history;
    for (const Iteration& iteration : result.iterations) {
        history.push_back(iteration.fidelity.value);
    }
    RunFigures figures{.fidelity = result.fidelity.value,
                       .latency = result.latency_us.value,
                       .information = result.information_bits.value,
                       .backaction = result.backaction.value,
                       .fidelity_history = history};
    const Real score = objective_score(request.objective, figures);
    // The fidelity of every iteration moved by one of its standard errors, one at a time: linear propagation.
    Real variance = 0;
    for (std::size_t k = 0; k < history.size(); ++k) {
        const Real error = result.iterations[k].fidelity.standard_error;
        std::vector<Real> moved = history;
        moved[k] += error;
        RunFigures elsewhere = figures;
        elsewhere.fidelity_history = moved;
        elsewhere.fidelity = moved.back();
        const Real change = objective_score(request.objective, elsewhere) - score;
        variance += change * change;
    }
    RunFigures informed = figures;
    informed.information += result.information_bits.standard_error;
    const Real change = objective_score(request.objective, informed) - score;
    return {score, std::sqrt(variance + change * change)};
}

}  // namespace synqc
