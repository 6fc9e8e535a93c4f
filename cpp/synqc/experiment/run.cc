#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "synqc/base/checks.h"
#include "synqc/experiment/experiment.h"
#include "synqc/experiment/ideal_target.h"
#include "synqc/experiment/kpis.h"
#include "synqc/experiment/latency.h"
#include "synqc/experiment/ramsey.h"
#include "synqc/experiment/shot_batch.h"
#include "synqc/parallel/blocked_loop.h"

namespace synqc {

namespace {

/// Shots of one parallel task: long enough to hide its cost, short enough to stop within 50 ms at any number of levels.
constexpr Index task_shots = 2048;
/// Batches compiled together before their shots run; bounds the memory of long drifting runs.
constexpr std::size_t batches_per_chunk = 64;
/// Shots whose states wait in memory while a user's function looks at their records.
constexpr Index external_chunk_shots = 65536;
constexpr std::uint8_t bit_not_measured = 255;
constexpr std::uint32_t ramsey_stream_bit = 1u << 31;

/// Shots of one qubit with one setting while the device is frozen, whose drift is slow beside them.
struct QuasiStaticInterval {
    Index qubit;
    Index candidate;
    Index first;  // shot within its phase
    Index shots;
    HiddenCalibration hidden;
    ControlSettings settings;
};

/// One qubit of the register during a run.
struct QubitInRun {
    const RegisterQubit* member;
    DriftPath drift;
    std::unique_ptr<Controller> controller;

    Real frozen_detuning = 0;  // drift, rad/µs, at which the device stands still
    Real frozen_since = 0;     // s
    Real frozen_log_t1 = 0;    // drift of ln T1

    HiddenCalibration hidden_now() const {
        return {member->hidden.detuning + frozen_detuning, member->hidden.amplitude_error, frozen_log_t1};
    }
    Real true_detuning() const { return member->hidden.detuning + drift.value(); }
    /// Seconds for which the device still stands still.
    Real frozen_time_left() const { return drift.quasi_static_interval() - frozen_since; }
    /// How many of `shots` with this cycle (s) pass before the device moves; at least one.
    Index shots_standing_still(Real cycle, Index shots) const {
        const Real most = std::floor(std::max(Real{1}, frozen_time_left() / cycle));
        return most < static_cast<Real>(shots) ? static_cast<Index>(most) : shots;
    }
    void freeze() {
        frozen_detuning = drift.value();
        frozen_log_t1 = drift.log_t1();
        frozen_since = 0;
    }
    /// The path, and where it is frozen: a run that follows finds what was compiled for this one.
    std::vector<Real> drift_state() const {
        std::vector<Real> state = drift.state();
        if (drift.moves_t1()) {
            state.push_back(frozen_log_t1);
        }
        state.insert(state.end(), {frozen_detuning, frozen_since});
        return state;
    }
    void restore_drift(std::span<const Real> state) {
        check_at_least("drift.size()", std::ssize(state), 2);
        check_finite("drift", state[state.size() - 2]);
        check_not_negative("drift", state.back());
        std::span<const Real> path = state.first(state.size() - 2);
        if (drift.moves_t1() && !path.empty()) {
            check_finite("drift", path.back());
            frozen_log_t1 = path.back();
            path = path.first(path.size() - 1);
        }
        drift.restore(path);
        frozen_detuning = state[state.size() - 2];
        frozen_since = state.back();
    }
};

class Run {
  public:
    Run(const Experiment& experiment, const RunRequest& request, RunControl& control, const Checkpoint& checkpoint,
        const ExternalRule* rule);
    RunResult finish();

  private:
    bool run_iteration(Index iteration);
    Index calibrate(QubitInRun& qubit, Index index, Index iteration, Index batch_shots);
    /// Shots of a batch spent on exploration; none if the batch is too small for a single round of it.
    Index learning_shots() const {
        const Controller& first = *qubits_.front().controller;
        return first.learning_rounds(batch_shots_) > 0 ? first.learning_shots(batch_shots_) : 0;
    }
    void learn(Index iteration, Iteration& record);
    bool evaluate(Index iteration, Index evaluation_shots, Iteration& record);

