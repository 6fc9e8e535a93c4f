#include "synqc/dynamics/lane_shots.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

/// Constants of the programs of one register of lanes.
template <bool per_lane>
struct Constants {
    std::ptrdiff_t lanes;
    std::ptrdiff_t at;

    Lanes operator()(const double* rows, int number) const {
        if constexpr (per_lane) {
            return load(rows + number * lanes + at);
        } else {
            return all_lanes(rows[number]);
        }
    }
};

template <int levels, bool per_lane>
SYNQC_LANE_FUNCTION void apply_dense(const Constants<per_lane>& constants, const double* matrix,
                                     LaneState<levels>& state) {
    constexpr int n = levels * levels;
    LaneState<levels> before = state;
    for (int row = 0; row < n; ++row) {
        Lanes sum = constants(matrix, row * n) * before.coordinates[0];
        for (int column = 1; column < n; ++column) {
            sum = fused(constants(matrix, row * n + column), before.coordinates[column], sum);
        }
        state.coordinates[row] = sum;
    }
}

template <int levels, bool per_lane, bool quadrature>
void filter_register(const FilterPlan& plan, std::ptrdiff_t at) {
    Constants<per_lane> constants{plan.lanes, at};
    LaneMonitor<levels> monitor;
    for (int level = 0; level < levels; ++level) {
        monitor.level_i[level] = constants(plan.level_i, level);
        monitor.level_q[level] = constants(plan.level_q, level);
    }
    monitor.information = constants(plan.information, 0);
    for (int pair = 0; pair < LaneMonitor<levels>::pairs; ++pair) {
        monitor.damping[pair] = constants(plan.damping, pair);
    }
    LaneMask looks = constants(plan.looks, 0) > 0;
    LaneState<levels> state;
    for (int k = 0; k < levels * levels; ++k) {
        state.coordinates[k] = constants(plan.initial, k);
    }
    Lanes bin_norm = constants(plan.bin_norm, 0);
    Lanes log_likelihood = {};

    apply_dense(constants, plan.half, state);
    for (std::ptrdiff_t bin = 0; bin < plan.bins; ++bin) {
        const double* record = plan.bins_i + bin * plan.record_lanes;
        Lanes record_i = per_lane ? all_lanes(record[0]) : load(record + at);
        Lanes record_q = {};
        if constexpr (quadrature) {
            const double* other = plan.bins_q + bin * plan.record_lanes;
            record_q = per_lane ? all_lanes(other[0]) : load(other + at);
        }
        for (std::ptrdiff_t step = 0; step < plan.steps_per_bin; ++step) {
            LaneState<levels> before = state;
            Evidence evidence = apply_foreign_look<levels, quadrature>(monitor, record_i, record_q, state);
            for (int k = 0; k < levels * levels; ++k) {
                state.coordinates[k] = looks ? state.coordinates[k] : before.coordinates[k];
            }
            log_likelihood += log(evidence.norm) + 2 * evidence.exponent;
            bool last = bin + 1 == plan.bins && step + 1 == plan.steps_per_bin;
            apply_dense(constants, last ? plan.half : plan.full, state);
        }
        log_likelihood += bin_norm;
    }
    store_state(plan.states + at, plan.lanes, state);
    store(plan.log_likelihoods + at, monitor.information > 0 ? log_likelihood : Lanes{});
}

template <int levels, bool per_lane, bool quadrature>
void filter_registers(const FilterPlan& plan) {
    for (std::ptrdiff_t at = 0; at < plan.count; at += lane_count) {
        filter_register<levels, per_lane, quadrature>(plan, at);
    }
}

template <int levels>
void filter_levels(const FilterPlan& plan) {
    if (plan.per_lane) {
        plan.quadrature_informs ? filter_registers<levels, true, true>(plan)
                                : filter_registers<levels, true, false>(plan);
    } else {
        plan.quadrature_informs ? filter_registers<levels, false, true>(plan)
                                : filter_registers<levels, false, false>(plan);
    }
}

void filter(const FilterPlan& plan) {
    switch (plan.levels) {
        case 2:
            return filter_levels<2>(plan);
        case 3:
            return filter_levels<3>(plan);
        case 4:
            return filter_levels<4>(plan);
        default:
            return filter_levels<5>(plan);
    }
}

}  // namespace

extern const FilterKernels filter_kernels;
const FilterKernels filter_kernels = {filter};

}  // namespace synqc::SYNQC_SIMD_LEVEL
