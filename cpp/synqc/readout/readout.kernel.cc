#include "synqc/random/lane_philox.h"
#include "synqc/readout/readout_kernels.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

struct LaneComplex {
    Lanes real;
    Lanes imaginary;
};

SYNQC_LANE_FUNCTION LaneComplex all_lanes_of(const double* pair) {
    return {all_lanes(pair[0]), all_lanes(pair[1])};
}

SYNQC_LANE_FUNCTION LaneComplex product(LaneComplex a, LaneComplex b) {
    return {fused(a.real, b.real, -(a.imaginary * b.imaginary)), fused(a.real, b.imaginary, a.imaginary * b.real)};
}

/// The table's entry of each lane's level.
template <int levels>
SYNQC_LANE_FUNCTION LaneComplex of_level(const double* row, Lanes level) {
    LaneComplex chosen = all_lanes_of(row);
#pragma GCC unroll 3
    for (int other = 1; other < levels; ++other) {
        const LaneMask here = (LaneMask)(level == all_lanes(other));
        chosen.real = here ? all_lanes(row[2 * other]) : chosen.real;
        chosen.imaginary = here ? all_lanes(row[2 * other + 1]) : chosen.imaginary;
    }
    return chosen;
}

/// Steps whose values are kept in lanes before they are written shot by shot.
constexpr std::ptrdiff_t chunk = 16;

/// Shots of one register, and what is known of each between two bins.
struct LaneLevels {
    Lanes level;
    LaneComplex deviation;
    Lanes next_jump;
    bool deviates;  // whether any has jumped

    void take(const ShotLevel* shots, std::ptrdiff_t here) {
        deviates = false;
        for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
            const ShotLevel& shot = shots[lane < here ? lane : here - 1];
            level[lane] = shot.level;
            deviation.real[lane] = shot.deviation[0];
            deviation.imaginary[lane] = shot.deviation[1];
            next_jump[lane] = lane < here ? shot.next_jump : __builtin_inf();
            deviates = deviates || shot.deviation[0] != 0 || shot.deviation[1] != 0;
        }
    }

    ShotLevel shot(std::ptrdiff_t lane) const {
        return {level[lane], {deviation.real[lane], deviation.imaginary[lane]}, next_jump[lane]};
    }

    void put(std::ptrdiff_t lane, const ShotLevel& shot) {
        level[lane] = shot.level;
        deviation.real[lane] = shot.deviation[0];
        deviation.imaginary[lane] = shot.deviation[1];
        next_jump[lane] = shot.next_jump;
        deviates = true;
    }
};

template <int levels>
SYNQC_LANE_FUNCTION LaneComplex pass_bin(const ReadoutShotsPlan& plan, std::ptrdiff_t bin, std::ptrdiff_t at,
                                         LaneLevels& state) {
    const ReadoutTables& tables = plan.tables;
    const std::ptrdiff_t row = 2 * levels * bin;
    const LaneMask jumps = (LaneMask)(state.next_jump < all_lanes(plan.ends[bin]));
    LaneComplex signal = of_level<levels>(tables.means + row, state.level);
    if (__builtin_expect(any_lane(jumps) || state.deviates, 0)) {
        const LaneLevels before = state;
        if (state.deviates) {
            const LaneComplex shown = product(of_level<levels>(tables.shares + row, state.level), state.deviation);
            signal.real += shown.real;
            signal.imaginary += shown.imaginary;
            state.deviation = product(of_level<levels>(tables.decays + row, state.level), state.deviation);
        }
        if (any_lane(jumps)) {
            for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
                if (jumps[lane] != 0) {
                    ShotLevel shot = before.shot(lane);
                    double mean[2];
                    plan.jump(plan.context, at + lane, bin, &shot, mean);
                    signal.real[lane] = mean[0];
                    signal.imaginary[lane] = mean[1];
                    state.put(lane, shot);
                }
            }
        }
    }
    return signal;
}

