#pragma once

#include "synqc/dynamics/shot_kernels.h"
#include "synqc/random/lane_philox.h"

/// States of a register of shots and the two things that happen to them: a channel, and a look.
namespace synqc::SYNQC_SIMD_LEVEL {

/// Exponents of Bayes weights below it are cut off: the square of the weight stays a normal number, so that the norm of
/// a state with any population left is never 0.
inline constexpr double least_exponent = -340;

template <int levels>
struct LaneState {
    Lanes coordinates[levels * levels];
};

template <int levels>
SYNQC_LANE_FUNCTION LaneState<levels> broadcast_state(const double* coordinates) {
    LaneState<levels> state;
#pragma GCC unroll 25
    for (int k = 0; k < levels * levels; ++k) {
        state.coordinates[k] = all_lanes(coordinates[k]);
    }
    return state;
}

template <int levels>
SYNQC_LANE_FUNCTION LaneState<levels> load_state(const double* from, std::ptrdiff_t lanes) {
    LaneState<levels> state;
#pragma GCC unroll 25
    for (int k = 0; k < levels * levels; ++k) {
        state.coordinates[k] = load(from + k * lanes);
    }
    return state;
}

template <int levels>
SYNQC_LANE_FUNCTION void store_state(double* to, std::ptrdiff_t lanes, const LaneState<levels>& state) {
#pragma GCC unroll 25
    for (int k = 0; k < levels * levels; ++k) {
        store(to + k * lanes, state.coordinates[k]);
    }
}

/// `width` registers of shots through one channel. Two levels keep everything in registers; more levels skip the zeros
/// of the map, which in the frame of the drive are most of an idle channel.
template <int levels, int width>
SYNQC_LANE_FUNCTION void apply_map(const PackedMap& map, LaneState<levels> (&states)[width]) {
    if constexpr (levels == 2) {
#pragma GCC unroll 8
        for (int w = 0; w < width; ++w) {
            LaneState<2> before = states[w];
#pragma GCC unroll 4
            for (int row = 0; row < 4; ++row) {
                const double* c = map.coefficients + 4 * row;
                Lanes sum = all_lanes(c[0]) * before.coordinates[0];
#pragma GCC unroll 3
                for (int column = 1; column < 4; ++column) {
                    sum = fused(all_lanes(c[column]), before.coordinates[column], sum);
                }
                states[w].coordinates[row] = sum;
            }
        }
    } else {
        constexpr int size = levels * levels;
        Lanes after[size][width];
        for (int row = 0; row < size; ++row) {
            Lanes sums[width] = {};
            if (map.full) {
                const double* c = map.coefficients + size * row;
#pragma GCC unroll 25
                for (int column = 0; column < size; ++column) {
#pragma GCC unroll 8
                    for (int w = 0; w < width; ++w) {
                        sums[w] = fused(all_lanes(c[column]), states[w].coordinates[column], sums[w]);
                    }
                }
            } else {
                for (int k = map.row_starts[row]; k < map.row_starts[row + 1]; ++k) {
#pragma GCC unroll 8
                    for (int w = 0; w < width; ++w) {
                        sums[w] = fused(all_lanes(map.coefficients[k]), states[w].coordinates[map.columns[k]], sums[w]);
                    }
                }
            }
#pragma GCC unroll 8
            for (int w = 0; w < width; ++w) {
                after[row][w] = sums[w];
            }
        }
#pragma GCC unroll 8
        for (int w = 0; w < width; ++w) {
#pragma GCC unroll 25
            for (int row = 0; row < levels * levels; ++row) {
                states[w].coordinates[row] = after[row][w];
            }
        }
    }
}

/// Constants of a look, one per lane or the same for all.
template <int levels>
struct LaneMonitor {
    static constexpr int pairs = levels * (levels - 1) / 2;
    Lanes level_i[levels];
    Lanes level_q[levels];
    Lanes information;
    Lanes damping[pairs];
};

template <int levels>
SYNQC_LANE_FUNCTION LaneMonitor<levels> broadcast_monitor(const PackedMonitor& from) {
    LaneMonitor<levels> monitor;
#pragma GCC unroll 5
    for (int level = 0; level < levels; ++level) {
        monitor.level_i[level] = all_lanes(from.level_i[level]);
        monitor.level_q[level] = all_lanes(from.level_q[level]);
    }
    monitor.information = all_lanes(from.information);
#pragma GCC unroll 10
    for (int pair = 0; pair < LaneMonitor<levels>::pairs; ++pair) {
        monitor.damping[pair] = all_lanes(from.damping[pair]);
    }
    return monitor;
}

/// The probability density of the record just seen, without its Gaussian normalisation: norm * exp(2 * exponent).
struct Evidence {
    Lanes norm;
    Lanes exponent;
};

/// rho -> K rho K^dagger / norm for the Kraus operator of the record and the unobserved dephasing. Weights are relative
/// to the largest, so that no step is too long.
template <int levels, bool quadrature>
SYNQC_LANE_FUNCTION Evidence apply_look(const LaneMonitor<levels>& monitor, Lanes record_i, Lanes record_q,
                                        LaneState<levels>& state) {
    Lanes* c = state.coordinates;
    if constexpr (levels == 2) {
        Lanes distance_0 = record_i - monitor.level_i[0];
        Lanes distance_1 = record_i - monitor.level_i[1];
        Lanes square_0 = distance_0 * distance_0;
        Lanes square_1 = distance_1 * distance_1;
        Lanes advantage = (monitor.level_i[0] - monitor.level_i[1]) * (distance_0 + distance_1);
        if constexpr (quadrature) {
            Lanes quadrature_0 = record_q - monitor.level_q[0];
            Lanes quadrature_1 = record_q - monitor.level_q[1];
            square_0 = fused(quadrature_0, quadrature_0, square_0);
            square_1 = fused(quadrature_1, quadrature_1, square_1);
            advantage = fused(monitor.level_q[0] - monitor.level_q[1], quadrature_0 + quadrature_1, advantage);
        }
        LaneMask ground_favoured = advantage >= 0;
        Lanes exponent = advantage * monitor.information;
        Lanes weight = exp(larger(ground_favoured ? -exponent : exponent, all_lanes(least_exponent)));
        Lanes weight_squared = weight * weight;
        Lanes ground = ground_favoured ? c[0] : c[0] * weight_squared;
        Lanes excited = ground_favoured ? c[1] * weight_squared : c[1];
        Lanes norm = ground + excited;
        Lanes inverse = 1 / norm;
        Lanes coherence = weight * monitor.damping[0] * inverse;
        c[0] = ground * inverse;
        c[1] = excited * inverse;
        c[2] *= coherence;
        c[3] *= coherence;
        return {norm, -monitor.information * (ground_favoured ? square_0 : square_1)};
    } else {
        Lanes weights[levels];
        Lanes highest;
#pragma GCC unroll 5
        for (int level = 0; level < levels; ++level) {
            Lanes distance = record_i - monitor.level_i[level];
            Lanes square = distance * distance;
            if constexpr (quadrature) {
                Lanes other = record_q - monitor.level_q[level];
                square = fused(other, other, square);
            }
            weights[level] = -monitor.information * square;
            highest = level == 0 ? weights[0] : larger(highest, weights[level]);
        }
        Lanes norm = {};
#pragma GCC unroll 5
        for (int level = 0; level < levels; ++level) {
            weights[level] = exp(larger(weights[level] - highest, all_lanes(least_exponent)));
            c[level] *= weights[level] * weights[level];
            norm += c[level];
        }
        Lanes inverse = 1 / norm;
#pragma GCC unroll 5
        for (int level = 0; level < levels; ++level) {
            c[level] *= inverse;
        }
        int pair = 0;
#pragma GCC unroll 5
        for (int i = 0; i < levels; ++i) {
            Lanes shared = weights[i] * inverse;
#pragma GCC unroll 5
            for (int j = i + 1; j < levels; ++j, ++pair) {
                Lanes factor = shared * weights[j] * monitor.damping[pair];
                c[levels + 2 * pair] *= factor;
                c[levels + 2 * pair + 1] *= factor;
            }
        }
        return {norm, highest};
    }
}

/// The same for a state that did not make the record. Where the record is one the state calls impossible, rounding
/// errors of empty levels would be blown up into coherences larger than their populations allow: those are cut back.
template <int levels, bool quadrature>
SYNQC_LANE_FUNCTION Evidence apply_foreign_look(const LaneMonitor<levels>& monitor, Lanes record_i, Lanes record_q,
                                                LaneState<levels>& state) {
    Lanes* c = state.coordinates;
#pragma GCC unroll 5
    for (int level = 0; level < levels; ++level) {
        c[level] = larger(c[level], Lanes{});
    }
    Evidence evidence = apply_look<levels, quadrature>(monitor, record_i, record_q, state);
    if (__builtin_expect(any_lane(evidence.norm < 1e-9), 0)) {
        int pair = 0;
        for (int i = 0; i < levels; ++i) {
            for (int j = i + 1; j < levels; ++j, ++pair) {
                Lanes& re = c[levels + 2 * pair];
                Lanes& im = c[levels + 2 * pair + 1];
                Lanes allowed = c[i] * c[j];
                Lanes square = fused(re, re, im * im);
                Lanes factor = square > allowed ? square_root(allowed / square) : all_lanes(1);
                re *= factor;
                im *= factor;
            }
        }
    }
    return evidence;
}

}  // namespace synqc::SYNQC_SIMD_LEVEL