    std::vector<QuasiStaticInterval> quasi_static_intervals(
        const std::vector<std::vector<ControlSettings>>& candidates_of_qubit, Index shots);
    bool simulate(const std::vector<QuasiStaticInterval>& intervals, Index iteration, std::uint32_t purpose,
                  std::vector<std::vector<BatchSums>>& sums, bool keep);
    Index simulate_chunk(std::span<const ShotBatch> batches, std::span<const QuasiStaticInterval> intervals,
                         Index iteration, std::vector<std::vector<BatchSums>>& sums, bool keep);
    Index simulate_chunk_with_external_angles(std::span<const ShotBatch> batches,
                                              std::span<const QuasiStaticInterval> intervals, Index iteration,
                                              std::vector<std::vector<BatchSums>>& sums, bool keep);
    ShotOutputs outputs_at(Index iteration, Index qubit, Index shot, bool keep);
    void reckon_latency();
    void let_time_pass(Index qubit, Real seconds);
    void let_device_drift(Index qubit, Real seconds);
    bool stopped() const { return control_.stop_requested.load(std::memory_order_relaxed); }
    Index qubit_count() const { return static_cast<Index>(qubits_.size()); }

    const Experiment& experiment_;
    const ExperimentRequest& setup_;
    RunRequest request_;
    RunControl& control_;
    const ExternalRule* rule_;
    Index batch_shots_;
    Real cycle_seconds_;
    bool waits_;
    std::vector<QubitInRun> qubits_;
    RunResult result_;
};

Real total_of(const std::vector<LatencyTerm>& terms) {
    Real total = 0;
    for (const LatencyTerm& term : terms) {
        total += term.value;
    }
    return total;
}

Run::Run(const Experiment& experiment, const RunRequest& request, RunControl& control, const Checkpoint& checkpoint,
         const ExternalRule* rule)
    : experiment_(experiment), setup_(experiment.request()), request_(request), control_(control), rule_(rule) {
    request.check();
    batch_shots_ = request.shots > 0 ? request.shots : cost_law_shots(setup_.probe_duration);
    result_.seed = request.seed;
    result_.bins = setup_.probe_bins;

    for (Index index = 0; index < setup_.qubits; ++index) {
        const RegisterQubit& member = experiment.qubits()[static_cast<std::size_t>(index)];
        ControlContext context = experiment.control_context(index, request.seed);
        qubits_.push_back(
            {&member, member.drift, make_controller(rule ? "none" : setup_.adaptive_rule, context), 0, 0});
        qubits_.back().freeze();
    }
    waits_ = setup_.probes() && (qubits_.front().controller->deployed().feed_forward != FeedForward::none ||
                                 (rule && rule->second_angle_corrections));
    reckon_latency();

    result_.checkpoint.device_time = checkpoint.device_time;
    for (const std::size_t carried : {checkpoint.controllers.size(), checkpoint.drift.size()}) {
        if (carried != 0 && carried != qubits_.size()) {
            throw_invalid_argument("resume_from", "from a run with " + std::to_string(setup_.qubits) + " qubits",
                                   "from one with " + std::to_string(carried));
        }
    }
    for (std::size_t index = 0; index < checkpoint.controllers.size(); ++index) {
        qubits_[index].controller->restore(checkpoint.controllers[index]);
    }
    for (std::size_t index = 0; index < checkpoint.drift.size(); ++index) {
        qubits_[index].restore_drift(checkpoint.drift[index]);
    }

    const Controller& first = *qubits_.front().controller;
    result_.evaluation_shots = batch_shots_ - first.calibration_shots(batch_shots_) - learning_shots();
    control_.work_total.store(static_cast<std::uint64_t>(batch_shots_ * request.iterations * setup_.qubits));
    const auto evaluated = static_cast<std::size_t>(request.iterations * setup_.qubits * result_.evaluation_shots);
    if (request.keep_bits) {
        result_.bits.assign(evaluated, bit_not_measured);
    }
    if (request.keep_records) {
        const std::size_t values = evaluated * static_cast<std::size_t>(result_.bins);
        constexpr Real not_measured = std::numeric_limits<Real>::quiet_NaN();
        result_.records_i.assign(values, not_measured);
        result_.records_q.assign(values, not_measured);
        result_.record_moments.assign(values, not_measured);
    }
}

void Run::reckon_latency() {
    result_.latency_terms = shot_latency_terms(setup_, waits_);
    result_.cycle_time = total_of(result_.latency_terms);
    cycle_seconds_ = result_.cycle_time * 1e-6;
}

void Run::let_time_pass(Index qubit, Real seconds) {
    let_device_drift(qubit, seconds);
    qubits_[static_cast<std::size_t>(qubit)].controller->advance(seconds);
}

void Run::let_device_drift(Index qubit, Real seconds) {
    QubitInRun& here = qubits_[static_cast<std::size_t>(qubit)];
    const bool switched = here.drift.advance(seconds, request_.seed);
    here.frozen_since += seconds;
    // A device that would not stand still for one more shot has moved, and a switch is no movement to wait for.
    if (switched || here.frozen_time_left() < cycle_seconds_) {
        here.freeze();
    }
    // The register's qubits are worked on side by side: one of them keeps the clock.
    if (qubit == 0) {
        result_.checkpoint.device_time += seconds;
    }
}

Index Run::calibrate(QubitInRun& qubit, Index index, Index iteration, Index batch_shots) {
    Index left = qubit.controller->calibration_shots(batch_shots);
    Index used = 0;
    ShotStream stream{request_.seed, static_cast<std::uint32_t>(iteration),
                      ramsey_stream_bit | static_cast<std::uint32_t>(index)};
    while (left > 0 && !stopped()) {
        std::optional<RamseyRound> round = qubit.controller->next_ramsey(left);
        if (!round) {
            break;
        }
        const Real cycle = ramsey_cycle(setup_, qubit.member->qubit, *round) * 1e-6;
        Index ones = 0;
        for (Index done = 0; done < round->shots;) {
            const Index here = qubit.shots_standing_still(cycle, round->shots - done);
            const Real one_probability =
                ramsey_one_probability(setup_, qubit.member->qubit, qubit.hidden_now(), *round, experiment_.segments());
            ones += count_ones(one_probability, stream, static_cast<ShotIndex>(used + done), here);
            done += here;
            let_device_drift(index, static_cast<Real>(here) * cycle);
        }
        qubit.controller->observe_ramsey(*round, ones);
        qubit.controller->advance(static_cast<Real>(round->shots) * cycle);
        left -= round->shots;
        used += round->shots;
    }
    control_.work_done.fetch_add(static_cast<std::uint64_t>(used), std::memory_order_relaxed);
    return used;
}

std::vector<QuasiStaticInterval> Run::quasi_static_intervals(
    const std::vector<std::vector<ControlSettings>>& candidates_of_qubit, Index shots) {
    std::vector<std::vector<QuasiStaticInterval>> of_qubit(qubits_.size());
    for (Index index = 0; index < qubit_count(); ++index) {
        const auto& candidates = candidates_of_qubit[static_cast<std::size_t>(index)];
        std::vector<Index> parts = split_shots(shots, static_cast<Index>(candidates.size()));
        QubitInRun& qubit = qubits_[static_cast<std::size_t>(index)];
        Index first = 0;
        for (std::size_t candidate = 0; candidate < parts.size(); ++candidate) {
            for (Index left = parts[candidate]; left > 0;) {
                const Index here = qubit.shots_standing_still(cycle_seconds_, left);
                of_qubit[static_cast<std::size_t>(index)].push_back(
                    {index, static_cast<Index>(candidate), first, here, qubit.hidden_now(), candidates[candidate]});
                let_time_pass(index, static_cast<Real>(here) * cycle_seconds_);
                first += here;
                left -= here;
            }
        }
    }
    std::vector<QuasiStaticInterval> interleaved;
    for (std::size_t position = 0;; ++position) {
        const std::size_t before = interleaved.size();
        for (const std::vector<QuasiStaticInterval>& intervals : of_qubit) {
            if (position < intervals.size()) {
                interleaved.push_back(intervals[position]);
            }
        }
        if (interleaved.size() == before) {
            return interleaved;
        }
    }
}

ShotOutputs Run::outputs_at(Index iteration, Index qubit, Index shot, bool keep) {
    ShotOutputs outputs;
    if (!keep) {
        return outputs;
    }
    const Index position = (iteration * qubit_count() + qubit) * result_.evaluation_shots + shot;
    if (!result_.bits.empty()) {
        outputs.bits = result_.bits.data() + position;
    }
    if (!result_.records_i.empty()) {
        outputs.records_i = result_.records_i.data() + position * result_.bins;
        outputs.records_q = result_.records_q.data() + position * result_.bins;
        outputs.record_moments = result_.record_moments.data() + position * result_.bins;
    }
    return outputs;
}

bool Run::simulate(const std::vector<QuasiStaticInterval>& intervals, Index iteration, std::uint32_t purpose,
                   std::vector<std::vector<BatchSums>>& sums, bool keep) {
    const bool external = rule_ && rule_->second_angle_corrections && setup_.probes();
    for (std::size_t start = 0; start < intervals.size(); start += batches_per_chunk) {
        std::span<const QuasiStaticInterval> chunk(intervals.data() + start,
                                                   std::min(batches_per_chunk, intervals.size() - start));
        std::vector<std::optional<ShotBatch>> compiled(chunk.size());
        Index complete =
            for_each_block(static_cast<Index>(chunk.size()), request_.threads, control_, [&](Index position) {
                const QuasiStaticInterval& interval = chunk[static_cast<std::size_t>(position)];
                const Qubit& qubit = qubits_[static_cast<std::size_t>(interval.qubit)].member->qubit;
                compiled[static_cast<std::size_t>(position)].emplace(
                    BatchConditions{&setup_, &qubit, interval.hidden, interval.settings, external},
                    BatchStreams{request_.seed, static_cast<std::uint32_t>(iteration),
                                 static_cast<std::uint32_t>(interval.qubit), purpose},
                    experiment_.segments());
            });
        if (complete < static_cast<Index>(chunk.size())) {
            return false;
        }
        std::vector<ShotBatch> batches;
        batches.reserve(chunk.size());
        for (auto& batch : compiled) {
            batches.push_back(std::move(*batch));
        }
        bool all = external ? simulate_chunk_with_external_angles(batches, chunk, iteration, sums, keep)
                            : simulate_chunk(batches, chunk, iteration, sums, keep);
        if (!all) {
            return false;
        }
    }
    return true;
}

Index Run::simulate_chunk(std::span<const ShotBatch> batches, std::span<const QuasiStaticInterval> intervals,
                          Index iteration, std::vector<std::vector<BatchSums>>& sums, bool keep) {
    struct Task {
        std::size_t batch;
        Index first;  // within the interval
        Index shots;
    };
    std::vector<Task> tasks;
    Index longest = 0;
    for (const QuasiStaticInterval& interval : intervals) {
        longest = std::max(longest, interval.shots);
    }
    // Shots behind a resonator take ten times as long.
    const Index task_length = setup_.probes_through_resonator() ? ShotBatch::block_shots : task_shots;
    for (Index first = 0; first < longest; first += task_length) {
        for (std::size_t batch = 0; batch < batches.size(); ++batch) {
            if (first < intervals[batch].shots) {
                tasks.push_back({batch, first, std::min(task_length, intervals[batch].shots - first)});
            }
        }
    }
    std::vector<BatchSums> task_sums(tasks.size());
    Index complete = for_each_block(static_cast<Index>(tasks.size()), request_.threads, control_, [&](Index position) {
        const Task& task = tasks[static_cast<std::size_t>(position)];
        const QuasiStaticInterval& interval = intervals[task.batch];
        ShotBlock workspace;
        for (Index offset = 0; offset < task.shots; offset += ShotBatch::block_shots) {
            Index shot = interval.first + task.first + offset;
            batches[task.batch].simulate(
                static_cast<ShotIndex>(shot), std::min(ShotBatch::block_shots, task.shots - offset), workspace,
                task_sums[static_cast<std::size_t>(position)], outputs_at(iteration, interval.qubit, shot, keep));
        }
        control_.work_done.fetch_add(static_cast<std::uint64_t>(task.shots), std::memory_order_relaxed);
    });
    for (Index position = 0; position < complete; ++position) {
        const QuasiStaticInterval& interval = intervals[tasks[static_cast<std::size_t>(position)].batch];
        sums[static_cast<std::size_t>(interval.qubit)][static_cast<std::size_t>(interval.candidate)] +=
            task_sums[static_cast<std::size_t>(position)];
    }
    return complete == static_cast<Index>(tasks.size());
}

Index Run::simulate_chunk_with_external_angles(std::span<const ShotBatch> batches,
                                               std::span<const QuasiStaticInterval> intervals, Index iteration,
                                               std::vector<std::vector<BatchSums>>& sums, bool keep) {
    for (std::size_t batch = 0; batch < batches.size(); ++batch) {
        const QuasiStaticInterval& interval = intervals[batch];
        for (Index done = 0; done < interval.shots; done += external_chunk_shots) {
            const Index shots = std::min(external_chunk_shots, interval.shots - done);
            const Index first = interval.first + done;
            const Index blocks = (shots + ShotBatch::block_shots - 1) / ShotBatch::block_shots;
            auto shots_of = [&](Index block) {
                return std::min(ShotBatch::block_shots, shots - block * ShotBatch::block_shots);
            };
            std::vector<ShotBlock> workspaces(static_cast<std::size_t>(blocks));
            std::vector<Real> records(static_cast<std::size_t>(shots * result_.bins));
            std::vector<Real> corrections(static_cast<std::size_t>(shots), 0);
            Index probed = for_each_block(blocks, request_.threads, control_, [&](Index block) {
                ShotBlock& workspace = workspaces[static_cast<std::size_t>(block)];
                const Index start = block * ShotBatch::block_shots;
                batches[batch].drive_and_probe(static_cast<ShotIndex>(first + start), shots_of(block), true, workspace);
                copy_shot_major(workspace.bins_i, workspace, records.data() + start * result_.bins);
            });
            if (probed < blocks) {
                return false;
            }
            rule_->second_angle_corrections({interval.qubit, shots, result_.bins, records.data()}, corrections.data());
            std::vector<BatchSums> block_sums(static_cast<std::size_t>(blocks));
            Index driven = for_each_block(blocks, request_.threads, control_, [&](Index block) {
                const Index start = block * ShotBatch::block_shots;
                batches[batch].drive_again(static_cast<ShotIndex>(first + start),
                                           {corrections.data() + start, static_cast<std::size_t>(shots_of(block))},
                                           workspaces[static_cast<std::size_t>(block)],
                                           block_sums[static_cast<std::size_t>(block)],
                                           outputs_at(iteration, interval.qubit, first + start, keep));
                control_.work_done.fetch_add(static_cast<std::uint64_t>(shots_of(block)), std::memory_order_relaxed);
            });
            for (Index block = 0; block < driven; ++block) {
                sums[static_cast<std::size_t>(interval.qubit)][static_cast<std::size_t>(interval.candidate)] +=
                    block_sums[static_cast<std::size_t>(block)];
            }
            if (driven < blocks) {
                return false;
            }
        }
    }
    return true;
}

void Run::learn(Index iteration, Iteration& record) {
    const Index rounds = qubits_.front().controller->learning_rounds(batch_shots_);
    std::vector<Index> shots_of_round = split_shots(learning_shots(), rounds);
    for (Index round = 0; round < rounds && !stopped(); ++round) {
        std::vector<std::vector<ControlSettings>> candidates;
        std::vector<std::vector<BatchSums>> sums;
        for (QubitInRun& qubit : qubits_) {
            candidates.push_back(qubit.controller->propose());
            sums.emplace_back(candidates.back().size());
        }
        const Index shots = shots_of_round[static_cast<std::size_t>(round)];
        if (!simulate(quasi_static_intervals(candidates, shots), iteration, static_cast<std::uint32_t>(1 + round), sums,
                      false)) {
            return;
        }
        const int wanted = ideal_bit(setup_);
        for (std::size_t index = 0; index < qubits_.size(); ++index) {
            std::vector<CandidateOutcome> outcomes;
            for (const BatchSums& candidate : sums[index]) {
                outcomes.push_back({candidate.shots, wanted == 1 ? candidate.ones : candidate.shots - candidate.ones});
            }
            qubits_[index].controller->observe(outcomes);
        }
        record.learning_shots += shots;
    }
}

bool Run::evaluate(Index iteration, Index evaluation_shots, Iteration& record) {
    std::vector<std::vector<ControlSettings>> settings;
    std::vector<std::vector<BatchSums>> sums(qubits_.size(), std::vector<BatchSums>(1));
    for (Index index = 0; index < qubit_count(); ++index) {
        const ControlSettings deployed = qubits_[static_cast<std::size_t>(index)].controller->deployed();
        const QubitIteration* previous =
            result_.iterations.empty() ? nullptr : &result_.iterations.back().qubits[static_cast<std::size_t>(index)];
        settings.push_back({rule_ && rule_->settings ? rule_->settings(index, deployed, previous) : deployed});
    }
    // A user's rule may ask for feedback at any batch: from then on the run's shots are those that wait.
    const bool feeds_back = std::any_of(settings.begin(), settings.end(), [](const std::vector<ControlSettings>& here) {
        return here.front().feed_forward != FeedForward::none;
    });
    if (feeds_back && setup_.probes() && !waits_) {
        waits_ = true;
        reckon_latency();
    }
    const bool complete = simulate(quasi_static_intervals(settings, evaluation_shots), iteration, 0, sums, true);

    for (std::size_t index = 0; index < qubits_.size(); ++index) {
        const BatchSums& here = sums[index].front();
        if (here.shots == 0) {
            return false;
        }
        QubitIteration qubit = kpis_of_shots(setup_, qubits_[index].member->qubit, here, settings[index].front(),
                                             rule_ && rule_->second_angle_corrections);
        qubit.tracker = qubits_[index].controller->tracker();
        qubit.true_detuning = qubits_[index].true_detuning();
        qubit.true_t1_ratio = std::exp(qubits_[index].drift.log_t1());
        record.qubits.push_back(qubit);
    }
    add_register_means(setup_, experiment_.qubits(), record);
    record.shots = record.calibration_shots + record.learning_shots + record.qubits.front().shots;
    return complete;
}

bool Run::run_iteration(Index iteration) {
    Iteration record;
    for (Index index = 0; index < qubit_count() && !stopped(); ++index) {
        record.calibration_shots =
            std::max(record.calibration_shots,
                     calibrate(qubits_[static_cast<std::size_t>(index)], index, iteration, batch_shots_));
        if (control_.tick) {
            control_.tick();
        }
    }
    if (learning_shots() > 0) {
        learn(iteration, record);
    }
    if (stopped()) {
        return false;
    }
    const bool complete = evaluate(iteration, result_.evaluation_shots, record);
    if (record.qubits.size() == qubits_.size()) {
        record.device_time = result_.checkpoint.device_time;
        record.network_latency =
            draw_network_latency(setup_.target, request_.seed, static_cast<std::uint32_t>(iteration));
        result_.shots_used += record.shots;
        result_.iterations.push_back(std::move(record));
    }
    return complete;
}

RunResult Run::finish() {
    for (Index iteration = 0; iteration < request_.iterations; ++iteration) {
        if (!run_iteration(iteration)) {
            result_.partial = true;
            break;
        }
    }
    if (!result_.iterations.empty()) {
        result_.fidelity = result_.iterations.back().fidelity;
    }
    result_.latency_us = {result_.cycle_time, 0};
    const ProbeDescription& probe = experiment_.probe_description();
    result_.probe = probe.summary;
    result_.backaction = probe.backaction;
    result_.backaction_mean_per_shot = probe.backaction_mean_per_shot;
    result_.information_bits = probe.information_bits;
    result_.information_bits_per_second = result_.information_bits.value / cycle_seconds_;
    result_.objective_score = objective_estimate(setup_, result_);
    for (QubitInRun& qubit : qubits_) {
        result_.checkpoint.controllers.push_back(qubit.controller->state());
        result_.checkpoint.drift.push_back(qubit.drift_state());
    }
    return std::move(result_);
}

}  // namespace

RunResult Experiment::run(const RunRequest& request, RunControl& control, const Checkpoint& checkpoint,
                          const ExternalRule* rule) const {
    return Run(*this, request, control, checkpoint, rule).finish();
}

}  // namespace synqc