template <int levels, bool heterodyne>
void sample_register(const ReadoutShotsPlan& plan, const LanePhiloxKeys& keys, std::ptrdiff_t at) {
    constexpr int width = heterodyne ? 2 : 1;
    const std::ptrdiff_t bins = plan.tables.bins;
    const std::ptrdiff_t here = plan.count - at < lane_count ? plan.count - at : lane_count;
    LaneBits shots = all_bits(plan.first + static_cast<std::uint64_t>(at));
    for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
        shots[lane] += static_cast<std::uint64_t>(lane);
    }
    LaneLevels state;
    state.take(plan.shots + at, here);
    Lanes noises[2 * chunk];
    Lanes kept[2 * chunk];
    for (std::ptrdiff_t begin = 0; begin < bins; begin += chunk) {
        const std::ptrdiff_t steps = bins - begin < chunk ? bins - begin : chunk;
        // A counter's words make two normals: of two bins, or of the two quadratures of one.
        for (std::ptrdiff_t number = 0; number < width * chunk / 2; ++number) {
            const auto step = static_cast<std::uint32_t>(width * begin / 2 + number);
            const LanePair normals = normals_from_words(lane_philox(keys, step, plan.channel, shots));
            noises[2 * number] = normals.first;
            noises[2 * number + 1] = normals.second;
        }
        for (std::ptrdiff_t step = 0; step < steps; ++step) {
            const LaneComplex signal = pass_bin<levels>(plan, begin + step, at, state);
            const Lanes scale = all_lanes(plan.noises[begin + step]);
            kept[width * step] = fused(noises[width * step], scale, signal.real);
            if constexpr (heterodyne) {
                kept[2 * step + 1] = fused(noises[2 * step + 1], scale, signal.imaginary);
            }
        }
        for (std::ptrdiff_t lane = 0; lane < here; ++lane) {
            double* to = plan.records + ((at + lane) * bins + begin) * width;
            for (std::ptrdiff_t k = 0; k < width * steps; ++k) {
                to[k] = kept[k][lane];
            }
        }
    }
    for (std::ptrdiff_t lane = 0; lane < here; ++lane) {
        plan.shots[at + lane] = state.shot(lane);
    }
}

template <int levels, bool heterodyne>
void sample_registers(const ReadoutShotsPlan& plan) {
    const LanePhiloxKeys keys = lane_philox_keys(plan.key[0], plan.key[1]);
    for (std::ptrdiff_t at = 0; at < plan.count; at += lane_count) {
        sample_register<levels, heterodyne>(plan, keys, at);
    }
}

void sample(const ReadoutShotsPlan& plan) {
    if (plan.tables.levels == 2) {
        plan.tables.heterodyne ? sample_registers<2, true>(plan) : sample_registers<2, false>(plan);
    } else {
        plan.tables.heterodyne ? sample_registers<3, true>(plan) : sample_registers<3, false>(plan);
    }
}

/// Weights of the present levels given one start and the record so far, but for the exponents of the bins since they
/// last changed, and the deviation of each level's signal.
template <int levels>
struct Beliefs {
    Lanes weights[levels];
    LaneComplex deviations[levels];
    Lanes exponents[levels];
};

/// One over each weight, by one division; weights too small to matter count as what still leaves their product a
/// number.
template <int levels>
SYNQC_LANE_FUNCTION void invert(const Lanes (&weights)[levels], Lanes (&inverses)[levels]) {
    Lanes floored[levels];
#pragma GCC unroll 3
    for (int level = 0; level < levels; ++level) {
        floored[level] = larger(weights[level], all_lanes(1e-90));
    }
    if constexpr (levels == 2) {
        const Lanes both = 1 / (floored[0] * floored[1]);
        inverses[0] = both * floored[1];
        inverses[1] = both * floored[0];
    } else {
        const Lanes pair = floored[0] * floored[1];
        const Lanes all = 1 / (pair * floored[2]);
        const Lanes rest = all * floored[2];
        inverses[0] = rest * floored[1];
        inverses[1] = rest * floored[0];
        inverses[2] = all * pair;
    }
}

