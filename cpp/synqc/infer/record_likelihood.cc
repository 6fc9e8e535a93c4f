#include "synqc/infer/record_likelihood.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/infer/bin_series.h"
#include "synqc/infer/record_kernels.h"
#include "synqc/parallel/blocked_loop.h"

namespace synqc {

namespace {

/// Records as the kernels take them, (blocks)(bins, record_lanes); lanes without a record are all gap.
class PackedRecords {
  public:
    explicit PackedRecords(const Records& records)
        : count_(records.count),
          bins_(records.bins),
          values_(static_cast<std::size_t>(blocks() * bins_ * record_lanes), std::numeric_limits<Real>::quiet_NaN()),
          seen_(static_cast<std::size_t>(count_), 0) {
        for (Index record = 0; record < count_; ++record) {
            Real* to = values_.data() + record / record_lanes * bins_ * record_lanes + record % record_lanes;
            for (Index bin = 0; bin < bins_; ++bin) {
                const Real value = records.values[static_cast<std::size_t>(record * bins_ + bin)];
                to[bin * record_lanes] = value;
                if (!std::isnan(value)) {
                    ++seen_[static_cast<std::size_t>(record)];
                    lowest_ = std::min(lowest_, value);
                    highest_ = std::max(highest_, value);
                }
            }
        }
    }

    Index blocks() const { return (count_ + record_lanes - 1) / record_lanes; }
    const Real* block(Index number) const { return values_.data() + number * bins_ * record_lanes; }
    Index lanes_of(Index block) const { return std::min(record_lanes, count_ - block * record_lanes); }
    Index seen(Index record) const { return seen_[static_cast<std::size_t>(record)]; }

    /// In standard deviations of white noise; 0 for records that are all gap.
    Real largest(const QubitRecordModel& model, Real bin_duration) const {
        if (lowest_ > highest_) {
            return 0;
        }
        const Real farthest = std::max(std::abs(lowest_ - model.offset), std::abs(highest_ - model.offset));
        return farthest * std::sqrt(bin_duration) / model.gain;
    }

