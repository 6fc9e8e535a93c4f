#include "synqc/readout/readout_tables.h"

#include "synqc/base/checks.h"

namespace synqc {

namespace {

const Real* pairs_of(const std::vector<Complex>& values) {
    return reinterpret_cast<const Real*>(values.data());
}

}  // namespace

ReadoutTables readout_tables(const ReadoutModel& model, LevelChanges changes) {
    check_between("levels", model.levels(), Index{2}, Index{3});
    const bool in_groups = changes == LevelChanges::between_groups;
    return {.levels = static_cast<int>(model.levels()),
            .heterodyne = model.is_heterodyne(),
            .bins = model.bins(),
            .means = pairs_of(model.means()),
            .decays = pairs_of(model.decays()),
            .shares = pairs_of(model.shares()),
            .signals = pairs_of(model.signals()),
            .transitions = (in_groups ? model.grouped_transitions() : model.transitions()).data(),
            .stride = in_groups ? model.stride() : 1,
            .durations = model.durations().data()};
}

}  // namespace synqc