template <int levels>
SYNQC_LANE_FUNCTION void change_levels(const ReadoutTables& tables, std::ptrdiff_t group, const double* signals,
                                       Beliefs<levels>& beliefs) {
    const double* changes = tables.transitions + group * levels * levels;
    Lanes weights[levels];
    LaneComplex moments[levels];
#pragma GCC unroll 3
    for (int to = 0; to < levels; ++to) {
        const Lanes stays = all_lanes(changes[to * levels + to]) * beliefs.weights[to];
        weights[to] = stays;
        moments[to] = {stays * beliefs.deviations[to].real, stays * beliefs.deviations[to].imaginary};
#pragma GCC unroll 3
        for (int from = 0; from < levels; ++from) {
            if (from != to) {
                // A field goes on from where it was, so that its deviation is from another signal now.
                const Lanes comes = all_lanes(changes[to * levels + from]) * beliefs.weights[from];
                const Lanes real = beliefs.deviations[from].real + all_lanes(signals[2 * from] - signals[2 * to]);
                const Lanes imaginary =
                    beliefs.deviations[from].imaginary + all_lanes(signals[2 * from + 1] - signals[2 * to + 1]);
                weights[to] += comes;
                moments[to].real = fused(comes, real, moments[to].real);
                moments[to].imaginary = fused(comes, imaginary, moments[to].imaginary);
            }
        }
    }
    Lanes inverses[levels];
    invert<levels>(weights, inverses);
#pragma GCC unroll 3
    for (int level = 0; level < levels; ++level) {
        beliefs.weights[level] = weights[level];
        beliefs.deviations[level] = {moments[level].real * inverses[level], moments[level].imaginary * inverses[level]};
        beliefs.exponents[level] = Lanes{};
    }
}

/// One bin: deviations are seen and decay.
template <int levels, bool heterodyne>
SYNQC_LANE_FUNCTION void see_bin(const ReadoutTables& tables, std::ptrdiff_t bin, LaneComplex record, Lanes duration,
                                 Beliefs<levels>& beliefs) {
    const std::ptrdiff_t row = 2 * levels * bin;
#pragma GCC unroll 3
    for (int level = 0; level < levels; ++level) {
        const LaneComplex deviation = beliefs.deviations[level];
        const LaneComplex share = all_lanes_of(tables.shares + row + 2 * level);
        const LaneComplex mean = all_lanes_of(tables.means + row + 2 * level);
        const Lanes real = fused(share.real, deviation.real, fused(-share.imaginary, deviation.imaginary, mean.real));
        Lanes exponent = real * fused(all_lanes(-0.5), real, record.real);
        if constexpr (heterodyne) {
            const Lanes imaginary =
                fused(share.real, deviation.imaginary, fused(share.imaginary, deviation.real, mean.imaginary));
            exponent = fused(imaginary, fused(all_lanes(-0.5), imaginary, record.imaginary), exponent);
        }
        // A bin without data has no duration here.
        beliefs.exponents[level] = fused(exponent, duration, beliefs.exponents[level]);
        beliefs.deviations[level] = product(all_lanes_of(tables.decays + row + 2 * level), deviation);
    }
}

/// Steps between two normalisations, and the exponent that asks for one at once: weights stay within exp(+-40) of a sum
/// of 1, so that products of three are numbers.
constexpr std::ptrdiff_t normalised_groups = 8;
constexpr double largest_exponent = 5;

/// Weights take in their exponents, relative to those of the level `reference`, whose is returned.
template <int levels, int reference>
SYNQC_LANE_FUNCTION Lanes weigh(Beliefs<levels>& beliefs, LaneMask& is_large) {
#pragma GCC unroll 3
    for (int level = 0; level < levels; ++level) {
        if (level != reference) {
            const Lanes exponent = beliefs.exponents[level] - beliefs.exponents[reference];
            is_large |= (LaneMask)(exponent * exponent > all_lanes(largest_exponent * largest_exponent));
            beliefs.weights[level] *= exp(smaller(larger(exponent, all_lanes(-500)), all_lanes(500)));
        }
    }
    return beliefs.exponents[reference];
}

