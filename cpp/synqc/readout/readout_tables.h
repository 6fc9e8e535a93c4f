#pragma once

#include "synqc/readout/readout_kernels.h"
#include "synqc/readout/readout_model.h"

namespace synqc {

enum class LevelChanges { between_bins, between_groups };

/// The model as its kernels read it, which must outlive the tables. Throws InvalidArgument for more than three levels.
ReadoutTables readout_tables(const ReadoutModel& model, LevelChanges changes);

}  // namespace synqc
