#pragma once

#include <string_view>

#include "synqc/dynamics/monitored_shots.h"
#include "synqc/dynamics/shot_kernels.h"

/// From the vocabulary of the room to the plain numbers kernels take. Nothing here allocates.
namespace synqc {

/// Lanes are padded to a multiple of the widest vector's doubles.
constexpr Index lane_multiple = 8;

void pack_state(const Matrix& state, double* coordinates);
void pack_map(const Channel& channel, PackedMap& packed);
PackedMonitor packed_monitor(const ContinuousMeasurement& monitor, Index levels, Real step_duration);

/// Refuses a channel whose shape does not fit `levels`, or whose elements are not finite.
void check_channel(std::string_view name, const Channel& channel, Index levels);

}  // namespace synqc