  private:
    Index count_;
    Index bins_;
    std::vector<Real> values_;
    std::vector<Index> seen_;
    Real lowest_ = std::numeric_limits<Real>::infinity();
    Real highest_ = -std::numeric_limits<Real>::infinity();
};

BinSeries series_for(const QubitRecordModel& model, const Records& records, const PackedRecords& packed) {
    model.check();
    const Real largest = packed.largest(model, records.bin_duration);
    check_bin_growth(model, records.bin_duration, largest);
    return {model, records.bin_duration, bin_series_degree(model, records.bin_duration, largest)};
}

RecordPlan plan_of(const QubitRecordModel& model, const BinSeries& series, const Records& records,
                   const PackedRecords& packed, Index block) {
    RecordPlan plan{};
    plan.degree = static_cast<int>(series.degree());
    plan.bins = records.bins;
    plan.maps = series.maps().data();
    std::copy(records.start.begin(), records.start.end(), plan.start);
    plan.offset = model.offset;
    plan.scale = std::sqrt(records.bin_duration) / model.gain;
    plan.records = packed.block(block);
    return plan;
}

/// ln density of one bin of white noise at its mean, in the record's unit.
Real log_noise_density(const QubitRecordModel& model, Real bin_duration) {
    return 0.5 * std::log(bin_duration / two_pi) - std::log(model.gain);
}

/// Derivatives of a block's ln densities, lanes added up.
struct BlockGradient {
    std::vector<Real> map_sums;  // (degree + 1, 4, 4)
    Real pull = 0;
    Real pull_y = 0;
};

BlockGradient differentiated(RecordPlan plan, Index lanes) {
    const auto rows = static_cast<std::size_t>(16 * (plan.degree + 1));
    std::vector<Real> states(static_cast<std::size_t>(4 * plan.bins * record_lanes));
    std::vector<Real> map_sums(rows * record_lanes, 0);
    Real pulls[2 * record_lanes];
    plan.states = states.data();
    plan.map_sums = map_sums.data();
    plan.pulls = pulls;
    record_kernels().differentiate(plan);
    BlockGradient gradient{std::vector<Real>(rows, 0)};
    for (Index lane = 0; lane < lanes; ++lane) {
        for (std::size_t row = 0; row < rows; ++row) {
            gradient.map_sums[row] += map_sums[row * record_lanes + static_cast<std::size_t>(lane)];
        }
        gradient.pull += pulls[lane];
        gradient.pull_y += pulls[record_lanes + lane];
    }
    return gradient;
}

void finish_gradient(const QubitRecordModel& model, const BinSeries& series, const Records& records,
                     const PackedRecords& packed, std::span<const std::optional<BlockGradient>> blocks, Real* to) {
    std::vector<Real> map_sums(series.maps().size(), 0);
    Real pull = 0;
    Real pull_y = 0;
    for (const auto& block : blocks) {
        for (std::size_t row = 0; row < map_sums.size(); ++row) {
            map_sums[row] += block->map_sums[row];
        }
        pull += block->pull;
        pull_y += block->pull_y;
    }
    Index seen = 0;
    for (Index record = 0; record < records.count; ++record) {
        seen += packed.seen(record);
    }
    const auto by_generator = series.pull_back(map_sums);
    std::copy(by_generator.begin(), by_generator.end(), to);
    to[6] = -(pull_y + static_cast<Real>(seen)) / model.gain;
    to[7] = -pull * std::sqrt(records.bin_duration) / model.gain;
}

}  // namespace

void Records::check() const {
    check_at_least("bins", bins, 1);
    check_at_least("records", count, 1);
    check_positive("bin_us", bin_duration);
    check_finite("bin_us", bin_duration);
    if (std::ssize(values) != count * bins) {
        throw ShapeMismatch("Argument `records` must have shape (records, bins), but has " +
                            std::to_string(values.size()) + " values.");
    }
    for (const Real value : values) {
        if (std::isinf(value)) {
            throw_invalid_argument("records", "finite, or NaN where nothing was recorded", text_of(value));
        }
    }
    const Real coherence = start[2] * start[2] + start[3] * start[3];
    if (!(std::abs(start[0] + start[1] - 1) < 1e-9 && start[0] >= 0 && start[1] >= 0 &&
          coherence <= start[0] * start[1] + 1e-9)) {
        throw InvalidArgument("Argument `start` must be a density matrix of a qubit, but is not.");
    }
}

RecordLikelihoods record_likelihoods(const Records& records, std::span<const QubitRecordModel> models,
                                     bool with_gradients, int threads, RunControl& control) {
    records.check();
    const PackedRecords packed(records);
    const Index model_count = std::ssize(models);
    const Index blocks = packed.blocks();
    RecordLikelihoods found;
    found.log_densities.resize(static_cast<std::size_t>(model_count * records.count));
    found.gradients.resize(with_gradients ? static_cast<std::size_t>(model_count * QubitRecordModel::size) : 0);
    std::vector<BinSeries> series;
    series.reserve(models.size());
    for (const QubitRecordModel& model : models) {
        series.push_back(series_for(model, records, packed));
    }
    std::vector<std::optional<BlockGradient>> gradients(with_gradients ? static_cast<std::size_t>(model_count * blocks)
                                                                       : 0);
    for_each_block(model_count * blocks, threads, control, [&](Index task) {
        const auto at = static_cast<std::size_t>(task / blocks);
        const Index block = task % blocks;
        Real log_ratios[record_lanes];
        RecordPlan plan = plan_of(models[at], series[at], records, packed, block);
        plan.log_ratios = log_ratios;
        if (with_gradients) {
            gradients[static_cast<std::size_t>(task)] = differentiated(plan, packed.lanes_of(block));
        } else {
            record_kernels().weigh(plan);
        }
        const Real noise = log_noise_density(models[at], records.bin_duration);
        for (Index lane = 0; lane < packed.lanes_of(block); ++lane) {
            const Index record = block * record_lanes + lane;
            found.log_densities[at * static_cast<std::size_t>(records.count) + static_cast<std::size_t>(record)] =
                log_ratios[lane] + static_cast<Real>(packed.seen(record)) * noise;
        }
    });
    if (with_gradients && !control.stop_requested) {
        for (std::size_t at = 0; at < models.size(); ++at) {
            const auto own =
                std::span(gradients).subspan(at * static_cast<std::size_t>(blocks), static_cast<std::size_t>(blocks));
            finish_gradient(models[at], series[at], records, packed, own,
                            found.gradients.data() + at * static_cast<std::size_t>(QubitRecordModel::size));
        }
    }
    return found;
}

RecordPredictions predict_records(const Records& records, const QubitRecordModel& model, int threads,
                                  RunControl& control) {
    records.check();
    const PackedRecords packed(records);
    const BinSeries series = series_for(model, records, packed);
    const Real unit = model.gain / std::sqrt(records.bin_duration);
    RecordPredictions found;
    found.means.resize(records.values.size());
    found.deviations.resize(records.values.size());
    for_each_block(packed.blocks(), threads, control, [&](Index block) {
        std::vector<Real> means(static_cast<std::size_t>(records.bins * record_lanes));
        std::vector<Real> variances(means.size());
        Real log_ratios[record_lanes];
        RecordPlan plan = plan_of(model, series, records, packed, block);
        plan.log_ratios = log_ratios;
        plan.means = means.data();
        plan.variances = variances.data();
        record_kernels().predict(plan);
        for (Index lane = 0; lane < packed.lanes_of(block); ++lane) {
            for (Index bin = 0; bin < records.bins; ++bin) {
                const auto to = static_cast<std::size_t>((block * record_lanes + lane) * records.bins + bin);
                const auto from = static_cast<std::size_t>(bin * record_lanes + lane);
                found.means[to] = model.offset + unit * means[from];
                found.deviations[to] = unit * std::sqrt(std::max(variances[from], 0.0));
            }
        }
    });
    return found;
}

}  // namespace synqc
