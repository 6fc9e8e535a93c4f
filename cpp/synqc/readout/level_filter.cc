#include "synqc/readout/level_filter.h"

#include <cmath>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/linalg/exponential.h"
#include "synqc/readout/readout_tables.h"

namespace synqc {

namespace {

void check_size(const char* name, std::size_t size, Index wanted) {
    if (static_cast<Index>(size) != wanted) {
        throw_invalid_argument(name, std::to_string(wanted) + " values", std::to_string(size));
    }
}

/// At an edge inside, the kernel has changed levels until the middle of the bin before it alone.
void change_levels_until_edges(const ReadoutModel& model, Index records, std::span<Real> populations) {
    const Index levels = model.levels();
    const Index row = levels + 3;
    RealMatrix half;
    Real before = -1;
    for (Index edge = 1; edge < model.bins(); ++edge) {
        const Real length = model.shown_time(edge) - model.shown_time(edge - 1);
        if (std::abs(length - before) > 1e-12 * length) {
            half = exponential(RealMatrix(model.generator() * (length / 2)));
            before = length;
        }
        for (Index record = 0; record < records; ++record) {
            Eigen::Map<RealVector> here(populations.data() + (record * (model.bins() + 1) + edge) * row, levels);
            here = (half * here).eval();
        }
    }
}

}  // namespace

void filter_levels(const ReadoutModel& model, std::span<const Real> start_weights, std::span<const Real> records,
                   std::span<Real> likelihoods, std::span<Real> weights, std::span<Real> populations) {
    const ReadoutTables tables =
        readout_tables(model, populations.empty() ? LevelChanges::between_groups : LevelChanges::between_bins);
    const Index levels = model.levels();
    const Index starts = std::ssize(start_weights) / levels;
    if (std::ssize(start_weights) % levels != 0 || (starts != 1 && starts != levels)) {
        throw_invalid_argument("start_weights", "one row of levels, or one row per level",
                               std::to_string(start_weights.size()) + " values");
    }
    for (Index start = 0; start < starts; ++start) {
        Real sum = 0;
        for (Index level = 0; level < levels; ++level) {
            check_probability("start_weights", start_weights[start * levels + level]);
            sum += start_weights[start * levels + level];
        }
        check_between("start_weights (sum of a row)", sum, 1 - 1e-9, 1 + 1e-9);
    }
    const Index per_record = model.bins() * (model.is_heterodyne() ? 2 : 1);
    const Index count = std::ssize(records) / per_record;
    check_size("records", records.size(), count * per_record);
    check_size("likelihoods", likelihoods.size(), count * starts);
    check_size("weights", weights.size(), count * starts * levels);
    if (!populations.empty()) {
        check_size("start_weights (for populations)", start_weights.size(), levels);
        check_size("populations", populations.size(), count * (model.bins() + 1) * (levels + 3));
    }
    readout_kernels().filter({tables, static_cast<int>(starts), start_weights.data(), count, records.data(),
                              likelihoods.data(), weights.data(), populations.empty() ? nullptr : populations.data()});
    if (!populations.empty()) {
        change_levels_until_edges(model, count, populations);
    }
}

}  // namespace synqc
