#include "synqc/experiment/kpis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "synqc/control/objective.h"
#include "synqc/dynamics/qubit_channels.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/probe_plan.h"
#include "synqc/experiment/resonator_probe.h"
#include "synqc/probe/backaction.h"
#include "synqc/probe/information.h"
#include "synqc/probe/record_information.h"
#include "synqc/probe/strength.h"

namespace synqc {

namespace {

/// One qubit's part of the description.
struct QubitProbe {
    ProbeDoses doses;
    ProbeSteps steps{0, 0};
    Real backaction = 0;
    Real backaction_per_shot = 0;
    Real coherence_left = 1;
    Real stark_phase = 0;
    Real photons_left = 0;
};

/// The normalised 0-1 block: what the two-level closed forms are about.
Matrix qubit_block(const Matrix& state) {
    Matrix block = state.topLeftCorner(2, 2);
    return block / block.trace();
}

JumpingProbe jumping_probe(const ExperimentRequest& request, const Qubit& qubit) {
    const ProbeDoses doses =
        doses_from_rate(request.probe_strength, request.probe_duration, qubit.gamma_max, qubit.efficiency);
    return {.dose = doses.s,
            .duration = request.probe_duration,
            .down_rate = (1 - qubit.equilibrium_population) / qubit.t1,
            .up_rate = qubit.equilibrium_population / qubit.t1};
}

/// Bits of the outcome of an ancilla.
Real outcome_information(const ExperimentRequest& request, const Qubit& qubit) {
    const auto [plus_given_0, plus_given_1] = probe_instrument(request, qubit).plus_given_level();
    return dichotomic_information(plus_given_0, plus_given_1);
}

/// A bin this short is as good as none.
constexpr Index many_bins = 1 << 20;

/// Register mean of a figure of each qubit; equal qubits, as in a register without spread, are worked out once.
template <typename Figure>
Real mean_over_register(const std::vector<RegisterQubit>& qubits, Figure&& figure) {
    using Decay = std::array<Real, 4>;
    Decay known{};
    Real value = 0;
    Real sum = 0;
    for (std::size_t index = 0; index < qubits.size(); ++index) {
        const Qubit& qubit = qubits[index].qubit;
        const Decay decay{qubit.t1, qubit.equilibrium_population, qubit.gamma_max, qubit.efficiency};
        if (index == 0 || decay != known) {
            value = figure(qubit);
            known = decay;
        }
        sum += value;
    }
    return sum / static_cast<Real>(qubits.size());
}

/// Bits of a resonator's record in that many bins; 0: of its steps. Qubits of a register may differ in T1 alone, and
/// what jumps change is sampled from the same numbers for each: errors add up.
Estimate information_behind_resonator(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                                      Index bins) {
    Estimate mean;
    mean.value = mean_over_register(qubits, [&](const Qubit& qubit) {
        const Estimate bits = ResonatorProbe(request, qubit, 0).information_bits(bins);
        mean.standard_error = std::max(mean.standard_error, bits.standard_error);
        return bits.value;
    });
    return mean;
}

/// Bits of the record as it is delivered: one outcome, or the means of the request's bins.
Real delivered_information(const ExperimentRequest& request, const Qubit& qubit) {
    if (request.probe_mapping() == ProbeMapping::pulse) {
        return outcome_information(request, qubit);
    }
    const JumpingProbe probe = jumping_probe(request, qubit);
    return request.target.classical ? relaxing_information(probe, request.probe_bins)
                                    : binned_information(probe, request.probe_bins);
}

QubitProbe describe_one(const ExperimentRequest& request, const RegisterQubit& member, PropagatorCache& segments) {
    const Qubit& qubit = member.qubit;
    const Real detuning = member.hidden.detuning + member.drift.value();
    Pulse first = control_pulse(request, qubit, request.first_angle, request.first_axis, request.drag_beta);
    const Matrix driven =
        segments.pulse(qubit, first, detuning, member.hidden.amplitude_error)->front().apply(prepared_state(qubit));

    QubitProbe probe;
    Matrix without;
    Matrix with;
    if (request.probe_mapping() == ProbeMapping::pulse) {
        const Instrument instrument = probe_instrument(request, qubit);
        const Matrix reached = segments.idle(qubit, request.entangling_time(qubit), detuning)->front().apply(driven);
        const Channel rest = segments.idle(qubit, request.probe_duration, detuning)->front();
        without = rest.apply(reached);
        with = rest.apply(instrument.ensemble_channel().apply(reached));
        probe.doses = doses_from_pulse(request.probe_strength);
        probe.backaction_per_shot =
            dichotomic_shot_backaction(qubit_block(reached), request.probe_strength).trace_distance;
    } else if (request.probe_mapping() == ProbeMapping::resonator) {
        const ResonatorProbe behind(request, qubit, detuning);
        without = segments.idle(qubit, behind.duration(), detuning)->front().apply(driven);
        with = coherence_factor(std::exp(behind.log_contrast(behind.duration()))).apply(without);
        probe.doses.g = behind.dephasing_dose();
        probe.doses.s = behind.information_dose();
        probe.doses.eps_pulse = pulse_strength_from_dose(probe.doses.g);
        probe.steps = {behind.steps(), behind.step_error()};
        probe.stark_phase = behind.stark_phase();
        probe.photons_left = behind.photons_left();
        const Real seen = probe.doses.g > 0 ? std::min(Real{1}, probe.doses.s / (2 * probe.doses.g)) : 0;
        probe.backaction_per_shot = gaussian_shot_backaction(qubit_block(without), probe.doses.g, seen).trace_distance;
    } else {
        probe.doses =
            doses_from_rate(request.probe_strength, request.probe_duration, qubit.gamma_max, qubit.efficiency);
        probe.steps = plan_probe_steps(request, qubit);
        const Real step = request.probe_duration / static_cast<Real>(probe.steps.count);
        const Channel half = segments.idle(qubit, step / 2, detuning)->front();
        const Channel measured = half * ensemble_dephasing(probe_monitor(request, qubit), qubit.levels, step) * half;
        without = segments.idle(qubit, request.probe_duration, detuning)->front().apply(driven);
        with = driven;
        for (Index k = 0; k < probe.steps.count; ++k) {
            with = measured.apply(with);
        }
        probe.backaction_per_shot =
            gaussian_shot_backaction(qubit_block(without), probe.doses.g, qubit.efficiency).trace_distance;
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

namespace {

/// States that no record changes are the same in every shot: their fidelity is known, not sampled.
bool is_fidelity_exact(const ExperimentRequest& request, const Qubit& qubit, FeedForward feed_forward,
                       bool has_external_rule) {
    if (!request.probes()) {
        return true;
    }
    if (request.probe_mapping() == ProbeMapping::pulse) {
        return false;
    }
    const Real efficiency =
        request.probe_mapping() == ProbeMapping::resonator ? request.device.resonator->efficiency : qubit.efficiency;
    const bool learns = efficiency > 0 && (feed_forward != FeedForward::none || has_external_rule);
    return !learns && (request.target.classical || efficiency == 0);
}

/// Mean of a quantity with one value per outcome of an ancilla, which rarely falls one way: the spread is that of
/// counts, with values at the limits of [0, 1] for an outcome that never came.
Estimate mean_by_outcome(const SampleSums& sums, const Estimate& plus_share) {
    Estimate mean = mean_of(sums);
    const auto n = static_cast<Real>(sums.count);
    const Real share = plus_share.value;
    Real apart = std::max(mean.value, 1 - mean.value);
    if (share > 0 && share < 1) {
        const Real variance = std::max(Real{0}, sums.squares / n - mean.value * mean.value);
        apart = std::sqrt(variance / (share * (1 - share)));
    }
    const bool falls_together = mean.skewness * (1 - 2 * share) >= 0;
    return {mean.value, apart * plus_share.standard_error, falls_together ? plus_share.skewness : -plus_share.skewness};
}

}  // namespace

QubitIteration kpis_of_shots(const ExperimentRequest& request, const Qubit& qubit, const BatchSums& sums,
                             const ControlSettings& settings, bool has_external_rule) {
    const SampleSums infidelity{sums.shots, sums.infidelity, sums.infidelity_squared, sums.infidelity_cubed};
    const Trials ones{sums.ones, sums.shots};
    const ReadBits bits{sums.ones, sums.shots, qubit.p0_given_1, qubit.p1_given_0};
    QubitIteration kpis;
    kpis.shots = sums.shots;
    kpis.settings = settings;
    kpis.one_fraction = weighted_chance({&ones, 1});
    kpis.success = corrected_success({&bits, 1}, ideal_bit(request));
    kpis.mean_record = mean_of({sums.shots, sums.record, sums.record_squared, sums.record_cubed});
    Estimate lost = mean_of(infidelity);
    if (is_fidelity_exact(request, qubit, settings.feed_forward, has_external_rule)) {
        lost.standard_error = lost.skewness = 0;
    } else if (request.probe_mapping() == ProbeMapping::pulse) {
        const auto n = static_cast<Real>(sums.shots);
        const Trials plus{static_cast<Index>(std::llround((n + sums.record) / 2)), sums.shots};
        const Estimate plus_share = weighted_chance({&plus, 1});
        kpis.mean_record = scaled(plus_share, -1, 2);
        lost = mean_by_outcome(infidelity, plus_share);
    }
    kpis.fidelity = scaled(lost, 1, -1);
    return kpis;
}

Estimate corrected_success(std::span<const ReadBits> qubits, int ideal_bit) {
    std::vector<Trials> trials;
    Real offset = 0;
    const auto n = static_cast<Real>(qubits.size());
    for (const ReadBits& qubit : qubits) {
        const Real weight = 1 / (n * (1 - qubit.p0_given_1 - qubit.p1_given_0));
        trials.push_back({qubit.ones, qubit.shots, weight});
        offset -= weight * qubit.p1_given_0;
    }
    const Estimate excited = scaled(weighted_chance(trials), offset, 1);
    return ideal_bit == 1 ? excited : scaled(excited, 1, -1);
}

void add_register_means(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                        Iteration& iteration) {
    std::vector<Estimate> fidelities;
    std::vector<ReadBits> bits;
    for (std::size_t index = 0; index < qubits.size(); ++index) {
        const QubitIteration& kpis = iteration.qubits[index];
        const Qubit& qubit = qubits[index].qubit;
        const Real ones = kpis.one_fraction.value * static_cast<Real>(kpis.shots);
        fidelities.push_back(kpis.fidelity);
        bits.push_back({static_cast<Index>(std::llround(ones)), kpis.shots, qubit.p0_given_1, qubit.p1_given_0});
    }
    iteration.fidelity = mean_of_independent(fidelities);
    iteration.success = corrected_success(bits, ideal_bit(request));
}

Instrument probe_instrument(const ExperimentRequest& request, const Qubit& qubit) {
    return Instrument::make(request.probe_strength, qubit.levels,
                            {.two_qubit_gate_error = qubit.two_qubit_gate_error,
                             .entangling_gates = request.entangling_gates(),
                             .p0_given_1 = qubit.p0_given_1,
                             .p1_given_0 = qubit.p1_given_0});
}

ProbeDescription describe_probe(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits,
                                PropagatorCache& segments) {
    ProbeDescription description;
    description.summary.mapping = name_of(request.probe_mapping());
    if (!request.probes()) {
        description.summary.regime = "off";
        return description;
    }
    for (const RegisterQubit& member : qubits) {
        const QubitProbe probe = describe_one(request, member, segments);
        const Real share = 1 / static_cast<Real>(qubits.size());
        description.summary.strength_g += probe.doses.g * share;
        description.summary.information_dose_s += probe.doses.s * share;
        description.summary.equivalent_strength += probe.doses.eps_pulse * share;
        description.summary.coherence_left += (probe.coherence_left - 1) * share;
        description.summary.stark_phase = probe.stark_phase;
        description.summary.photons_left = probe.photons_left;
        description.summary.steps = std::max(description.summary.steps, probe.steps.count);
        description.summary.step_error = std::max(description.summary.step_error, probe.steps.error);
        description.backaction.value += probe.backaction * share;
        description.backaction_mean_per_shot += probe.backaction_per_shot * share;
    }
    description.summary.regime = name_of(regime_of(description.summary.strength_g));
    if (request.probe_mapping() == ProbeMapping::resonator) {
        description.information_bits = information_behind_resonator(request, qubits, request.probe_bins);
    } else {
        description.information_bits.value =
            mean_over_register(qubits, [&](const Qubit& qubit) { return delivered_information(request, qubit); });
    }
    return description;
}

Real continuous_information_bits(const ExperimentRequest& request, const std::vector<RegisterQubit>& qubits) {
    if (!request.probes()) {
        return 0;
    }
    if (request.probe_mapping() == ProbeMapping::resonator) {
        return information_behind_resonator(request, qubits, 0).value;
    }
    return mean_over_register(qubits, [&](const Qubit& qubit) {
        if (request.probe_mapping() == ProbeMapping::pulse) {
            return outcome_information(request, qubit);
        }
        const JumpingProbe probe = jumping_probe(request, qubit);
        return request.target.classical ? relaxing_information(probe, many_bins) : continuous_information(probe);
    });
}

namespace {

/// How a score moves with one of the numbers it is made of.
struct Moved {
    Real variance = 0;
    Real third = 0;  // third moment
};

/// What the uncertainty of `figure` does to a score. Kinks count with the weight of the distribution beyond them.
template <typename Score>
Moved moved_by(const Estimate& figure, Score&& score) {
    constexpr Real reach = 8;
    constexpr Real step = 0.25;
    const Real here = score(figure.value);
    if (!(figure.standard_error > 0)) {
        const bool matters = score(figure.value + 0.25) != here || score(figure.value - 0.25) != here;
        return {std::isnan(figure.standard_error) && matters ? figure.standard_error : 0, 0};
    }
    Real own_squares = 0;
    Real squares = 0;
    Real mean = 0;
    Real weights = 0;
    for (Real deviations = -reach; deviations <= reach; deviations += step) {
        const Real weight = std::exp(-deviations * deviations / 2);
        const Real there = quantile(figure, deviations);
        const Real change = score(there) - here;
        own_squares += weight * (there - figure.value) * (there - figure.value);
        squares += weight * change * change;
        mean += weight * change;
        weights += weight;
    }
    const Real deviation = figure.standard_error * std::sqrt(squares / own_squares);
    const bool has_one_direction =
        (score(quantile(figure, 1)) - here) * (here - score(quantile(figure, -1))) >= 0 && deviation > 0;
    constexpr Real most_skewness = 3;
    const Real skewness =
        has_one_direction ? std::clamp(4 * mean / weights / deviation, -most_skewness, most_skewness) : 0;
    return {deviation * deviation, deviation * deviation * deviation * skewness};
}

}  // namespace

Estimate objective_estimate(const ExperimentRequest& request, const RunResult& result) {
    std::vector<Real> history;
    for (const Iteration& iteration : result.iterations) {
        history.push_back(iteration.fidelity.value);
    }
    auto score_of = [&](const std::vector<Real>& fidelities) {
        return objective_score(request.objective, {.fidelity = fidelities.empty() ? 0 : fidelities.back(),
                                                   .latency = result.latency_us.value,
                                                   .information = result.information_bits.value,
                                                   .backaction = result.backaction.value,
                                                   .fidelity_history = fidelities});
    };
    Real variance = 0;
    Real third = 0;
    for (std::size_t k = 0; k < history.size(); ++k) {
        std::vector<Real> elsewhere = history;
        const Moved moved = moved_by(result.iterations[k].fidelity, [&](Real fidelity) {
            elsewhere[k] = fidelity;
            return score_of(elsewhere);
        });
        variance += moved.variance;
        third += moved.third;
    }
    const Real deviation = std::sqrt(variance);
    return {score_of(history), deviation, deviation > 0 ? third / (variance * deviation) : 0};
}

}  // namespace synqc