template <int levels>
SYNQC_LANE_FUNCTION Lanes normalise(Beliefs<levels>& beliefs) {
    Lanes sum = beliefs.weights[0];
#pragma GCC unroll 3
    for (int level = 1; level < levels; ++level) {
        sum += beliefs.weights[level];
    }
    const Lanes scale = 1 / sum;
#pragma GCC unroll 3
    for (int level = 0; level < levels; ++level) {
        beliefs.weights[level] *= scale;
    }
    return log(sum);
}

template <int levels, int starts>
void keep_populations(const LevelFilterPlan& plan, std::ptrdiff_t at, std::ptrdiff_t here, std::ptrdiff_t edge,
                      const Beliefs<levels> (&beliefs)[starts], const Lanes (&logarithms)[starts]) {
    if (plan.populations == nullptr) {
        return;
    }
    for (std::ptrdiff_t lane = 0; lane < here; ++lane) {
        double* row = plan.populations + ((at + lane) * (plan.tables.bins + 1) + edge) * (levels + 3);
        for (int level = 0; level < levels; ++level) {
            row[level] = beliefs[0].weights[level][lane];
        }
        row[levels] = logarithms[0][lane];
    }
}

/// Mean signal of a bin given those before it, behind the populations at the edge where it begins.
template <int levels>
void keep_expectation(const LevelFilterPlan& plan, std::ptrdiff_t at, std::ptrdiff_t here, std::ptrdiff_t bin,
                      const Beliefs<levels>& beliefs) {
    LaneComplex expected{};
    for (int level = 0; level < levels; ++level) {
        const std::ptrdiff_t entry = 2 * (levels * bin + level);
        const LaneComplex shown = product(all_lanes_of(plan.tables.shares + entry), beliefs.deviations[level]);
        const LaneComplex mean = all_lanes_of(plan.tables.means + entry);
        expected.real = fused(beliefs.weights[level], mean.real + shown.real, expected.real);
        expected.imaginary = fused(beliefs.weights[level], mean.imaginary + shown.imaginary, expected.imaginary);
    }
    for (std::ptrdiff_t lane = 0; lane < here; ++lane) {
        double* row = plan.populations + ((at + lane) * (plan.tables.bins + 1) + bin) * (levels + 3);
        row[levels + 1] = expected.real[lane];
        row[levels + 2] = expected.imaginary[lane];
    }
}

/// `weigh` for every start, each with the start as the level of reference.
template <int levels, int starts, int start>
SYNQC_LANE_FUNCTION void weigh_starts(Beliefs<levels> (&beliefs)[starts], Lanes (&logarithms)[starts],
                                      LaneMask& is_large) {
    logarithms[start] += weigh<levels, start>(beliefs[start], is_large);
    if constexpr (start + 1 < starts) {
        weigh_starts<levels, starts, start + 1>(beliefs, logarithms, is_large);
    }
}

