#include "synqc/infer/record_kernels.h"
#include "synqc/random/lane_math.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

/// Keeps ln finite where a record is one that the model calls impossible, to rounding.
constexpr double least_probability = 1e-290;

enum class Kept { nothing, states, predictions };

struct SeenBin {
    Lanes y;  // 0 where nothing was recorded
    LaneMask seen;
};

SYNQC_LANE_FUNCTION SeenBin load_bin(const RecordPlan& plan, std::ptrdiff_t bin, std::ptrdiff_t at) {
    Lanes record = load(plan.records + bin * record_lanes + at);
    LaneMask seen = record == record;
    return {seen ? (record - plan.offset) * plan.scale : Lanes{}, seen};
}

/// Element (row, column) of B_m.
SYNQC_LANE_FUNCTION Lanes element(const double* map, int row, int column) {
    return all_lanes(map[4 * row + column]);
}

/// B_m rho.
SYNQC_LANE_FUNCTION void apply_bin_map(const double* map, const Lanes (&rho)[4], Lanes (&to)[4]) {
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) {
        Lanes sum = element(map, row, 0) * rho[0];
        sum = fused(element(map, row, 1), rho[1], sum);
        sum = fused(element(map, row, 2), rho[2], sum);
        to[row] = fused(element(map, row, 3), rho[3], sum);
    }
}

/// B_m^T mu.
SYNQC_LANE_FUNCTION void apply_turned(const double* map, const Lanes (&mu)[4], Lanes (&to)[4]) {
#pragma GCC unroll 4
    for (int column = 0; column < 4; ++column) {
        Lanes sum = element(map, 0, column) * mu[0];
        sum = fused(element(map, 1, column), mu[1], sum);
        sum = fused(element(map, 2, column), mu[2], sum);
        to[column] = fused(element(map, 3, column), mu[3], sum);
    }
}

/// States before each bin, and how probable the records are.
template <Kept kept>
void run_forwards(const RecordPlan& plan, std::ptrdiff_t at) {
    Lanes rho[4];
    for (int k = 0; k < 4; ++k) {
        rho[k] = all_lanes(plan.start[k]);
    }
    Lanes log_ratio = {};
    for (std::ptrdiff_t bin = 0; bin < plan.bins; ++bin) {
        const SeenBin here = load_bin(plan, bin, at);
        if constexpr (kept == Kept::states) {
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) {
                store(plan.states + (4 * bin + k) * record_lanes + at, rho[k]);
            }
        }
        Lanes after[4];
        apply_bin_map(plan.maps, rho, after);
        Lanes before = all_lanes(1);
        Lanes power = here.y;
        for (int m = 1; m <= plan.degree; ++m) {
            Lanes used = here.seen ? power : Lanes{};
            Lanes term[4];
            apply_bin_map(plan.maps + 16 * m, rho, term);
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) {
                after[k] = fused(used, term[k], after[k]);
            }
            if constexpr (kept == Kept::predictions) {
                if (m <= 2) {
                    store((m == 1 ? plan.means : plan.variances) + bin * record_lanes + at, term[0] + term[1]);
                }
            }
            Lanes next = here.y * power - all_lanes(m) * before;
            before = power;
            power = next;
        }
        if constexpr (kept == Kept::predictions) {
            Lanes mean = load(plan.means + bin * record_lanes + at);
            double* variance = plan.variances + bin * record_lanes + at;
            store(variance, 1 + 2 * load(variance) - mean * mean);
        }
        Lanes probability = larger(after[0] + after[1], all_lanes(least_probability));
        Lanes inverse = 1 / probability;
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) {
            rho[k] = after[k] * inverse;
        }
        log_ratio += log(probability) - 0.5 * here.y * here.y;
    }
    store(plan.log_ratios + at, log_ratio);
}

/// The adjoint: mu is what the rest of the record says, mu . rho = 1.
void run_backwards(const RecordPlan& plan, std::ptrdiff_t at) {
    Lanes mu[4] = {all_lanes(1), all_lanes(1), {}, {}};
    Lanes pull = {};
    Lanes pull_y = {};
    Lanes powers[most_record_degree + 1];
    powers[0] = all_lanes(1);
    for (std::ptrdiff_t bin = plan.bins - 1; bin >= 0; --bin) {
        const SeenBin here = load_bin(plan, bin, at);
        Lanes rho[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) {
            rho[k] = load(plan.states + (4 * bin + k) * record_lanes + at);
        }
        Lanes earlier[4];
        apply_turned(plan.maps, mu, earlier);
        Lanes slope = {};
        Lanes before = all_lanes(1);
        Lanes power = here.y;
        for (int m = 1; m <= plan.degree; ++m) {
            powers[m] = here.seen ? power : Lanes{};
            Lanes term[4];
            apply_turned(plan.maps + 16 * m, mu, term);
            Lanes along = {};
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) {
                earlier[k] = fused(powers[m], term[k], earlier[k]);
                along = fused(term[k], rho[k], along);
            }
            slope = fused(all_lanes(m) * before, along, slope);
            Lanes next = here.y * power - all_lanes(m) * before;
            before = power;
            power = next;
        }
        Lanes probability = earlier[0] * rho[0];
#pragma GCC unroll 3
        for (int k = 1; k < 4; ++k) {
            probability = fused(earlier[k], rho[k], probability);
        }
        Lanes inverse = 1 / larger(probability, all_lanes(least_probability));
        Lanes outer[16];
#pragma GCC unroll 4
        for (int row = 0; row < 4; ++row) {
            Lanes weight = mu[row] * inverse;
#pragma GCC unroll 4
            for (int column = 0; column < 4; ++column) {
                outer[4 * row + column] = weight * rho[column];
            }
        }
        for (int m = 0; m <= plan.degree; ++m) {
            double* sums = plan.map_sums + 16 * m * record_lanes + at;
#pragma GCC unroll 16
            for (int k = 0; k < 16; ++k) {
                store(sums + k * record_lanes, fused(powers[m], outer[k], load(sums + k * record_lanes)));
            }
        }
        Lanes by_record = here.seen ? slope * inverse - here.y : Lanes{};
        pull += by_record;
        pull_y = fused(by_record, here.y, pull_y);
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) {
            mu[k] = earlier[k] * inverse;
        }
    }
    store(plan.pulls + at, pull);
    store(plan.pulls + record_lanes + at, pull_y);
}

void weigh(const RecordPlan& plan) {
    for (std::ptrdiff_t at = 0; at < record_lanes; at += lane_count) {
        run_forwards<Kept::nothing>(plan, at);
    }
}

void differentiate(const RecordPlan& plan) {
    for (std::ptrdiff_t at = 0; at < record_lanes; at += lane_count) {
        run_forwards<Kept::states>(plan, at);
        run_backwards(plan, at);
    }
}

void predict(const RecordPlan& plan) {
    for (std::ptrdiff_t at = 0; at < record_lanes; at += lane_count) {
        run_forwards<Kept::predictions>(plan, at);
    }
}

}  // namespace

extern const RecordKernels record_kernels;
const RecordKernels record_kernels = {weigh, differentiate, predict};

}  // namespace synqc::SYNQC_SIMD_LEVEL
