#include "synqc/dynamics/shot_packing.h"

#include <cmath>
#include <string>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

bool all_equal(const std::vector<Real>& values) {
    for (Real value : values) {
        if (value != values.front()) {
            return false;
        }
    }
    return true;
}

}  // namespace

void pack_state(const Matrix& state, double* coordinates) {
    Index levels = state.rows();
    Index position = levels;
    for (Index i = 0; i < levels; ++i) {
        coordinates[i] = state(i, i).real();
        for (Index j = i + 1; j < levels; ++j) {
            Complex coherence = 0.5 * (state(i, j) + std::conj(state(j, i)));
            coordinates[position++] = coherence.real();
            coordinates[position++] = coherence.imag();
        }
    }
}

void pack_map(const Channel& channel, PackedMap& packed) {
    Index size = channel.levels * channel.levels;
    // Skipping costs an index per number: it pays when more than half of them are 0.
    packed.full = channel.levels == 2 || 2 * (channel.matrix.array() != 0).count() > size * size;
    std::uint16_t filled = 0;
    for (Index row = 0; row < size; ++row) {
        packed.row_starts[row] = filled;
        for (Index column = 0; column < size; ++column) {
            Real value = channel.matrix(row, column);
            if (packed.full || value != 0) {
                packed.columns[filled] = static_cast<std::uint16_t>(column);
                packed.coefficients[filled] = value;
                filled += 1;
            }
        }
    }
    packed.row_starts[size] = filled;
}

PackedMonitor packed_monitor(const ContinuousMeasurement& monitor, Index levels, Real step_duration) {
    PackedMonitor packed{};
    packed.looks = monitor.dephasing_rate > 0 && step_duration > 0;
    packed.quadrature_informs = !all_equal(monitor.level_q);
    bool informs = packed.looks && std::isfinite(monitor.measurement_time);
    packed.noise = informs ? std::sqrt(monitor.measurement_time / step_duration) : 0;
    packed.information = informs ? step_duration / (4 * monitor.measurement_time) : 0;
    packed.record_scale = informs ? 1 : 0;
    Index pair = 0;
    for (Index i = 0; i < levels; ++i) {
        packed.level_i[i] = monitor.level_i[i];
        packed.level_q[i] = monitor.level_q[i];
        for (Index j = i + 1; j < levels; ++j) {
            Real distance_i = monitor.level_i[i] - monitor.level_i[j];
            Real distance_q = monitor.level_q[i] - monitor.level_q[j];
            Real rate = monitor.dephasing_rate * (distance_i * distance_i + distance_q * distance_q) / 4;
            packed.damping[pair++] = std::exp(-(1 - monitor.efficiency) * rate * step_duration);
        }
    }
    return packed;
}

void check_channel(std::string_view name, const Channel& channel, Index levels) {
    Index size = levels * levels;
    if (channel.levels != levels || channel.matrix.rows() != size || channel.matrix.cols() != size) {
        throw_invalid_argument(name, "a channel of " + std::to_string(levels) + " levels",
                               "one of " + std::to_string(channel.levels) + " levels with a matrix of " +
                                   std::to_string(channel.matrix.rows()) + " by " +
                                   std::to_string(channel.matrix.cols()));
    }
    if (!channel.matrix.allFinite()) {
        throw_invalid_argument(name, "finite in every element", "not");
    }
}

}  // namespace synqc