template <int levels, int starts, bool heterodyne>
void filter_register(const LevelFilterPlan& plan, std::ptrdiff_t at) {
    constexpr int width = heterodyne ? 2 : 1;
    const ReadoutTables& tables = plan.tables;
    const std::ptrdiff_t bins = tables.bins;
    const std::ptrdiff_t here = plan.count - at < lane_count ? plan.count - at : lane_count;
    Beliefs<levels> beliefs[starts];
    Lanes logarithms[starts] = {};
    for (int start = 0; start < starts; ++start) {
        for (int level = 0; level < levels; ++level) {
            beliefs[start].weights[level] = all_lanes(plan.start_weights[start * levels + level]);
            beliefs[start].deviations[level] = LaneComplex{Lanes{}, Lanes{}};
        }
    }
    keep_populations(plan, at, here, 0, beliefs, logarithms);
    Lanes values[2 * chunk] = {};
    std::ptrdiff_t in_group = 0;
    std::ptrdiff_t group = 0;
    for (std::ptrdiff_t begin = 0; begin < bins; begin += chunk) {
        const std::ptrdiff_t steps = bins - begin < chunk ? bins - begin : chunk;
        for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
            const double* from = plan.records + ((at + (lane < here ? lane : 0)) * bins + begin) * width;
            for (std::ptrdiff_t k = 0; k < width * steps; ++k) {
                values[k][lane] = from[k];
            }
        }
        for (std::ptrdiff_t step = 0; step < steps; ++step) {
            const std::ptrdiff_t bin = begin + step;
            LaneComplex record{values[width * step], {}};
            LaneMask known = (LaneMask)(record.real == record.real);
            if constexpr (heterodyne) {
                record.imaginary = values[2 * step + 1];
                known &= (LaneMask)(record.imaginary == record.imaginary);
                record.imaginary = known ? record.imaginary : Lanes{};
            }
            record.real = known ? record.real : Lanes{};
            const Lanes duration = known ? all_lanes(tables.durations[bin]) : Lanes{};
            if (in_group == 0) {
                for (int start = 0; start < starts; ++start) {
                    change_levels<levels>(tables, group, tables.signals + bin * levels * 2, beliefs[start]);
                }
                if (plan.populations != nullptr) {
                    keep_expectation(plan, at, here, bin, beliefs[0]);
                }
                ++group;
            }
#pragma GCC unroll 3
            for (int start = 0; start < starts; ++start) {
                see_bin<levels, heterodyne>(tables, bin, record, duration, beliefs[start]);
            }
            if (++in_group == tables.stride || bin + 1 == bins) {
                in_group = 0;
                LaneMask is_large = {};
                weigh_starts<levels, starts, 0>(beliefs, logarithms, is_large);
                if (group % normalised_groups == 0 || plan.populations != nullptr || any_lane(is_large)) {
                    for (int start = 0; start < starts; ++start) {
                        logarithms[start] += normalise<levels>(beliefs[start]);
                    }
                }
            }
            if (bin + 1 < bins) {
                keep_populations(plan, at, here, bin + 1, beliefs, logarithms);
            }
        }
    }
    for (int start = 0; start < starts; ++start) {
        change_levels<levels>(tables, group, tables.signals + bins * levels * 2, beliefs[start]);
        logarithms[start] += normalise<levels>(beliefs[start]);
        for (std::ptrdiff_t lane = 0; lane < here; ++lane) {
            plan.likelihoods[(at + lane) * starts + start] = logarithms[start][lane];
            for (int level = 0; level < levels; ++level) {
                plan.weights[((at + lane) * starts + start) * levels + level] = beliefs[start].weights[level][lane];
            }
        }
    }
    keep_populations(plan, at, here, bins, beliefs, logarithms);
}

template <int levels, bool heterodyne>
void filter_registers(const LevelFilterPlan& plan) {
    for (std::ptrdiff_t at = 0; at < plan.count; at += lane_count) {
        plan.starts == 1 ? filter_register<levels, 1, heterodyne>(plan, at)
                         : filter_register<levels, levels, heterodyne>(plan, at);
    }
}

void filter(const LevelFilterPlan& plan) {
    if (plan.tables.levels == 2) {
        plan.tables.heterodyne ? filter_registers<2, true>(plan) : filter_registers<2, false>(plan);
    } else {
        plan.tables.heterodyne ? filter_registers<3, true>(plan) : filter_registers<3, false>(plan);
    }
}

}  // namespace

extern const ReadoutKernels readout_kernels;
const ReadoutKernels readout_kernels = {sample, filter};

}  // namespace synqc::SYNQC_SIMD_LEVEL
