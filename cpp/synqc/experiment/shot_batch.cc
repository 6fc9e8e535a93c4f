#include "synqc/experiment/shot_batch.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "synqc/dynamics/qubit_channels.h"
#include "synqc/experiment/classical_plant.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/kpis.h"
#include "synqc/experiment/probe_plan.h"
#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

/// Second angles are played in steps no coarser than this; nearest-step rounding costs at most 1e-5 of fidelity.
constexpr Real finest_angle_step = two_pi / 1024;
constexpr Index most_angles = 1024;
/// A gain acts on records whose noise rarely exceeds this many deviations; beyond, the generator saturates.
constexpr Real record_deviations = 6;

enum : std::uint32_t { probe_noise = 0, readout_noise = 1, streams_per_purpose = 2 };

ShotStream stream_of(const BatchStreams& streams, std::uint32_t kind) {
    constexpr std::uint32_t purposes_per_qubit = 1u << 16;
    return {streams.seed, streams.iteration,
            streams.qubit * purposes_per_qubit + streams.purpose * streams_per_purpose + kind};
}

}  // namespace

void copy_shot_major(const std::vector<Real>& rows, const ShotBlock& block, Real* destination) {
    const Index bins = static_cast<Index>(rows.size()) / block.lanes;
    for (Index shot = 0; shot < block.shots; ++shot) {
        for (Index bin = 0; bin < bins; ++bin) {
            destination[shot * bins + bin] = rows[static_cast<std::size_t>(bin * block.lanes + shot)];
        }
    }
}

BatchSums& BatchSums::operator+=(const BatchSums& other) {
    shots += other.shots;
    infidelity += other.infidelity;
    infidelity_squared += other.infidelity_squared;
    infidelity_cubed += other.infidelity_cubed;
    ones += other.ones;
    record += other.record;
    record_squared += other.record_squared;
    record_cubed += other.record_cubed;
    return *this;
}

