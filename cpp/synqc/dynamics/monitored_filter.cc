#include "synqc/dynamics/monitored_filter.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/dynamics/shot_packing.h"

namespace synqc {

namespace {

/// The constants of programs side by side, (number, lanes); one program takes one lane.
class ProgramRows {
  public:
    ProgramRows(Index levels, Index lanes)
        : lanes_(lanes),
          size_(levels * levels),
          levels_(levels),
          numbers_((size_ + 2 * size_ * size_ + 2 * levels + levels * (levels - 1) / 2 + 3) * lanes) {}

    /// `quadrature`: both records are weighed, also by programs whose own quadrature says nothing.
    void set(Index lane, const MonitoredProgram& program, bool quadrature) {
        Real initial[most_coordinates];
        pack_state(program.initial_state, initial);
        auto monitor = packed_monitor(program.monitor, levels_, program.step_duration);
        Real* to = numbers_.data() + lane;
        put(to, initial, size_);
        put(to, program.half_step.matrix.data(), size_ * size_);
        put(to, program.full_step.matrix.data(), size_ * size_);
        put(to, monitor.level_i, levels_);
        put(to, monitor.level_q, levels_);
        put(to, &monitor.information, 1);
        put(to, monitor.damping, levels_ * (levels_ - 1) / 2);
        Real looks = monitor.looks ? 1 : 0;
        put(to, &looks, 1);
        Real norm = bin_norm(program, quadrature);
        put(to, &norm, 1);
    }

    void copy(Index from_lane, Index to_lane) {
        for (std::size_t row = 0; row < numbers_.size(); row += lanes_) {
            numbers_[row + to_lane] = numbers_[row + from_lane];
        }
    }

    void point(FilterPlan& plan) const {
        const Real* from = numbers_.data();
        auto next = [&](Index count) {
            const Real* rows = from;
            from += count * lanes_;
            return rows;
        };
        plan.initial = next(size_);
        plan.half = next(size_ * size_);
        plan.full = next(size_ * size_);
        plan.level_i = next(levels_);
        plan.level_q = next(levels_);
        plan.information = next(1);
        plan.damping = next(levels_ * (levels_ - 1) / 2);
        plan.looks = next(1);
        plan.bin_norm = next(1);
    }

  private:
    void put(Real*& to, const Real* values, Index count) {
        for (Index k = 0; k < count; ++k, to += lanes_) {
            *to = values[k];
        }
    }

    static Real bin_norm(const MonitoredProgram& program, bool quadrature) {
        Real bin_duration = program.step_duration * static_cast<Real>(program.steps_per_bin);
        Real variance = program.monitor.measurement_time / bin_duration;
        if (!std::isfinite(variance) || program.monitor.dephasing_rate == 0) {
            return 0;
        }
        return -(quadrature ? 1.0 : 0.5) * std::log(two_pi * variance);
    }

    Index lanes_;
    Index size_;
    Index levels_;
    std::vector<Real> numbers_;
};

bool quadrature_informs(const ContinuousMeasurement& monitor) {
    for (Real level : monitor.level_q) {
        if (level != monitor.level_q.front()) {
            return true;
        }
    }
    return false;
}

void check_records(std::string_view name, std::span<const Real> values, Index wanted) {
    if (std::ssize(values) != wanted) {
        throw_invalid_argument(name, "one value per bin and lane, " + std::to_string(wanted),
                               std::to_string(values.size()) + " values");
    }
    for (Real value : values) {
        check_finite(name, value);
    }
}

FilterPlan prepared(const MonitoredProgram& program, bool informs, Index shots, Index lanes, FilteredShots& filtered) {
    filtered.shots = shots;
    filtered.lanes = lanes;
    filtered.states.resize(program.levels * program.levels * lanes);
    filtered.log_likelihoods.resize(lanes);
    FilterPlan plan{};
    plan.levels = static_cast<int>(program.levels);
    plan.bins = program.steps / program.steps_per_bin;
    plan.steps_per_bin = program.steps_per_bin;
    plan.quadrature_informs = informs;
    plan.count = shots;
    plan.lanes = lanes;
    plan.states = filtered.states.data();
    plan.log_likelihoods = filtered.log_likelihoods.data();
    return plan;
}

}  // namespace

void filter_monitored_records(const MonitoredProgram& program, std::span<const Real> bins_i,
                              std::span<const Real> bins_q, Index lanes, Index shots, FilteredShots& filtered) {
    program.check();
    if (lanes % lane_multiple != 0 || shots < 0 || shots > lanes) {
        throw_invalid_argument("lanes", "a multiple of 8 not below the number of shots", std::to_string(lanes));
    }
    bool informs = quadrature_informs(program.monitor);
    auto plan = prepared(program, informs, shots, lanes, filtered);
    check_records("bins_i", bins_i, plan.bins * lanes);
    if (informs) {
        check_records("bins_q", bins_q, plan.bins * lanes);
    }
    ProgramRows rows(program.levels, 1);
    rows.set(0, program, informs);
    rows.point(plan);
    plan.per_lane = false;
    plan.bins_i = bins_i.data();
    plan.bins_q = bins_q.data();
    plan.record_lanes = lanes;
    filter_kernels().filter(plan);
}

void filter_monitored_record(std::span<const MonitoredProgram> programs, std::span<const Real> record_i,
                             std::span<const Real> record_q, FilteredShots& filtered) {
    check_at_least("programs", std::ssize(programs), 1);
    const auto& model = programs.front();
    Index shots = std::ssize(programs);
    Index lanes = (shots + lane_multiple - 1) / lane_multiple * lane_multiple;
    bool informs = false;
    model.check();
    ProgramRows rows(model.levels, lanes);
    for (Index lane = 0; lane < shots; ++lane) {
        const auto& program = programs[lane];
        program.check();
        if (program.levels != model.levels || program.steps != model.steps ||
            program.steps_per_bin != model.steps_per_bin) {
            throw_invalid_argument("programs", "alike in levels, steps and steps_per_bin",
                                   "not at position " + std::to_string(lane));
        }
        informs = informs || quadrature_informs(program.monitor);
    }
    auto plan = prepared(model, informs, shots, lanes, filtered);
    check_records("record_i", record_i, plan.bins);
    if (informs) {
        check_records("record_q", record_q, plan.bins);
    }
    for (Index lane = 0; lane < lanes; ++lane) {
        if (lane < shots) {
            rows.set(lane, programs[lane], informs);
        } else {
            rows.copy(shots - 1, lane);
        }
    }
    rows.point(plan);
    plan.per_lane = true;
    plan.bins_i = record_i.data();
    plan.bins_q = record_q.data();
    plan.record_lanes = 1;
    filter_kernels().filter(plan);
}

}  // namespace synqc