ShotBatch::ShotBatch(const BatchConditions& conditions, const BatchStreams& streams, PropagatorCache& segments)
    : feed_forward_(conditions.settings.feed_forward),
      feedback_gain_(conditions.settings.feedback_gain),
      theta2_(conditions.settings.theta2),
      phi2_(conditions.settings.phi2),
      bins_(conditions.request->probe_bins),
      probe_stream_(stream_of(streams, probe_noise)),
      readout_stream_(stream_of(streams, readout_noise)) {
    const ExperimentRequest& request = *conditions.request;
    const Qubit& known = *conditions.qubit;
    const Qubit qubit = conditions.hidden.decaying_now(known);
    const ControlSettings& settings = conditions.settings;
    const Real detuning = conditions.hidden.detuning - settings.drive_correction;
    const Real amplitude_error = conditions.hidden.amplitude_error;

    Pulse first = control_pulse(request, qubit, settings.theta1, settings.phi1, settings.drag_beta);
    Pulse second = control_pulse(request, qubit, settings.theta2, settings.phi2, settings.drag_beta);
    Matrix driven = segments.pulse(qubit, first, detuning, amplitude_error)->front().apply(prepared_state(qubit));

    program_.levels = qubit.levels;
    program_.steps_per_bin = 1;
    program_.keep_quadrature = true;  // wherever bins are kept
    if (!request.probes()) {
        plant_ = Plant::untouched;
        program_.initial_state = segments.idle(qubit, request.probe_window(), detuning)->front().apply(driven);
        feed_forward_ = FeedForward::none;
    } else if (request.probe_mapping() == ProbeMapping::resonator) {
        plant_ = Plant::resonator;
        resonator_ = std::make_shared<const ResonatorProbe>(request, qubit, detuning);
        program_.initial_state = driven;
    } else if (request.probe_mapping() == ProbeMapping::pulse) {
        plant_ = Plant::instrument;
        instrument_.initial_state =
            segments.idle(qubit, request.entangling_time(qubit), detuning)->front().apply(driven);
        instrument_.instrument = probe_instrument(request, qubit);
        after_instrument_ = *segments.idle(qubit, request.probe_duration, detuning);
    } else {
        plant_ = request.target.classical ? Plant::classical : Plant::monitored;
        program_.steps = plan_probe_steps(request, qubit).count;
        program_.steps_per_bin = program_.steps / request.probe_bins;
        program_.step_duration = request.probe_duration / static_cast<Real>(program_.steps);
        program_.monitor = probe_monitor(request, qubit);
        program_.initial_state = driven;
        program_.half_step = segments.idle(qubit, program_.step_duration / 2, detuning)->front();
        program_.full_step = segments.idle(qubit, program_.step_duration, detuning)->front();
    }

    const bool waits = feed_forward_ != FeedForward::none || (conditions.external_second_angle && request.probes());
    if (feed_forward_ == FeedForward::bayes) {
        Pulse believed_first = first;
        believed_first.angle = request.first_angle;
        believed_first.axis = request.first_axis;
        const Matrix believed = segments.pulse(known, believed_first, 0, 0)->front().apply(prepared_state(known));
        if (plant_ == Plant::instrument) {
            instrument_.with_belief = true;
            instrument_.believed_initial_state =
                segments.idle(known, request.entangling_time(known), 0)->front().apply(believed);
            instrument_.believed_instrument = instrument_.instrument;
            believed_after_instrument_ = *segments.idle(known, request.probe_duration, 0);
        } else if (plant_ == Plant::resonator) {
            believed_resonator_ = std::make_shared<const ResonatorProbe>(request, known, 0);
            program_.believed_initial_state = believed;
        } else {
            program_.with_belief = true;
            program_.believed_initial_state = believed;
            program_.believed_half_step = segments.idle(known, program_.step_duration / 2, 0)->front();
            program_.believed_full_step = segments.idle(known, program_.step_duration, 0)->front();
        }
    }
    if (waits) {
        const Real wait = request.decision_wait(qubit);
        wait_ = *segments.idle(qubit, wait, detuning);
        believed_wait_ = *segments.idle(known, wait, 0);
        if (plant_ == Plant::resonator) {
            // Photons that are still there go on, and the frame goes on with their shift.
            const Real end = resonator_->duration();
            const Complex contrast = std::exp(resonator_->log_contrast(end + wait) - resonator_->log_contrast(end));
            for (std::vector<Channel>* idle : {&wait_, &believed_wait_}) {
                idle->front() = coherence_factor(contrast) * idle->front();
            }
        }
        Real reach = pi;
        if (feed_forward_ == FeedForward::gain) {
            Real noise = 0;
            if (plant_ == Plant::resonator) {
                noise = resonator_->record_noise();
            } else if (plant_ != Plant::instrument) {
                noise = std::sqrt(program_.monitor.measurement_time / request.probe_duration);
            }
            reach = std::min(pi, std::abs(feedback_gain_) * (1 + record_deviations * noise));
        }
        auto count = static_cast<Index>(std::ceil(2 * reach / finest_angle_step)) + 1;
        count = std::clamp<Index>(count, 1, most_angles + 1);
        grid_step_ = count > 1 ? 2 * reach / static_cast<Real>(count - 1) : 0;
        grid_start_ = count > 1 ? -reach : 0;
        std::vector<Real> angles;
        for (Index k = 0; k < count; ++k) {
            angles.push_back(settings.theta2 + grid_start_ + grid_step_ * static_cast<Real>(k));
        }
        second_drives_ = segments.pulses(qubit, second, angles, detuning, amplitude_error);
    } else {
        second_drives_ = segments.pulse(qubit, second, detuning, amplitude_error);
    }

    target_ = ideal_target_direction(request);
    readout_.fidelity_weights = readout_weights(ideal_target_projector(request, qubit.levels));
    readout_.one_weights = excited_weights(qubit.levels);
    readout_.p0_given_1 = qubit.p0_given_1;
    readout_.p1_given_0 = qubit.p1_given_0;
}

void ShotBatch::drive_and_probe(ShotIndex first, Index count, bool keep_bins, ShotBlock& block) const {
    switch (plant_) {
        case Plant::untouched:
            repeat_state(program_.initial_state, count, keep_bins ? bins_ : 0, block);
            break;
        case Plant::monitored:
            sample_monitored_shots(program_, probe_stream_, first, count, keep_bins, block);
            break;
        case Plant::classical:
            sample_classical_shots(program_, probe_stream_, first, count, keep_bins, block);
            break;
        case Plant::resonator:
            sample_resonator_shots(
                {*resonator_, program_.initial_state, believed_resonator_.get(), program_.believed_initial_state},
                probe_stream_, first, count, keep_bins ? bins_ : 0, block);
            break;
        case Plant::instrument:
            sample_instrument_shots(instrument_, probe_stream_, first, count, keep_bins, block);
            // An outcome is one real number per bin: nothing in quadrature, nothing that changes within the bin.
            block.bins_q.assign(block.bins_i.size(), 0);
            block.moments_i.assign(block.bins_i.size(), 0);
            apply_channel(after_instrument_.front(), block.states, block.lanes, block.shots);
            if (instrument_.with_belief) {
                apply_channel(believed_after_instrument_.front(), block.beliefs, block.lanes, block.shots);
            }
            break;
    }
    if (!wait_.empty()) {
        apply_channel(wait_.front(), block.states, block.lanes, block.shots);
        if (!block.beliefs.empty()) {
            apply_channel(believed_wait_.front(), block.beliefs, block.lanes, block.shots);
        }
    }
}

void ShotBatch::drive_again(ShotIndex first, std::span<const Real> second_angle_corrections, ShotBlock& block,
                            BatchSums& sums, const ShotOutputs& outputs) const {
    if (second_drives_->size() == 1) {
        apply_channel(second_drives_->front(), block.states, block.lanes, block.shots);
    } else {
        std::array<std::int32_t, block_shots> choice;
        const auto last = static_cast<Real>(second_drives_->size() - 1);
        for (Index shot = 0; shot < block.shots; ++shot) {
            Real nearest = std::nearbyint((second_angle_corrections[shot] - grid_start_) / grid_step_);
            choice[shot] = static_cast<std::int32_t>(std::clamp(nearest, Real{0}, last));
        }
        apply_chosen_channel(*second_drives_, {choice.data(), static_cast<std::size_t>(block.shots)}, block.states,
                             block.lanes, block.shots);
    }
    read_and_sum(first, block, sums, outputs);
}

void ShotBatch::simulate(ShotIndex first, Index count, ShotBlock& workspace, BatchSums& sums,
                         const ShotOutputs& outputs) const {
    assert(count <= block_shots);
    drive_and_probe(first, count, outputs.records_i != nullptr, workspace);
    std::array<Real, block_shots> corrections{};
    std::span<Real> used(corrections.data(), static_cast<std::size_t>(count));
    if (feed_forward_ == FeedForward::bayes) {
        best_second_angle({workspace.beliefs, program_.levels, workspace.lanes, count}, target_, phi2_, theta2_, used);
    } else if (feed_forward_ == FeedForward::gain) {
        for (Index shot = 0; shot < count; ++shot) {
            corrections[shot] = feedback_gain_ * workspace.integrated[shot];
        }
    }
    drive_again(first, used, workspace, sums, outputs);
}

void ShotBatch::read_and_sum(ShotIndex first, ShotBlock& block, BatchSums& sums, const ShotOutputs& outputs) const {
    std::array<Real, block_shots> fidelities;
    std::array<std::uint8_t, block_shots> bits;
    const auto shots = static_cast<std::size_t>(block.shots);
    read_out(readout_, readout_stream_, first, block.states, block.lanes, block.shots, {fidelities.data(), shots},
             {bits.data(), shots});
    BatchSums block_sums;
    block_sums.shots = block.shots;
    for (Index shot = 0; shot < block.shots; ++shot) {
        Real infidelity = 1 - fidelities[shot];
        block_sums.infidelity += infidelity;
        block_sums.infidelity_squared += infidelity * infidelity;
        block_sums.infidelity_cubed += infidelity * infidelity * infidelity;
        block_sums.ones += bits[shot];
        const Real record = block.integrated[shot];
        block_sums.record += record;
        block_sums.record_squared += record * record;
        block_sums.record_cubed += record * record * record;
    }
    sums += block_sums;
    if (outputs.bits != nullptr) {
        std::copy_n(bits.data(), shots, outputs.bits);
    }
    if (outputs.records_i != nullptr) {
        copy_shot_major(block.bins_i, block, outputs.records_i);
        copy_shot_major(block.bins_q, block, outputs.records_q);
        copy_shot_major(block.moments_i, block, outputs.record_moments);
    }
}

}  // namespace synqc
